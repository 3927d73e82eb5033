//! The report in the README is what the counter prints.
#![allow(clippy::unwrap_used, reason = "a test's helpers may panic")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tracing_llm::{Event, EventType, Handler, Message, Usage};
use tracing_llm_tokens::TokenCounter;

#[test]
fn the_report_in_the_readme_is_what_is_printed() {
    let mut counter = TokenCounter::new();
    let mut count = |event_type, model: &'static str, millis, change: &dyn Fn(&mut Event)| {
        let mut event = Event::new(event_type, "call");
        event.payload.model = Some(model.into());
        event.elapsed = Duration::from_millis(millis);
        change(&mut event);
        counter.on_end(&Arc::new(event)).unwrap();
    };
    let usage = |json| move |event: &mut Event| event.payload.usage = Usage::from_json(&json);
    count(
        EventType::LLM,
        "gpt-5-mini",
        3_410,
        &usage(json!({"usage": {
            "prompt_tokens": 8_440, "completion_tokens": 240, "total_tokens": 8_680,
            "prompt_tokens_details": {"cached_tokens": 7_680},
            "completion_tokens_details": {"reasoning_tokens": 128},
        }})),
    );
    count(
        EventType::LLM,
        "gpt-5-mini",
        1_480,
        &usage(json!({"usage": {
            "prompt_tokens": 8_440, "completion_tokens": 85, "total_tokens": 8_525,
            "prompt_tokens_details": {"cached_tokens": 7_680},
            "completion_tokens_details": {"reasoning_tokens": 64},
        }})),
    );
    count(EventType::LLM, "llama-3.3", 260, &|event| {
        event.payload.messages = [Message::user("Say hello to the world")].into();
        event.payload.replies = [Message::assistant("Hello world")].into();
    });
    count(
        EventType::EMBEDDING,
        "text-embedding-3-small",
        92,
        &usage(json!({"usage": {"prompt_tokens": 4_031, "total_tokens": 4_031}})),
    );

    let readme = include_str!("../README.md");
    let report = counter.report().to_string();
    assert!(readme.contains(&format!("```text\n{report}```\n")), "the README has not:\n{report}");
}
