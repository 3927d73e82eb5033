//! Parts of questions, and lists of plain texts.

use serde_json::Value;

use super::documents::documents;
use super::{items, nested, take, take_text, text, unwrapped};
use crate::{SubQuestion, Text};

/// A part of a question: LlamaIndex's pair (`sub_q`, `answer`, `sources`), or an object with
/// `question`, `tool`, `answer`, `sources`. None for what asks and answers nothing.
pub(crate) fn sub_question(json: Value) -> Option<SubQuestion> {
    let mut object = match json {
        Value::String(question) => return Some(SubQuestion::new(question)),
        Value::Object(object) => unwrapped(object, "sub_q"),
        _ => return None,
    };
    let question = take_text(&mut object, &["question", "sub_question", "query", "query_str"]);
    let answer = take_text(&mut object, &["answer", "response"]);
    if question.is_none() && answer.is_none() {
        return None;
    }
    Some(SubQuestion {
        question: question.unwrap_or_default(),
        tool: take_text(&mut object, &["tool", "tool_name"]),
        answer,
        sources: take(&mut object, &["sources"]).map(documents).unwrap_or_default(),
    })
}

/// A list of texts; of an object its text, of any other value its JSON.
pub(crate) fn texts(json: Value) -> Vec<Text> {
    let keys = ["text", "content", "page_content"];
    items(json)
        .into_iter()
        .filter(|item| !item.is_null())
        .map(|item| match item {
            Value::Object(mut object) => {
                take_text(&mut object, &keys).unwrap_or_else(|| text(Value::Object(object)))
            }
            other => text(other),
        })
        .collect()
}

/// The items of a list, each out of its wrapper: `{"prompt": {"text": …}}` → `{"text": …}`.
pub(crate) fn wrapped(json: Value, wrapper: &str) -> Value {
    let unwrap = |item| match item {
        Value::Object(object) => Value::Object(unwrapped(nested(object), wrapper)),
        other => other,
    };
    Value::Array(items(json).into_iter().map(unwrap).collect())
}

/// The texts of a list whose items may stand in a wrapper.
pub(crate) fn wrapped_texts(json: Value, wrapper: &str) -> Vec<Text> {
    texts(wrapped(json, wrapper))
}
