use insta::assert_snapshot;
use tracing_llm::{EventType, Exception, Outcome, TraceId};

use super::*;
use crate::color::Paint;
use crate::fixture::Story;

const PLAIN: Look = Look { paint: Paint(false), preview: 30 };

#[test]
fn starts_and_ends_are_told_as_they_happen() {
    let mut story = Story::new("query", 0x8d0e_4736);
    let query = story.event(0, EventType::QUERY, "answer", |event| {
        event.payload.query = Some("What does a Layer do?".into());
        event.payload.response = Some("It observes.".into());
    });
    story.event(query, EventType::LLM, "chat", |event| {
        event.payload.model = Some("gpt-5-mini".into());
        event.outcome = Outcome::Error;
        event.payload.exception = Some(Exception::new("overloaded\u{1b}[2J"));
    });
    let mut text = trace_start(&story.trace, PLAIN);
    for (depth, event) in story.starts().enumerate() {
        text += &start(&event, depth, PLAIN);
    }
    for (depth, event) in story.ends().enumerate() {
        text += &end(&event, 1 - depth, PLAIN);
    }
    text += &trace_end(&story.trace, PLAIN);
    assert_snapshot!(text, @r"
    8d0e4736  ● query
    8d0e4736  │ ┌ QUERY  answer  What does a Layer do?
    8d0e4736  │ │ ┌ LLM  chat  gpt-5-mini
    8d0e4736  │ │ └ LLM  chat  gpt-5-mini  120 ms  ✗ error: overloaded\u{1b}[2J
    8d0e4736  │ └ QUERY  answer  120 ms  → It observes.
    8d0e4736  ■ query  1.52 s
    ");
}

#[test]
fn an_event_that_will_not_end_says_so() {
    let event = Event::with_ids(EventType::LLM, "chat", TraceId::FIRST, tracing_llm::SpanId::FIRST);
    assert_snapshot!(unfinished(&event, 2, PLAIN), @"00000001  │ │ │ └ LLM  chat  ◌ no end");
}

#[test]
fn a_very_deep_event_says_how_deep_it_is() {
    let event = Event::new(EventType::LLM, "chat");
    let text = end(&event, 9_999, PLAIN);
    assert!(text.len() < 400, "{text}");
    assert!(text.ends_with("│ (depth 9999) └ LLM  chat  0 s\n"), "{text}");
}
