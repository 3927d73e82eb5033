//! The rules for tools, their calls and their answers.

use std::collections::HashSet;

use serde_json::Value;

use super::example::{Object, shown};
use super::rule::{Problem, Rule};

const MOST_TOOLS: usize = 128;
const NAME: std::ops::RangeInclusive<usize> = 1..=64;

/// What an example offers.
pub(super) fn check(example: &Object, problems: &mut Vec<Problem>) {
    let mut wrong = |reason: String| problems.push(Problem::new(Rule::Tools, reason));
    for (key, nested) in [("tools", true), ("functions", false)] {
        let Some(offered) = example.get(key) else { continue };
        let Some(offered) = offered.as_array() else {
            wrong(format!("`{key}` is no list"));
            continue;
        };
        if offered.len() > MOST_TOOLS || (offered.is_empty() && !nested) {
            wrong(format!("`{key}` has {} entries, 1 to {MOST_TOOLS} are allowed", offered.len()));
        }
        let mut names = HashSet::new();
        for (place, tool) in offered.iter().enumerate() {
            let function = if nested { tool.get("function") } else { Some(tool) };
            let reason = match function.and_then(Value::as_object) {
                _ if nested && tool.get("type").is_none_or(|it| it != "function") => {
                    Some(String::from("is not of the type `function`"))
                }
                None => Some(String::from("has no function")),
                Some(function) => definition(function),
            };
            let name = function.and_then(|it| it.get("name")?.as_str());
            let is_new = name.is_none_or(|name| names.insert(name));
            let twice = || String::from("has the name of another");
            if let Some(reason) = reason.or_else(|| (!is_new).then(twice)) {
                wrong(format!("entry {} of `{key}` {reason}", place + 1));
            }
        }
    }
}

fn definition(function: &Object) -> Option<String> {
    let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
    if !is_name(name) {
        return Some(format!("has the name {}", shown(name)));
    }
    if function.get("description").is_some_and(|it| !it.is_string()) {
        return Some(String::from("has a description that is no text"));
    }
    let parameters = function.get("parameters")?;
    let Value::Object(schema) = parameters else {
        return Some(String::from("has parameters that are no object"));
    };
    let is_no_schema = schema.get("type").is_some_and(|it| it != "object")
        || schema.get("properties").is_some_and(|it| !it.is_object());
    is_no_schema.then(|| String::from("has parameters that are no schema of an object"))
}

fn is_name(name: &str) -> bool {
    NAME.contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The calls of one message.
pub(super) fn check_calls(calls: &Value, problems: &mut Vec<Problem>) {
    let Some(calls) = calls.as_array().filter(|calls| !calls.is_empty()) else {
        return problems.push(call_problem("has `tool_calls` that are no list, or empty"));
    };
    let mut ids = HashSet::new();
    for call in calls {
        if id(call).is_some_and(|id| !ids.insert(id)) {
            problems.push(call_problem("has two calls of one id"));
        }
        if call.get("type").is_none_or(|it| it != "function") {
            problems.push(call_problem("has a call that is not of the type `function`"));
        }
        if id(call).is_none() {
            problems.push(call_problem("has a call without an id"));
        }
        match call.get("function") {
            Some(function) => check_function(function, problems),
            None => problems.push(call_problem("has a call without a function")),
        }
    }
}

/// A name and arguments.
pub(super) fn check_function(function: &Value, problems: &mut Vec<Problem>) {
    if !function.get("name").and_then(Value::as_str).is_some_and(is_name) {
        problems.push(call_problem("has a call whose function has no valid name"));
    }
    if !function.get("arguments").is_some_and(Value::is_string) {
        problems.push(call_problem("has a call whose arguments are no text"));
    }
}

fn call_problem(reason: &str) -> Problem {
    Problem::new(Rule::ToolCalls, reason)
}

/// Every call is answered right after it, but those that the model is to learn: the last ones.
pub(super) fn check_answers(messages: &[Value], problems: &mut Vec<Problem>) {
    let mut wrong = |reason: String| problems.push(Problem::new(Rule::ToolAnswers, reason));
    let mut open: HashSet<&str> = HashSet::new();
    for (place, message) in messages.iter().enumerate() {
        let place = place + 1;
        if message.get("role").is_some_and(|role| role == "tool") {
            let answers = message.get("tool_call_id").and_then(Value::as_str);
            if !answers.is_some_and(|id| open.remove(id)) {
                wrong(format!("message {place} (tool) answers no call right before it"));
            }
            continue;
        }
        if !open.is_empty() {
            wrong(format!("{} calls before message {place} have no answer", open.len()));
            open.clear();
        }
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        open.extend(calls.filter_map(id));
    }
}

fn id(call: &Value) -> Option<&str> {
    call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())
}
