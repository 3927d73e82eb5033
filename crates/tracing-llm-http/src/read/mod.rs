//! From what was captured to the parts of the payload. Runs on the worker; pure.

mod answer;
mod failure;
mod request;
mod stream;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};
use tracing_llm::Text;

pub(crate) use self::answer::{Answer, Form};
pub(crate) use self::failure::exception;
pub(crate) use self::request::read_request;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// What could not be read; counted, its text is not kept.
#[derive(Debug)]
pub(crate) struct Unread;

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing that this API sends")
    }
}

pub(crate) fn take(object: &mut Object, name: &str) -> Value {
    object.remove(name).unwrap_or_default()
}

/// Takes a member if it is a text that says something.
pub(crate) fn take_text(object: &mut Object, name: &str) -> Option<Text> {
    match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(Text::from(text)),
        _ => None,
    }
}

/// A value as text: a text as it is, all else as JSON.
pub(crate) fn text_of(value: Value) -> Text {
    match value {
        Value::String(text) => Text::from(text),
        other => Text::from(other.to_string()),
    }
}
