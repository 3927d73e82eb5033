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

proptest! {
    #[test]
    fn any_sequence_of_events_gives_a_valid_file(events in proptest::collection::vec(events(), 0..20)) {
        let path = std::env::temp_dir().join(format!("finetuning-any-{}.jsonl", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut recorder = FineTuning::builder().file(&path).build().unwrap();
        let all = events.len() as u64;
        for event in events {
            recorder.on_end(&Arc::new(event)).unwrap();
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
