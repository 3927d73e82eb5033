//! What the tests of this crate share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use prost::Message;
use serde_json::{Map, Value};
use tracing_llm::{Event, EventType, SpanId, Timestamp, TraceId};

use crate::log::read::records;
use crate::record::{Item, Kind, Record};

/// 2026-09-21, 14:13:20 UTC.
pub(crate) const START: Timestamp = Timestamp::from_unix_nanos(1_790_000_000_000_000_000);

/// A folder that is there and empty.
pub(crate) fn scratch(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("tracing-llm-wandb-{}-{next}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

pub(crate) fn id(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

/// An event of the first trace; the parent 0 is none.
pub(crate) fn event(event_type: EventType, name: &str, number: u64, parent: u64) -> Event {
    let mut event = Event::with_ids(event_type, name, TraceId::FIRST, id(number));
    event.parent_id = SpanId::new(parent);
    event.start = START;
    event
}

/// The records of a `.wandb` file.
pub(crate) fn parsed(file: &[u8]) -> Vec<Record> {
    records(file).iter().map(|record| Record::decode(&**record).unwrap()).collect()
}

/// The rows of the history, each as one object.
pub(crate) fn rows(records: &[Record]) -> Vec<Map<String, Value>> {
    let rows = records.iter().filter_map(|record| match &record.kind {
        Some(Kind::History(history)) => Some(object(&history.item)),
        _ => None,
    });
    rows.collect()
}

/// The summary that a reader is left with.
pub(crate) fn summary(records: &[Record]) -> Map<String, Value> {
    let items = records.iter().filter_map(|record| match &record.kind {
        Some(Kind::Summary(summary)) => Some(&summary.update),
        _ => None,
    });
    object(&items.flatten().cloned().collect::<Vec<_>>())
}

fn object(items: &[Item]) -> Map<String, Value> {
    let mut all = Map::new();
    for item in items {
        assert!(item.key.is_empty(), "W&B writes the names of rows as nested ones");
        let value: Value = serde_json::from_str(&item.value_json).unwrap();
        all.insert(item.nested_key.join("."), value);
    }
    all
}

/// The root of the tree in a row.
pub(crate) fn tree(row: &Map<String, Value>) -> Value {
    assert_eq!(row["trace._type"], "wb_trace_tree");
    serde_json::from_str(row["trace.root_span_dumps"].as_str().unwrap()).unwrap()
}
