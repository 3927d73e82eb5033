//! The record of an event: owned plain data, with no subscriber in sight.

mod annotation;
mod context;
mod document;
mod event_type;
mod ids;
mod message;
mod metadata;
mod outcome;
mod payload;
mod template;
mod text;
mod texts;
mod timestamp;
mod tool;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::annotation::Annotation;
pub use self::context::Context;
pub use self::document::{Document, Embedding};
pub use self::event_type::EventType;
pub use self::ids::{SpanId, TraceId};
pub use self::message::{Content, Message};
pub(crate) use self::metadata::leave_out_content;
pub use self::outcome::{Exception, Outcome};
pub use self::payload::{Payload, StreamProgress};
pub use self::template::{SubQuestion, Template};
pub use self::text::Text;
pub(crate) use self::texts::visit_context;
pub use self::timestamp::Timestamp;
pub use self::tool::{Tool, ToolCall};
pub use self::trace::{Trace, TraceMap};

/// One stage of a pipeline: a tagged span, as handlers see it.
///
/// At its start it holds what was attached before the span was first entered;
/// at its end it is complete in itself. An event can be stored, compared and
/// replayed: it is plain data that owns all it shows.
///
/// ```
/// use tracing_llm::{Event, EventType, Outcome};
///
/// let mut event = Event::new(EventType::QUERY, "answer");
/// event.outcome = Outcome::Ok;
/// event.payload.query = Some("What is a span?".into());
/// let stored = serde_json::to_string(&event)?;
/// let replayed: Event = serde_json::from_str(&stored)?;
/// assert_eq!(replayed, event);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What stage it is.
    pub event_type: EventType,
    /// Its name: `otel.name` where it is set, else the span's own.
    pub name: Text,
    /// Whether the name was set by `otel.name`.
    #[serde(default)]
    pub renamed: bool,
    /// The span kind that the span itself carried (`openinference.span.kind`), as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text>,
    /// The `tracing` target of the span.
    #[serde(default)]
    pub target: Text,
    /// The trace that it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The event right above it; none at the top of a trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<SpanId>,
    /// The span of another process that it continues, at the top of a trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_parent: Option<SpanId>,
    /// Whether that other process samples the trace; none if there is none, or if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<bool>,
    /// The vendors' list that goes along with the trace, as the header `tracestate`
    /// ([W3C Trace Context](https://www.w3.org/TR/trace-context-2/#tracestate-header)) has it; none if
    /// nothing came, or no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<Text>,
    /// The name of its trace.
    #[serde(default)]
    pub trace_name: Text,
    /// The span of the scope that opened the trace, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_id: Option<SpanId>,
    /// When it began.
    pub start: Timestamp,
    /// From its start to its end; zero in the record of its start.
    #[serde(default)]
    pub elapsed: Duration,
    /// The time that threads spent inside its span.
    #[serde(default)]
    pub busy: Duration,
    /// How it came out; unset in the record of its start.
    #[serde(default)]
    pub outcome: Outcome,
    /// What it carries.
    #[serde(default)]
    pub payload: Payload,
    /// What it inherits.
    #[serde(default)]
    pub context: Arc<Context>,
    /// Spans that it follows from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// ERROR log lines inside it that did not fail it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<Log>,
    /// Bytes of its texts that were left out under memory pressure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_bytes: u64,
}

/// A span that an event follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
}

/// An ERROR log line inside an event, which did not fail it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// When it was logged.
    pub time: Timestamp,
    /// Its text and fields.
    pub message: Text,
}

impl Log {
    /// A line that was logged at this time.
    #[must_use]
    pub fn new(time: Timestamp, message: impl Into<Text>) -> Self {
        Self { time, message: message.into() }
    }
}

impl Event {
    /// An event of this type with this name, alone in a trace of its own, at time zero.
    #[must_use]
    pub fn new(event_type: EventType, name: impl Into<Text>) -> Self {
        Self::with_ids(event_type, name, TraceId::FIRST, SpanId::FIRST)
    }

    /// An event with these ids, at the top of its trace, at time zero.
    #[must_use]
    pub fn with_ids(
        event_type: EventType,
        name: impl Into<Text>,
        trace_id: TraceId,
        span_id: SpanId,
    ) -> Self {
        Self {
            event_type,
            name: name.into(),
            renamed: false,
            kind: None,
            target: Text::default(),
            trace_id,
            span_id,
            parent_id: None,
            remote_parent: None,
            sampled: None,
            tracestate: None,
            trace_name: Text::literal(event_type.value()),
            scope_id: None,
            start: Timestamp::default(),
            elapsed: Duration::ZERO,
            busy: Duration::ZERO,
            outcome: Outcome::Unset,
            payload: Payload::default(),
            context: Arc::default(),
            links: Vec::new(),
            logs: Vec::new(),
            lost_bytes: 0,
        }
    }

    /// When it ended; its start in the record of its start.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.start + self.elapsed
    }

    /// The model that answered, else the one that was asked for.
    #[must_use]
    pub fn model(&self) -> Option<&Text> {
        self.payload.response_model.as_ref().or(self.payload.model.as_ref())
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
