//! What is recorded of a call, made at its end: what is held back keeps no texts. Pure.

use std::time::Duration;

use opentelemetry::KeyValue;
use tracing_llm::{Event, EventType, Outcome, Usage};

use super::convert;
use super::settings::Settings;

pub(super) struct Record {
    pub(super) is_embedding: bool,
    pub(super) attributes: Vec<KeyValue>,
    pub(super) error: Option<KeyValue>,
    /// What is to be recorded of it: estimated only where that is asked for.
    pub(super) usage: Option<Usage>,
    /// None of what was still open at the shutdown.
    pub(super) elapsed: Option<Duration>,
    pub(super) first_chunk: Option<Duration>,
}

impl Record {
    pub(super) fn of_call(event: &Event, settings: &Settings) -> Self {
        let payload = &event.payload;
        let usage = payload.usage.filter(|usage| !usage.is_empty());
        Self {
            is_embedding: event.event_type == EventType::EMBEDDING,
            attributes: convert::of_call(event, settings),
            error: convert::error(event),
            usage: usage.filter(|usage| !usage.estimated || settings.estimated),
            elapsed: elapsed(event),
            first_chunk: payload.stream.as_ref().and_then(|stream| stream.first_token),
        }
    }
}

/// How long it took. An event that was still open at the shutdown has no duration.
pub(super) fn elapsed(event: &Event) -> Option<Duration> {
    (event.outcome != Outcome::Incomplete).then_some(event.elapsed)
}
