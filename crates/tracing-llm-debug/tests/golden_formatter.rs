//! Recorded runs of LlamaIndex, replayed: see `tests/golden/README.md` at the top level.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tracing_llm::{Event, EventType, Handler, SpanId, Timestamp, Trace, TraceId, TraceMap};
use tracing_llm_debug::{Color, DebugHandler, Format, TimeInfo, compat_text};

const TICK: Duration = Duration::from_millis(250);

/// A line of `events.jsonl`.
#[derive(Deserialize)]
struct Callback {
    phase: String,
    event_type: Option<String>,
    event_id: Option<String>,
    parent_id: Option<String>,
    trace_id: Option<String>,
    trace_map: Option<HashMap<String, Vec<String>>>,
}

/// A call of a handler's hook.
enum Hook {
    Start(Arc<Event>),
    End(Arc<Event>),
    TraceEnd(Arc<Trace>),
}

fn scenarios() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/llamaindex");
    let folders = fs::read_dir(root).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert_eq!(folders.len(), 20);
    folders
}

fn read(scenario: &Path, file: &str) -> String {
    fs::read_to_string(scenario.join(file)).unwrap()
}

fn ignored(scenario: &Path) -> &'static [EventType] {
    match scenario.file_name().unwrap().to_str().unwrap() {
        "debug_ignore_retrieve_only_parent" => &[EventType::RETRIEVE],
        "debug_ignore_embedding_and_llm" => &[EventType::EMBEDDING, EventType::LLM],
        _ => &[],
    }
}

/// `e7` is the id 7; `root` is none.
fn span_id(text: &str) -> Option<SpanId> {
    text.strip_prefix('e').and_then(|number| SpanId::new(number.parse().ok()?))
}

fn trace_map(map: HashMap<String, Vec<String>>) -> TraceMap {
    let mut result = TraceMap::default();
    for (parent, children) in map {
        for child in children {
            result.insert(span_id(&parent), span_id(&child).unwrap());
        }
    }
    result
}

/// The recorded callbacks as calls of hooks, with the times of the fake clock.
fn hooks(scenario: &Path) -> Vec<Hook> {
    let mut now = Timestamp::default();
    let mut trace_id = TraceId::FIRST;
    let mut started: HashMap<SpanId, Event> = HashMap::new();
    let mut hooks = Vec::new();
    for line in read(scenario, "events.jsonl").lines() {
        let callback: Callback = serde_json::from_str(line).unwrap();
        let event_type = callback.event_type.map(|value| EventType::from_value(&value).unwrap());
        if event_type.is_some_and(|event_type| !ignored(scenario).contains(&event_type)) {
            now = now + TICK;
        }
        match (callback.phase.as_str(), event_type) {
            ("start_trace", None) => trace_id = TraceId::new(trace_id.get() + 1).unwrap(),
            ("start", Some(event_type)) => {
                let id = span_id(&callback.event_id.unwrap()).unwrap();
                let mut event = Event::with_ids(event_type, event_type.value(), trace_id, id);
                event.parent_id = span_id(&callback.parent_id.unwrap());
                event.start = now;
                hooks.push(Hook::Start(Arc::new(event.clone())));
                started.insert(id, event);
            }
            ("end", Some(_)) => {
                let id = span_id(&callback.event_id.unwrap()).unwrap();
                let mut event = started.remove(&id).unwrap();
                event.elapsed = now.since(event.start);
                hooks.push(Hook::End(Arc::new(event)));
            }
            ("end_trace", None) => {
                let mut trace = Trace::new(trace_id, callback.trace_id.unwrap(), now);
                trace.map = trace_map(callback.trace_map.unwrap());
                hooks.push(Hook::TraceEnd(Arc::new(trace)));
            }
            (phase, _) => panic!("{phase} is no phase"),
        }
    }
    hooks
}

/// A writer that can be read.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn replayed(scenario: &Path) -> (DebugHandler, String) {
    let output = Shared::default();
    let mut handler = DebugHandler::writer(output.clone())
        .format(Format::Compat)
        .color(Color::Always)
        .event_starts_to_ignore(ignored(scenario).iter().copied())
        .event_ends_to_ignore(ignored(scenario).iter().copied());
    for hook in hooks(scenario) {
        match hook {
            Hook::Start(event) => handler.on_start(&event).unwrap(),
            Hook::End(event) => handler.on_end(&event).unwrap(),
            Hook::TraceEnd(trace) => handler.on_trace_end(&trace).unwrap(),
        }
    }
    let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    (handler, text)
}

#[test]
fn the_formatter_alone_prints_the_recorded_maps_to_the_byte() {
    let mut blocks = 0;
    for scenario in scenarios() {
        let recorded: Value = serde_json::from_str(&read(&scenario, "trace_map.json")).unwrap();
        let mut recorded = recorded.as_array().unwrap().iter();
        let mut known: HashMap<SpanId, (EventType, f64)> = HashMap::new();
        let mut text = String::new();
        for hook in hooks(&scenario) {
            match hook {
                Hook::Start(event) | Hook::End(event) => {
                    if !ignored(&scenario).contains(&event.event_type) {
                        let seconds = event.elapsed.as_secs_f64();
                        known.insert(event.span_id, (event.event_type, seconds));
                    }
                }
                Hook::TraceEnd(_) => {
                    let recorded = recorded.next().unwrap();
                    let name = recorded["trace_id"].as_str().unwrap();
                    let map = serde_json::from_value(recorded["trace_map"].clone()).unwrap();
                    text += &compat_text(name, &trace_map(map), |id| known.get(&id).copied());
                    blocks += 1;
                }
            }
        }
        assert_eq!(text, read(&scenario, "debug.txt"), "{}", scenario.display());
    }
    assert_eq!(blocks, 33);
}

#[test]
fn a_handler_that_gets_the_recorded_events_prints_the_same() {
    for scenario in scenarios() {
        let (_, text) = replayed(&scenario);
        assert_eq!(text, read(&scenario, "debug.txt"), "{}", scenario.display());
    }
}

#[test]
fn the_statistics_are_those_of_the_original() {
    for scenario in scenarios() {
        let (handler, _) = replayed(&scenario);
        let stats: Value = serde_json::from_str(&read(&scenario, "debug_stats.json")).unwrap();
        assert_time_info(&handler.time_info(None), &stats["all"], &scenario);

        let by_type = stats["by_type"].as_object().unwrap();
        assert_eq!(handler.event_pairs_by_type().len(), by_type.len());
        for (value, expected) in by_type {
            let event_type = EventType::from_value(value).unwrap();
            assert_time_info(&handler.time_info(event_type), expected, &scenario);
            let pairs = handler.event_pairs(event_type);
            let ids = pairs.iter().map(|pair| format!("e{}", pair.event().span_id.get()));
            let sizes = pairs.iter().map(|pair| pair.start().iter().chain(&pair.end()).count());
            let expected = |key: &str| expected[key].as_array().unwrap().clone();
            assert_eq!(ids.map(Value::from).collect::<Vec<_>>(), expected("pair_ids"));
            assert_eq!(sizes.map(Value::from).collect::<Vec<_>>(), expected("pair_sizes"));
        }
        let calls = handler.llm_inputs_outputs().len();
        assert_eq!(calls as u64, stats["n_llm_inputs_outputs"], "{}", scenario.display());
    }
}

/// Ours are whole nanoseconds; the original's are floats.
fn assert_time_info(info: &TimeInfo, expected: &Value, scenario: &Path) {
    let seconds = |key: &str| Duration::from_secs_f64(expected[key].as_f64().unwrap());
    assert_eq!(info.total, seconds("total_secs"), "{}", scenario.display());
    assert_eq!(info.average, seconds("average_secs"), "{}", scenario.display());
    assert_eq!(info.count as u64, expected["total_count"], "{}", scenario.display());
}
