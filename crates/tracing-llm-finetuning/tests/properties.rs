//! Any sequence of events gives a file that the provider's rules find nothing wrong with.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tracing_llm::{Content, Event, EventType, Handler, Message, Outcome, Tool, ToolCall};
use tracing_llm_finetuning::{FineTuning, Validator};

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), ".{0,12}", any::<String>()]
}

fn calls() -> impl Strategy<Value = ToolCall> {
    (texts(), texts(), proptest::option::of("c[0-3]")).prop_map(|(name, arguments, id)| {
        let call = ToolCall::new(name, arguments);
        match id {
            Some(id) => call.with_id(id),
            None => call,
        }
    })
}

fn contents() -> impl Strategy<Value = Content> {
    prop_oneof![
        4 => texts().prop_map(|text| Content::Text(text.into())),
        1 => texts().prop_map(Content::reasoning),
        1 => calls().prop_map(Content::ToolUse),
    ]
}

fn messages() -> impl Strategy<Value = Message> {
    let roles = prop_oneof![
        6 => proptest::sample::select(vec!["system", "user", "assistant", "tool", "model"]),
        1 => Just("narrator"),
    ];
    let parts = proptest::collection::vec(contents(), 0..3);
    (roles, parts, proptest::collection::vec(calls(), 0..2), proptest::option::of("c[0-3]"))
        .prop_map(|(role, contents, calls, answers)| {
            let message = contents.into_iter().fold(Message::empty(role), Message::with);
            let mut message = calls.into_iter().fold(message, Message::with_tool_call);
            message.tool_call_id = answers.map(Into::into);
            message
        })
}

fn events() -> impl Strategy<Value = Event> {
    let outcomes = proptest::sample::select(vec![
        Outcome::Unset,
        Outcome::Ok,
        Outcome::Error,
        Outcome::Cancelled,
        Outcome::Incomplete,
    ]);
    let list = || proptest::collection::vec(messages(), 0..4);
    (outcomes, list(), list(), proptest::option::of(texts()), texts(), any::<bool>()).prop_map(
        |(outcome, messages, replies, prompt, tool, functions)| {
            let mut event = Event::new(EventType::LLM, "chat");
            event.outcome = outcome;
            event.payload.messages = messages.into();
            event.payload.replies = replies.into();
            event.payload.completion = prompt.as_deref().map(Into::into);
            event.payload.prompt = prompt.map(Into::into);
            event.payload.tools = vec![Tool::new(tool)].into();
            event.payload.additional_kwargs = functions.then(|| json!({ "functions": [] }));
            event
        },
    )
}

fn words() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text + "!")
}

/// What the user says, and what comes of it: an answer, or calls of tools with their results.
fn turn() -> impl Strategy<Value = Vec<Message>> {
    let answered = words().prop_map(|text| vec![Message::assistant(text)]);
    let called = proptest::collection::vec(("[a-zA-Z0-9_-]{1,64}", words(), texts()), 1..3);
    let called = called.prop_map(|calls| {
        let (mut asks, mut results) = (Message::empty("assistant"), Vec::new());
        for (number, (name, asked, result)) in calls.into_iter().enumerate() {
            let id = format!("c{number}");
            let call = ToolCall::new(name, json!({ "q": asked }).to_string());
            asks = asks.with_tool_call(call.with_id(id.clone()));
            results.push(Message::tool(id, result + "."));
        }
        [vec![asks], results].concat()
    });
    (words(), prop_oneof![answered, called])
        .prop_map(|(asked, rest)| [vec![Message::user(asked)], rest].concat())
}

/// A dialogue that any provider takes.
fn dialogues() -> impl Strategy<Value = Event> {
    let outcomes = proptest::sample::select(vec![Outcome::Unset, Outcome::Ok]);
    let system = proptest::option::of(words().prop_map(Message::system));
    let turns = proptest::collection::vec(turn(), 0..3);
    (outcomes, system, turns, words(), words()).prop_map(
        |(outcome, system, turns, asked, answered)| {
            let mut event = Event::new(EventType::LLM, "chat");
            event.outcome = outcome;
            let messages = system.into_iter().chain(turns.concat()).chain([Message::user(asked)]);
            event.payload.messages = messages.collect();
            event.payload.replies = vec![Message::assistant(answered)].into();
            event
        },
    )
}

/// Events, and whether each has to become an example.
fn mixed() -> impl Strategy<Value = (Event, bool)> {
    prop_oneof![
        2 => events().prop_map(|event| (event, false)),
        1 => dialogues().prop_map(|event| (event, true)),
    ]
}

proptest! {
    #[test]
    fn any_sequence_of_events_gives_a_valid_file_with_all_that_is_well_formed(
        events in proptest::collection::vec(mixed(), 0..20),
    ) {
        let path = std::env::temp_dir().join(format!("finetuning-any-{}.jsonl", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut recorder = FineTuning::builder().file(&path).build().unwrap();
        let all = events.len() as u64;
        for (event, is_well_formed) in events {
            let before = recorder.counts().recorded;
            recorder.on_end(&Arc::new(event)).unwrap();
            let counts = recorder.counts();
            if is_well_formed {
                prop_assert_eq!(counts.recorded, before + 1, "{}", counts);
            }
            let report = Validator::openai().least_examples(0).check_file(&path).unwrap();
            prop_assert!(report.is_valid(), "{}", report);
        }
        let counts = recorder.counts();
        let told = counts.recorded + counts.failed + counts.unfinished + counts.without_content;
        prop_assert_eq!(told + counts.refused, all, "{}", counts);
        prop_assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count() as u64, counts.recorded);
        std::fs::remove_file(&path).unwrap();
    }
}
