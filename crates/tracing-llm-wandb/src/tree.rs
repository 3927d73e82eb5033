//! A trace as one tree of spans. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tracing_llm::{Timestamp, TraceId};

use crate::calls::Figures;
use crate::span::{Span, Status};

/// How deep spans lie in one another at most: what writes and reads JSON goes down by recursion.
/// What lies deeper is hung at this depth.
const DEPTH: usize = 100;

/// A trace that has ended, or what is known of one whose end never came.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) name: String,
    pub(crate) id: TraceId,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    /// Those at the top, with all below them.
    pub(crate) spans: Vec<Span>,
    pub(crate) figures: Figures,
    /// The time that each kind of stage took, added up.
    pub(crate) stages: BTreeMap<&'static str, Duration>,
    /// Events whose ends were not seen.
    pub(crate) unended: u64,
    /// Events that it has no room for.
    pub(crate) left_out: u64,
    /// Its end was not seen.
    pub(crate) is_cut: bool,
}

impl Tree {
    pub(crate) fn new(name: String, id: TraceId, start: Timestamp, end: Timestamp) -> Self {
        Self {
            name,
            id,
            start,
            end,
            spans: Vec::new(),
            figures: Figures::default(),
            stages: BTreeMap::new(),
            unended: 0,
            left_out: 0,
            is_cut: false,
        }
    }

    /// Whether nothing of it was seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.left_out == 0
    }

    pub(crate) fn status(&self) -> Option<Status> {
        status(&self.spans)
    }

    /// The one span at the top, as in the original; where there are several, one above them that
    /// stands for the trace. (The original gave it the times and texts of its first child.)
    pub(crate) fn into_root(mut self) -> Span {
        let about = self.about();
        if self.spans.len() == 1 {
            let mut root = self.spans.remove(0);
            root.attributes.extend(about);
            return root;
        }
        Span {
            span_id: self.id.to_string(),
            name: std::mem::take(&mut self.name),
            start_time_ms: self.start.as_unix_nanos() / 1_000_000,
            end_time_ms: self.end.max(self.start).as_unix_nanos() / 1_000_000,
            status_code: self.status(),
            status_message: None,
            attributes: about,
            results: None,
            child_spans: self.spans,
            span_kind: None,
        }
    }

    /// What the root says of the trace.
    fn about(&self) -> Map<String, Value> {
        let mut about = Map::new();
        about.insert("trace_name".to_owned(), json!(self.name));
        about.insert("trace_id".to_owned(), json!(self.id.to_string()));
        about.insert("trace_tokens".to_owned(), json!(self.figures.total));
        if self.figures.cost > 0.0 {
            about.insert("trace_cost_usd".to_owned(), json!(self.figures.cost));
        }
        for (name, number) in [
            ("trace_errors", self.figures.errors),
            ("spans_without_end", self.unended),
            ("spans_left_out", self.left_out),
        ] {
            if number > 0 {
                about.insert(name.to_owned(), json!(number));
            }
        }
        if self.is_cut {
            about.insert("trace_end_seen".to_owned(), json!(false));
        }
        about
    }
}

/// An error if one is; success if all are; else nothing is claimed.
fn status(spans: &[Span]) -> Option<Status> {
    if spans.iter().any(|span| span.status_code == Some(Status::Error)) {
        return Some(Status::Error);
    }
    let all = spans.iter().all(|span| span.status_code == Some(Status::Success));
    (all && !spans.is_empty()).then_some(Status::Success)
}

/// Spans with their depths, each after the one above it, put into one another.
pub(crate) fn nested(placed: Vec<(usize, Span)>) -> Vec<Span> {
    let mut tops = Vec::new();
    let mut open: Vec<Span> = Vec::new();
    for (depth, span) in placed {
        close(&mut open, depth.min(DEPTH), &mut tops);
        open.push(span);
    }
    close(&mut open, 0, &mut tops);
    tops
}

/// Puts the deepest of the open spans into those above, until this many are open.
fn close(open: &mut Vec<Span>, depth: usize, tops: &mut Vec<Span>) {
    while open.len() > depth {
        let Some(span) = open.pop() else { return };
        match open.last_mut() {
            Some(above) => above.child_spans.push(span),
            None => tops.push(span),
        }
    }
}

#[cfg(test)]
mod tests;
