//! What each backend is sent: the place of the server is taken by a collector on loopback.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use tracing_llm::{
    Context, Event, EventType, Handler as _, SpanId, StreamProgress, Trace, TraceId, Usage,
};

use crate::testing::{Collector, Request, START, event_with_id};
use crate::{Backend, Builder, OpenInference};

/// What one exporter with this backend sends of a run: a question, at its top, and an answer
/// below it.
struct Sent {
    request: Request,
    resource: BTreeMap<String, String>,
    spans: BTreeMap<String, BTreeMap<String, String>>,
}

fn send(backend: impl FnOnce(&str) -> Builder) -> Sent {
    let collector = Collector::start(Vec::new());
    let server = collector.url().replace("/v1/traces", "");
    let mut exporter = backend(&server).build().unwrap();
    for event in run() {
        exporter.on_end(&Arc::new(event)).unwrap();
    }
    exporter.on_trace_end(&Arc::new(named_trace())).unwrap();
    exporter.shutdown().unwrap();
    let request = collector.requests().into_iter().next().unwrap();
    let decoded = ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap();
    let resource = decoded.resource_spans[0].resource.as_ref().unwrap().attributes.clone();
    let spans = request.spans();
    Sent {
        request,
        resource: texts(&resource),
        spans: spans.into_iter().map(|span| (span.name, texts(&span.attributes))).collect(),
    }
}

fn to(backend: Backend) -> impl FnOnce(&str) -> Builder {
    |server| OpenInference::builder().backend(backend.server(server))
}

fn run() -> Vec<Event> {
    let mut context = Context::default();
    context.session_id = Some("s-1".into());
    let context = Arc::new(context);
    let mut query = event_with_id(EventType::QUERY, "ask", 1);
    query.context = Arc::clone(&context);
    let mut llm = event_with_id(EventType::LLM, "answer", 2);
    llm.parent_id = SpanId::new(1);
    llm.context = Arc::clone(&context);
    llm.payload.model = Some("gpt-5-mini".into());
    let mut usage = Usage::new(100, 40);
    usage.cache_read = Some(60);
    llm.payload.usage = Some(usage);
    let mut stream = StreamProgress::default();
    stream.first_token = Some(Duration::from_micros(1_500));
    llm.payload.stream = Some(stream);
    llm.payload.attributes.insert("gen_ai.usage.reasoning_tokens".into(), 7.into());
    let mut rerank = event_with_id(EventType::RERANKING, "rerank", 3);
    rerank.parent_id = SpanId::new(1);
    rerank.context = context;
    vec![query, llm, rerank]
}

fn named_trace() -> Trace {
    let mut trace = Trace::new(TraceId::new(0xd).unwrap(), "chat", START);
    trace.scope_id = SpanId::new(0xc);
    let mut context = Context::default();
    context.session_id = Some("s-2".into());
    trace.context = Arc::new(context);
    trace
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::BoolValue(flag) => flag.to_string(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes
        .iter()
        .filter_map(|pair| {
            let value = pair.value.as_ref()?.value.as_ref()?;
            Some((pair.key.clone(), text(value)))
        })
        .collect()
}

/// The attributes of a span that are a backend's own.
fn own<'a>(sent: &'a Sent, span: &str, prefix: &str) -> Vec<(&'a str, &'a str)> {
    let attributes = sent.spans[span].iter();
    attributes
        .filter(|(key, _)| key.starts_with(prefix))
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

#[test]
fn phoenix_gets_a_project_and_a_bearer_token() {
    let sent = send(|server| {
        to(Backend::phoenix().api_key("key"))(&format!("{server}/s/team")).project("handbook")
    });
    assert_eq!(sent.request.path, "/s/team/v1/traces");
    assert_eq!(sent.request.headers["authorization"], "Bearer key");
    assert_eq!(sent.request.headers["content-type"], "application/x-protobuf");
    assert_eq!(sent.resource["openinference.project.name"], "handbook");
    assert_eq!(sent.spans["answer"]["openinference.span.kind"], "LLM");
}

#[test]
fn arize_gets_its_space_and_a_project() {
    let sent = send(to(Backend::arize("space", "key")));
    assert_eq!(sent.request.path, "/v1/traces");
    assert_eq!(sent.request.headers["authorization"], "key");
    assert_eq!(sent.request.headers["arize-space-id"], "space");
    assert_eq!(sent.request.headers["arize-interface"], "otel");
    assert_eq!(sent.resource["openinference.project.name"], "default");
}

#[test]
fn langfuse_gets_its_keys_and_its_own_names() {
    let sent = send(to(Backend::langfuse("pk-1", "sk-2")));
    assert_eq!(sent.request.path, "/api/public/otel/v1/traces");
    assert_eq!(sent.request.headers["authorization"], "Basic cGstMTpzay0y");
    assert_eq!(sent.request.headers["x-langfuse-ingestion-version"], "4");
    let own = |span| own(&sent, span, "langfuse.");
    assert_eq!(own("ask"), [("langfuse.internal.is_app_root", "true")]);
    assert_eq!(own("chat"), [("langfuse.internal.is_app_root", "true")]);
    assert_eq!(own("rerank"), [("langfuse.observation.type", "retriever")]);
    assert_eq!(
        own("answer"),
        [
            ("langfuse.observation.completion_start_time", "2026-09-21T14:13:20.001500Z"),
            (
                "langfuse.observation.usage_details",
                r#"{"input":40,"input_cache_read":60,"output":40,"total":140}"#
            ),
        ]
    );
    let answer = &sent.spans["answer"];
    assert!(!answer.contains_key("gen_ai.usage.reasoning_tokens"));
    assert_eq!(answer["llm.token_count.prompt"], "100");
}

#[test]
fn in_a_named_trace_the_root_is_marked_and_not_the_event_below_it() {
    let mut event = event_with_id(EventType::QUERY, "ask", 1);
    event.context = Arc::clone(&run()[0].context);
    event.scope_id = SpanId::new(0xc);
    for quirks in [Backend::langfuse("a", "b").quirks(), Backend::weave("a", "b", "c").quirks()] {
        let mut attributes = Vec::new();
        quirks.apply(&event, &mut attributes);
        assert!(attributes.iter().all(|pair| pair.key.as_str() == "wandb.thread_id"));
    }
}

#[test]
fn what_a_span_brings_itself_is_kept_from_quirks() {
    let mut event = event_with_id(EventType::RERANKING, "rerank", 1);
    event.payload.attributes.insert("langfuse.observation.type".into(), "tool".into());
    let mut attributes = crate::testing::span(&event).attributes;
    Backend::langfuse("a", "b").quirks().apply(&event, &mut attributes);
    let attributes = crate::testing::by_key(&attributes);
    assert_eq!(attributes["langfuse.observation.type"].to_string(), "tool");
}

#[test]
fn weave_gets_its_project_and_sessions_as_threads() {
    let sent = send(to(Backend::weave("team", "handbook", "key")));
    assert_eq!(sent.request.path, "/traces/otel/v1/traces");
    assert_eq!(sent.request.headers["wandb-api-key"], "key");
    assert_eq!(sent.resource["wandb.entity"], "team");
    assert_eq!(sent.resource["wandb.project"], "handbook");
    let own = |span| own(&sent, span, "wandb.");
    assert_eq!(own("ask"), [("wandb.is_turn", "true"), ("wandb.thread_id", "s-1")]);
    assert_eq!(own("answer"), [("wandb.thread_id", "s-1")]);
    assert_eq!(own("chat"), [("wandb.is_turn", "true"), ("wandb.thread_id", "s-2")]);
}

#[test]
fn a_turn_has_a_thread() {
    let event = event_with_id(EventType::QUERY, "ask", 1);
    let mut attributes = Vec::new();
    Backend::weave("a", "b", "c").quirks().apply(&event, &mut attributes);
    assert!(attributes.is_empty());
    // The scope of a named trace may not know the session that its only event has.
    let mut trace = named_trace();
    trace.context = Arc::default();
    let quirks = Backend::weave("a", "b", "c").quirks();
    quirks.apply_to_root(&trace, run().first(), &mut attributes);
    let keys: Vec<_> = attributes.iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!(keys, ["wandb.thread_id", "wandb.is_turn"]);
}

#[test]
fn mlflow_gets_its_experiment() {
    let sent = send(to(Backend::mlflow("3").api_key("token")));
    assert_eq!(sent.request.path, "/v1/traces");
    assert_eq!(sent.request.headers["x-mlflow-experiment-id"], "3");
    assert_eq!(sent.request.headers["authorization"], "Bearer token");
}

#[test]
fn an_endpoint_and_a_header_in_code_replace_the_backends_own() {
    let sent = send(|server| {
        OpenInference::builder()
            .header("Authorization", "mine")
            .endpoint(format!("{server}/as/it/is"))
            .backend(Backend::langfuse("pk-1", "sk-2"))
    });
    assert_eq!(sent.request.path, "/as/it/is");
    assert_eq!(sent.request.headers["authorization"], "mine");
    assert_eq!(sent.request.headers["x-langfuse-ingestion-version"], "4");
}

#[test]
fn no_backend_shows_a_key() {
    for backend in [
        Backend::phoenix().server("http://c.example/?key=s3cret").api_key("s3cret"),
        Backend::arize("s3cret", "s3cret"),
        Backend::langfuse("s3cret", "s3cret"),
        Backend::weave("team", "handbook", "s3cret"),
        Backend::mlflow("3").api_key("s3cret"),
    ] {
        let encoded = "czNjcmV0OnMzY3JldA==";
        let builder = OpenInference::builder().backend(backend.clone());
        let shown = format!("{backend:?} {builder:?} {:?}", builder.clone().build().unwrap());
        assert!(!shown.contains("s3cret") && !shown.contains(encoded), "{shown}");
        let error = builder.endpoint("s3cret").build().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}
