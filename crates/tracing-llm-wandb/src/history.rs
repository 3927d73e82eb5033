//! Rows of the history, from which W&B draws charts. Pure.

use std::time::Duration;

use serde_json::{Value, json};
use tracing_llm::{Event, Usage};

use crate::calls::{Counts, Figures, Kind};
use crate::span::Status;
use crate::tree::Tree;

/// Names and values, in order.
pub(crate) type Row = Vec<(String, Value)>;

/// The names of values, each with what it is; a name's first part is its section in W&B's workspace.
pub(crate) const TRACE: &str = "trace";
pub(crate) const LLM_CALLS: &str = "llm_calls";

/// A call of a model that has ended: `llm/…` or `embedding/…`, and the sums so far.
pub(crate) fn call(event: &Event, kind: Kind, counts: Counts, totals: &Figures) -> Row {
    let section = match kind {
        Kind::Llm => "llm",
        Kind::Embedding => "embedding",
    };
    let usage = event.payload.usage.unwrap_or_default();
    let mut row = Rows { section, row: Row::new() };
    row.put("model", event.model().map(ToString::to_string));
    tokens(&mut row, &usage);
    row.put("cost_usd", event.payload.cost.and_then(|cost| cost.total));
    if counts == Counts::Call {
        row.put("latency_s", Some(seconds(event.elapsed)));
        let first = event.payload.stream.as_ref().and_then(|stream| stream.first_token);
        row.put("first_token_s", first.map(seconds));
        row.put("tokens_per_s", speed(event.elapsed, first, usage.output));
        row.put("failed", Some(u8::from(event.outcome.is_failure())));
    }
    let mut row = row.row;
    row.extend(sums(totals));
    row
}

/// A trace that has ended: `trace/…`, the time of its stages as `stage/…`, and the sums so far. The
/// tree itself stands beside them.
pub(crate) fn trace(tree: &Tree, totals: &Figures) -> Row {
    let mut row = Rows { section: "trace", row: Row::new() };
    row.put("name", Some(tree.name.clone()));
    row.put("latency_s", Some(seconds(tree.end.since(tree.start))));
    row.put("failed", Some(u8::from(tree.status() == Some(Status::Error))));
    row.put("calls", Some(tree.figures.calls));
    row.put("tokens", Some(tree.figures.total));
    row.put("cost_usd", Some(tree.figures.cost).filter(|cost| *cost > 0.0));
    row.put("errors", Some(tree.figures.errors));
    row.section = "stage";
    for (stage, elapsed) in &tree.stages {
        row.put(&format!("{stage}_s"), Some(seconds(*elapsed)));
    }
    let mut row = row.row;
    row.extend(sums(totals));
    row
}

/// `total/…`: of the whole run.
fn sums(totals: &Figures) -> Row {
    let Figures { calls, input, output, total, cost, errors } = *totals;
    let mut row = Rows { section: "total", row: Row::new() };
    row.put("calls", Some(calls));
    row.put("input_tokens", Some(input));
    row.put("output_tokens", Some(output));
    row.put("tokens", Some(total));
    row.put("cost_usd", Some(cost).filter(|cost| *cost > 0.0));
    row.put("errors", Some(errors));
    row.row
}

fn tokens(row: &mut Rows, usage: &Usage) {
    row.put("input_tokens", usage.input);
    row.put("output_tokens", usage.output);
    row.put("total_tokens", usage.total());
    row.put("cache_read_tokens", usage.cache_read);
    row.put("reasoning_tokens", usage.reasoning);
}

/// From the first token on, where it is known when that came.
fn speed(elapsed: Duration, first: Option<Duration>, output: Option<u64>) -> Option<f64> {
    let time = elapsed.saturating_sub(first.unwrap_or_default()).as_secs_f64();
    let output = output.filter(|output| *output > 0)?;
    (time > 0.0).then(|| output as f64 / time)
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

struct Rows {
    section: &'static str,
    row: Row,
}

impl Rows {
    fn put(&mut self, name: &str, value: Option<impl serde::Serialize>) {
        if let Some(value) = value {
            self.row.push((format!("{}/{name}", self.section), json!(value)));
        }
    }
}

#[cfg(test)]
mod tests;
