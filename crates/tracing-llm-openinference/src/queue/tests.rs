use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;

use super::*;

const BATCH: usize = 3_500 * 1024;

fn queue() -> (Queue, Instant) {
    (Queue::new(KEPT_BYTES, BATCH), Instant::now())
}

fn large(id: u64, bytes: usize) -> Packed {
    let name = "x".repeat(bytes);
    Packed::new(&Span { span_id: id.to_be_bytes().to_vec(), name, ..Span::default() })
}

fn numbered(id: u64) -> Packed {
    large(id, 10)
}

fn ids(batch: &[Packed]) -> Vec<u64> {
    let id = |span: &Packed| u64::from_be_bytes(span.span().unwrap().span_id.try_into().unwrap());
    batch.iter().map(id).collect()
}

#[test]
fn a_batch_is_due_when_it_is_full_by_count() {
    let (mut queue, now) = queue();
    for id in 1..512 {
        queue.push(numbered(id), now);
    }
    assert!(queue.due(now).unwrap() > now);
    queue.push(numbered(512), now);
    assert_eq!(queue.due(now), Some(now));
    queue.push(numbered(513), now);
    let batch = queue.take_batch(BATCH, now);
    assert_eq!(ids(&batch), (1..=512).collect::<Vec<_>>());
    assert!(queue.due(now).unwrap() > now);
    assert!(!queue.is_empty());
}

#[test]
fn a_batch_is_due_when_it_is_full_by_bytes_and_holds_no_more() {
    let (mut queue, now) = queue();
    for id in 1..=4 {
        assert_ne!(queue.due(now), Some(now));
        queue.push(large(id, 1_000_000), now);
    }
    assert_eq!(queue.due(now), Some(now));
    let batch = queue.take_batch(BATCH, now);
    assert!(batch.iter().map(Packed::size).sum::<usize>() <= BATCH);
    assert_eq!(ids(&batch), [1, 2, 3]);
    assert_eq!(ids(&queue.take_batch(BATCH, now)), [4]);
    assert_eq!(queue.due(now), None);
}

#[test]
fn a_span_too_large_for_a_batch_goes_alone() {
    let (mut queue, now) = queue();
    queue.push(numbered(1), now);
    queue.push(large(2, 5_000_000), now);
    queue.push(numbered(3), now);
    for id in 1..=3 {
        assert_eq!(ids(&queue.take_batch(BATCH, now)), [id]);
    }
}

#[test]
fn a_batch_is_due_when_its_oldest_span_has_waited() {
    let (mut queue, now) = queue();
    queue.push(numbered(1), now);
    queue.push(numbered(2), now + Duration::from_secs(4));
    assert_eq!(queue.due(now), Some(now + Duration::from_secs(5)));
}

#[test]
fn the_end_of_a_trace_makes_a_batch_due_a_second_after_the_last_one() {
    let (mut queue, now) = queue();
    queue.hasten(now);
    assert_eq!(queue.due(now), None);
    queue.push(numbered(1), now);
    queue.hasten(now);
    assert_eq!(queue.due(now), Some(now));
    queue.take_batch(BATCH, now);
    queue.push(numbered(2), now);
    queue.hasten(now + Duration::from_millis(500));
    assert_eq!(queue.due(now), Some(now + Duration::from_secs(1)));
    queue.hasten(now + Duration::from_secs(3));
    assert_eq!(queue.due(now), Some(now + Duration::from_secs(1)));
}

#[test]
fn spans_that_are_put_back_keep_their_place() {
    let (mut queue, now) = queue();
    for id in 1..=600 {
        queue.push(numbered(id), now);
    }
    let batch = queue.take_batch(BATCH, now);
    queue.put_back(batch, now);
    assert_eq!(ids(&queue.take_batch(BATCH, now))[..2], [1, 2]);
    let batch = queue.take_batch(BATCH, now);
    assert_eq!(queue.due(now), None);
    queue.put_back(batch, now);
    assert!(queue.due(now).is_some());
}

#[test]
fn beyond_the_bound_the_oldest_spans_are_too_many() {
    let (mut queue, now) = (Queue::new(2_500, BATCH), Instant::now());
    queue.push(large(1, 1_000), now);
    queue.push(large(2, 1_000), now);
    assert!(!queue.is_over());
    queue.push(large(3, 1_000), now);
    assert!(queue.is_over());
    assert_eq!(ids(&queue.take_excess()), [1]);
    // Larger than the bound by itself: kept all the same, alone.
    queue.push(large(4, 9_000), now);
    assert_eq!(ids(&queue.take_excess()), [2, 3]);
    assert_eq!(ids(&queue.take_batch(BATCH, now)), [4]);
}
