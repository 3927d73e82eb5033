use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use serde_json::{Value as Json, json};

use super::*;
use crate::resource_spans::count;

fn written(spans: &[Span]) -> Json {
    let envelope = Envelope::new(&Resource::default(), &InstrumentationScope::default()).unwrap();
    let lines = envelope.lines(spans, usize::MAX).unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].spans, spans.len() as u64);
    assert_eq!(lines[0].bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(lines[0].bytes.last(), Some(&b'\n'));
    let data: Json = serde_json::from_slice(&lines[0].bytes).unwrap();
    data["resourceSpans"][0]["scopeSpans"][0]["spans"].clone()
}

fn value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn pair(key: &str, attribute: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(value(attribute)), ..KeyValue::default() }
}

fn named(name: &str) -> Span {
    Span { name: name.into(), ..Span::default() }
}

/// One value of every type, at the edges.
fn values() -> Vec<(Value, Json)> {
    let one = || vec![value(Value::IntValue(1)), AnyValue::default()];
    vec![
        (Value::StringValue("a\"\n\u{1f600}".into()), json!({"stringValue": "a\"\n😀"})),
        (Value::StringValue(String::new()), json!({"stringValue": ""})),
        (Value::BoolValue(false), json!({"boolValue": false})),
        (Value::IntValue(i64::MIN), json!({"intValue": "-9223372036854775808"})),
        (Value::DoubleValue(0.5), json!({"doubleValue": 0.5})),
        (Value::DoubleValue(f64::MAX), json!({"doubleValue": f64::MAX})),
        (Value::DoubleValue(f64::INFINITY), json!({"doubleValue": "Infinity"})),
        (Value::DoubleValue(f64::NEG_INFINITY), json!({"doubleValue": "-Infinity"})),
        (Value::BytesValue(vec![0, 255]), json!({"bytesValue": "AP8="})),
        (Value::ArrayValue(ArrayValue::default()), json!({"arrayValue": {"values": []}})),
        (
            Value::ArrayValue(ArrayValue { values: one() }),
            json!({"arrayValue": {"values": [{"intValue": "1"}, {}]}}),
        ),
        (
            Value::KvlistValue(KeyValueList { values: vec![pair("k", Value::BoolValue(true))] }),
            json!({"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": true}}]}}),
        ),
    ]
}

fn full() -> Span {
    Span {
        trace_id: vec![0xab; 16],
        span_id: vec![0x0c; 8],
        trace_state: "a=b".into(),
        parent_span_id: vec![0x0d; 8],
        flags: 0x301,
        name: "chat".into(),
        kind: 3,
        start_time_unix_nano: u64::MAX,
        end_time_unix_nano: 1,
        attributes: vec![pair("k", Value::IntValue(7))],
        dropped_attributes_count: 1,
        events: vec![Event {
            time_unix_nano: 2,
            name: "exception".into(),
            attributes: vec![pair("m", Value::StringValue("no".into()))],
            dropped_attributes_count: 3,
        }],
        dropped_events_count: 4,
        links: vec![Link {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            trace_state: "c=d".into(),
            attributes: vec![pair("w", Value::BoolValue(true))],
            dropped_attributes_count: 5,
            flags: 0x100,
        }],
        dropped_links_count: 6,
        status: Some(Status { message: "no".into(), code: 2 }),
    }
}

#[test]
fn every_field_is_written_as_the_json_encoding_of_otlp_asks() {
    assert_eq!(
        written(&[full()]),
        json!([{
            "traceId": "ab".repeat(16),
            "spanId": "0c".repeat(8),
            "traceState": "a=b",
            "parentSpanId": "0d".repeat(8),
            "flags": 0x301,
            "name": "chat",
            "kind": 3,
            "startTimeUnixNano": "18446744073709551615",
            "endTimeUnixNano": "1",
            "attributes": [{"key": "k", "value": {"intValue": "7"}}],
            "droppedAttributesCount": 1,
            "events": [{
                "timeUnixNano": "2",
                "name": "exception",
                "attributes": [{"key": "m", "value": {"stringValue": "no"}}],
                "droppedAttributesCount": 3,
            }],
            "droppedEventsCount": 4,
            "links": [{
                "traceId": "01".repeat(16),
                "spanId": "02".repeat(8),
                "traceState": "c=d",
                "attributes": [{"key": "w", "value": {"boolValue": true}}],
                "droppedAttributesCount": 5,
                "flags": 0x100,
            }],
            "droppedLinksCount": 6,
            "status": {"message": "no", "code": 2},
        }])
    );
}

#[test]
fn what_has_its_default_is_left_out_and_unset_is_an_empty_status() {
    assert_eq!(written(&[Span::default()]), json!([{}]));
    let unset = Span { status: Some(Status::default()), ..Span::default() };
    assert_eq!(written(&[unset]), json!([{"status": {}}]));
}

#[test]
fn values_of_every_type_have_their_own_field_and_are_read_back() {
    for (attribute, expected) in values() {
        let span = Span { attributes: vec![pair("k", attribute)], ..Span::default() };
        assert_eq!(
            written(std::slice::from_ref(&span)),
            json!([{"attributes": [{"key": "k", "value": expected}]}])
        );
        assert_eq!(round_trip(&span), span);
    }
    let nan = pair("k", Value::DoubleValue(f64::NAN));
    let span = Span { attributes: vec![nan], ..Span::default() };
    assert_eq!(
        written(std::slice::from_ref(&span))[0]["attributes"][0]["value"]["doubleValue"],
        "NaN"
    );
    let back = round_trip(&span);
    let Some(Value::DoubleValue(number)) = back.attributes[0].value.clone().unwrap().value else {
        panic!("{back:?}");
    };
    assert!(number.is_nan());
}

fn round_trip(span: &Span) -> Span {
    let envelope = Envelope::new(&Resource::default(), &InstrumentationScope::default()).unwrap();
    let line = envelope.lines(std::slice::from_ref(span), usize::MAX).unwrap().remove(0);
    read(&line.bytes).unwrap()[0].scope_spans[0].spans[0].clone()
}

#[test]
fn a_whole_span_is_read_back_as_it_was() {
    assert_eq!(round_trip(&full()), full());
}

#[test]
fn the_official_types_read_our_lines_as_the_same_spans() {
    let mut span = full();
    // Floats that are no numbers are beyond their mapping.
    span.attributes = values()
        .into_iter()
        .filter(|(value, _)| !matches!(value, Value::DoubleValue(number) if number.is_infinite()))
        .map(|(value, _)| pair("k", value))
        .collect();
    let resource = Resource {
        attributes: vec![pair("service.name", Value::StringValue("docs".into()))],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "us".into(),
        version: "1".into(),
        ..InstrumentationScope::default()
    };
    let line = Envelope::new(&resource, &scope).unwrap().lines(&[span], 0).unwrap().remove(0);
    let theirs: TracesData = serde_json::from_slice(&line.bytes).unwrap();
    assert_eq!(theirs.resource_spans, read(&line.bytes).unwrap());
}

/// What OpenTelemetry's own exporter for Python wrote: see the script beside it.
const PYTHON: &str = include_str!("otlp_json_file.jsonl");

#[test]
fn the_lines_of_opentelemetrys_own_file_exporter_come_back_the_same() {
    assert_eq!(PYTHON.lines().count(), 3);
    for line in PYTHON.lines() {
        let mut read = read(line.as_bytes()).unwrap();
        let origin = read.remove(0);
        let spans = &origin.scope_spans[0];
        let (resource, scope) = (origin.resource.unwrap(), spans.scope.clone().unwrap());
        let envelope = Envelope::new(&resource, &scope).unwrap();
        let ours = envelope.lines(&spans.spans, usize::MAX).unwrap().remove(0);
        let ours = String::from_utf8(ours.bytes).unwrap();
        // The one difference: an empty list keeps its `values`.
        let ours: Json = serde_json::from_str(
            &ours.replace(r#"{"arrayValue":{"values":[]}}"#, r#"{"arrayValue":{}}"#),
        )
        .unwrap();
        assert_eq!(ours, serde_json::from_str::<Json>(line).unwrap());
    }
}

#[test]
fn a_line_in_the_shape_of_the_specifications_example_is_read() {
    // Upper-case ids, an attribute on the scope, no status: as in the example of OTLP.
    let line = json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my"}}]},
        "schemaUrl": "https://opentelemetry.io/schemas/1.40.0",
        "scopeSpans": [{
            "scope": {"name": "lib", "attributes": [{"key": "a", "value": {"stringValue": "b"}}]},
            "spans": [{
                "traceId": "5B8EFFF798038103D269B633813FC60C",
                "spanId": "EEE19B7EC3C1B174",
                "parentSpanId": "",
                "startTimeUnixNano": "1544712660000000000",
                "endTimeUnixNano": 1_544_712_661_000_000_000u64,
                "kind": 2,
            }],
        }],
    }]});
    let read = read(line.to_string().as_bytes()).unwrap();
    assert_eq!(count(&read), 1);
    assert_eq!(read[0].schema_url, "https://opentelemetry.io/schemas/1.40.0");
    assert_eq!(read[0].scope_spans[0].scope.as_ref().unwrap().attributes[0].key, "a");
    let span = &read[0].scope_spans[0].spans[0];
    assert_eq!(span.trace_id[..3], [0x5b, 0x8e, 0xff]);
    assert_eq!(span.parent_span_id, [0u8; 0]);
    assert_eq!(
        (span.start_time_unix_nano, span.end_time_unix_nano),
        (1_544_712_660_000_000_000, 1_544_712_661_000_000_000)
    );
    assert_eq!(span.status, None);
}

#[test]
fn unknown_fields_nulls_and_numbers_as_text_are_taken() {
    let line = r#"{"new":[1,{"a":null}],"resourceSpans":[{"resource":null,"scopeSpans":[{"x":1,"spans":[
        {"traceId":null,"name":"a","kind":"1","flags":"257","future":{"deep":[]},"attributes":[
            {"key":"k","value":{"newValue":{"z":[1]},"intValue":7}},
            {"key":"n","value":null},{"key":"d","value":{"doubleValue":"1.5"}},{"key":"i","value":{"doubleValue":2}}]}]}]}]}"#;
    let span = read(line.as_bytes()).unwrap()[0].scope_spans[0].spans[0].clone();
    assert_eq!((span.kind, span.flags), (1, 257));
    let values: Vec<_> = span
        .attributes
        .iter()
        .map(|pair| pair.value.clone().and_then(|value| value.value))
        .collect();
    assert_eq!(
        values,
        [
            Some(Value::IntValue(7)),
            None,
            Some(Value::DoubleValue(1.5)),
            Some(Value::DoubleValue(2.0))
        ]
    );
}

#[test]
fn what_is_no_line_of_spans_is_an_error_that_repeats_no_content() {
    let deep = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"attributes":[{{"key":"k","value":{}{}}}]}}]}}]}}]}}"#,
        r#"{"arrayValue":{"values":["#.repeat(10_000),
        "]}}".repeat(10_000),
    );
    let id = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"secret"}]}]}]}"#;
    let odd = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abc"}]}]}]}"#;
    let number =
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"secret"}]}]}]}"#;
    for bad in ["", "{", "[7]", "7", r#"{"resourceSpans":7}"#, id, odd, number, &deep] {
        let error = read(bad.as_bytes()).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    // Of another signal, or of nothing: no spans, and no fault.
    assert_eq!(count(&read(br#"{"resourceLogs":[]}"#).unwrap()), 0);
}

#[test]
fn a_batch_is_split_into_lines_by_their_size_and_keeps_its_order() {
    let spans: Vec<Span> = (0..10).map(|number| named(&format!("span {number}"))).collect();
    let envelope = Envelope::new(&Resource::default(), &InstrumentationScope::default()).unwrap();
    let whole = envelope.lines(&spans, usize::MAX).unwrap();
    assert_eq!((whole.len(), whole[0].spans), (1, 10));
    // Exactly as large as the limit is not too large; a byte less splits it.
    assert_eq!(envelope.lines(&spans, whole[0].bytes.len()).unwrap(), whole);
    let two = envelope.lines(&spans, whole[0].bytes.len() - 1).unwrap();
    assert_eq!(two.iter().map(|line| line.spans).collect::<Vec<_>>(), [9, 1]);
    let names = |lines: &[Line]| {
        let read = lines.iter().flat_map(|line| read(&line.bytes).unwrap());
        read.flat_map(|origin| origin.scope_spans[0].spans.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&two), spans);
    // A span that is larger alone has a line to itself.
    let single = envelope.lines(&spans, 1).unwrap();
    assert_eq!(single.len(), 10);
    assert_eq!(names(&single), spans);
    assert_eq!(envelope.lines(&[], 1).unwrap(), []);
}
