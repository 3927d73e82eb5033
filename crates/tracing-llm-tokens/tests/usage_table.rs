//! LlamaIndex's token counter, row by row: what it counted is beside what is right.
#![allow(clippy::unwrap_used, reason = "a test's helpers may panic")]

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tracing_llm::prelude::*;
use tracing_llm_tokens::{Budget, TokenCounter};
use tracing_subscriber::prelude::*;

#[derive(Deserialize)]
struct Table {
    shapes: BTreeMap<String, Value>,
    rows: Vec<Row>,
    payloads: Vec<Payload>,
    budget: Budgeted,
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

#[derive(Debug, Deserialize)]
struct Payload {
    payload: String,
    fields: BTreeMap<String, Value>,
    original: (u64, u64),
    ours: (Option<u64>, Option<u64>),
    why: String,
}

#[derive(Debug, Deserialize)]
struct Budgeted {
    limit: u64,
    tokens_of_a_call: u64,
    original: Vec<(String, u64)>,
    ours: Vec<(String, u64)>,
}

fn table() -> Table {
    serde_json::from_str(include_str!("usage_table/table.json")).unwrap()
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
    let table = table();
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

/// A call as a program without any of our types makes it: a span with fields.
fn call_with_fields(fields: &BTreeMap<String, Value>) {
    let span = tracing::info_span!(
        "call",
        event_type = "LLM",
        messages = tracing::field::Empty,
        prompt = tracing::field::Empty,
        response = tracing::field::Empty,
        exception = tracing::field::Empty,
    );
    for (name, value) in fields {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        span.record(name.as_str(), text);
    }
}

#[test]
fn every_payload_that_lacks_something_counts_what_is_there() {
    let table = table();
    assert_eq!(table.payloads.len(), 7);
    for row in &table.payloads {
        let tokens = TokenCounter::new();
        let (layer, callbacks) = tracing_llm::layer().handler(tokens.clone()).build();
        let subscriber = tracing_subscriber::registry().with(layer.filtered());
        tracing::subscriber::with_default(subscriber, || call_with_fields(&row.fields));
        callbacks.flush_blocking(Duration::from_secs(60)).unwrap();

        let records = tokens.records();
        assert_eq!(records.len(), 1, "{row:?}");
        let usage = records[0].usage;
        assert_eq!((usage.input, usage.output), row.ours, "{row:?}");
        assert_eq!(usage.estimated, row.ours != (None, None), "{row:?}");
        let failed = records[0].outcome == Outcome::Error;
        assert_eq!(failed, row.payload.starts_with("exception"), "{row:?}");
        let original = (Some(row.original.0), Some(row.original.1));
        assert!(original != row.ours && !row.why.is_empty(), "{row:?}");
    }
}

#[test]
fn a_budget_stops_the_call_after_the_one_that_reached_it() {
    let row = table().budget;
    let budget = Budget::tokens(row.limit);
    let tokens = TokenCounter::new().no_prices().budget(budget.clone());
    let (layer, callbacks) = tracing_llm::layer().handler(tokens.clone()).build();
    let _default = tracing_subscriber::registry().with(layer.filtered()).set_default();
    let mut seen = Vec::new();
    for _ in 0..row.ours.len() {
        let allowed = budget.check().is_ok();
        if allowed {
            event_span!(LLM, "call").llm().usage(Usage::new(row.tokens_of_a_call, 0));
            callbacks.flush_blocking(Duration::from_secs(60)).unwrap();
        }
        let word = if allowed { "ok" } else { "exceeded" };
        seen.push((word.to_owned(), tokens.total_llm_tokens()));
    }
    assert_eq!(seen, row.ours);
    assert_ne!(seen, row.original, "a call that was made is not stopped");
}
