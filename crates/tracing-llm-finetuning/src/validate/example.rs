//! The rules for one line.

use serde_json::{Map, Value};

use super::rule::{Problem, Rule};
use super::{message, tools};

pub(super) type Object = Map<String, Value>;

const KEYS: [&str; 4] = ["messages", "tools", "parallel_tool_calls", "functions"];

/// Notes what is wrong with a line, and gives it back if it is JSON.
pub(super) fn check(line: &str, problems: &mut Vec<Problem>) -> Option<Value> {
    let example: Value = match serde_json::from_str(line) {
        Ok(example) => example,
        Err(error) => {
            let reason = if line.trim().is_empty() {
                String::from("the line is empty")
            } else {
                format!("no JSON: {error}")
            };
            problems.push(Problem::new(Rule::Json, reason));
            return None;
        }
    };
    let Value::Object(object) = &example else {
        problems.push(Problem::new(Rule::Json, "no JSON object"));
        return None;
    };
    unknown_keys(object, &KEYS, "the example", problems);
    if object.get("parallel_tool_calls").is_some_and(|it| !it.is_boolean()) {
        problems.push(Problem::new(Rule::Tools, "`parallel_tool_calls` is no boolean"));
    }
    tools::check(object, problems);
    match object.get("messages").and_then(Value::as_array).filter(|list| !list.is_empty()) {
        Some(list) => messages(list, problems),
        None => problems.push(Problem::new(Rule::Messages, "no messages")),
    }
    Some(example)
}

fn messages(list: &[Value], problems: &mut Vec<Problem>) {
    for (place, message) in list.iter().enumerate() {
        match message {
            Value::Object(object) => message::check(object, place + 1, problems),
            _ => problems
                .push(Problem::new(Rule::Messages, format!("message {} is no object", place + 1))),
        }
    }
    tools::check_answers(list, problems);
    let role = |message: &Value| message.get("role").and_then(Value::as_str).map(str::to_owned);
    let last = list.last().and_then(role).unwrap_or_default();
    if last != "assistant" {
        let reason = format!("the last message is from {}, not from the assistant", shown(&last));
        problems.push(Problem::new(Rule::LastIsAssistant, reason));
        return;
    }
    let spoken = list.iter().filter(|message| role(message).as_deref() == Some("assistant"));
    if spoken.into_iter().all(|message| message.get("weight").is_some_and(|it| *it == 0)) {
        problems.push(Problem::new(Rule::Weight, "all messages of the assistant have weight 0"));
    }
}

/// Keys that the provider refuses.
pub(super) fn unknown_keys(
    object: &Object,
    known: &[&str],
    place: &str,
    problems: &mut Vec<Problem>,
) {
    for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
        problems.push(Problem::new(Rule::Keys, format!("{place} has a key `{}`", shown(key))));
    }
}

/// A name out of the file, cut to what a name may be.
pub(super) fn shown(name: &str) -> String {
    if name.is_empty() {
        return String::from("nobody");
    }
    name.chars().take(40).flat_map(char::escape_debug).collect()
}
