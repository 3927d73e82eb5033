//! How many tokens an example has, by the rule of the provider's cookbook: 3 for each message, 1
//! for a name, 3 for the beginning of the answer, and the texts. Pictures and recordings are not
//! counted.

use serde_json::Value;

const EACH_MESSAGE: u64 = 3;
const EACH_NAME: u64 = 1;
const ANSWER: u64 = 3;

pub(crate) fn of_example(example: &Value, count: impl Fn(&str) -> usize) -> u64 {
    let tools = [example.get("tools"), example.get("functions")];
    let tools = tools.into_iter().flatten().map(|it| count(&it.to_string()) as u64);
    messages(example).map(|message| of_message(message, &count)).sum::<u64>()
        + tools.sum::<u64>()
        + ANSWER
}

/// What the model learns.
pub(crate) fn of_assistant(example: &Value, count: impl Fn(&str) -> usize) -> u64 {
    let learned = messages(example).filter(|message| {
        let is_weighed = message.get("weight").is_none_or(|weight| *weight != 0);
        is_weighed && message.get("role").is_some_and(|role| role == "assistant")
    });
    learned.map(|message| texts(message, &count)).sum()
}

fn messages(example: &Value) -> impl Iterator<Item = &Value> {
    example.get("messages").and_then(Value::as_array).into_iter().flatten()
}

fn of_message(message: &Value, count: &impl Fn(&str) -> usize) -> u64 {
    let name = if message.get("name").is_some() { EACH_NAME } else { 0 };
    EACH_MESSAGE + name + texts(message, count)
}

fn texts(message: &Value, count: &impl Fn(&str) -> usize) -> u64 {
    let keys = ["role", "name", "tool_calls", "function_call"];
    let fields = keys.into_iter().filter_map(|key| message.get(key));
    let fields = fields.map(|value| match value {
        Value::String(text) => count(text),
        other => count(&other.to_string()),
    });
    let content = match message.get("content") {
        Some(Value::String(text)) => count(text),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text")).filter_map(Value::as_str);
            texts.map(count).sum()
        }
        _ => 0,
    };
    (fields.sum::<usize>() + content) as u64
}
