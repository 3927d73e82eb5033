//! Anthropic's Messages (version 2023-06-01): pure readers of JSON.

mod stream;

use serde_json::Value;
use tracing_llm::{Message, Payload};

pub(crate) use self::stream::MessagesStream;
use crate::openai::messages;
use crate::read::{Object, take, take_text};

/// Takes what is content out of a request: the system's instructions stand beside the messages.
pub(crate) fn request(body: &mut Object, payload: &mut Payload) {
    let mut asked = Vec::new();
    match take(body, "system") {
        Value::Null => {}
        system => {
            let said = [("role", Value::from("system")), ("content", system)];
            let message = said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            asked.extend(messages(Value::Object(message)));
        }
    }
    asked.extend(messages(take(body, "messages")));
    payload.messages = asked.into();
}

/// Reads a whole response: its blocks are one reply.
pub(crate) fn response(body: &mut Object, payload: &mut Payload) {
    payload.finish_reason = take_text(body, "stop_reason");
    let said = [("role", Value::from("assistant")), ("content", take(body, "content"))];
    let message = said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut replies = Message::list_from_json(Value::Object(message), "assistant");
    for reply in &mut replies {
        reply.finish_reason.clone_from(&payload.finish_reason);
    }
    payload.replies = replies.into();
}
