//! The spans that wait in memory: bounded by their encoded bytes, and cut into batches. Pure:
//! the caller says what time it is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::encode::Packed;

/// A batch is sent when this many spans wait …
const BATCH_SPANS: usize = 512;
/// … or as many bytes as a request may hold, or when the oldest has waited this long.
const BATCH_AGE: Duration = Duration::from_secs(5);
/// A trace that has ended is sent at once, unless something was sent this short ago.
const TRACE_AGE: Duration = Duration::from_secs(1);
/// This many bytes of spans are kept.
pub(crate) const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// Spans in the order in which they ended.
pub(crate) struct Queue {
    spans: VecDeque<Packed>,
    bytes: usize,
    /// When the spans that wait should be sent, if they do not fill a batch before.
    due: Option<Instant>,
    /// When the last batch was taken.
    taken: Option<Instant>,
    kept_bytes: usize,
    batch_bytes: usize,
}

impl Queue {
    /// A queue that holds about `kept_bytes`, for requests of at most `batch_bytes`.
    pub(crate) fn new(kept_bytes: usize, batch_bytes: usize) -> Self {
        let spans = VecDeque::new();
        Self { spans, bytes: 0, due: None, taken: None, kept_bytes, batch_bytes }
    }

    pub(crate) fn push(&mut self, span: Packed, now: Instant) {
        self.bytes += span.size();
        self.spans.push_back(span);
        self.due.get_or_insert(now + BATCH_AGE);
    }

    /// A trace has ended: what waits need not wait for more of it.
    pub(crate) fn hasten(&mut self, now: Instant) {
        let rested = self.taken.map_or(now, |taken| (taken + TRACE_AGE).max(now));
        self.due = self.due.map(|due| due.min(rested));
    }

    /// When the next batch should be sent; never, if nothing waits.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let full = self.spans.len() >= BATCH_SPANS || self.bytes >= self.batch_bytes;
        if full { Some(now) } else { self.due }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Takes the oldest spans, up to this many bytes, but at least one if there is one.
    pub(crate) fn take_batch(&mut self, bytes: usize, now: Instant) -> Vec<Packed> {
        let batch = self.take_oldest(bytes.min(self.batch_bytes));
        self.taken = Some(now);
        self.due = (!self.spans.is_empty()).then_some(now + BATCH_AGE);
        batch
    }

    /// Puts spans back that were taken: they are the oldest.
    pub(crate) fn put_back(&mut self, spans: Vec<Packed>, now: Instant) {
        for span in spans.into_iter().rev() {
            self.bytes += span.size();
            self.spans.push_front(span);
        }
        if !self.spans.is_empty() {
            self.due.get_or_insert(now + BATCH_AGE);
        }
    }

    /// Whether more is kept than should be.
    pub(crate) fn is_over(&self) -> bool {
        self.bytes > self.kept_bytes && self.spans.len() > 1
    }

    /// Takes the oldest spans that are too many. The newest stays, whatever its size.
    pub(crate) fn take_excess(&mut self) -> Vec<Packed> {
        let mut excess = Vec::new();
        while self.is_over() {
            excess.extend(self.take_one());
        }
        excess
    }

    fn take_oldest(&mut self, bytes: usize) -> Vec<Packed> {
        let (mut batch, mut size) = (Vec::new(), 0);
        while let Some(next) = self.spans.front() {
            let fits = batch.len() < BATCH_SPANS && size + next.size() <= bytes;
            if !fits && !batch.is_empty() {
                break;
            }
            size += next.size();
            batch.extend(self.take_one());
        }
        batch
    }

    fn take_one(&mut self) -> Option<Packed> {
        let span = self.spans.pop_front()?;
        self.bytes -= span.size();
        Some(span)
    }
}

#[cfg(test)]
mod tests;
