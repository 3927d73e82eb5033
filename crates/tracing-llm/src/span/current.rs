//! The ids of the event that this thread is in.

use tracing::Span;

use super::EventHandle;
use super::records::Records;
use crate::{SpanId, TraceId};

/// The ids of an event, as they are while it runs.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentEvent {
    /// Its trace: for a response header, a log line, or feedback that comes later.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
}

/// The ids of the innermost event that encloses the current span; none outside of all events.
///
/// ```
/// use tracing_llm::prelude::*;
///
/// let (layer, callbacks) = tracing_llm::layer().build();
/// let subscriber = tracing_subscriber::registry().with(layer.filtered());
/// tracing::subscriber::with_default(subscriber, || {
///     let _query = event_span!(QUERY, "answer").entered();
///     let ids = tracing_llm::current().expect("inside an event");
///     println!("x-trace-id: {}", ids.trace_id);
/// });
/// # use tracing_subscriber::prelude::*;
/// # drop(callbacks);
/// ```
#[must_use]
pub fn current() -> Option<CurrentEvent> {
    ids(&Records::nearest(&Span::current()))
}

impl EventHandle {
    /// The ids of the event, as [`current`] gives them inside of it; none on a disabled span.
    ///
    /// Both can still change up to the first enter if there is a
    /// [`ContextSource`](crate::ContextSource): it may know the trace, and a
    /// [twin](crate::ContextSource::twin) whose id the event takes.
    ///
    /// ```
    /// use tracing_llm::prelude::*;
    /// use tracing_subscriber::prelude::*;
    ///
    /// let (layer, callbacks) = tracing_llm::layer().build();
    /// let subscriber = tracing_subscriber::registry().with(layer.filtered());
    /// tracing::subscriber::with_default(subscriber, || {
    ///     let span = event_span!(LLM, "chat");
    ///     let before = span.llm().ids();
    ///     assert!(before.is_some());
    ///     assert_eq!(span.in_scope(tracing_llm::current), before);
    /// });
    /// # drop(callbacks);
    /// ```
    #[must_use]
    pub fn ids(&self) -> Option<CurrentEvent> {
        ids(&self.records)
    }
}

fn ids(records: &Records) -> Option<CurrentEvent> {
    let state = records.first()?.lock();
    Some(CurrentEvent { trace_id: state.trace.as_ref()?.ids().trace_id, span_id: state.span_id? })
}
