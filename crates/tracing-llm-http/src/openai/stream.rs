//! An answer in pieces, put together: chat and completions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::read::Object;

/// Texts of a piece that go behind those of the pieces before. What else stands there replaces.
const TEXTS: &[&str] = &["content", "reasoning_content", "reasoning", "refusal"];

/// The choices of a chat, as they grow.
#[derive(Default)]
pub(crate) struct ChatStream {
    choices: BTreeMap<u64, Choice>,
}

#[derive(Default)]
struct Choice {
    message: Object,
    calls: BTreeMap<u64, Object>,
    finish_reason: Option<Value>,
}

impl ChatStream {
    /// Takes a piece; true if it brings something of the answer.
    pub(crate) fn push(&mut self, piece: &mut Object) -> bool {
        let Some(Value::Array(choices)) = piece.get_mut("choices") else { return false };
        let mut answers = false;
        for (at, choice) in choices.iter_mut().enumerate() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(at as u64);
            let place = self.choices.entry(index).or_default();
            if let Some(reason) = choice.get("finish_reason").filter(|reason| !reason.is_null()) {
                place.finish_reason = Some(reason.clone());
            }
            if let Some(Value::Object(delta)) = choice.get_mut("delta") {
                answers |= place.push(std::mem::take(delta));
            }
        }
        answers
    }

    /// The choices as a response without a stream has them.
    pub(crate) fn finish(self) -> Value {
        let choices = self.choices.into_iter().map(|(index, choice)| {
            let Choice { mut message, calls, finish_reason } = choice;
            if !calls.is_empty() {
                let calls = calls.into_values().map(Value::Object).collect();
                message.insert("tool_calls".to_owned(), Value::Array(calls));
            }
            message.entry("role").or_insert_with(|| "assistant".into());
            json!({"index": index, "message": message, "finish_reason": finish_reason})
        });
        Value::Array(choices.collect())
    }
}

impl Choice {
    fn push(&mut self, delta: Object) -> bool {
        let mut answers = false;
        for (name, value) in delta {
            match value {
                Value::Null => {}
                Value::String(text) if TEXTS.contains(&&*name) => {
                    answers |= !text.is_empty();
                    append(&mut self.message, &name, &text);
                }
                Value::Array(calls) if name == "tool_calls" => {
                    for (at, call) in calls.into_iter().enumerate() {
                        answers = true;
                        self.push_call(at as u64, call);
                    }
                }
                Value::Object(call) if name == "function_call" => {
                    answers = true;
                    let place = self.message.entry(name).or_insert_with(|| json!({}));
                    if let Value::Object(place) = place {
                        grow(place, call);
                    }
                }
                other => {
                    self.message.insert(name, other);
                }
            }
        }
        answers
    }

    fn push_call(&mut self, at: u64, call: Value) {
        let Value::Object(mut call) = call else { return };
        let index = call.remove("index").and_then(|index| index.as_u64()).unwrap_or(at);
        let place = self.calls.entry(index).or_default();
        let function = call.remove("function");
        grow(place, call);
        if let Some(Value::Object(function)) = function {
            let inner = place.entry("function").or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                grow(inner, function);
            }
        }
    }
}

/// The arguments of a call come in pieces; its id and its name come once.
fn grow(call: &mut Object, piece: Object) {
    for (name, value) in piece {
        match value {
            Value::String(text) if name == "arguments" => append(call, &name, &text),
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            other => {
                call.insert(name, other);
            }
        }
    }
}

pub(super) fn append(object: &mut Object, name: &str, text: &str) {
    match object.get_mut(name) {
        Some(Value::String(before)) => before.push_str(text),
        _ => {
            object.insert(name.to_owned(), text.into());
        }
    }
}

/// The first choice of a completion, as it grows.
#[derive(Default)]
pub(crate) struct CompletionStream {
    text: String,
    finish_reason: Option<Value>,
}

impl CompletionStream {
    /// Takes a piece; true if it brings something of the answer.
    pub(crate) fn push(&mut self, piece: &Object) -> bool {
        let mut answers = false;
        let choices = piece.get("choices").and_then(Value::as_array);
        for choice in choices.into_iter().flatten() {
            if choice.get("index").and_then(Value::as_u64).unwrap_or(0) > 0 {
                continue;
            }
            let text = choice.get("text").and_then(Value::as_str).unwrap_or_default();
            answers |= !text.is_empty();
            self.text.push_str(text);
            if let Some(reason) = choice.get("finish_reason").filter(|reason| !reason.is_null()) {
                self.finish_reason = Some(reason.clone());
            }
        }
        answers
    }

    /// The choice as a response without a stream has it.
    pub(crate) fn finish(self) -> Value {
        json!([{"text": self.text, "finish_reason": self.finish_reason}])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(pieces: &[Value]) -> (Value, Vec<bool>) {
        let mut stream = ChatStream::default();
        let answers = pieces.iter().map(|piece| match piece.clone() {
            Value::Object(mut piece) => stream.push(&mut piece),
            _ => false,
        });
        let answers = answers.collect();
        (stream.finish(), answers)
    }

    fn delta(delta: Value) -> Value {
        json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
    }

    #[test]
    fn calls_of_tools_are_put_together_by_their_index() {
        let call = |index: u64, call: Value| {
            let mut call = call;
            call["index"] = index.into();
            delta(json!({"tool_calls": [call]}))
        };
        let (choices, _) = chat(&[
            delta(json!({"role": "assistant", "content": null})),
            call(
                0,
                json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}),
            ),
            call(1, json!({"id": "b", "function": {"name": "g", "arguments": "{\"x\""}})),
            call(0, json!({"function": {"arguments": "{}"}})),
            call(1, json!({"id": "", "function": {"name": null, "arguments": ":1}"}})),
            json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
            json!({"choices": [], "usage": {"prompt_tokens": 1}}),
        ]);
        let calls = &choices[0]["message"]["tool_calls"];
        assert_eq!(calls[0]["function"], json!({"name": "f", "arguments": "{}"}));
        assert_eq!(calls[1]["function"], json!({"name": "g", "arguments": "{\"x\":1}"}));
        assert_eq!((&calls[0]["id"], &calls[1]["id"]), (&json!("a"), &json!("b")));
        assert_eq!(choices[0]["finish_reason"], "tool_calls");
    }

    #[test]
    fn the_first_token_is_the_first_text_that_is_not_empty() {
        let (choices, answers) = chat(&[
            delta(json!({"role": "assistant", "content": ""})),
            delta(json!({"reasoning_content": "hm"})),
            delta(json!({"content": "Hel"})),
            delta(json!({"content": "lo"})),
        ]);
        assert_eq!(answers, [false, true, true, true]);
        assert_eq!(choices[0]["message"]["content"], "Hello");
        assert_eq!(choices[0]["message"]["reasoning_content"], "hm");
    }
}
