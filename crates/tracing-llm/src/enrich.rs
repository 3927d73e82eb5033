//! What adds to events before they are redacted.

use crate::Event;

/// Adds to an event at its end, from its raw texts: token counts, a cost, a language.
///
/// Enrichers run on the worker, in the order in which they were given to the
/// builder, before redaction and before all handlers, so that every handler
/// sees the same numbers. They must not do I/O: while one runs, nothing is
/// delivered. A panic is caught, counted ([`Stats::unenriched`](crate::Stats::unenriched)), sent to the
/// [`Trap`](crate::Trap), and told by the next [`flush`](crate::Callbacks::flush) and the shutdown.
///
/// A closure is an enricher.
///
/// ```
/// use tracing_llm::{Event, Usage};
///
/// // Four characters are about one token.
/// let rough = |event: &mut Event| {
///     if let (None, Some(prompt)) = (event.payload.usage, &event.payload.prompt) {
///         event.payload.usage = Some(Usage::of_input(prompt.len() as u64 / 4));
///     }
/// };
/// let (layer, callbacks) = tracing_llm::layer().enricher(rough).build();
/// # drop((layer, callbacks));
/// ```
pub trait Enricher: Send + 'static {
    /// Adds to an event that has ended.
    fn enrich(&mut self, event: &mut Event);
}

impl<F: FnMut(&mut Event) + Send + 'static> Enricher for F {
    fn enrich(&mut self, event: &mut Event) {
        self(event);
    }
}
