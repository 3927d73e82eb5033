//! Messages, in GenAI's shape: a role and typed parts.

use serde_json::{Map, Value as Json, json};

use super::names;
use super::read::{Item, Read, items, json_or_text, text_in};
use super::{GenAiVersion, Said};
use crate::names as oi;

/// What was sent and came back, and why the model stopped.
pub(super) fn all(read: &Read<'_>, said: &mut Said) {
    let sent: Vec<Json> =
        read.items(oi::LLM_INPUT_MESSAGES).iter().filter_map(|item| message(item, None)).collect();
    let sent = if sent.is_empty() { plain(read, Side::Prompts) } else { sent };
    said.json(&names::INPUT_MESSAGES, sent);

    let reasons = reasons(read);
    let default = reasons.first().map_or("", String::as_str);
    let replies = read.items(oi::LLM_OUTPUT_MESSAGES);
    let called = replies.iter().any(|item| !items(item, oi::MESSAGE_TOOL_CALLS).is_empty());
    let default = match (default, called) {
        ("", true) => "tool_call",
        ("", false) => "stop",
        (reason, _) => reason,
    };
    let mut came: Vec<Json> =
        replies.iter().filter_map(|item| message(item, Some(default))).collect();
    if came.is_empty() {
        came = plain(read, Side::Choices(default));
    }
    let reasons = if reasons.is_empty() { vec![default.to_owned(); came.len()] } else { reasons };
    said.texts(&names::RESPONSE_FINISH_REASONS, reasons);
    if said.version == GenAiVersion::Latest {
        // Deprecated there, in favour of the span's own list.
        for message in came.iter_mut().filter_map(Json::as_object_mut) {
            message.remove("finish_reason");
        }
    }
    said.json(&names::OUTPUT_MESSAGES, came);
}

/// The texts of a completion API.
enum Side<'a> {
    Prompts,
    Choices(&'a str),
}

fn plain(read: &Read<'_>, side: Side<'_>) -> Vec<Json> {
    let (list, leaf, role) = match side {
        Side::Prompts => (oi::LLM_PROMPTS, oi::PROMPT_TEXT, "user"),
        Side::Choices(_) => (oi::LLM_CHOICES, oi::COMPLETION_TEXT, "assistant"),
    };
    let texts = read.items(list);
    let messages = texts.iter().filter_map(|item| text_in(item, leaf)).map(|text| {
        let parts = json!([{ "type": "text", "content": text }]);
        match side {
            Side::Prompts => json!({ "role": role, "parts": parts }),
            Side::Choices(reason) => {
                json!({ "role": role, "parts": parts, "finish_reason": reason })
            }
        }
    });
    messages.collect()
}

/// Why the model stopped: one reason, or a JSON list with one for each choice.
fn reasons(read: &Read<'_>) -> Vec<String> {
    let Some(said) = read.text(oi::LLM_FINISH_REASON) else { return Vec::new() };
    match serde_json::from_str::<Vec<String>>(said) {
        Ok(list) => list.iter().map(|reason| normal(reason)).collect(),
        Err(_) => vec![normal(said)],
    }
}

fn normal(reason: &str) -> String {
    match reason.to_lowercase().as_str() {
        "tool_calls" | "function_call" => "tool_call".to_owned(),
        other => other.to_owned(),
    }
}

/// One message; none if it does not say who speaks, or says nothing.
fn message(item: &Item<'_>, finish_reason: Option<&str>) -> Option<Json> {
    let role = match text_in(item, oi::MESSAGE_ROLE)?.to_lowercase().as_str() {
        "agent" => "assistant".to_owned(),
        "function" => "tool".to_owned(),
        other => other.to_owned(),
    };
    let contents: Vec<Json> = items(item, oi::MESSAGE_CONTENTS).iter().filter_map(part).collect();
    let content = text_in(item, oi::MESSAGE_CONTENT);
    let parts = match text_in(item, oi::MESSAGE_TOOL_CALL_ID) {
        Some(id) if role == "tool" => {
            vec![
                json!({ "type": "tool_call_response", "id": id, "response": answer(content, contents) }),
            ]
        }
        _ => {
            let text = content.map(|text| json!({ "type": "text", "content": text }));
            let calls = items(item, oi::MESSAGE_TOOL_CALLS);
            text.into_iter().chain(contents).chain(calls.iter().map(call)).collect()
        }
    };
    if parts.is_empty() {
        return None;
    }
    let mut message = Map::new();
    message.insert("role".to_owned(), Json::from(role));
    message.insert("parts".to_owned(), Json::Array(parts));
    if let Some(name) = text_in(item, oi::MESSAGE_NAME) {
        message.insert("name".to_owned(), Json::from(name));
    }
    if let Some(reason) = finish_reason {
        message.insert("finish_reason".to_owned(), Json::from(reason));
    }
    Some(Json::Object(message))
}

/// What a tool answered.
fn answer(content: Option<&str>, contents: Vec<Json>) -> Json {
    if let Some(text) = content {
        return json_or_text(text);
    }
    match contents.as_slice() {
        [only] if only["type"] == "text" => only["content"].clone(),
        _ => Json::Array(contents),
    }
}

fn call(item: &Item<'_>) -> Json {
    let mut part = Map::new();
    part.insert("type".to_owned(), Json::from("tool_call"));
    let name = text_in(item, oi::TOOL_CALL_FUNCTION_NAME).unwrap_or_default();
    part.insert("name".to_owned(), Json::from(name));
    let arguments = text_in(item, oi::TOOL_CALL_FUNCTION_ARGUMENTS).map(json_or_text);
    part.insert("arguments".to_owned(), arguments.unwrap_or_default());
    if let Some(id) = text_in(item, oi::TOOL_CALL_ID) {
        part.insert("id".to_owned(), Json::from(id));
    }
    Json::Object(part)
}

/// One content. A use of a tool stands among the calls.
fn part(item: &Item<'_>) -> Option<Json> {
    let text = || text_in(item, oi::MESSAGE_CONTENT_TEXT);
    let at = |object: &str, leaf: &str| text_in(item, &format!("{object}.{leaf}"));
    match text_in(item, oi::MESSAGE_CONTENT_TYPE)? {
        "text" => Some(json!({ "type": "text", "content": text()? })),
        "reasoning" => Some(json!({ "type": "reasoning", "content": text()? })),
        "image" => Some(media("image", at(oi::MESSAGE_CONTENT_IMAGE, oi::IMAGE_URL)?, None)),
        "audio" => Some(media(
            "audio",
            at(oi::MESSAGE_CONTENT_AUDIO, oi::AUDIO_URL)?,
            at(oi::MESSAGE_CONTENT_AUDIO, oi::AUDIO_MIME_TYPE),
        )),
        "video" => Some(media("video", at(oi::MESSAGE_CONTENT_VIDEO, oi::VIDEO_URL)?, None)),
        "document" => {
            let mime = at(oi::MESSAGE_CONTENT_DOCUMENT, oi::DOCUMENT_MIME_TYPE);
            match at(oi::MESSAGE_CONTENT_DOCUMENT, oi::DOCUMENT_URL) {
                Some(url) => Some(media("document", url, mime)),
                None => {
                    let id = at(oi::MESSAGE_CONTENT_DOCUMENT, oi::DOCUMENT_ID)?;
                    Some(json!({ "type": "file", "modality": "document", "file_id": id }))
                }
            }
        }
        _ => None,
    }
}

/// Bytes where the address holds them, else the address.
fn media(modality: &str, url: &str, mime: Option<&str>) -> Json {
    let held = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let mut part = match held {
        Some((mime, content)) if !mime.is_empty() && !mime.contains(';') && !content.is_empty() => {
            json!({ "type": "blob", "modality": modality, "mime_type": mime, "content": content })
        }
        _ => json!({ "type": "uri", "modality": modality, "uri": url }),
    };
    if let (Some(mime), None, Some(part)) = (mime, held, part.as_object_mut()) {
        part.insert("mime_type".to_owned(), Json::from(mime));
    }
    part
}
