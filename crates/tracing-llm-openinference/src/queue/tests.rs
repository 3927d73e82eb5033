use std::time::{Duration, Instant};

use tracing_llm::EventType;

use super::*;
use crate::testing::{event_with_id, span};

fn numbered(id: u64) -> SpanData {
    span(&event_with_id(EventType::QUERY, "answer", id))
}

fn large(id: u64, bytes: usize) -> SpanData {
    let mut event = event_with_id(EventType::QUERY, "answer", id);
    event.payload.response = Some("x".repeat(bytes).into());
    span(&event)
}

fn ids(batch: &[SpanData]) -> Vec<u64> {
    batch.iter().map(|span| u64::from_be_bytes(span.span_context.span_id().to_bytes())).collect()
}

#[test]
fn a_batch_is_due_when_it_is_full_by_count() {
    let (mut queue, now) = (Queue::new(), Instant::now());
    for id in 1..512 {
        queue.push(numbered(id), now);
    }
    assert!(!queue.is_due(now));
    queue.push(numbered(512), now);
    assert!(queue.is_due(now));
    queue.push(numbered(513), now);
    let batch = queue.take_batch(now);
    assert_eq!(ids(&batch), (1..=512).collect::<Vec<_>>());
    assert!(!queue.is_due(now));
    assert_eq!(queue.len(), 1);
}

#[test]
fn a_batch_is_due_when_it_is_full_by_bytes_and_holds_no_more() {
    let (mut queue, now) = (Queue::new(), Instant::now());
    for id in 1..=4 {
        assert!(!queue.is_due(now));
        queue.push(large(id, 1_000_000), now);
    }
    assert!(queue.is_due(now));
    assert_eq!(ids(&queue.take_batch(now)), [1, 2, 3]);
    assert_eq!(ids(&queue.take_batch(now)), [4]);
}

#[test]
fn a_span_too_large_for_a_batch_goes_alone() {
    let (mut queue, now) = (Queue::new(), Instant::now());
    queue.push(numbered(1), now);
    queue.push(large(2, 5_000_000), now);
    queue.push(numbered(3), now);
    assert_eq!(ids(&queue.take_batch(now)), [1]);
    assert_eq!(ids(&queue.take_batch(now)), [2]);
    assert_eq!(ids(&queue.take_batch(now)), [3]);
}

#[test]
fn a_batch_is_due_when_its_oldest_span_has_waited() {
    let (mut queue, now) = (Queue::new(), Instant::now());
    queue.push(numbered(1), now);
    queue.push(numbered(2), now + Duration::from_secs(4));
    assert!(!queue.is_due(now + Duration::from_secs(4)));
    assert!(queue.is_due(now + Duration::from_secs(5)));
}

#[test]
fn the_end_of_a_trace_makes_a_batch_due_unless_one_was_just_sent() {
    let (mut queue, now) = (Queue::new(), Instant::now());
    queue.hasten(now);
    assert!(!queue.is_due(now));
    queue.push(numbered(1), now);
    queue.hasten(now);
    assert!(queue.is_due(now));
    queue.take_batch(now);
    queue.push(numbered(2), now);
    queue.hasten(now + Duration::from_millis(500));
    assert!(!queue.is_due(now + Duration::from_millis(500)));
    queue.hasten(now + Duration::from_secs(1));
    assert!(queue.is_due(now + Duration::from_secs(1)));
}

#[test]
fn a_batch_that_is_put_back_keeps_its_place_and_rests() {
    let (mut queue, now) = (Queue::new(), Instant::now());
    for id in 1..=600 {
        queue.push(numbered(id), now);
    }
    let batch = queue.take_batch(now);
    queue.put_back(batch, now);
    assert_eq!(queue.len(), 600);
    // Full, and a trace ends: still it rests.
    queue.hasten(now + Duration::from_secs(2));
    assert!(!queue.is_due(now + Duration::from_secs(2)));
    assert!(queue.is_due(now + Duration::from_secs(5)));
    assert_eq!(ids(&queue.take_batch(now))[..2], [1, 2]);
}

#[test]
fn beyond_the_bound_the_oldest_spans_are_dropped_and_counted() {
    let (mut queue, now) = (Queue::with_bound(3_500), Instant::now());
    assert_eq!(queue.push(large(1, 1_000), now), 0);
    assert_eq!(queue.push(large(2, 1_000), now), 0);
    assert_eq!(queue.push(large(3, 1_000), now), 1);
    // Larger than the bound by itself: kept all the same, alone.
    assert_eq!(queue.push(large(4, 9_000), now), 2);
    assert_eq!(ids(&queue.take_batch(now)), [4]);
    assert_eq!(queue.clear(), 0);
}

#[test]
fn the_size_is_near_that_of_the_encoded_span() {
    use opentelemetry_proto::tonic::trace::v1::Span;
    use prost::Message as _;

    let mut event = event_with_id(EventType::LLM, "chat", 1);
    event.payload.messages =
        (0..300).map(|n| tracing_llm::Message::user(format!("message {n}"))).collect();
    for span in [numbered(1), large(2, 100_000), span(&event)] {
        let guess = encoded_size(&span);
        let real = Span::from(span).encoded_len();
        assert!(guess >= real, "{guess} for {real}");
        assert!(guess < real * 3 / 2 + 200, "{guess} for {real}");
    }
}
