use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tracing_llm::{Document, EventType, Message, Usage};

use super::*;
use crate::secret::Secret;
use crate::stats::Counts;
use crate::testing::{Collector, Reply, event, event_with_id, nowhere, span};

fn settings(url: &str) -> OtlpSettings {
    OtlpSettings {
        headers: vec![("authorization".to_owned(), Secret::from("Bearer s3cret".to_owned()))],
        ..OtlpSettings::new(Endpoint::parse(url).unwrap())
    }
}

fn otlp(url: &str) -> Otlp {
    let resource = Resource::builder_empty().with_service_name("docs").build();
    Otlp::new(&settings(url), &resource, Arc::default()).unwrap()
}

fn numbered(id: u64) -> SpanData {
    span(&event_with_id(EventType::QUERY, "answer", id))
}

fn counts(otlp: &Otlp) -> Counts {
    otlp.tally.counts()
}

/// Exported, failed, dropped and waiting.
fn fates(otlp: &Otlp) -> [u64; 4] {
    let Counts { produced, exported, failed, dropped, waiting, .. } = counts(otlp);
    assert_eq!(produced, exported + failed + dropped + waiting);
    [exported, failed, dropped, waiting]
}

fn status(code: u16) -> Reply {
    Reply::Status(code, b"not now".to_vec())
}

fn attributes(span: &Span) -> BTreeMap<&str, &Value> {
    let map: BTreeMap<&str, &Value> = span
        .attributes
        .iter()
        .filter_map(|pair| Some((pair.key.as_str(), pair.value.as_ref()?.value.as_ref()?)))
        .collect();
    assert_eq!(map.len(), span.attributes.len(), "a key stands twice or has no value");
    map
}

#[test]
fn spans_arrive_as_protobuf_with_integers_as_integers() {
    let collector = Collector::start(Vec::new());
    let mut otlp = otlp(&collector.url());
    let mut llm = event(EventType::LLM, "chat");
    llm.payload.usage = Some(Usage::new(120, 30));
    otlp.push(span(&llm), Instant::now()).unwrap();
    assert_eq!(fates(&otlp), [0, 0, 0, 1]);
    otlp.flush(Instant::now()).unwrap();
    assert_eq!(fates(&otlp), [1, 0, 0, 0]);

    let request = &collector.requests()[0];
    assert_eq!(request.path, "/v1/traces");
    assert_eq!(request.headers["content-type"], "application/x-protobuf");
    assert_eq!(request.headers["authorization"], "Bearer s3cret");
    assert!(request.headers["user-agent"].starts_with("tracing-llm-openinference/"));
    let decoded = ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap();
    let resource = decoded.resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(resource.attributes[0].key, "service.name");
    let span = &request.spans()[0];
    assert_eq!(span.name, "chat");
    assert_eq!(attributes(span)["llm.token_count.prompt"], &Value::IntValue(120));
    assert_eq!(attributes(span)["llm.token_count.total"], &Value::IntValue(150));
    assert_eq!(span.dropped_attributes_count, 0);
}

#[test]
fn more_than_a_thousand_attributes_all_arrive() {
    let collector = Collector::start(Vec::new());
    let mut otlp = otlp(&collector.url());
    let mut llm = event(EventType::LLM, "chat");
    llm.payload.messages = (0..400).map(|n| Message::user(format!("message {n}"))).collect();
    llm.payload.nodes =
        (0..100).map(|n| Document::new(format!("text {n}")).with_id(format!("n{n}"))).collect();
    otlp.push(span(&llm), Instant::now()).unwrap();
    otlp.flush(Instant::now()).unwrap();
    let spans = collector.spans();
    let attributes = attributes(&spans[0]);
    for n in 0..400 {
        let key = format!("llm.input_messages.{n}.message.content");
        assert_eq!(attributes[key.as_str()], &Value::StringValue(format!("message {n}")));
    }
    for n in 0..100 {
        let key = format!("retrieval.documents.{n}.document.id");
        assert_eq!(attributes[key.as_str()], &Value::StringValue(format!("n{n}")));
    }
    assert!(attributes.len() > 1_000);
}

#[test]
fn a_full_batch_is_sent_at_once_and_the_rest_at_the_flush() {
    let collector = Collector::start(Vec::new());
    let mut otlp = otlp(&collector.url());
    let now = Instant::now();
    for id in 1..=600 {
        otlp.push(numbered(id), now).unwrap();
    }
    assert_eq!(fates(&otlp), [512, 0, 0, 88]);
    otlp.flush(Instant::now()).unwrap();
    let sizes: Vec<_> = collector.requests().iter().map(|request| request.spans().len()).collect();
    assert_eq!(sizes, [512, 88]);
}

#[test]
fn the_end_of_a_trace_sends_what_waits() {
    let collector = Collector::start(Vec::new());
    let mut otlp = otlp(&collector.url());
    otlp.push(numbered(1), Instant::now()).unwrap();
    assert!(collector.requests().is_empty());
    otlp.trace_ended(Instant::now()).unwrap();
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn a_collector_that_is_away_is_an_error_and_gets_the_spans_when_it_is_back() {
    let address = nowhere();
    let mut otlp = otlp(&format!("http://{address}/v1/traces"));
    let now = Instant::now();
    otlp.push(numbered(1), now).unwrap();
    let error = otlp.trace_ended(now).unwrap_err();
    assert!(error.is_send());
    let expected = format!("could not send to http://{address}/v1/traces: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(error.to_string().ends_with(" (spans waiting: 1)"), "{error}");
    assert_eq!(fates(&otlp), [0, 0, 0, 1]);

    // Not every event tries again.
    otlp.push(numbered(2), now + Duration::from_secs(1)).unwrap();
    let collector = Collector::start_at(address, Vec::new());
    otlp.push(numbered(3), now + Duration::from_secs(6)).unwrap();
    assert_eq!(fates(&otlp), [3, 0, 0, 0]);
    let ids: Vec<_> = collector.spans().iter().map(|span| span.span_id[7]).collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[test]
fn spans_wait_after_the_answers_that_ask_for_it() {
    for reply in [status(429), status(502), status(503), status(504), Reply::HangUp] {
        let collector = Collector::start(vec![reply]);
        let mut otlp = otlp(&collector.url());
        otlp.push(numbered(1), Instant::now()).unwrap();
        assert!(otlp.flush(Instant::now()).unwrap_err().is_send());
        assert_eq!(fates(&otlp), [0, 0, 0, 1]);
        otlp.flush(Instant::now()).unwrap();
        assert_eq!(fates(&otlp), [1, 0, 0, 0]);
    }
}

#[test]
fn a_refusal_for_good_fails_its_batch_and_no_other() {
    for code in [301, 400, 401, 413, 500] {
        let collector = Collector::start(vec![status(code)]);
        let mut otlp = otlp(&collector.url());
        otlp.push(numbered(1), Instant::now()).unwrap();
        let error = otlp.flush(Instant::now()).unwrap_err();
        let expected = format!(": status {code} not now (spans refused: 1)");
        assert!(error.to_string().ends_with(&expected), "{error}");
        otlp.push(numbered(2), Instant::now()).unwrap();
        otlp.flush(Instant::now()).unwrap();
        assert_eq!(fates(&otlp), [1, 1, 0, 0]);
    }
}

#[test]
fn an_answer_that_breaks_off_after_its_status_sends_nothing_twice() {
    let collector = Collector::start(vec![Reply::Torn(200)]);
    let mut otlp = otlp(&collector.url());
    otlp.push(numbered(1), Instant::now()).unwrap();
    otlp.flush(Instant::now()).unwrap();
    assert_eq!(fates(&otlp), [1, 0, 0, 0]);
    assert_eq!(collector.requests().len(), 1);
}

#[test]
fn spans_that_are_rejected_out_of_a_batch_are_counted() {
    let partial = ExportTracePartialSuccess { rejected_spans: 2, error_message: "too old".into() };
    let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let collector = Collector::start(vec![Reply::Status(200, body)]);
    let mut otlp = otlp(&collector.url());
    for id in 1..=5 {
        otlp.push(numbered(id), Instant::now()).unwrap();
    }
    let error = otlp.flush(Instant::now()).unwrap_err();
    assert!(error.to_string().ends_with(": too old (spans rejected: 2)"), "{error}");
    assert_eq!(fates(&otlp), [3, 2, 0, 0]);
}

#[test]
fn beyond_its_bound_it_drops_and_counts() {
    let mut otlp = otlp(&format!("http://{}/", nowhere()));
    otlp.queue = Queue::with_bound(2_000);
    let now = Instant::now();
    for id in 1..=100 {
        otlp.push(numbered(id), now).unwrap();
    }
    let [exported, failed, dropped, waiting] = fates(&otlp);
    assert_eq!((exported, failed), (0, 0));
    assert!(dropped > 80 && waiting > 1, "{dropped} {waiting}");
}

#[test]
fn what_cannot_be_sent_at_shutdown_is_dropped_and_so_is_what_comes_after() {
    let mut otlp = otlp(&format!("http://{}/", nowhere()));
    otlp.push(numbered(1), Instant::now()).unwrap();
    assert!(otlp.shutdown(Instant::now()).unwrap_err().is_send());
    assert_eq!(fates(&otlp), [0, 0, 1, 0]);
    otlp.push(numbered(2), Instant::now()).unwrap();
    otlp.shutdown(Instant::now()).unwrap();
    assert_eq!(fates(&otlp), [0, 0, 2, 0]);
}

#[test]
fn a_refused_batch_at_shutdown_does_not_keep_the_others() {
    let collector = Collector::start(vec![status(400)]);
    let mut otlp = otlp(&collector.url());
    for id in 1..=500 {
        let mut query = event_with_id(EventType::QUERY, "answer", id);
        query.payload.response = Some("x".repeat(7_000).into());
        otlp.queue.push(span(&query), Instant::now());
        otlp.tally.produced(1);
    }
    for id in 501..=600 {
        otlp.queue.push(numbered(id), Instant::now());
        otlp.tally.produced(1);
    }
    assert!(otlp.shutdown(Instant::now()).unwrap_err().is_send());
    let [exported, failed, dropped, waiting] = fates(&otlp);
    assert!(exported > 0 && failed > 0);
    assert_eq!((dropped, waiting), (0, 0));
}

#[test]
fn it_works_inside_a_runtime_and_under_another_executor() {
    // What looks like a runtime to the exporter must not change what it does.
    let collector = Collector::start(vec![status(503)]);
    let url = collector.url();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut otlp = otlp(&url);
        otlp.push(numbered(1), Instant::now()).unwrap();
        assert!(otlp.flush(Instant::now()).is_err());
        otlp.flush(Instant::now()).unwrap();
        assert_eq!(fates(&otlp), [1, 0, 0, 0]);
    });
}
