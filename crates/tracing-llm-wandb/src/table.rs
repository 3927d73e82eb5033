//! The table of LLM calls, in parts. Pure.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tracing_llm::Event;

use crate::convert::{self, Clip};

/// What a part holds at most: a part is written when it is full, and at flush.
const ROWS: usize = 1_000;
const BYTES: usize = 4 * 1024 * 1024;

pub(crate) const COLUMNS: [&str; 18] = [
    "time",
    "trace",
    "trace_id",
    "span_id",
    "name",
    "model",
    "provider",
    "outcome",
    "input",
    "output",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cost_usd",
    "latency_s",
    "first_token_s",
    "error",
    "session_id",
];

/// The rows that no part holds yet.
pub(crate) struct Table {
    clip: Clip,
    rows: Vec<Value>,
    bytes: usize,
}

/// A part of the table: a file, and what the history says of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    /// Below `files/`.
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
    /// W&B's `table-file` (`wandb` 0.31, `table.py`).
    pub(crate) value: Map<String, Value>,
    pub(crate) rows: u64,
}

impl Table {
    pub(crate) fn new(clip: Clip) -> Self {
        Self { clip, rows: Vec::new(), bytes: 0 }
    }

    pub(crate) fn push(&mut self, event: &Event) {
        let row = row(event, self.clip);
        self.bytes += row.to_string().len();
        self.rows.push(row);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS || self.bytes >= BYTES
    }

    /// Takes the rows as a part that is logged at this step; none if there are none.
    pub(crate) fn take(&mut self, key: &str, step: i64) -> Option<Part> {
        if self.rows.is_empty() {
            return None;
        }
        self.bytes = 0;
        let rows = std::mem::take(&mut self.rows);
        let count = rows.len();
        let content = json!({ "columns": COLUMNS, "data": rows }).to_string().into_bytes();
        let sha256: String =
            Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = format!("media/table/{key}_{step}_{}.table.json", &sha256[..20]);
        let fields = [
            ("_type", json!("table-file")),
            ("path", json!(path)),
            ("sha256", json!(sha256)),
            ("size", json!(content.len())),
            ("ncols", json!(COLUMNS.len())),
            ("nrows", json!(count)),
            ("log_mode", json!("IMMUTABLE")),
        ];
        let value = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Some(Part { path, content, value, rows: count as u64 })
    }
}

fn row(event: &Event, clip: Clip) -> Value {
    let payload = &event.payload;
    let usage = payload.usage.unwrap_or_default();
    let first = payload.stream.as_ref().and_then(|stream| stream.first_token);
    let error = payload.exception.as_ref().map(|error| clip.text(&error.to_string()));
    let cells: [Value; COLUMNS.len()] = [
        json!(event.start.as_unix_nanos() as f64 / 1e9),
        json!(event.trace_name),
        json!(event.trace_id),
        json!(event.span_id),
        json!(event.name),
        json!(event.model()),
        json!(payload.provider),
        json!(event.outcome.as_str()),
        json!(convert::input(payload, clip)),
        json!(convert::output(payload, clip)),
        json!(usage.input),
        json!(usage.output),
        json!(usage.total()),
        json!(payload.cost.and_then(|cost| cost.total)),
        json!(event.elapsed.as_secs_f64()),
        json!(first.map(|time| time.as_secs_f64())),
        json!(error),
        json!(event.context.session_id),
    ];
    Value::Array(cells.into())
}

#[cfg(test)]
mod tests;
