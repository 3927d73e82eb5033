//! Requests out of everybody's hearing.

use std::time::Duration;

use tracing::{Dispatch, dispatcher};

use super::{Failure, Server};
use crate::run::Instruction;

/// HTTP and websocket libraries tell, at their finest level, what they send: headers with keys, and
/// prompts. So while they work nobody listens on their thread. What came of it is told by who sends.
pub(super) struct Quiet(pub(super) Box<dyn Server>);

impl Server for Quiet {
    fn connect(&mut self, limit: Duration) -> Result<(), Failure> {
        quietly(|| self.0.connect(limit))
    }

    fn write(&mut self, instructions: Vec<Instruction>, limit: Duration) -> Result<(), Failure> {
        quietly(|| self.0.write(instructions, limit))
    }

    fn beat(&mut self, limit: Duration) -> Result<(), Failure> {
        quietly(|| self.0.beat(limit))
    }

    fn close(&mut self, limit: Duration) -> Result<(), Failure> {
        quietly(|| self.0.close(limit))
    }
}

fn quietly<T>(work: impl FnOnce() -> T) -> T {
    dispatcher::with_default(&Dispatch::none(), work)
}
