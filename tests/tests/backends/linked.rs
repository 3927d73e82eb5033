//! A program with a tracer of its own and our exporter: one trace in Phoenix, each call once.

use std::time::Duration;

use libtest_mimic::Trial;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{dispatcher, info_span};
use tracing_llm::prelude::*;
use tracing_llm_openinference::OpenInference;
use tracing_llm_otel::Linked;
use tracing_subscriber::prelude::*;

use crate::phoenix::{PHOENIX, await_spans};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "linked::a_request_and_its_calls_are_one_trace_in_phoenix",
        [PHOENIX],
        |[phoenix]| {
            one_trace(&phoenix);
        },
    )]
}

fn one_trace(phoenix: &str) {
    let project = format!("linked-{}", std::process::id());
    let endpoint = format!("{phoenix}/v1/traces");
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(&endpoint)
        .build()
        .unwrap();
    let named = KeyValue::new("openinference.project.name", project.clone());
    let resource = Resource::builder().with_attribute(named).build();
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let spans = OpenInference::builder().project(&*project).endpoint(endpoint).build().unwrap();
    let (ours, callbacks) =
        tracing_llm::layer().context_source(Linked::new()).handler(spans).build();
    let theirs = tracing_opentelemetry::layer().with_tracer(provider.tracer("app"));
    let subscriber = tracing_subscriber::registry()
        .with(theirs.with_filter(ours.untagged()))
        .with(ours.filtered());
    dispatcher::with_default(&subscriber.into(), || {
        info_span!("GET /answer", otel.kind = "server").in_scope(|| {
            query_span!("answer", query_str = "why?").in_scope(|| {
                let chat = llm_span!("chat", model = "gpt-5-mini");
                chat.in_scope(|| {
                    chat.llm().usage(Usage::new(12, 5));
                    info_span!("POST /v1/chat/completions", otel.kind = "client").in_scope(|| {});
                });
            });
        });
    });
    callbacks.shutdown_blocking(Duration::from_secs(60)).unwrap();
    provider.shutdown().unwrap();

    let stored = await_spans(phoenix, &project, 4);
    assert_eq!(stored.len(), 4, "each once: {stored:#?}");
    let named = |name: &str| stored.values().find(|span| span["name"] == name).unwrap();
    let id = |name: &str| &named(name)["context"]["span_id"];
    for span in stored.values() {
        assert_eq!(span["context"]["trace_id"], named("chat")["context"]["trace_id"]);
    }
    assert!(named("GET /answer")["parent_id"].is_null());
    assert_eq!(&named("answer")["parent_id"], id("GET /answer"));
    assert_eq!(&named("chat")["parent_id"], id("answer"));
    assert_eq!(&named("POST /v1/chat/completions")["parent_id"], id("GET /answer"));
    assert_eq!(named("chat")["span_kind"], "LLM");
    let summary: Vec<_> =
        stored.values().map(|it| format!("{} < {}", it["name"], it["parent_id"])).collect();
    println!("{project}: {summary:#?}");
}
