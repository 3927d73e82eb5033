//! The spans that wait to be sent: bounded, and cut into batches.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

/// A batch is sent when this many spans wait …
const BATCH_SPANS: usize = 512;
/// … or this many bytes (a collector's usual limit is 4 MiB for a request) …
const BATCH_BYTES: usize = 3_500 * 1024;
/// … or when the oldest has waited this long. A failed attempt is repeated after it, too.
const BATCH_AGE: Duration = Duration::from_secs(5);
/// A trace that has ended is sent at once, unless something was sent this short ago.
const TRACE_AGE: Duration = Duration::from_secs(1);
/// While the collector is away, the newest spans are kept, up to this many bytes.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// Spans in the order in which they ended. It knows no clock: the caller says what time it is.
pub(crate) struct Queue {
    spans: VecDeque<Waiting>,
    bytes: usize,
    /// Before this nothing is sent, unless a batch is full.
    due: Option<Instant>,
    /// When the last batch was taken.
    taken: Option<Instant>,
    /// After a failure: before this nothing is sent at all.
    blocked_until: Option<Instant>,
    kept_bytes: usize,
}

struct Waiting {
    span: SpanData,
    bytes: usize,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self::with_bound(KEPT_BYTES)
    }

    /// A queue that keeps at most this many bytes, but always the newest span.
    pub(crate) fn with_bound(kept_bytes: usize) -> Self {
        Self {
            spans: VecDeque::new(),
            bytes: 0,
            due: None,
            taken: None,
            blocked_until: None,
            kept_bytes,
        }
    }

    /// Adds a span. Returns how many old ones were dropped for it.
    pub(crate) fn push(&mut self, span: SpanData, now: Instant) -> u64 {
        let bytes = encoded_size(&span);
        self.bytes += bytes;
        self.spans.push_back(Waiting { span, bytes });
        self.due.get_or_insert(now + BATCH_AGE);
        let mut dropped = 0;
        while self.bytes > self.kept_bytes && self.spans.len() > 1 {
            if let Some(oldest) = self.spans.pop_front() {
                self.bytes -= oldest.bytes;
                dropped += 1;
            }
        }
        dropped
    }

    /// A trace has ended: what waits need not wait for more of it.
    pub(crate) fn hasten(&mut self, now: Instant) {
        let rested = self.taken.is_none_or(|taken| now.duration_since(taken) >= TRACE_AGE);
        if rested && self.due.is_some() {
            self.due = Some(now);
        }
    }

    /// Whether a batch should be sent now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let full = self.spans.len() >= BATCH_SPANS || self.bytes >= BATCH_BYTES;
        !self.spans.is_empty()
            && self.blocked_until.is_none_or(|until| now >= until)
            && (full || self.due.is_some_and(|due| now >= due))
    }

    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Takes the oldest spans, up to a full batch, but at least one if there is one.
    pub(crate) fn take_batch(&mut self, now: Instant) -> Vec<SpanData> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.spans.front() {
            let fits = batch.len() < BATCH_SPANS && bytes + next.bytes <= BATCH_BYTES;
            if !fits && !batch.is_empty() {
                break;
            }
            if let Some(next) = self.spans.pop_front() {
                bytes += next.bytes;
                batch.push(next.span);
            }
        }
        self.bytes -= bytes;
        self.taken = Some(now);
        self.blocked_until = None;
        self.due = (!self.spans.is_empty()).then_some(now + BATCH_AGE);
        batch
    }

    /// Puts a batch back that could not be sent, and rests for a while.
    pub(crate) fn put_back(&mut self, batch: Vec<SpanData>, now: Instant) {
        for span in batch.into_iter().rev() {
            let bytes = encoded_size(&span);
            self.bytes += bytes;
            self.spans.push_front(Waiting { span, bytes });
        }
        self.due = Some(now + BATCH_AGE);
        self.blocked_until = self.due;
    }

    /// Gives up what still waits. Returns how many spans those were.
    pub(crate) fn clear(&mut self) -> u64 {
        let count = self.spans.len() as u64;
        *self = Self::with_bound(self.kept_bytes);
        count
    }
}

/// About how many bytes a span takes in a request: its texts, and a little for each field.
fn encoded_size(span: &SpanData) -> usize {
    const SPAN: usize = 96;
    const ENTRY: usize = 24;
    let events: usize = span
        .events
        .iter()
        .map(|event| ENTRY + event.name.len() + attributes_size(&event.attributes))
        .sum();
    SPAN + span.name.len()
        + attributes_size(&span.attributes)
        + events
        + span.links.len() * 2 * ENTRY
}

fn attributes_size(attributes: &[KeyValue]) -> usize {
    const FIELD: usize = 12;
    attributes.iter().map(|pair| FIELD + pair.key.as_str().len() + value_size(&pair.value)).sum()
}

fn value_size(value: &Value) -> usize {
    const NUMBER: usize = 10;
    match value {
        Value::String(text) => text.as_str().len(),
        Value::Array(Array::String(texts)) => {
            texts.iter().map(|text| 6 + text.as_str().len()).sum()
        }
        Value::Array(Array::Bool(list)) => list.len() * 4,
        Value::Array(Array::I64(list)) => list.len() * NUMBER,
        Value::Array(Array::F64(list)) => list.len() * NUMBER,
        _ => NUMBER,
    }
}

#[cfg(test)]
mod tests;
