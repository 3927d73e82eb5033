//! Two processes, each with an exporter of its own: one trace in Phoenix.

use std::process::Command;
use std::time::Duration;

use libtest_mimic::Trial;
use tracing_llm::Propagation;
use tracing_llm::prelude::*;
use tracing_llm_openinference::OpenInference;
use tracing_subscriber::prelude::*;

use crate::phoenix::{PHOENIX, await_spans};
use crate::trial;

/// The headers of whoever asks, a line each: what a request over HTTP would bring.
pub(crate) const RETRIEVER: &str = "TRACING_LLM_TEST_RETRIEVER";
const PROJECT: &str = "TRACING_LLM_TEST_RETRIEVER_PROJECT";

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "processes::a_call_into_another_process_is_one_trace_in_phoenix",
        [PHOENIX],
        |[phoenix]| one_trace(&phoenix),
    )]
}

/// What both send along and take.
fn propagation() -> Propagation {
    Propagation::new().session_baggage("session.id")
}

fn exporting(phoenix: &str, project: &str, pipeline: impl FnOnce()) {
    let endpoint = format!("{phoenix}/v1/traces");
    let spans = OpenInference::builder().project(project).endpoint(endpoint).build().unwrap();
    let (layer, callbacks) = tracing_llm::layer().handler(spans).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    tracing::subscriber::with_default(subscriber, pipeline);
    callbacks.shutdown_blocking(Duration::from_secs(60)).unwrap();
}

/// What the other process does.
pub(crate) fn retrieve(headers: &str) {
    let [phoenix, project] = [PHOENIX, PROJECT].map(|name| std::env::var(name).unwrap());
    exporting(&phoenix, &project, || {
        let pairs = headers.lines().filter_map(|line| line.split_once(": "));
        propagation().extract(pairs).in_scope(|| {
            event_span!(RETRIEVE, "search", query_str = "why?").in_scope(|| {
                let _ranking = event_span!(RERANKING, "rank").entered();
            });
        });
    });
}

fn one_trace(phoenix: &str) {
    let project = format!("processes-{}", std::process::id());
    exporting(phoenix, &project, || {
        let session = tracing::info_span!("request", session.id = &*project).entered();
        event_span!(QUERY, "answer", query_str = "why?").in_scope(|| {
            let mut headers = String::new();
            propagation().inject(|name, value| headers.push_str(&format!("{name}: {value}\n")));
            let mut retriever = Command::new(std::env::current_exe().unwrap());
            retriever.env(PHOENIX, phoenix).env(PROJECT, &project).env(RETRIEVER, headers);
            assert!(retriever.status().unwrap().success());
            let _chat = event_span!(LLM, "chat").entered();
        });
        drop(session);
    });

    let stored = await_spans(phoenix, &project, 4);
    assert_eq!(stored.len(), 4, "each once: {stored:#?}");
    let named = |name: &str| stored.values().find(|span| span["name"] == name).unwrap();
    let id = |name: &str| &named(name)["context"]["span_id"];
    assert!(named("answer")["parent_id"].is_null());
    for (name, parent) in [("search", "answer"), ("rank", "search"), ("chat", "answer")] {
        assert_eq!(&named(name)["parent_id"], id(parent), "{name}");
    }
    for span in stored.values() {
        assert_eq!(span["context"]["trace_id"], named("answer")["context"]["trace_id"]);
        assert_eq!(span["attributes"]["session.id"], *project, "it went along in the baggage");
    }
    let summary: Vec<_> =
        stored.values().map(|it| format!("{} < {}", it["name"], it["parent_id"])).collect();
    println!("{project}: {summary:#?}");
}
