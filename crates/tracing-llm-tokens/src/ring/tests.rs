use tracing_llm::{Event, EventType, Usage};

use super::*;

fn record(number: u64) -> Arc<TokenRecord> {
    let event = Event::new(EventType::LLM, "call");
    let mut record = TokenRecord::new(&event, Usage::new(number, 0));
    record.number = number;
    Arc::new(record)
}

fn texts(prompt: &str) -> Texts {
    Texts { prompt: Some(Text::from(prompt)), completion: Some(Text::from("ok")) }
}

fn prompts(ring: &Ring) -> Vec<String> {
    let of = |record: TokenRecord| record.prompt.as_deref().unwrap_or("-").to_owned();
    ring.records().map(of).collect()
}

fn numbers(ring: &Ring) -> Vec<u64> {
    ring.records().map(|record| record.number).collect()
}

#[test]
fn only_the_last_records_are_kept() {
    let mut ring = Ring::new(3);
    (0..10).for_each(|number| ring.push(&record(number), Texts::default()));
    assert_eq!(numbers(&ring), [7, 8, 9]);
    ring.limit(1);
    assert_eq!(numbers(&ring), [9]);
    ring.limit(0);
    ring.push(&record(10), Texts::default());
    assert_eq!(numbers(&ring), [0; 0]);
}

#[test]
fn texts_are_bounded_by_bytes_and_the_oldest_go_first() {
    let mut ring = Ring::new(10);
    ring.push(&record(0), texts("not wanted"));
    assert_eq!(prompts(&ring), ["-"]);
    ring.limit_bytes(20);
    ring.push(&record(1), texts("12345678")); // 10 bytes with the completion
    ring.push(&record(2), texts("abcdefgh"));
    assert_eq!(prompts(&ring), ["-", "12345678", "abcdefgh"]);
    ring.push(&record(3), texts("xyz"));
    assert_eq!(prompts(&ring), ["-", "-", "abcdefgh", "xyz"]);
    ring.push(&record(4), texts("much too long for this ring"));
    assert_eq!(prompts(&ring), ["-", "-", "abcdefgh", "xyz", "-"]);
    assert_eq!(ring.bytes, 15);
    ring.limit_bytes(4);
    assert_eq!((prompts(&ring).concat().as_str(), ring.bytes), ("-----", 0));
}

#[test]
fn what_leaves_takes_its_bytes_along() {
    let mut ring = Ring::new(2);
    ring.limit_bytes(100);
    (0..3).for_each(|number| ring.push(&record(number), texts("four")));
    ring.remove(2);
    assert_eq!((numbers(&ring), ring.bytes), (vec![1], 6));
    ring.remove(77);
    ring.clear();
    assert_eq!((numbers(&ring), ring.bytes), (vec![], 0));
}
