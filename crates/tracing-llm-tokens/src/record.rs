//! One counted call.

use tracing_llm::{Event, EventType, SpanId, Text, TraceId, Usage};

/// One call that was counted.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler, Usage};
/// use tracing_llm_tokens::TokenCounter;
///
/// let mut event = Event::new(EventType::LLM, "chat");
/// event.payload.model = Some("gpt-5-mini".into());
/// event.payload.usage = Some(Usage::new(11, 7));
///
/// let mut counter = TokenCounter::new();
/// counter.on_end(&Arc::new(event)).unwrap();
/// let record = &counter.records()[0];
/// assert_eq!(record.model.as_deref(), Some("gpt-5-mini"));
/// assert_eq!(record.usage.total(), Some(18));
/// assert!(!record.usage.estimated);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// The trace that the call belongs to.
    pub trace_id: TraceId,
    /// The event's own id.
    pub span_id: SpanId,
    /// LLM or EMBEDDING.
    pub event_type: EventType,
    /// The model that answered, else the one that was asked for.
    pub model: Option<Text>,
    /// The tokens; [`estimated`](Usage::estimated) if one of the numbers was
    /// counted here, empty if nothing is known.
    pub usage: Usage,
}

impl TokenRecord {
    /// The record of an event that used this.
    pub(crate) fn new(event: &Event, usage: Usage) -> Self {
        Self {
            trace_id: event.trace_id,
            span_id: event.span_id,
            event_type: event.event_type,
            model: event.model().cloned(),
            usage,
        }
    }
}
