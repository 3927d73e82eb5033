//! The default tokenizer on whole events, against numbers that others published.
#![allow(clippy::unwrap_used, reason = "a test's helpers may panic")]

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use tracing_llm::{Event, EventType, Exception, Handler, Message, Outcome, ToolCall, Usage};
use tracing_llm_tokens::TokenCounter;

/// What one event counts.
fn count(event: Event) -> Usage {
    let mut counter = TokenCounter::new();
    counter.on_end(&Arc::new(event)).unwrap();
    counter.records()[0].usage
}

/// The example of OpenAI's cookbook, "How to count tokens with tiktoken" (MIT): its text is the
/// input of the published numbers.
fn cookbook() -> [Message; 6] {
    let example = |name: &'static str, text: &'static str| {
        let mut message = Message::system(text);
        message.name = Some(name.into());
        message
    };
    [
        Message::system(
            "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
        ),
        example("example_user", "New synergies will help drive top-line growth."),
        example("example_assistant", "Things working well together will increase revenue."),
        example(
            "example_user",
            "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
        ),
        example(
            "example_assistant",
            "Let's talk later when we're less busy about how to do better.",
        ),
        Message::user(
            "This late pivot means we don't have time to boil the ocean for the client deliverable.",
        ),
    ]
}

#[test]
fn a_chat_counts_what_openai_s_api_counted() {
    // "129 prompt tokens counted by the OpenAI API", for each of these models.
    for model in ["gpt-3.5-turbo-0613", "gpt-4-0314", "gpt-4-0613"] {
        let mut event = Event::new(EventType::LLM, "chat");
        event.payload.model = Some(model.into());
        event.payload.messages = cookbook().into();
        assert_eq!(count(event).input, Some(129), "{model}");
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    json: Value,
    usage: Option<Usage>,
}

/// The shapes that LlamaIndex's token counter was measured with, as a chat and as a completion:
/// reported where anything is reported, else counted.
#[test]
fn every_shape_of_llamaindex_s_table_has_the_right_count() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tracing-llm/tests/usage/llamaindex.json");
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(cases.len() >= 17);

    let mut chat = Event::new(EventType::LLM, "chat");
    chat.payload.messages = [Message::user("Say hello to the world")].into();
    chat.payload.replies = [Message::assistant("Hello world")].into();
    let mut completion = Event::new(EventType::LLM, "complete");
    completion.payload.prompt = Some("Say hello to the world".into());
    completion.payload.completion = Some("Hello world".into());

    // The chat has 1 token of its role and 6 around it.
    for (mut event, sent, received) in [(chat, 5 + 1 + 6, 2), (completion, 5, 2)] {
        for case in &cases {
            event.payload.usage = Usage::from_json(&case.json);
            let counted = count(event.clone());
            let parts = (counted.input, counted.output);
            let expected = match case.usage {
                None => (Some(sent), Some(received)),
                Some(Usage { input: None, output: None, reported_total: Some(total), .. }) => {
                    (Some(sent), Some(total - sent))
                }
                Some(usage) => (usage.input, usage.output),
            };
            assert_eq!(parts, expected, "{} {}", event.name, case.name);
            let reported = case.usage.is_some_and(|usage| usage.input.is_some());
            assert_eq!(counted.estimated, !reported, "{} {}", event.name, case.name);
        }
    }
}

/// The payloads of the same table: what is absent is not the word "None".
#[test]
fn payloads_that_lack_something_count_what_is_there() {
    let empty = Event::new(EventType::LLM, "empty dict");
    assert_eq!(count(empty.clone()), Usage::default());

    let mut exception = empty.clone();
    exception.outcome = Outcome::Error;
    exception.payload.exception = Some(Exception::new("the model is overloaded"));
    assert_eq!(count(exception), Usage::default());

    let mut no_completion = empty.clone();
    no_completion.payload.prompt = Some("Say hello to the world".into());
    let usage = count(no_completion);
    assert_eq!((usage.input, usage.output), (Some(5), None));

    let mut calls = empty;
    calls.payload.messages = [
        Message::user("Say hello to the world"),
        Message::empty("assistant").with_tool_call(ToolCall::new("add", r#"{"a": 2, "b": 3}"#)),
        Message::tool("call_1", "5"),
    ]
    .into();
    let with_calls = count(calls.clone());
    let mut without = calls.payload.messages.to_vec();
    without[1].tool_calls.clear();
    calls.payload.messages = without.into();
    // Python's tiktoken counts 1 for the name and 12 for the arguments, by o200k_base.
    assert_eq!(with_calls.input.unwrap() - count(calls).input.unwrap(), 1 + 12);
}
