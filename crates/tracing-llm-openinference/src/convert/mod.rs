//! Events to spans: pure, with no clock, environment, file or network.
//!
//! [`Event`] and [`Payload`](tracing_llm::Payload) are `#[non_exhaustive]`, so they cannot
//! be destructured here; there is one function for each part instead, and a test holds the
//! parts that are converted against the fields that the records have.

mod annotations;
mod attributes;
mod chat;
mod context;
mod documents;
mod io;
mod llm;
mod messages;
mod moments;
mod options;
mod tool;
mod usage;

use std::borrow::Cow;
use std::sync::LazyLock;

use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tracing_llm::{Event, Outcome, Trace};

use self::attributes::Attributes;
pub(crate) use self::options::Options;
use crate::kind::Kind;
use crate::names::{self, own};
use crate::{genai, mask};

/// The span of an event that has ended, with nothing in it that is to be hidden.
pub(crate) fn span(event: &Event, options: Options) -> SpanData {
    let kind = Kind::of(event);
    let event = &*mask::masked(event, kind, &options.masks);
    let (parent, remote) = parent(event);
    SpanData {
        span_context: Place::of_event(event).span(event.span_id),
        parent_span_id: parent.map_or(SpanId::INVALID, span_id),
        parent_span_is_remote: remote,
        span_kind: SpanKind::Internal,
        name: Cow::Owned(name(event, kind).to_owned()),
        start_time: event.start.into(),
        end_time: event.end().into(),
        attributes: finish(attributes(event, kind, options), options),
        dropped_attributes_count: 0,
        events: moments::of(event),
        links: links(event),
        status: status(event),
        instrumentation_scope: SCOPE.clone(),
    }
}

/// The root span of a named trace; none if no scope opened it.
///
/// A scope has no content of its own. Where a single event stands at its top, the root
/// shows that event's input, output and status, since backends list traces by their root.
pub(crate) fn root(trace: &Trace, top: Option<&Event>, options: Options) -> Option<SpanData> {
    let top = top.map(|event| mask::masked(event, Kind::of(event), &options.masks));
    let top = top.as_deref();
    let scope = trace.scope_id?;
    let mut attributes = Attributes::default();
    attributes.put(names::OPENINFERENCE_SPAN_KIND, "CHAIN");
    context::ids(&trace.context, &mut attributes);
    if let Some(top) = top {
        io::values(top, Kind::of(top), options, &mut attributes);
        outcome(top, &mut attributes);
    }
    context::template(trace.context.template.as_ref(), &mut attributes);
    context::metadata(&trace.context, &mut attributes);
    Some(SpanData {
        span_context: Place::of_trace(trace).span(scope),
        parent_span_id: trace.remote_parent.map_or(SpanId::INVALID, span_id),
        parent_span_is_remote: trace.remote_parent.is_some(),
        span_kind: SpanKind::Internal,
        name: Cow::Owned(trace.name.as_str().to_owned()),
        start_time: trace.start.into(),
        end_time: trace.end().into(),
        attributes: finish(attributes, options),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: top.map_or(Status::Unset, status),
        instrumentation_scope: SCOPE.clone(),
    })
}

/// What produced the spans: this crate.
pub(crate) static SCOPE: LazyLock<InstrumentationScope> = LazyLock::new(|| {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
});

/// `otel.name`, else the name that the conventions ask for, else the span's own, else the
/// event type's.
fn name(event: &Event, kind: Kind) -> &str {
    if event.renamed && !event.name.is_empty() {
        &event.name
    } else if kind == Kind::Embedding {
        names::CREATE_EMBEDDINGS
    } else if event.name.is_empty() {
        event.event_type.value()
    } else {
        &event.name
    }
}

/// The event above, else the scope of the trace, else a span of another process.
fn parent(event: &Event) -> (Option<tracing_llm::SpanId>, bool) {
    match event.parent_id.or(event.scope_id) {
        Some(parent) => (Some(parent), false),
        None => (event.remote_parent, event.remote_parent.is_some()),
    }
}

/// All attributes, important ones first, so that a backend's limit cuts content and not
/// what a span is.
fn attributes(event: &Event, kind: Kind, options: Options) -> Attributes {
    let (payload, mut attributes) = (&event.payload, Attributes::default());
    let to = &mut attributes;
    to.put(names::OPENINFERENCE_SPAN_KIND, &kind.word(event));
    to.put(own::EVENT_TYPE, event.event_type.name());
    outcome(event, to);
    context::ids(&event.context, to);
    llm::model(event, kind, to);
    usage::tokens(payload, kind, to);
    usage::cost(payload, kind, to);
    llm::finish(payload, to);
    io::values(event, kind, options, to);
    tool::call(payload, kind, to);
    tool::agent(payload, to);
    documents::settings(payload, kind, to);
    llm::parameters(payload, kind, to);
    context::template(payload.template.as_ref().or(event.context.template.as_ref()), to);
    context::metadata(&event.context, to);
    to.put(own::LOST_BYTES, (event.lost_bytes > 0).then_some(event.lost_bytes));
    annotations::list(&payload.annotations, to);
    documents::nodes(event, kind, options, to);
    documents::embeddings(payload, kind, options, to);
    llm::completion_api(payload, kind, to);
    messages::replies(payload, kind, to);
    messages::sent(payload, to);
    tool::offered(payload, to);
    for (key, value) in &payload.attributes {
        // A wrapper that repeats its child's usage under a name that is newer than our table.
        if kind.has_tokens() || !usage::is_number_of_tokens(key) {
            to.put_json(key, value);
        }
    }
    attributes
}

/// Masks what is written, and tells the rest in the words of the GenAI conventions too.
fn finish(attributes: Attributes, options: Options) -> Vec<KeyValue> {
    let mut list = attributes.finish();
    mask::mask(&mut list, &options.masks);
    if let Some(version) = options.genai {
        genai::add(&mut list, version);
    }
    list
}

/// What a status cannot say: a cancelled or incomplete event stays unset.
fn outcome(event: &Event, attributes: &mut Attributes) {
    if matches!(event.outcome, Outcome::Cancelled | Outcome::Incomplete) {
        attributes.put(own::OUTCOME, event.outcome.as_str());
    }
}

fn status(event: &Event) -> Status {
    match event.outcome {
        Outcome::Ok => Status::Ok,
        Outcome::Error => Status::error(
            event.payload.exception.as_ref().map(ToString::to_string).unwrap_or_default(),
        ),
        // Unset, cancelled, incomplete: neither success nor failure is claimed.
        _ => Status::Unset,
    }
}

fn links(event: &Event) -> SpanLinks {
    let own = Place::of_event(event);
    let mut links = SpanLinks::default();
    links.links = event
        .links
        .iter()
        .map(|link| {
            // Of another trace nothing more is known.
            let place = if link.trace_id == own.trace_id {
                own
            } else {
                Place { trace_id: link.trace_id, sampled: None, state: None }
            };
            Link::new(place.linked(link.span_id), Vec::new(), 0)
        })
        .collect();
    links
}

/// What the context of a span says of its trace.
#[derive(Clone, Copy)]
struct Place<'a> {
    trace_id: tracing_llm::TraceId,
    sampled: Option<bool>,
    state: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of_event(event: &'a Event) -> Self {
        Self {
            trace_id: event.trace_id,
            sampled: event.sampled,
            state: event.tracestate.as_deref(),
        }
    }

    fn of_trace(trace: &'a Trace) -> Self {
        Self { trace_id: trace.id, sampled: trace.sampled, state: trace.tracestate.as_deref() }
    }

    fn span(self, id: tracing_llm::SpanId) -> SpanContext {
        self.context(id, false)
    }

    fn linked(self, id: tracing_llm::SpanId) -> SpanContext {
        self.context(id, true)
    }

    fn context(self, id: tracing_llm::SpanId, remote: bool) -> SpanContext {
        let trace = TraceId::from_bytes(self.trace_id.to_bytes());
        // What begins here is sampled, since it is exported.
        let flags = TraceFlags::default().with_sampled(self.sampled != Some(false));
        // What is no list was left out before.
        let state = self.state.and_then(|list| list.parse::<TraceState>().ok()).unwrap_or_default();
        SpanContext::new(trace, span_id(id), flags, remote, state)
    }
}

fn span_id(id: tracing_llm::SpanId) -> SpanId {
    SpanId::from_bytes(id.to_bytes())
}

#[cfg(test)]
pub(crate) mod tests;
