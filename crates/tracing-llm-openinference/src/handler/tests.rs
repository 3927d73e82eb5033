use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use tracing_llm::{EventType, SpanId, TraceId};

use super::*;
use crate::testing::{Collector, START, event, nowhere};

fn file(name: &str) -> PathBuf {
    let name = format!("tracing-llm-openinference-handler-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    path
}

fn read(path: &PathBuf) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone())
        .collect()
}

fn named_trace() -> (Arc<Event>, Arc<Trace>) {
    let mut top = event(EventType::QUERY, "answer");
    top.scope_id = SpanId::new(0xc);
    top.payload.query = Some("why?".into());
    let mut trace = Trace::new(TraceId::new(0xa).unwrap(), "ask", START);
    trace.scope_id = SpanId::new(0xc);
    (Arc::new(top), Arc::new(trace))
}

#[test]
fn a_named_trace_ends_with_its_root_and_both_outputs_get_all() {
    let collector = Collector::start(Vec::new());
    let path = file("both");
    let mut spans = OpenInference::builder()
        .endpoint(collector.url())
        .file(&path)
        .project("docs")
        .build()
        .unwrap();
    assert_eq!(spans.destination(), format!("{} and {}", collector.url(), path.display()));
    let stats = spans.stats();
    let (top, trace) = named_trace();
    spans.on_end(&top).unwrap();
    spans.on_trace_end(&trace).unwrap();
    spans.shutdown().unwrap();

    let lines = read(&path);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["name"], "answer");
    assert_eq!(lines[0]["parentSpanId"], lines[1]["spanId"]);
    assert_eq!(lines[1]["name"], "ask");
    assert!(lines[1].to_string().contains("why?"));
    let sent: Vec<_> = collector.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(sent, ["answer", "ask"]);
    assert_eq!((stats.otlp().exported, stats.file().exported), (2, 2));
}

#[test]
fn a_trace_that_its_caller_does_not_sample_is_left_out_and_counted() {
    let path = file("unsampled");
    let run = |sampler: Option<&'static str>| {
        let builder = OpenInference::builder().file(&path);
        let settings = builder.settings_of(&|name| {
            sampler.filter(|_| name == "OTEL_TRACES_SAMPLER").map(str::to_owned)
        });
        let mut spans = OpenInference::new(settings.unwrap()).unwrap();
        for told in [Some(false), Some(true), None] {
            let (mut top, mut trace) = named_trace();
            Arc::make_mut(&mut top).sampled = told;
            Arc::make_mut(&mut trace).sampled = told;
            spans.on_end(&top).unwrap();
            spans.on_trace_end(&trace).unwrap();
        }
        spans.shutdown().unwrap();
        let counts = spans.stats().file();
        assert_eq!(spans.stats().otlp(), crate::Counts::default());
        (counts.exported, counts.unsampled, counts.balance())
    };
    assert_eq!(run(None), (4, 2, true));
    assert_eq!(run(Some("parentbased_always_on")), (4, 2, true));
    assert_eq!(run(Some("always_off")), (0, 6, true));
    assert_eq!(run(Some("always_on")), (6, 0, true));
}

#[test]
fn a_trace_of_its_own_gets_no_root() {
    let path = file("plain");
    let mut spans = OpenInference::builder().file(&path).build().unwrap();
    spans.on_end(&Arc::new(event(EventType::QUERY, "answer"))).unwrap();
    let trace = Trace::new(TraceId::new(0xa).unwrap(), "query", START);
    spans.on_trace_end(&Arc::new(trace)).unwrap();
    assert_eq!(read(&path).len(), 1);
}

#[test]
fn a_collector_that_is_away_does_not_keep_the_file_from_its_lines() {
    let path = file("away");
    let url = format!("http://{}/v1/traces", nowhere());
    let mut spans = OpenInference::builder().endpoint(url).file(&path).build().unwrap();
    let stats = spans.stats();
    let (top, trace) = named_trace();
    spans.on_end(&top).unwrap();
    spans.on_trace_end(&trace).unwrap();
    assert_eq!(read(&path).len(), 2);
    let error = spans.flush().unwrap_err();
    assert!(error.downcast_ref::<Error>().unwrap().is_send());
    assert_eq!(stats.file().exported, 2);
    assert_eq!(stats.otlp().waiting, 2);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn with_neither_output_it_is_off_and_says_so_once() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || sink.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut spans = OpenInference::builder().build().unwrap();
        assert!(spans.is_off());
        for _ in 0..3 {
            let (top, trace) = named_trace();
            spans.on_end(&top).unwrap();
            spans.on_trace_end(&trace).unwrap();
        }
        spans.shutdown().unwrap();
        assert_eq!(spans.stats().otlp().produced, 0);
    });
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(said.matches("OpenInference spans are off").count(), 1, "{said}");
    assert!(said.contains("WARN tracing_llm_openinference"), "{said}");
}

#[test]
fn debug_output_shows_where_to_and_no_key() {
    let spans = OpenInference::builder()
        .endpoint("http://127.0.0.1:1/v1/traces?key=s3cret")
        .header("api-key", "s3cret")
        .build()
        .unwrap();
    let shown = format!("{spans:?}");
    assert!(shown.contains("http://127.0.0.1:1/v1/traces"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn what_a_dead_collector_leaves_waiting_stands_in_the_layers_health() {
    let folder = std::env::temp_dir().join(format!("tracing-llm-health-{}", std::process::id()));
    let mut spans = OpenInference::builder()
        .endpoint(format!("http://{}/v1/traces", nowhere()))
        .spool(&folder)
        .build()
        .unwrap();
    let health = spans.health();
    let [before] = &health.read()[..] else { panic!("one output: {health:?}") };
    assert_eq!((before.name.as_str(), before.failures, before.spool_bytes), ("otlp", 0, 0));

    let (top, trace) = named_trace();
    spans.on_end(&top).unwrap();
    spans.on_trace_end(&trace).unwrap();
    // What is in the spool is safe: that is no error.
    let _told = spans.flush();
    let [after] = &health.read()[..] else { panic!("one output: {health:?}") };
    assert!(after.failures > 0, "{after:?}");
    assert_eq!((after.exported, after.waiting + after.spooled), (0, 2), "{after:?}");

    let _told = spans.shutdown();
    drop(spans);
    let [last] = &health.read()[..] else { panic!("one output: {health:?}") };
    assert_eq!((last.waiting, last.spooled), (0, 2), "{last:?}");
    let files = std::fs::read_dir(&folder).unwrap().flatten();
    let lines = files.filter(|file| file.file_name().to_string_lossy().ends_with(".jsonl"));
    let bytes: u64 = lines.map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes > 0);
    assert_eq!(last.spool_bytes, bytes, "{last:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_exporter_that_is_off_has_no_outputs() {
    assert!(OpenInference::builder().build().unwrap().health().read().is_empty());
}
