//! What holds for all names and values.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use proptest::prelude::*;
use proptest::string::string_regex;
use serde_json::Value;

use super::super::table::TABLE;
use super::super::{Draft, Scalar, role};
use super::context_of;
use crate::Text;

/// Names as `tracing` has them: for the life of the program.
fn literal(name: String) -> &'static str {
    static NAMES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(&*name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.into_boxed_str());
    names.insert(kept);
    kept
}

fn known_names() -> Vec<&'static str> {
    let rows = TABLE.iter().flat_map(|rows| rows.names).map(|(name, _)| *name);
    let flattened = include_str!("openinference-0.1.42.txt").lines();
    rows.chain(flattened).collect()
}

fn name() -> impl Strategy<Value = &'static str> {
    let leaf = "(message|tool_call|content|contents|role|[0-9]{1,3}|[a-z]{1,4})";
    let path = format!(
        "(llm\\.input_messages|llm\\.tools|retrieval\\.documents|embedding\\.embeddings)\\.[0-9]{{1,25}}(\\.{leaf}){{0,6}}"
    );
    prop_oneof![
        4 => proptest::sample::select(known_names()),
        2 => string_regex(&path).unwrap().prop_map(literal),
        1 => ".{0,24}".prop_map(literal),
    ]
}

/// JSON made of the words that the readers look for.
fn json() -> impl Strategy<Value = Value> {
    let words = proptest::sample::select(vec![
        "role",
        "content",
        "contents",
        "parts",
        "blocks",
        "type",
        "block_type",
        "text",
        "message",
        "message.role",
        "message_content",
        "tool_calls",
        "tool_call",
        "function",
        "name",
        "id",
        "arguments",
        "input",
        "source",
        "data",
        "image",
        "image_url",
        "audio",
        "document",
        "file",
        "url",
        "mime_type",
        "node",
        "score",
        "metadata",
        "embedding",
        "vector",
        "tool",
        "json_schema",
        "sub_q",
        "question",
        "answer",
        "sources",
        "additional_kwargs",
        "0",
        "1",
        "functionCall",
        "thought",
        "tool_use",
        "tool_result",
        "reasoning",
        "summary",
        "user",
        "prompt",
        "completion",
        "finish_reason",
        "a.b.c.d.e.f.g.h.i.j",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((words.clone(), inner), 0..6).prop_map(|pairs| {
                Value::Object(
                    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
                )
            }),
        ]
    })
}

fn value() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        4 => json().prop_map(|json| Scalar::Text(Text::from(json.to_string()))),
        2 => ".{0,32}".prop_map(|text| Scalar::Text(Text::from(text))),
        1 => "[\\[{\"].{0,16}".prop_map(|text| Scalar::Text(Text::from(text))),
        1 => any::<i64>().prop_map(Scalar::I64),
        1 => any::<u64>().prop_map(Scalar::U64),
        1 => any::<f64>().prop_map(Scalar::F64),
        1 => any::<bool>().prop_map(Scalar::Bool),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_fields_panics_and_the_result_can_be_stored(
        fields in proptest::collection::vec((name(), value(), any::<bool>()), 0..24),
    ) {
        let mut draft = Draft::new();
        for (name, value, settle) in fields {
            draft.set(role(name), name, value);
            if settle {
                draft.settle();
            }
        }
        draft.settle();
        let _ = (draft.exception(), draft.outcome(), draft.name(), draft.kind());
        let stored = serde_json::to_string(draft.payload()).unwrap();
        let _: crate::Payload = serde_json::from_str(&stored).unwrap();
    }

    #[test]
    fn settling_twice_changes_nothing(
        fields in proptest::collection::vec((name(), value()), 0..16),
    ) {
        let mut draft = Draft::new();
        for (name, value) in fields {
            draft.set(role(name), name, value);
        }
        draft.settle();
        let (once, unreadable) = (draft.payload().clone(), draft.unreadable());
        draft.settle();
        prop_assert_eq!(draft.payload(), &once);
        prop_assert_eq!(draft.unreadable(), unreadable);
    }

    #[test]
    fn of_texts_the_later_one_wins(
        name in proptest::sample::select(vec![
            "query_str", "response", "completion", "formatted_prompt", "model_name", "input.value",
            "output.value", "llm.provider", "gen_ai.response.id", "agent.name", "otel.name",
            "session.id", "exception.message", "template", "made_up",
        ]),
        earlier in value(),
        later in "[a-z]{1,16}",
    ) {
        let mut both = Draft::new();
        both.set(role(name), name, earlier);
        both.set(role(name), name, Scalar::from(&*later));
        both.settle();
        let mut only = Draft::new();
        only.set(role(name), name, Scalar::from(&*later));
        only.settle();
        prop_assert_eq!(both.payload(), only.payload());
        prop_assert_eq!(both.exception(), only.exception());
        prop_assert_eq!(both.name(), only.name());
    }

    #[test]
    fn a_plain_text_is_never_lost(
        name in proptest::sample::select(known_names()),
        text in "[a-z]{3,12}",
    ) {
        let is_the_layers = [
            "trace_name",
            "traceparent",
            "tracestate",
            "otel.status_code",
            "tracing_llm.suppress",
        ];
        prop_assume!(!is_the_layers.contains(&name));
        let mut draft = Draft::new();
        // A stack trace or a status' description is told with a failure only.
        draft.set(role("error.type"), "error.type", Scalar::from("KIND"));
        draft.set(role(name), name, Scalar::from(&*text));
        draft.settle();
        let said = [
            serde_json::to_string(draft.payload()).unwrap(),
            serde_json::to_string(&context_of([(name, &*text)])).unwrap(),
            format!("{:?}{:?}{:?}", draft.exception(), draft.name(), draft.kind()),
        ];
        prop_assert!(said.iter().any(|said| said.contains(&text)), "{} = {}", name, text);
    }
}
