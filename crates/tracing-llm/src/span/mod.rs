//! The typed API on `tracing` spans.

mod attach;
mod current;
mod input;
mod macros;
mod parts;
mod records;
mod stream;
mod suppress;
mod traced;

use std::sync::Arc;

use tracing::Span;

pub use self::current::{CurrentEvent, current};
pub use self::input::{IntoList, IntoText};
use self::records::Records;
pub use self::stream::{StreamExt, TracedStream, TryTracedStream};
pub use self::suppress::suppress;
pub use self::traced::{FutureExt, Traced, TryTraced};
use crate::state::Record;

/// The record of the event that the span is, or of the innermost one around it.
pub(crate) fn innermost(span: &Span) -> Option<Arc<Record>> {
    Records::nearest(span).first().cloned()
}

/// The one method that this crate adds to a `tracing` span.
///
/// ```
/// use tracing_llm::prelude::*;
///
/// let span = event_span!(LLM, "chat", model = "gpt-5-mini");
/// span.llm().messages(vec![Message::user("Hello")]);
/// // … the call …
/// span.llm().reply("Hi!").usage(Usage::new(8, 2));
/// ```
pub trait LlmSpan {
    /// A handle to attach typed parts with: messages, prompt, reply, usage, documents …
    ///
    /// It writes to the event that this span is; a span that is no event writes to the nearest
    /// event above it. On a disabled span it does nothing, at almost no cost.
    fn llm(&self) -> EventHandle;
}

impl LlmSpan for Span {
    fn llm(&self) -> EventHandle {
        EventHandle { records: Records::nearest(self) }
    }
}

/// Attaches typed parts to an event.
///
/// Everything is taken over as it is: owned, shared (`Arc`), or as a closure that runs on the
/// worker. Nothing is formatted or copied on the caller's thread, except a borrowed `&str`.
/// What is attached later replaces what was attached before. After the event was delivered,
/// parts are counted as late ([`Stats`](crate::Stats)) and do nothing.
///
/// Got by [`LlmSpan::llm`].
#[derive(Clone)]
pub struct EventHandle {
    records: Records,
}

impl std::fmt::Debug for EventHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventHandle").field("enabled", &self.is_enabled()).finish()
    }
}

impl EventHandle {
    /// Whether any layer of ours keeps what is attached. Worth asking before costly work.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        !self.records.is_empty()
    }
}
