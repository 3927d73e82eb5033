//! Requests out of everybody's hearing.

use std::time::Duration;

use tracing::{Dispatch, dispatcher};

use super::{Answer, Transport};

/// HTTP libraries tell, at their finest level, each byte that they send: headers with keys, and
/// prompts. So while a request is on its way nobody listens on its thread. What it came to is told
/// by who sends.
pub(super) struct Quiet(pub(super) Box<dyn Transport>);

impl Transport for Quiet {
    fn send(&mut self, body: &[u8], limit: Duration) -> Answer {
        dispatcher::with_default(&Dispatch::none(), || self.0.send(body, limit))
    }
}
