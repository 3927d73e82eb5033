//! The rules for one message.

use serde_json::Value;

use super::example::{Object, shown, unknown_keys};
use super::rule::{Problem, Rule};
use super::tools;

/// A role, the keys and the parts of contents that its messages may have.
struct Kind {
    role: &'static str,
    keys: &'static [&'static str],
    parts: &'static [&'static str],
}

const KINDS: [Kind; 6] = [
    Kind { role: "system", keys: &["role", "content", "name"], parts: &["text"] },
    Kind { role: "developer", keys: &["role", "content", "name"], parts: &["text"] },
    Kind {
        role: "user",
        keys: &["role", "content", "name"],
        parts: &["text", "image_url", "input_audio", "file"],
    },
    Kind {
        role: "assistant",
        keys: &[
            "role",
            "content",
            "name",
            "refusal",
            "audio",
            "tool_calls",
            "function_call",
            "weight",
        ],
        parts: &["text", "refusal"],
    },
    Kind { role: "tool", keys: &["role", "content", "tool_call_id"], parts: &["text"] },
    Kind { role: "function", keys: &["role", "content", "name"], parts: &[] },
];

/// `place` counts from 1.
pub(super) fn check(message: &Object, place: usize, problems: &mut Vec<Problem>) {
    let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
    let Some(kind) = KINDS.iter().find(|kind| kind.role == role) else {
        let reason = format!("message {place} has the role {}", shown(role));
        problems.push(Problem::new(Rule::Role, reason));
        return;
    };
    unknown_keys(message, kind.keys, &format!("message {place} ({role})"), problems);
    let before = problems.len();
    content(message, kind, problems);
    texts(message, problems);
    weight(message, problems);
    if role == "function" && !message.contains_key("name") {
        problems.push(Problem::new(Rule::Content, "has no name of a function"));
    }
    if let Some(calls) = message.get("tool_calls") {
        tools::check_calls(calls, problems);
    }
    if let Some(call) = message.get("function_call").filter(|call| !call.is_null()) {
        tools::check_function(call, problems);
    }
    for problem in problems.iter_mut().skip(before) {
        problem.reason = format!("message {place} ({role}) {}", problem.reason);
    }
}

fn content(message: &Object, kind: &Kind, problems: &mut Vec<Problem>) {
    let has = |key| message.get(key).is_some_and(|it| !it.is_null());
    let calls = has("tool_calls") || has("function_call");
    let says_no = message.get("refusal").is_some_and(Value::is_string);
    let mut wrong = |reason: String| problems.push(Problem::new(Rule::Content, reason));
    match message.get("content") {
        Some(Value::String(_)) => {}
        Some(Value::Null) if kind.role == "function" => {}
        None | Some(Value::Null) if kind.role == "assistant" && (calls || says_no) => {}
        None | Some(Value::Null) => wrong(String::from("has no content")),
        Some(Value::Array(parts)) if parts.is_empty() => wrong(String::from("has no content")),
        Some(Value::Array(parts)) if !kind.parts.is_empty() => {
            for part in parts {
                let name = part.get("type").and_then(Value::as_str).unwrap_or_default();
                if !kind.parts.contains(&name) {
                    wrong(format!("has a part of the type {}", shown(name)));
                } else if !part.get(name).is_some_and(|value| is_value(name, value)) {
                    wrong(format!("has a part of the type {name} without its value"));
                }
            }
        }
        Some(_) => wrong(String::from("has a content that is no text")),
    }
}

/// Whether this is what a part of this type holds.
fn is_value(part: &str, value: &Value) -> bool {
    let text = |key| value.get(key).is_some_and(Value::is_string);
    match part {
        "image_url" => text("url"),
        "input_audio" => text("data") && text("format"),
        "file" => value.is_object(),
        _ => value.is_string(),
    }
}

fn texts(message: &Object, problems: &mut Vec<Problem>) {
    if message.get("name").is_some_and(|it| !it.is_string()) {
        problems.push(Problem::new(Rule::Content, "has a name that is no text"));
    }
    if message.get("refusal").is_some_and(|it| !it.is_string() && !it.is_null()) {
        problems.push(Problem::new(Rule::Content, "has a refusal that is no text"));
    }
}

fn weight(message: &Object, problems: &mut Vec<Problem>) {
    if message.get("weight").is_some_and(|weight| *weight != 0 && *weight != 1) {
        problems.push(Problem::new(Rule::Weight, "has a weight that is neither 0 nor 1"));
    }
}
