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
    weight(message, problems);
    if role == "function" && !message.get("name").is_some_and(Value::is_string) {
        problems.push(Problem::new(Rule::Content, "has no name of a function"));
    }
    if let Some(calls) = message.get("tool_calls") {
        tools::check_calls(calls, problems);
    }
    if let Some(call) = message.get("function_call") {
        tools::check_function(call, problems);
    }
    for problem in problems.iter_mut().skip(before) {
        problem.reason = format!("message {place} ({role}) {}", problem.reason);
    }
}

fn content(message: &Object, kind: &Kind, problems: &mut Vec<Problem>) {
    let calls = message.contains_key("tool_calls") || message.contains_key("function_call");
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
                } else if !part.get(name).is_some_and(|it| it.is_string() || it.is_object()) {
                    wrong(format!("has a part of the type {name} without its value"));
                }
            }
        }
        Some(_) => wrong(String::from("has a content that is no text")),
    }
}

fn weight(message: &Object, problems: &mut Vec<Problem>) {
    if message.get("weight").is_some_and(|weight| *weight != 0 && *weight != 1) {
        problems.push(Problem::new(Rule::Weight, "has a weight that is neither 0 nor 1"));
    }
}
