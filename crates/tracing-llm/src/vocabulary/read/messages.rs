//! Chat messages.

use serde_json::Value;

use super::content::{Item, item};
use super::tools::tool_calls;
use super::{Object, items, nested, parsed, take, take_object, take_text, text, unwrapped};
use crate::{Content, Message, Text, ToolCall};

/// A list of messages, each in any shape that is in use:
///
/// - OpenAI chat (`content` as text or parts, `tool_calls`, `function_call`, `tool_call_id`, a
///   choice with its `finish_reason`) and Responses (typed items without a role),
/// - Anthropic (blocks; each tool result becomes a message of its own with the role `tool`),
/// - Gemini (`parts`, candidates), the GenAI conventions (`parts` with types, `finish_reason`),
/// - OpenInference (`message.role` …, nested or with dotted keys), LlamaIndex (`blocks`,
///   `additional_kwargs`),
/// - plain texts.
///
/// A message that does not say who speaks gets the `role` given here. Roles are lower-cased.
/// Calls of tools are in [`Message::tool_calls`], wherever they stood; where other content
/// follows a call, its place is kept as a [`Content::ToolUse`] too.
pub(crate) fn messages(json: Value, role: &'static str) -> Vec<Message> {
    let json = match json {
        Value::Object(mut object) if object.get("messages").is_some_and(Value::is_array) => {
            object.remove("messages").unwrap_or_default()
        }
        other => other,
    };
    let mut list = Vec::new();
    for message in items(json) {
        read(message, role, &mut list);
    }
    list
}

/// The system's instructions: text, parts, or messages, in one message.
pub(crate) fn instructions(json: Value) -> Message {
    let mut message = Message::empty(Text::literal("system"));
    for part in items(json) {
        let speaks = part.get("role").is_some();
        if speaks {
            let spoken = messages(part, "system").into_iter().flat_map(|m| m.contents);
            message.contents.extend(spoken);
        } else if let Some(Item::Content(content)) = item(part) {
            message.contents.push(content);
        }
    }
    message
}

fn read(json: Value, role: &'static str, list: &mut Vec<Message>) {
    match json {
        Value::Null => {}
        Value::Object(object) => read_object(object, role, list),
        other => list.push(Message::new(Text::literal(role), text(other))),
    }
}

fn read_object(object: Object, role: &'static str, list: &mut Vec<Message>) {
    let mut object = unwrapped(nested(object), "message");
    if object.get("content").is_some_and(|content| content.get("parts").is_some()) {
        object = unwrapped(object, "content"); // a candidate of Gemini
    }
    if let Some(extra) = take_object(&mut object, &["additional_kwargs"]) {
        for (key, value) in extra {
            object.entry(key).or_insert(value);
        }
    }
    let finish_reason = take_text(&mut object, &["finish_reason", "finishReason", "stop_reason"]);
    if !is_message(&object) {
        // An item that stands for itself, or nothing we know: then its JSON is what is said.
        let speaker = if is_models_own(&object) { "assistant" } else { role };
        let message = Message { finish_reason, ..Message::empty(Text::literal(speaker)) };
        gather(message, vec![Value::Object(object)], list);
        return;
    }
    let mut message = Message {
        role: take_text(&mut object, &["role"]).map_or(Text::literal(role), lower_case),
        name: take_text(&mut object, &["name"]),
        tool_call_id: take_text(&mut object, &["tool_call_id"]),
        finish_reason,
        ..Message::default()
    };
    if let Some(thought) = take_text(&mut object, &["reasoning_content", "reasoning"]) {
        message.contents.push(Content::reasoning(thought));
    }
    message.tool_calls = called(&mut object);
    let mut parts = said(&mut object);
    parts.extend(take(&mut object, &["refusal"]));
    if let Some(mut recording) = take_object(&mut object, &["audio"]) {
        recording.insert("type".to_owned(), Value::from("audio"));
        parts.push(Value::Object(recording));
    }
    gather(message, parts, list);
}

/// Whether an object is a whole message, not one item of its contents.
fn is_message(object: &Object) -> bool {
    const KEYS: [&str; 8] = [
        "content",
        "contents",
        "parts",
        "blocks",
        "tool_calls",
        "tool_call_id",
        "refusal",
        "function_call_name",
    ];
    let is_item = object.contains_key("type") || object.contains_key("block_type");
    object.contains_key("role") || (!is_item && KEYS.iter().any(|key| object.contains_key(*key)))
}

/// Whether an item without a role is one that only a model makes.
fn is_models_own(object: &Object) -> bool {
    let kind = object.get("type").and_then(Value::as_str);
    matches!(kind, Some("function_call" | "reasoning" | "tool_use" | "tool_call" | "output_text"))
}

/// The parts of a message. One text beside a list of parts is only there for old readers.
fn said(object: &mut Object) -> Vec<Value> {
    let parts =
        take(object, &["contents", "parts", "blocks"]).map(parsed).map(items).unwrap_or_default();
    let content = take(object, &["content"]);
    if !parts.is_empty() && !matches!(content, Some(Value::Array(_))) {
        return parts;
    }
    match content {
        Some(Value::Array(list)) => list,
        Some(content) => vec![content],
        None => parts,
    }
}

/// The calls that stand beside the contents.
fn called(object: &mut Object) -> Vec<ToolCall> {
    let mut calls = take(object, &["tool_calls"]).map(parsed).map(tool_calls).unwrap_or_default();
    calls.extend(take(object, &["function_call"]).map(parsed).map(tool_calls).unwrap_or_default());
    if let Some(name) = take_text(object, &["function_call_name"]) {
        let arguments = take_text(object, &["function_call_arguments_json"]);
        calls.push(ToolCall::new(name, arguments.unwrap_or_default()));
    }
    calls
}

/// Adds the parts to the message, and the message to the list.
fn gather(mut message: Message, parts: Vec<Value>, list: &mut Vec<Message>) {
    let mut answered = false;
    for item in parts.into_iter().filter_map(item) {
        match item {
            Item::Content(content) => message.contents.push(content),
            Item::Call(call) => {
                let known = |other: &ToolCall| call.id.is_some() && other.id == call.id;
                if !message.tool_calls.iter().any(known) {
                    message.tool_calls.push(call.clone());
                }
                message.contents.push(Content::ToolUse(call));
            }
            Item::Answer { call_id, name, contents } => {
                answered = true;
                if !message.contents.is_empty() || !message.tool_calls.is_empty() {
                    let next = Message::empty(message.role.clone());
                    finish(std::mem::replace(&mut message, next), false, list);
                }
                list.push(Message {
                    contents,
                    tool_call_id: call_id,
                    name,
                    ..Message::empty(Text::literal("tool"))
                });
            }
        }
    }
    finish(message, !answered, list);
}

/// Adds a message to the list: an empty one only if it is all there is.
fn finish(mut message: Message, even_empty: bool, list: &mut Vec<Message>) {
    while matches!(message.contents.last(), Some(Content::ToolUse(_))) {
        message.contents.pop();
    }
    if even_empty || !message.contents.is_empty() || !message.tool_calls.is_empty() {
        list.push(message);
    }
}

fn lower_case(role: Text) -> Text {
    if role.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Text::from(role.to_ascii_lowercase())
    } else {
        role
    }
}
