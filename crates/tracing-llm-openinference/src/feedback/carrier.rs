//! A judgement as an event of its own.

use std::sync::Arc;

use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tracing_llm::{Event, EventType, SpanId, TraceId};

use super::Judgement;

/// The event that carries a judgement: one link, to what is judged. It is no child of that, since
/// parentage must not say what feedback is about.
pub(crate) fn carrier(judgement: Judgement, trace_id: TraceId, span_id: SpanId) -> Event {
    let Judgement { target, annotation, at } = judgement;
    let name = format!("{} annotation", annotation.name);
    let mut event = Event::with_ids(EventType::EVALUATOR, name, trace_id, span_id);
    event.start = at;
    event.links = vec![target];
    event.payload.annotations = Arc::from([annotation]);
    event
}

/// The ids of a new trace and of a span in it.
pub(crate) fn random_ids() -> (TraceId, SpanId) {
    let random = RandomIdGenerator::default();
    let trace = u128::from_be_bytes(random.new_trace_id().to_bytes());
    let span = u64::from_be_bytes(random.new_span_id().to_bytes());
    (TraceId::new(trace).unwrap_or(TraceId::FIRST), SpanId::new(span).unwrap_or(SpanId::FIRST))
}
