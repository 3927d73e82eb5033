//! OpenInference spans beside a tracer that is there, in each of the three ways.

use std::path::Path;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::Value;
use tracing::{Dispatch, dispatcher, info_span};
use tracing_llm::prelude::*;
use tracing_llm::{Builder, CallbackLayer, HandlerExt};
use tracing_llm_openinference::OpenInference;
use tracing_llm_otel::{Enrich, Linked};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

const PATIENCE: Duration = Duration::from_secs(60);

fn pipeline() {
    info_span!("request").in_scope(|| {
        query_span!("answer", query_str = "why?").in_scope(|| {
            let chat = llm_span!("chat", model = "gpt-5-mini");
            chat.in_scope(|| {
                chat.llm().usage(Usage::new(8, 2));
            });
            info_span!("POST").in_scope(|| {});
        });
    });
}

struct Sent {
    theirs: Vec<SpanData>,
    ours: Vec<Value>,
}

fn sent(
    name: &str,
    exporter: impl FnOnce(InMemorySpanExporter) -> SdkTracerProvider,
    build: impl FnOnce(Builder) -> Builder,
    place: impl FnOnce(CallbackLayer, &SdkTracerProvider) -> Dispatch,
) -> Sent {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("composition-otel-{name}.jsonl"));
    let _ = std::fs::remove_file(&path);
    let memory = InMemorySpanExporter::default();
    let provider = exporter(memory.clone());
    let spans = OpenInference::builder().file(&path).build().unwrap().sampled(1.0);
    let (layer, callbacks) = build(tracing_llm::layer().handler(spans)).build();
    dispatcher::with_default(&place(layer, &provider), pipeline);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    provider.force_flush().unwrap();
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let mut ours = Vec::new();
    for line in written.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for resource in line["resourceSpans"].as_array().unwrap() {
            for scope in resource["scopeSpans"].as_array().unwrap() {
                ours.extend(scope["spans"].as_array().unwrap().iter().cloned());
            }
        }
    }
    Sent { theirs: memory.get_finished_spans().unwrap(), ours }
}

impl Sent {
    fn theirs(&self, name: &str) -> &SpanData {
        self.theirs.iter().find(|span| span.name == name).unwrap()
    }

    fn ours(&self, name: &str) -> &Value {
        self.ours.iter().find(|span| span["name"] == name).unwrap()
    }

    fn names(&self) -> (Vec<&str>, Vec<&str>) {
        let mut theirs: Vec<&str> = self.theirs.iter().map(|span| &*span.name).collect();
        let mut ours: Vec<&str> =
            self.ours.iter().filter_map(|span| span["name"].as_str()).collect();
        theirs.sort_unstable();
        ours.sort_unstable();
        (theirs, ours)
    }
}

fn batches(memory: InMemorySpanExporter) -> SdkTracerProvider {
    SdkTracerProvider::builder().with_batch_exporter(memory).build()
}

#[test]
fn linked_they_are_one_trace_with_each_call_once() {
    let linked = sent(
        "linked",
        batches,
        |builder| builder.context_source(Linked::new()),
        |layer, provider| {
            let tracer = provider.tracer("test");
            let theirs = tracing_opentelemetry::layer().with_tracer(tracer);
            let theirs = theirs.with_filter(layer.untagged());
            registry().with(theirs).with(layer.filtered()).into()
        },
    );
    assert_eq!(linked.names(), (vec!["POST", "request"], vec!["answer", "chat"]));
    let (request, answer) = (linked.theirs("request"), linked.ours("answer"));
    assert_eq!(answer["traceId"], request.span_context.trace_id().to_string());
    assert_eq!(answer["parentSpanId"], request.span_context.span_id().to_string());
    assert_eq!(linked.ours("chat")["parentSpanId"], answer["spanId"]);
    assert_eq!(linked.theirs("POST").parent_span_id, request.span_context.span_id());
}

#[test]
fn enriched_it_is_the_users_span_and_nothing_else() {
    let enrich = Enrich::new();
    let exporter = enrich.clone();
    let enriched = sent(
        "enrich",
        |memory| batches_of(exporter.exporter(memory)),
        |_| tracing_llm::layer().context_source(enrich.clone()).handler(enrich),
        |layer, provider| {
            let theirs = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
            registry().with(layer.filtered()).with(theirs).into()
        },
    );
    assert_eq!(enriched.names(), (vec!["POST", "answer", "chat", "request"], vec![]));
    let tokens = |pair: &&opentelemetry::KeyValue| pair.key.as_str() == "gen_ai.usage.input_tokens";
    let tokens = enriched.theirs("chat").attributes.iter().find(tokens).unwrap();
    assert_eq!(tokens.value, 8.into());
}

fn batches_of(
    exporter: impl opentelemetry_sdk::trace::SpanExporter + 'static,
) -> SdkTracerProvider {
    SdkTracerProvider::builder().with_batch_exporter(exporter).build()
}

#[test]
fn standalone_each_has_traces_of_its_own() {
    let alone = sent(
        "standalone",
        batches,
        |builder| builder,
        |layer, provider| {
            let theirs = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
            registry().with(layer.filtered()).with(theirs).into()
        },
    );
    let all = vec!["POST", "answer", "chat", "request"];
    assert_eq!(alone.names(), (all, vec!["answer", "chat"]));
    let answer = alone.ours("answer");
    assert_eq!(answer["parentSpanId"].as_str().unwrap_or_default(), "");
    assert_ne!(answer["traceId"], alone.theirs("answer").span_context.trace_id().to_string());
}
