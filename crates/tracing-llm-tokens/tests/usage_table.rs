//! LlamaIndex's token counter, row by row: what it counted is beside what is right.
#![allow(clippy::unwrap_used, reason = "a test's helpers may panic")]

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tracing_llm::prelude::*;
use tracing_llm_tokens::TokenCounter;
use tracing_subscriber::prelude::*;

#[derive(Deserialize)]
struct Table {
    shapes: BTreeMap<String, Value>,
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    raw: String,
    kind: Kind,
    kwargs: bool,
    original: Original,
    ours: (u64, u64),
    estimated: bool,
    why: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Chat,
    Completion,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Original {
    Counted(u64, u64),
    Raised(String),
}

/// The call as a program makes it, with all that came back handed over unread.
fn call(row: &Row, raw: &Value) {
    let span = event_span!(LLM, "call");
    let (sent, received) = ("Say hello to the world", "Hello world");
    match row.kind {
        Kind::Chat => {
            span.llm().messages([Message::user(sent)]).replies([Message::assistant(received)])
        }
        Kind::Completion => span.llm().prompt(sent).completion(received),
    };
    if row.kwargs {
        let beside = json!({"prompt_tokens": 21, "completion_tokens": 17, "total_tokens": 38});
        span.llm().usage_from(beside);
    }
    span.llm().usage_from(raw.clone());
}

#[test]
fn every_row_has_the_right_count() {
    let table: Table = serde_json::from_str(include_str!("usage_table/table.json")).unwrap();
    assert_eq!((table.shapes.len(), table.rows.len()), (17, 17 * 2 * 2));

    let tokens = TokenCounter::new();
    let (layer, callbacks) = tracing_llm::layer().handler(tokens.clone()).build();
    let _default = tracing_subscriber::registry().with(layer.filtered()).set_default();
    for row in &table.rows {
        call(row, &table.shapes[&row.raw]);
    }
    callbacks.flush_blocking(Duration::from_secs(60)).unwrap();

    let records = tokens.records();
    assert_eq!(records.len(), table.rows.len());
    for (row, record) in table.rows.iter().zip(records) {
        let counted = (record.usage.input.unwrap(), record.usage.output.unwrap());
        assert_eq!((counted, record.usage.estimated), (row.ours, row.estimated), "{row:?}");
        let same = matches!(row.original, Original::Counted(sent, received) if (sent, received) == row.ours);
        assert_eq!(row.why.is_none(), same, "{row:?}");
        if let Original::Raised(error) = &row.original {
            assert_eq!(error, "TypeError");
        }
    }
    assert_eq!(callbacks.stats().unreadable, 0, "nulls and absences are no losses");
}
