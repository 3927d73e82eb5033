//! From an event to a span of OpenTelemetry's SDK.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Event as SpanEvent, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId,
    TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tracing_llm::{Event, EventType, Outcome, Timestamp, Trace};

use crate::genai::operation;

pub(super) fn of_event(event: &Event, attributes: Vec<KeyValue>) -> SpanData {
    let parent = event.parent_id.or(event.scope_id).or(event.remote_parent);
    let place = Place {
        trace_id: event.trace_id,
        sampled: event.sampled,
        state: event.tracestate.as_deref(),
    };
    let mut events = SpanEvents::default();
    events.events = event
        .logs
        .iter()
        .map(|log| SpanEvent::new(log.message.to_string(), time(log.time), Vec::new(), 0))
        .collect();
    let mut links = SpanLinks::default();
    links.links = event
        .links
        .iter()
        .map(|link| {
            let is_own = link.trace_id == event.trace_id;
            let place = if is_own { place } else { Place::unknown(link.trace_id) };
            Link::with_context(place.context(link.span_id))
        })
        .collect();
    SpanData {
        span_context: place.context(event.span_id),
        parent_span_id: parent.map_or(SpanId::INVALID, span_id),
        parent_span_is_remote: event.parent_id.or(event.scope_id).is_none() && parent.is_some(),
        span_kind: kind(event.event_type),
        name: name(event),
        start_time: time(event.start),
        end_time: time(event.end()),
        attributes,
        dropped_attributes_count: 0,
        events,
        links,
        status: status(event),
        instrumentation_scope: scope(),
    }
}

/// The span of a scope, which stands above the events of its trace; none if no scope opened it.
pub(super) fn of_trace(trace: &Trace) -> Option<SpanData> {
    let id = trace.scope_id?;
    let place =
        Place { trace_id: trace.id, sampled: trace.sampled, state: trace.tracestate.as_deref() };
    Some(SpanData {
        span_context: place.context(id),
        parent_span_id: trace.remote_parent.map_or(SpanId::INVALID, span_id),
        parent_span_is_remote: trace.remote_parent.is_some(),
        span_kind: SpanKind::Internal,
        name: Cow::Owned(trace.name.to_string()),
        start_time: time(trace.start),
        end_time: time(trace.end()),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: scope(),
    })
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("tracing-llm").with_version(env!("CARGO_PKG_VERSION")).build()
}

/// The conventions' name, `{operation} {model}`, where they have one and the span has not.
fn name(event: &Event) -> Cow<'static, str> {
    let model = event.payload.model.as_ref().filter(|_| !event.renamed);
    match (operation(event), model) {
        (Some(operation), Some(model)) => Cow::Owned(format!("{operation} {model}")),
        _ if event.name.is_empty() => Cow::Borrowed(event.event_type.value()),
        _ => Cow::Owned(event.name.to_string()),
    }
}

/// Calls that leave the process.
fn kind(event_type: EventType) -> SpanKind {
    match event_type {
        EventType::LLM | EventType::EMBEDDING | EventType::RERANKING => SpanKind::Client,
        _ => SpanKind::Internal,
    }
}

fn status(event: &Event) -> Status {
    match event.outcome {
        Outcome::Ok => Status::Ok,
        Outcome::Error => {
            // What an error says may be content: it is with the attributes, if these are asked for.
            let kind =
                event.payload.exception.as_ref().and_then(|exception| exception.kind.clone());
            Status::error(kind.map(|kind| kind.to_string()).unwrap_or_default())
        }
        Outcome::Cancelled => Status::error("cancelled"),
        _ => Status::Unset,
    }
}

/// What the context of a span says of its trace.
#[derive(Clone, Copy)]
struct Place<'a> {
    trace_id: tracing_llm::TraceId,
    sampled: Option<bool>,
    state: Option<&'a str>,
}

impl Place<'_> {
    fn unknown(trace_id: tracing_llm::TraceId) -> Self {
        Self { trace_id, sampled: None, state: None }
    }

    fn context(self, span: tracing_llm::SpanId) -> SpanContext {
        let trace = TraceId::from_bytes(self.trace_id.to_bytes());
        // What begins here is sampled, since it is exported.
        let flags = TraceFlags::default().with_sampled(self.sampled != Some(false));
        // What is no list was left out before.
        let state = self.state.and_then(|list| list.parse::<TraceState>().ok()).unwrap_or_default();
        SpanContext::new(trace, span_id(span), flags, false, state)
    }
}

fn span_id(id: tracing_llm::SpanId) -> SpanId {
    SpanId::from_bytes(id.to_bytes())
}

fn time(time: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(time.as_unix_nanos())
}

#[cfg(test)]
mod tests;
