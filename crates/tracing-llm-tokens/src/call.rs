//! What is a call, and how much it tells.

use tracing_llm::{Event, EventType, SpanId, TraceId, Usage};

/// An event: span ids are unique in a trace.
pub(crate) type Key = (TraceId, SpanId);

/// The key of an event.
pub(crate) fn key(event: &Event) -> Key {
    (event.trace_id, event.span_id)
}

/// The key of the event above it.
pub(crate) fn parent(event: &Event) -> Option<Key> {
    event.parent_id.map(|parent| (event.trace_id, parent)).filter(|parent| *parent != key(event))
}

/// What uses tokens. Calls of different kinds do not repeat each other's usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Llm,
    Embedding,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Llm, Self::Embedding];

    pub(crate) fn of(event_type: EventType) -> Option<Self> {
        match event_type {
            EventType::LLM => Some(Self::Llm),
            EventType::EMBEDDING => Some(Self::Embedding),
            _ => None,
        }
    }
}

/// How good a call's usage is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// There is no call.
    #[default]
    None,
    /// Nothing is known of its usage.
    Unknown,
    /// Counted here.
    Estimated,
    /// Reported by the provider.
    Reported,
}

impl Rank {
    pub(crate) fn of(usage: &Usage) -> Self {
        match usage {
            usage if usage.is_empty() => Self::Unknown,
            usage if usage.estimated => Self::Estimated,
            _ => Self::Reported,
        }
    }
}
