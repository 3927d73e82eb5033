//! Phoenix: what it stored is what was sent.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::Value;
use tracing_llm_openinference::{Builder, OpenInference};

use crate::sent::{self, Span};
use crate::{pipeline, trial};

pub(crate) const PHOENIX: &str = "TRACING_LLM_TEST_PHOENIX";
const PHOENIX_GRPC: &str = "TRACING_LLM_TEST_PHOENIX_GRPC";
const COLLECTOR: &str = "TRACING_LLM_TEST_COLLECTOR";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("phoenix::every_event_type_is_stored_as_it_was_sent", [PHOENIX], |[phoenix]| {
            stored_as_sent(&phoenix, "direct", |to| to.endpoint(traces(&phoenix)));
        }),
        trial("phoenix::what_is_compressed_is_stored_the_same", [PHOENIX], |[phoenix]| {
            stored_as_sent(&phoenix, "gzip", |to| to.endpoint(traces(&phoenix)).gzip(true));
        }),
        trial(
            "phoenix::what_comes_by_grpc_is_stored_the_same",
            [PHOENIX, PHOENIX_GRPC],
            |[phoenix, grpc]| stored_as_sent(&phoenix, "grpc", |to| to.endpoint(grpc).grpc()),
        ),
        trial(
            "phoenix::a_collector_between_changes_nothing",
            [PHOENIX, COLLECTOR],
            |[phoenix, collector]| {
                stored_as_sent(&phoenix, "forwarded", |to| to.endpoint(traces(&collector)));
            },
        ),
        trial("phoenix::what_waited_in_a_spool_is_stored_the_same", [PHOENIX], |[phoenix]| {
            spooled(&phoenix);
        }),
    ]
}

fn traces(server: &str) -> String {
    format!("{server}/v1/traces")
}

/// Runs the pipeline into an exporter, and compares what Phoenix then has with the file.
fn stored_as_sent(phoenix: &str, label: &str, to: impl FnOnce(Builder) -> Builder) {
    let project = format!("{label}-{}", std::process::id());
    let file = scratch(&format!("{project}.jsonl"));
    let exporter = to(builder(&project, &file)).build().unwrap();
    let stats = exporter.stats();
    pipeline::run([exporter], &project);
    assert_eq!(stats.otlp().exported, stats.otlp().produced, "{}", stats.otlp());
    is_stored(phoenix, &project, &file);
}

/// Nobody listens while the pipeline runs; another exporter finds its spans in the spool.
fn spooled(phoenix: &str) {
    let project = format!("spooled-{}", std::process::id());
    let file = scratch(&format!("{project}.jsonl"));
    let spool = file.with_extension("spool");
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = builder(&project, &file)
        .endpoint(format!("http://{nowhere}/v1/traces"))
        .spool(&spool)
        .build()
        .unwrap();
    let before = away.stats();
    pipeline::run([away], &project);
    let before = before.otlp();
    assert_eq!(before.spooled, before.produced, "{before}");

    let back = OpenInference::builder().endpoint(traces(phoenix)).spool(&spool).build().unwrap();
    let after = back.stats();
    let (_layer, callbacks) = tracing_llm::layer().handler(back).build();
    callbacks.shutdown_blocking(Duration::from_secs(60)).unwrap();
    let after = after.otlp();
    assert_eq!((after.recovered, after.exported), (before.produced, before.produced), "{after}");
    assert_eq!(after.resent, 0, "{after}");
    is_stored(phoenix, &project, &file);
}

fn builder(project: &str, file: &Path) -> Builder {
    OpenInference::builder().project(project).file(file).embedding_vectors(true)
}

/// Compares what Phoenix has with what the file says was sent.
fn is_stored(phoenix: &str, project: &str, file: &Path) {
    let sent = sent::read(file);
    let stored = await_spans(phoenix, project, sent.len());
    for span in &sent {
        let stored = &stored[&span.id];
        assert_eq!(stored["context"]["trace_id"], *span.trace, "{}", span.name);
        assert_eq!(stored["parent_id"].as_str(), span.parent.as_deref(), "{}", span.name);
        assert_eq!(stored["name"], *span.name);
        assert_eq!(stored["span_kind"], *span.kind(), "{}", span.name);
        assert_eq!(stored["status_code"], *span.status, "{}", span.name);
        compare(&span.name, &reshaped(&span.attributes), &flat(&stored["attributes"]));
        let events = stored["events"].as_array().unwrap();
        let names: Vec<&str> = events.iter().map(|it| it["name"].as_str().unwrap()).collect();
        let expected: Vec<&str> = span.events.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{}", span.name);
    }
    roll_up(phoenix, project, &sent);
}

/// Token counts of a trace are the sums over its LLM spans; the session is the request's.
fn roll_up(phoenix: &str, project: &str, sent: &[Span]) {
    let traces = get(&format!("{phoenix}/v1/projects/{project}/traces?include_spans=true"));
    let traces = traces["data"].as_array().unwrap();
    assert_eq!(traces.len(), 2, "the named trace and the question");
    for trace in traces {
        let id = trace["trace_id"].as_str().unwrap();
        let sum = |key: &str| -> i64 {
            let llm = sent.iter().filter(|span| span.trace == id && span.kind() == "LLM");
            llm.filter_map(|span| span.attributes.get(key)?.as_i64()).sum()
        };
        for (theirs, ours) in [
            ("token_count_prompt", "llm.token_count.prompt"),
            ("token_count_completion", "llm.token_count.completion"),
            ("token_count_total", "llm.token_count.total"),
        ] {
            assert_eq!(trace[theirs].as_i64().unwrap_or_default(), sum(ours), "{theirs}");
        }
    }
    let in_session = sent.iter().filter(|span| span.attributes.contains_key("session.id"));
    assert!(in_session.count() > 10);
    let sessions = get(&format!("{phoenix}/v1/projects/{project}/sessions"));
    assert_eq!(sessions["data"][0]["session_id"], *project, "{sessions}");
}

/// What Phoenix makes of attributes: the kind moves out, and JSON text under these names is
/// parsed.
fn reshaped(sent: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut reshaped = BTreeMap::new();
    for (key, value) in sent.iter().filter(|(key, _)| *key != "openinference.span.kind") {
        let parsed = ["metadata", "llm.prompt_template.variables", "tool.parameters"]
            .contains(&key.as_str())
            || key.ends_with(".document.metadata");
        match value.as_str().filter(|_| parsed).map(serde_json::from_str::<Value>) {
            Some(Ok(json)) => flatten(key, &json, &mut reshaped),
            _ => flatten(key, value, &mut reshaped),
        }
    }
    reshaped
}

fn flat(attributes: &Value) -> BTreeMap<String, Value> {
    let mut flattened = BTreeMap::new();
    for (key, value) in attributes.as_object().unwrap() {
        flatten(key, value, &mut flattened);
    }
    flattened
}

fn flatten(key: &str, value: &Value, to: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&format!("{key}.{name}"), value, to);
            }
        }
        other => {
            to.insert(key.to_owned(), other.clone());
        }
    }
}

fn compare(span: &str, sent: &BTreeMap<String, Value>, stored: &BTreeMap<String, Value>) {
    for (key, value) in sent {
        assert_eq!(stored.get(key), Some(value), "{span}: {key}");
    }
    let more: Vec<_> = stored.keys().filter(|key| !sent.contains_key(*key)).collect();
    assert!(more.is_empty(), "{span}: not sent, yet stored: {more:?}");
}

/// Phoenix stores in the background: waits until it has them all.
pub(crate) fn await_spans(phoenix: &str, project: &str, count: usize) -> BTreeMap<String, Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = try_get(&format!("{phoenix}/v1/projects/{project}/spans?limit=1000"));
        let spans = answer.as_ref().and_then(|answer| answer["data"].as_array());
        let spans = spans.map(Vec::as_slice).unwrap_or_default();
        if spans.len() >= count {
            let by_id = spans.iter().map(|span| {
                (span["context"]["span_id"].as_str().unwrap().to_owned(), span.clone())
            });
            return by_id.collect();
        }
        assert!(Instant::now() < deadline, "{} of {count} spans stored", spans.len());
        std::thread::sleep(Duration::from_millis(200));
    }
}

pub(crate) fn get(url: &str) -> Value {
    try_get(url).unwrap_or_else(|| panic!("no answer from {url}"))
}

fn try_get(url: &str) -> Option<Value> {
    let mut answer = ureq::get(url).call().ok()?;
    serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()
}

/// A file of this run, beside the program.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("backends");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    let _ = std::fs::remove_file(&file);
    file
}
