//! What an observation was given and gave, where nobody says what shape that has.

use serde_json::{Value, json};

use super::key::{Key, Side};
use super::read::Object;
use super::{Draft, Scalar};
use crate::Text;

impl Draft {
    /// Takes the messages of a chat where it is one, else the main input or output.
    pub(super) fn set_observed(&mut self, side: Side, value: Scalar) {
        let text = match value {
            // A library that has nothing to say says so by an empty text.
            Scalar::Text(text) if text.trim().is_empty() => return,
            Scalar::Text(text) => text,
            other => return self.set_main(side, other.into_value()),
        };
        let json = serde_json::from_str::<Value>(&text).ok();
        match json.filter(|json| json.is_object() || json.is_array()) {
            Some(json) => self.set_observed_json(side, json, text),
            None => self.set_main(side, Value::String(text.into_string())),
        }
    }

    fn set_observed_json(&mut self, side: Side, json: Value, text: Text) {
        let tools = json.get("tools").filter(|tools| side == Side::In && tools.is_array()).cloned();
        match chat(side, json) {
            Some(messages) => {
                self.fill(Key::Messages(side), messages, &Text::default());
                if let Some(tools) = tools {
                    self.fill(Key::Tools, tools, &Text::default());
                }
            }
            None => self.set_main(side, Value::String(text.into_string())),
        }
    }
}

/// The messages in a request or response of a model, or in a list of them; none if it is neither.
fn chat(side: Side, json: Value) -> Option<Value> {
    let mut object = match json {
        Value::Array(list) => {
            let is_chat = !list.is_empty() && list.iter().all(|item| item.get("role").is_some());
            return is_chat.then_some(Value::Array(list));
        }
        Value::Object(object) => object,
        _ => return None,
    };
    let lists: &[&str] = match side {
        Side::In => &["messages", "input"],
        Side::Out => &["choices", "output"],
    };
    let found = lists.iter().find(|key| object.get(**key).is_some_and(Value::is_array));
    match found {
        Some(key) => object.remove(*key),
        None if side == Side::Out => completed(object),
        None => None,
    }
}

/// swiftide's own response: the text, and the calls of tools beside it.
fn completed(mut object: Object) -> Option<Value> {
    let message = object.remove("message")?;
    if message.is_object() {
        return Some(json!([message]));
    }
    let calls = object.remove("tool_calls").filter(Value::is_array);
    let mut reply = json!({"role": "assistant", "content": message});
    if let (Some(calls), Some(reply)) = (calls, reply.as_object_mut()) {
        reply.insert(String::from("tool_calls"), calls);
    }
    Some(json!([reply]))
}
