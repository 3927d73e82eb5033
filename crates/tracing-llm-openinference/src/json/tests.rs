use std::time::Duration;

use opentelemetry_sdk::Resource;
use serde_json::{Value as Json, json};
use tracing_llm::{
    Embedding, EventType, Exception, Link, Outcome, SpanId, StreamProgress, TraceId, Usage,
};

use super::*;
use crate::convert::{self, Options};
use crate::testing::event;

fn resource() -> Resource {
    Resource::builder_empty().with_service_name("docs").build()
}

fn read(line: &[u8]) -> Json {
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(line.last(), Some(&b'\n'));
    serde_json::from_slice(line).unwrap()
}

#[test]
fn a_line_is_one_traces_data_object_in_the_shape_of_the_specification() {
    let mut event = event(EventType::LLM, "chat");
    event.parent_id = SpanId::new(0xab);
    event.outcome = Outcome::Error;
    event.payload.exception = Some(Exception::new("two\nlines"));
    event.payload.usage = Some(Usage::new(12, 3));
    event.links =
        vec![Link { trace_id: TraceId::new(0xfe).unwrap(), span_id: SpanId::new(0xef).unwrap() }];
    let line = read(&line(&resource(), &crate::testing::span(&event)).unwrap());
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let int = |key: &str, value: &str| json!({"key": key, "value": {"intValue": value}});
    assert_eq!(
        line,
        json!({"resourceSpans": [{
            "resource": {"attributes": [text("service.name", "docs")]},
            "scopeSpans": [{
                "scope": {"name": "tracing-llm-openinference", "version": env!("CARGO_PKG_VERSION")},
                "spans": [{
                    "traceId": "0000000000000000000000000000000a",
                    "spanId": "000000000000000b",
                    "parentSpanId": "00000000000000ab",
                    "flags": 0x101,
                    "name": "chat",
                    "kind": 1,
                    "startTimeUnixNano": "1790000000000000000",
                    "endTimeUnixNano": "1790000000250000000",
                    "attributes": [
                        text("openinference.span.kind", "LLM"),
                        text("tracing_llm.event_type", "LLM"),
                        int("llm.token_count.prompt", "12"),
                        int("llm.token_count.completion", "3"),
                        int("llm.token_count.total", "15"),
                    ],
                    "events": [{
                        "timeUnixNano": "1790000000250000000",
                        "name": "exception",
                        "attributes": [
                            text("exception.message", "two\nlines"),
                            {"key": "exception.escaped", "value": {"boolValue": true}},
                        ],
                    }],
                    "links": [{
                        "traceId": "000000000000000000000000000000fe",
                        "spanId": "00000000000000ef",
                        "flags": 0x301,
                    }],
                    "status": {"message": "two\nlines", "code": 2},
                }],
            }],
        }]})
    );
}

#[test]
fn what_is_absent_is_left_out_and_unset_is_an_empty_status() {
    let mut event = event(EventType::QUERY, "answer");
    event.outcome = Outcome::Unset;
    let line = read(&line(&resource(), &crate::testing::span(&event)).unwrap());
    let span = &line["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["status"], json!({}));
    for absent in ["parentSpanId", "events", "links", "droppedAttributesCount"] {
        assert_eq!(span.get(absent), None, "{absent}");
    }
}

#[test]
fn values_of_every_type_have_their_own_field() {
    let value = |value: Value| serde_json::to_value(AnyValue::from(&value)).unwrap();
    assert_eq!(value(true.into()), json!({"boolValue": true}));
    assert_eq!(value(i64::MIN.into()), json!({"intValue": "-9223372036854775808"}));
    assert_eq!(value(0.5.into()), json!({"doubleValue": 0.5}));
    assert_eq!(value(f64::NAN.into()), json!({"doubleValue": "NaN"}));
    assert_eq!(value(f64::NEG_INFINITY.into()), json!({"doubleValue": "-Infinity"}));
    assert_eq!(value("a".into()), json!({"stringValue": "a"}));
    let list = |values: Json| json!({"arrayValue": {"values": values}});
    assert_eq!(
        value(Value::Array(vec![1i64, 2].into())),
        list(json!([{"intValue": "1"}, {"intValue": "2"}]))
    );
    assert_eq!(value(Value::Array(vec![0.5].into())), list(json!([{"doubleValue": 0.5}])));
    assert_eq!(value(Value::Array(vec![true].into())), list(json!([{"boolValue": true}])));
    assert_eq!(
        value(Value::Array(vec![opentelemetry::StringValue::from("a")].into())),
        list(json!([{"stringValue": "a"}]))
    );
}

#[test]
fn span_events_without_attributes_are_short() {
    let mut event = event(EventType::LLM, "chat");
    let mut stream = StreamProgress::default();
    stream.first_token = Some(Duration::from_nanos(1));
    event.payload.stream = Some(stream);
    let line = read(&line(&resource(), &crate::testing::span(&event)).unwrap());
    assert_eq!(
        line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["events"],
        json!([{"timeUnixNano": "1790000000000000001", "name": "First Token Stream Event"}])
    );
}

#[test]
fn the_official_types_read_a_line_as_the_span_that_goes_over_the_wire() {
    use opentelemetry_proto::tonic::trace::v1::TracesData;
    use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
    use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;

    let mut event = event(EventType::EMBEDDING, "embed");
    event.remote_parent = SpanId::new(0xab);
    event.outcome = Outcome::Error;
    event.payload.exception = Some(Exception::new("no").with_kind("Refused"));
    event.payload.usage = Some(Usage::of_input(7));
    event.payload.embeddings = vec![Embedding::new("a", vec![0.5, -1.0])].into();
    event.links =
        vec![Link { trace_id: TraceId::new(0xfe).unwrap(), span_id: SpanId::new(0xef).unwrap() }];
    let span = convert::span(&event, Options { embedding_vectors: true, ..Options::default() });
    let line = line(&resource(), &span).unwrap();
    let read: TracesData = serde_json::from_slice(&line).unwrap();
    let resource = ResourceAttributesWithSchema::from(&resource());
    assert_eq!(read.resource_spans, group_spans_by_resource_and_scope(vec![span], &resource));
}
