//! What is asked.

use serde_json::Value;
use tracing_llm::{Message, Payload, Text};

use crate::Api;
use crate::read::{Object, take, text_of};

/// Takes what is content out of a request, into the payload.
pub(crate) fn request(api: Api, body: &mut Object, payload: &mut Payload) {
    match api {
        Api::Chat | Api::Messages => payload.messages = messages(take(body, "messages")).into(),
        Api::Completion => payload.prompt = prompt(take(body, "prompt")),
        Api::Embedding => payload.chunks = texts(take(body, "input")).into(),
        Api::Responses => {
            let mut asked = Vec::new();
            if let Some(text) = take(body, "instructions").as_str() {
                asked.push(Message::system(text));
            }
            asked.extend(messages(take(body, "input")));
            payload.messages = asked.into();
        }
    }
}

/// Messages that go in. What does not say who speaks is the user's.
pub(crate) fn messages(json: Value) -> Vec<Message> {
    Message::list_from_json(json, "user")
}

/// One prompt, or several that are one text here. Tokens in place of a text are shown as they are.
fn prompt(json: Value) -> Option<Text> {
    match json {
        Value::Null => None,
        Value::String(text) => Some(Text::from(text)),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            let texts: Vec<_> = list.iter().filter_map(Value::as_str).collect();
            Some(Text::from(texts.join("\n")))
        }
        tokens => Some(text_of(tokens)),
    }
}

/// The texts to embed. Tokens in place of texts are none.
fn texts(json: Value) -> Vec<Text> {
    match json {
        Value::String(text) => vec![Text::from(text)],
        Value::Array(list) => list
            .into_iter()
            .filter_map(|item| match item {
                Value::String(text) => Some(Text::from(text)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
