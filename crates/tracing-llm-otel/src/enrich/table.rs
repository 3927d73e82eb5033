//! Attributes that wait for their spans.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use opentelemetry::KeyValue;

/// So many events may wait for a span; of more, the oldest are forgotten: their spans were
/// not exported, or went without them.
const KEPT: usize = 8_192;

#[derive(Default)]
pub(super) struct Table(Mutex<Ready>);

#[derive(Default)]
struct Ready {
    by_span: HashMap<u64, Vec<KeyValue>>,
    order: VecDeque<u64>,
}

impl Table {
    pub(super) fn put(&self, span: u64, attributes: Vec<KeyValue>) {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while ready.order.len() >= KEPT {
            let oldest = ready.order.pop_front();
            oldest.map(|oldest| ready.by_span.remove(&oldest));
        }
        if ready.by_span.insert(span, attributes).is_none() {
            ready.order.push_back(span);
        }
    }

    pub(super) fn take(&self, span: u64) -> Option<Vec<KeyValue>> {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = ready.by_span.remove(&span)?;
        // Spans come about in the order of their events.
        if let Some(at) = ready.order.iter().position(|known| *known == span) {
            ready.order.remove(at);
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_what_is_taken_makes_room() {
        let table = Table::default();
        for span in 0..KEPT as u64 + 2 {
            table.put(span, vec![KeyValue::new("n", span as i64)]);
        }
        assert_eq!((table.take(0), table.take(1)), (None, None));
        assert_eq!(table.take(2), Some(vec![KeyValue::new("n", 2)]));
        assert_eq!(table.take(2), None);
        table.put(1, Vec::new());
        assert!(table.take(3).is_some());
        let ready = table.0.lock().unwrap();
        assert_eq!((ready.by_span.len(), ready.order.len()), (KEPT - 1, KEPT - 1));
    }
}
