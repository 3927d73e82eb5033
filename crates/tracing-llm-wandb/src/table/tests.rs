use std::time::Duration;

use tracing_llm::{EventType, Exception, Message, Outcome, Usage};

use super::*;
use crate::testing::event;

fn chat() -> Event {
    let mut chat = event(EventType::LLM, "chat", 2, 1);
    chat.trace_name = "query".into();
    chat.elapsed = Duration::from_millis(1500);
    chat.outcome = Outcome::Error;
    chat.payload.model = Some("gpt-5-mini".into());
    chat.payload.messages = vec![Message::user("Größe?")].into();
    chat.payload.usage = Some(Usage::new(12, 5));
    chat.payload.exception = Some(Exception::new("overloaded"));
    chat
}

#[test]
fn a_part_is_a_table_as_w_and_b_stores_it() {
    let mut table = Table::new(Clip(100));
    table.push(&chat());
    let part = table.take("llm_calls", 7).unwrap();
    let content: Value = serde_json::from_slice(&part.content).unwrap();
    let expected = json!([[
        1_790_000_000.0,
        "query",
        "00000000000000000000000000000001",
        "0000000000000002",
        "chat",
        "gpt-5-mini",
        null,
        "error",
        "user: Größe?",
        null,
        12,
        5,
        17,
        null,
        1.5,
        null,
        "overloaded",
        null
    ]]);
    assert_eq!(content["data"], expected);
    assert_eq!(content["columns"].as_array().unwrap().len(), COLUMNS.len());
    let sha256 = part.value["sha256"].as_str().unwrap();
    assert_eq!(part.path, format!("media/table/llm_calls_7_{}.table.json", &sha256[..20]));
    assert_eq!(part.value["size"], part.content.len());
    assert_eq!((&part.value["nrows"], &part.value["ncols"]), (&json!(1), &json!(18)));
    assert_eq!(table.take("llm_calls", 8), None);
}

/// RFC 6234: the hash of "abc".
#[test]
fn the_hash_is_sha_256() {
    let hash: String = Sha256::digest(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn a_part_is_full_by_rows_and_by_bytes() {
    let mut table = Table::new(Clip(1 << 20));
    (0..ROWS - 1).for_each(|_| table.push(&chat()));
    assert!(!table.is_full());
    table.push(&chat());
    assert!(table.is_full());
    assert_eq!(table.take("t", 0).unwrap().rows, ROWS as u64);
    assert!(!table.is_full());
    let mut long = chat();
    long.payload.completion = Some("x".repeat(1 << 20).into());
    (0..3).for_each(|_| table.push(&long));
    assert!(!table.is_full());
    table.push(&long);
    assert!(table.is_full());
}
