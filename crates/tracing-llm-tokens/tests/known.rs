//! The default tokenizer on whole events, against numbers that others published.
#![allow(clippy::unwrap_used, reason = "a test's helpers may panic")]

use std::sync::Arc;

use serde_json::json;
use tracing_llm::{Event, EventType, Handler, Message, Tool, Usage};
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
    // "129 prompt tokens counted by the OpenAI API", and 124 for the models of o200k_base.
    for (model, counted) in [
        ("gpt-3.5-turbo-0613", 129),
        ("gpt-4-0314", 129),
        ("gpt-4-0613", 129),
        ("gpt-4o", 124),
        ("gpt-4o-mini", 124),
    ] {
        let mut event = Event::new(EventType::LLM, "chat");
        event.payload.model = Some(model.into());
        event.payload.messages = cookbook().into();
        assert_eq!(count(event).input, Some(counted), "{model}");
    }
}

#[test]
fn offered_tools_count_what_openai_s_api_counted() {
    // The same page, section 7: "105 prompt tokens counted by the OpenAI API", and 101.
    let tool = Tool::new("get_current_weather")
        .with_description("Get the current weather in a given location")
        .with_parameters(json!({
            "type": "object",
            "properties": {
                "location": {
                    "type": "string",
                    "description": "The city and state, e.g. San Francisco, CA",
                },
                "unit": {
                    "type": "string",
                    "description": "The unit of temperature to return",
                    "enum": ["celsius", "fahrenheit"],
                },
            },
            "required": ["location"],
        }));
    for (model, counted) in
        [("gpt-3.5-turbo", 105), ("gpt-4", 105), ("gpt-4o", 101), ("gpt-4o-mini", 101)]
    {
        let mut event = Event::new(EventType::LLM, "chat");
        event.payload.model = Some(model.into());
        event.payload.tools = [tool.clone()].into();
        event.payload.messages = [
            Message::system(
                "You are a helpful assistant that can answer to questions about the weather.",
            ),
            Message::user("What's the weather like in San Francisco?"),
        ]
        .into();
        assert_eq!(count(event).input, Some(counted), "{model}");
    }
}
