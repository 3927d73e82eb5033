//! Spans as OTLP JSON: one `TracesData` object a line, as the OTLP file exporter's
//! specification asks (ids in lower-case hexadecimal, enums as integers, 64-bit integers
//! as text). Pure.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/>

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{Array, InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// The line of one span, with its newline.
pub(crate) fn line(resource: &Resource, span: &SpanData) -> serde_json::Result<Vec<u8>> {
    let mut origin: Vec<Pair<'_>> =
        resource.iter().map(|(key, value)| Pair(key.as_str(), value)).collect();
    // A resource has no order of its own; a file is easier to compare with one.
    origin.sort_by_key(|pair| pair.0);
    let traces = TracesData {
        resource_spans: [ResourceSpans {
            resource: ResourceJson { attributes: origin },
            scope_spans: [ScopeSpans {
                scope: scope(&span.instrumentation_scope),
                spans: [SpanJson::from(span)],
            }],
        }],
    };
    let mut line = serde_json::to_vec(&traces)?;
    line.push(b'\n');
    Ok(line)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TracesData<'a> {
    resource_spans: [ResourceSpans<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    resource: ResourceJson<'a>,
    scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(Serialize)]
struct ResourceJson<'a> {
    attributes: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct ScopeSpans<'a> {
    scope: ScopeJson<'a>,
    spans: [SpanJson<'a>; 1],
}

#[derive(Serialize)]
struct ScopeJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

fn scope(scope: &InstrumentationScope) -> ScopeJson<'_> {
    ScopeJson { name: scope.name(), version: scope.version() }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpanJson<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    flags: u32,
    name: &'a str,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_attributes_count: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<EventJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkJson<'a>>,
    status: StatusJson<'a>,
}

impl<'a> From<&'a SpanData> for SpanJson<'a> {
    fn from(span: &'a SpanData) -> Self {
        let SpanData {
            span_context,
            parent_span_id,
            parent_span_is_remote,
            span_kind,
            name,
            start_time,
            end_time,
            attributes,
            dropped_attributes_count,
            events,
            links,
            status,
            instrumentation_scope: _,
        } = span;
        let has_parent = *parent_span_id != SpanId::INVALID;
        Self {
            trace_id: span_context.trace_id().to_string(),
            span_id: span_context.span_id().to_string(),
            parent_span_id: has_parent.then(|| parent_span_id.to_string()),
            flags: flags(span_context, *parent_span_is_remote),
            name,
            kind: kind(span_kind),
            start_time_unix_nano: nanos(*start_time),
            end_time_unix_nano: nanos(*end_time),
            attributes: pairs(attributes),
            dropped_attributes_count: *dropped_attributes_count,
            events: events.iter().map(EventJson::from).collect(),
            links: links.iter().map(LinkJson::from).collect(),
            status: StatusJson::from(status),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventJson<'a> {
    time_unix_nano: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Pair<'a>>,
}

impl<'a> From<&'a Event> for EventJson<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            time_unix_nano: nanos(event.timestamp),
            name: &event.name,
            attributes: pairs(&event.attributes),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkJson<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Pair<'a>>,
    flags: u32,
}

impl<'a> From<&'a Link> for LinkJson<'a> {
    fn from(link: &'a Link) -> Self {
        Self {
            trace_id: link.span_context.trace_id().to_string(),
            span_id: link.span_context.span_id().to_string(),
            attributes: pairs(&link.attributes),
            flags: flags(&link.span_context, link.span_context.is_remote()),
        }
    }
}

#[derive(Serialize)]
struct StatusJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
}

impl<'a> From<&'a Status> for StatusJson<'a> {
    fn from(status: &'a Status) -> Self {
        match status {
            Status::Unset => Self { message: None, code: None },
            Status::Ok => Self { message: None, code: Some(1) },
            Status::Error { description } => {
                Self { message: (!description.is_empty()).then_some(description), code: Some(2) }
            }
        }
    }
}

/// `KeyValue`: `{"key": …, "value": {"stringValue": …}}`.
struct Pair<'a>(&'a str, &'a Value);

fn pairs(attributes: &[KeyValue]) -> Vec<Pair<'_>> {
    attributes.iter().map(|pair| Pair(pair.key.as_str(), &pair.value)).collect()
}

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("key", self.0)?;
        map.serialize_entry("value", &AnyValue::from(self.1))?;
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum AnyValue<'a> {
    StringValue(&'a str),
    BoolValue(bool),
    IntValue(String),
    DoubleValue(Double),
    ArrayValue {
        values: Vec<AnyValue<'a>>,
    },
    /// A value of a type that came after this crate, as text.
    #[serde(rename = "stringValue")]
    Unknown(String),
}

impl<'a> From<&'a Value> for AnyValue<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Bool(flag) => Self::BoolValue(*flag),
            Value::I64(number) => Self::IntValue(number.to_string()),
            Value::F64(number) => Self::DoubleValue(Double(*number)),
            Value::String(text) => Self::StringValue(text.as_str()),
            Value::Array(array) => Self::ArrayValue {
                values: match array {
                    Array::Bool(list) => list.iter().map(|flag| Self::BoolValue(*flag)).collect(),
                    Array::I64(list) => {
                        list.iter().map(|number| Self::IntValue(number.to_string())).collect()
                    }
                    Array::F64(list) => {
                        list.iter().map(|number| Self::DoubleValue(Double(*number))).collect()
                    }
                    Array::String(list) => {
                        list.iter().map(|text| Self::StringValue(text.as_str())).collect()
                    }
                    other => vec![Self::Unknown(other.to_string())],
                },
            },
            other => Self::Unknown(other.to_string()),
        }
    }
}

/// A float as protobuf's JSON mapping has it: what is no number is a word.
struct Double(f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number if number.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("Infinity"),
            f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            number => serializer.serialize_f64(number),
        }
    }
}

/// The trace flags, and whether the parent (or the linked span) is of another process.
fn flags(context: &SpanContext, remote: bool) -> u32 {
    const HAS_IS_REMOTE: u32 = 0x100;
    const IS_REMOTE: u32 = 0x200;
    u32::from(context.trace_flags().to_u8()) | HAS_IS_REMOTE | if remote { IS_REMOTE } else { 0 }
}

fn kind(kind: &SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn nanos(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests;
