//! What is answered, whole.

use serde_json::Value;
use tracing_llm::{Embedding, Exception, Message, Payload, Text};

use crate::Api;
use crate::read::{Object, exception, take, take_text};

/// Reads a whole response into the payload.
pub(crate) fn response(api: Api, body: &mut Object, payload: &mut Payload) {
    match api {
        Api::Chat | Api::Messages => {
            replies(Message::list_from_json(take(body, "choices"), "assistant"), payload);
        }
        Api::Completion => completion(take(body, "choices"), payload),
        Api::Embedding => embeddings(body, payload),
        Api::Responses => responses(body, payload),
    }
}

fn replies(list: Vec<Message>, payload: &mut Payload) {
    payload.finish_reason = list.iter().find_map(|reply| reply.finish_reason.clone());
    payload.replies = list.into();
}

/// The first choice; of the others there is no place.
fn completion(choices: Value, payload: &mut Payload) {
    let Value::Array(choices) = choices else { return };
    if let Some(Value::Object(mut first)) = choices.into_iter().next() {
        payload.completion = take_text(&mut first, "text");
        payload.finish_reason = take_text(&mut first, "finish_reason");
    }
}

/// The vectors, each with its text where the request was read. Of vectors in base64 the length.
fn embeddings(body: &mut Object, payload: &mut Payload) {
    let data = take(body, "data");
    let coded = data.get(0).and_then(|first| first.get("embedding")).and_then(Value::as_str);
    if let Some(coded) = coded {
        // Four characters for three bytes, four bytes for a number.
        let bytes = coded.trim_end_matches('=').len() * 3 / 4;
        payload.dimensions = Some((bytes / 4) as u64);
    }
    let mut list = Embedding::list_from_json(data);
    if list.len() == payload.chunks.len() {
        for (embedding, text) in list.iter_mut().zip(payload.chunks.iter()) {
            embedding.text = Some(text.clone());
        }
    }
    if payload.dimensions.is_none() {
        payload.dimensions = list.iter().find_map(Embedding::dimensions).map(|n| n as u64);
    }
    if list.is_empty() {
        list = payload.chunks.iter().cloned().map(Embedding::of_text).collect();
    }
    payload.embeddings = list.into();
}

/// The items of one response are one reply: what it thought, said and wants to be called.
fn responses(body: &mut Object, payload: &mut Payload) {
    let status = take_text(body, "status");
    let why = body.get("incomplete_details").and_then(|details| details.get("reason"));
    let why = why.and_then(Value::as_str).map(Text::from);
    let mut reply: Option<Message> = None;
    for item in Message::list_from_json(take(body, "output"), "assistant") {
        match &mut reply {
            None => reply = Some(item),
            Some(reply) => {
                reply.contents.extend(item.contents);
                reply.tool_calls.extend(item.tool_calls);
            }
        }
    }
    payload.finish_reason = why.or(status);
    if let Some(mut reply) = reply {
        reply.finish_reason.clone_from(&payload.finish_reason);
        payload.replies = [reply].into();
    }
}

/// What a response or a piece of a stream says of a failure: an `error` beside or in place of an
/// answer, or, in a stream of the Responses API, an event that is the error itself.
pub(crate) fn failed_inside(body: &Object) -> Option<Exception> {
    let inner = body.get("response").and_then(|response| response.get("error"));
    let error = [body.get("error"), inner].into_iter().flatten().find(|error| !error.is_null());
    let is_error = || body.get("type").is_some_and(|kind| kind == "error");
    match error {
        Some(error) => Some(exception(None, error)),
        None => is_error().then(|| exception(None, &Value::Object(body.clone()))),
    }
}
