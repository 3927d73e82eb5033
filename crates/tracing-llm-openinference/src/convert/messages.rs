//! Chat messages, flattened: `llm.input_messages.0.message.role` …

use tracing_llm::{Content, Document, Message, Payload, Text, ToolCall};

use super::attributes::{Attributes, Path};
use super::documents;
use crate::kind::Kind;
use crate::names;

/// The messages that were sent.
pub(super) fn sent(payload: &Payload, to: &mut Attributes) {
    list(names::LLM_INPUT_MESSAGES, &payload.messages, sealed(payload), to);
}

/// The messages that came back. Where a model was sent messages and only the text of its answer is
/// known, that is the assistant's message.
pub(super) fn replies(payload: &Payload, kind: Kind, to: &mut Attributes) {
    let sealed = sealed(payload);
    let is_text_alone = payload.replies.is_empty() && !payload.messages.is_empty();
    match &payload.response {
        Some(text) if kind == Kind::Llm && is_text_alone => {
            list(names::LLM_OUTPUT_MESSAGES, &[Message::assistant(text)], sealed, to);
        }
        _ => list(names::LLM_OUTPUT_MESSAGES, &payload.replies, sealed, to),
    }
}

/// Where a thought stands that only the provider can read: of Anthropic, whose redacted thinking
/// is `data`, under another name than of OpenAI.
fn sealed(payload: &Payload) -> &'static str {
    let is_anthropic = [&payload.system, &payload.provider]
        .into_iter()
        .any(|name| name.as_deref() == Some("anthropic"));
    if is_anthropic {
        names::MESSAGE_CONTENT_DATA
    } else {
        names::MESSAGE_CONTENT_ENCRYPTED_CONTENT
    }
}

fn list(name: &'static str, messages: &[Message], sealed: &'static str, to: &mut Attributes) {
    for (index, message) in messages.iter().enumerate() {
        put(message, sealed, &mut to.item(name, index));
    }
}

fn put(message: &Message, sealed: &'static str, to: &mut Path<'_>) {
    to.put(names::MESSAGE_ROLE, (!message.role.is_empty()).then_some(&message.role));
    match message.contents.as_slice() {
        // One plain text has a short form.
        [Content::Text(text)] => to.put(names::MESSAGE_CONTENT, text),
        contents => {
            for (index, content) in contents.iter().enumerate() {
                put_content(content, sealed, &mut to.item(names::MESSAGE_CONTENTS, index));
            }
        }
    }
    to.put(names::MESSAGE_NAME, message.name.as_ref());
    to.put(names::MESSAGE_TOOL_CALL_ID, message.tool_call_id.as_ref());
    for (index, call) in tool_calls(message).enumerate() {
        put_call(call, &mut to.item(names::MESSAGE_TOOL_CALLS, index));
    }
}

/// All calls of a message. One that stands among the contents is listed here too: there it
/// keeps its place, here backends look for it.
pub(super) fn tool_calls(message: &Message) -> impl Iterator<Item = &ToolCall> {
    let among_contents = message.contents.iter().filter_map(|content| match content {
        Content::ToolUse(call) if !message.tool_calls.contains(call) => Some(call),
        _ => None,
    });
    message.tool_calls.iter().chain(among_contents)
}

fn put_content(content: &Content, sealed: &'static str, to: &mut Path<'_>) {
    to.put(names::MESSAGE_CONTENT_TYPE, type_of(content));
    match content {
        Content::Text(text) => to.put(names::MESSAGE_CONTENT_TEXT, text),
        Content::Reasoning { text, signature, encrypted, id, .. } => {
            to.put(names::MESSAGE_CONTENT_TEXT, text.as_ref());
            to.put(names::MESSAGE_CONTENT_SIGNATURE, signature.as_ref());
            to.put(sealed, encrypted.as_ref());
            to.put(names::MESSAGE_CONTENT_ID, id.as_ref());
        }
        // The specification has no name for the detail.
        Content::Image { url, .. } => {
            to.object(names::MESSAGE_CONTENT_IMAGE).put(names::IMAGE_URL, present(url));
        }
        Content::Audio { url, mime_type, transcript } => {
            let mut audio = to.object(names::MESSAGE_CONTENT_AUDIO);
            audio.put(names::AUDIO_URL, url.as_ref());
            audio.put(names::AUDIO_MIME_TYPE, mime_type.as_ref());
            audio.put(names::AUDIO_TRANSCRIPT, transcript.as_ref());
        }
        Content::Video { url } => {
            to.object(names::MESSAGE_CONTENT_VIDEO).put(names::VIDEO_URL, url);
        }
        Content::Document(document) => put_file(document, to),
        Content::ToolUse(call) => put_call(call, to),
        // A content that the core knows and this version does not: its type is missing too.
        _ => {}
    }
}

fn put_file(document: &Document, to: &mut Path<'_>) {
    documents::put(document, &mut to.object(names::MESSAGE_CONTENT_DOCUMENT));
}

fn put_call(call: &ToolCall, to: &mut Path<'_>) {
    to.put(names::TOOL_CALL_ID, call.id.as_ref());
    to.put(names::TOOL_CALL_FUNCTION_NAME, present(&call.name));
    to.put(names::TOOL_CALL_FUNCTION_ARGUMENTS, present(&call.arguments));
    to.put(names::TOOL_CALL_REASONING_SIGNATURE, call.reasoning_signature.as_ref());
}

/// The word of a content's type; none for one that this version does not know.
pub(super) fn type_of(content: &Content) -> Option<&'static str> {
    Some(match content {
        Content::Text(_) => "text",
        Content::Reasoning { .. } => "reasoning",
        Content::Image { .. } => "image",
        Content::Audio { .. } => "audio",
        Content::Video { .. } => "video",
        Content::Document(_) => "document",
        Content::ToolUse(_) => "tool_use",
        _ => return None,
    })
}

fn present(text: &Text) -> Option<&Text> {
    (!text.is_empty()).then_some(text)
}
