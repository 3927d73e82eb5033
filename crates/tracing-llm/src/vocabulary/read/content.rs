//! The items of a message's contents.

use serde_json::Value;

use super::documents::document;
use super::tools::tool_call;
use super::{Object, items, nested, take, take_object, take_text, text, unwrapped};
use crate::{Content, Document, Text, ToolCall};

/// One item of a message, as providers mix them.
pub(super) enum Item {
    /// Something that is said or shown.
    Content(Content),
    /// A call of a tool.
    Call(ToolCall),
    /// The answer of a tool, which is a message of its own in our model.
    Answer {
        /// The id of the call.
        call_id: Option<Text>,
        /// The function's name.
        name: Option<Text>,
        /// What it gave back.
        contents: Vec<Content>,
    },
}

/// Reads one item: a text, a part of OpenAI's chat or Responses, a block of Anthropic or
/// LlamaIndex, a part of Gemini or of the GenAI conventions, an OpenInference content.
///
/// An item of an unknown type is kept as its JSON text. `null` is none.
pub(super) fn item(json: Value) -> Option<Item> {
    match json {
        Value::Null => None,
        Value::Object(object) => Some(typed(unwrapped(nested(object), "message_content"))),
        other => Some(Item::Content(Content::Text(text(other)))),
    }
}

/// The contents of a nested list: calls become [`Content::ToolUse`], answers their contents.
fn contents(json: Value) -> Vec<Content> {
    let mut contents = Vec::new();
    for item in items(json).into_iter().filter_map(item) {
        match item {
            Item::Content(content) => contents.push(content),
            Item::Call(call) => contents.push(Content::ToolUse(call)),
            Item::Answer { contents: inner, .. } => contents.extend(inner),
        }
    }
    contents
}

fn typed(mut part: Object) -> Item {
    let kind = ["type", "block_type"].into_iter().find_map(|key| part.get(key)?.as_str());
    let read = match kind.map(str::to_ascii_lowercase).as_deref() {
        Some("text" | "input_text" | "output_text" | "summary_text") => plain(&mut part),
        Some("reasoning" | "thinking" | "redacted_thinking") => reasoning(&mut part),
        Some("refusal") => said(&mut part, &["refusal", "text"]),
        Some("tool_use" | "server_tool_use" | "tool_call" | "function_call" | "function") => {
            return call(part);
        }
        Some("tool_call_response" | "tool_response" | "function_call_output") => {
            Some(answer(&mut part))
        }
        // Anthropic names a result after its tool: `web_search_tool_result`.
        Some(kind) if kind.ends_with("tool_result") => Some(answer(&mut part)),
        Some(kind) => medium(kind, &mut part).map(Item::Content),
        None => untyped(&mut part),
    };
    read.unwrap_or_else(|| as_json(part))
}

/// What is nothing known, as its JSON text.
fn as_json(part: Object) -> Item {
    Item::Content(Content::Text(text(Value::Object(part))))
}

fn call(part: Object) -> Item {
    tool_call(Value::Object(part))
        .map_or_else(|rest| Item::Content(Content::Text(text(rest))), Item::Call)
}

fn said(part: &mut Object, keys: &[&str]) -> Option<Item> {
    take_text(part, keys).map(|text| Item::Content(Content::Text(text)))
}

fn plain(part: &mut Object) -> Option<Item> {
    said(part, &["text", "content"])
}

/// Gemini's parts have no type: the key tells what they are.
fn untyped(part: &mut Object) -> Option<Item> {
    if part.get("thought").and_then(Value::as_bool) == Some(true) {
        return reasoning(part);
    }
    if let Some(mut made) = take_object(part, &["functionCall", "function_call"]) {
        if let Some(signature) = take(part, &["thoughtSignature", "thought_signature"]) {
            made.insert("thought_signature".to_owned(), signature);
        }
        return Some(call(made));
    }
    if let Some(mut response) = take_object(part, &["functionResponse", "function_response"]) {
        return Some(answer(&mut response));
    }
    if let Some(mut data) =
        take_object(part, &["inlineData", "inline_data", "fileData", "file_data"])
    {
        return Some(medium("blob", &mut data).map_or_else(|| as_json(data), Item::Content));
    }
    if part.contains_key("function") || part.contains_key("tool_call") {
        return Some(call(std::mem::take(part)));
    }
    plain(part)
}

/// A thought: shown, signed, or encrypted.
fn reasoning(part: &mut Object) -> Option<Item> {
    let keys = ["text", "thinking", "reasoning", "content"];
    let shown = take_text(part, &keys).or_else(|| {
        // OpenAI's Responses: a list of summaries, or of texts.
        let list = take(part, &["summary", "content"])?;
        let texts = contents(list).into_iter().filter_map(|content| content.text().cloned());
        let texts: Vec<Text> = texts.collect();
        (!texts.is_empty()).then(|| Text::from(texts.join("\n")))
    });
    let signature = take_text(part, &["signature", "thoughtSignature", "thought_signature"]);
    let encrypted = take_text(part, &["encrypted_content", "data"]);
    let id = take_text(part, &["id"]);
    let says_something = [&shown, &signature, &encrypted, &id].into_iter().any(Option::is_some);
    says_something.then_some(Item::Content(Content::Reasoning {
        text: shown,
        signature,
        encrypted,
        id,
    }))
}

fn answer(part: &mut Object) -> Item {
    let given = take(part, &["content", "response", "result", "output"]);
    Item::Answer {
        call_id: take_text(part, &["tool_use_id", "call_id", "tool_call_id", "id"]),
        name: take_text(part, &["name", "tool_name"]),
        contents: match given {
            Some(list @ Value::Array(_)) => contents(list),
            Some(other) => vec![Content::Text(text(other))],
            None => Vec::new(),
        },
    }
}

/// A picture, recording, film or file; none if the part does not say where it is.
fn medium(kind: &str, part: &mut Object) -> Option<Content> {
    match kind {
        "image" | "image_url" | "input_image" => {
            let detail = detail(part);
            address(part, "image").map(|(url, _)| Content::Image { url, detail })
        }
        "video" | "video_url" | "input_video" => {
            address(part, "video").map(|(url, _)| Content::Video { url })
        }
        "audio" | "input_audio" | "output_audio" => audio(part),
        "document" | "file" | "input_file" => Some(Content::Document(attached(part))),
        // The GenAI conventions name the form, and beside it what is in it.
        "blob" | "uri" => {
            let (modality, detail) = (take_text(part, &["modality"]), detail(part));
            let (url, mime_type) = address(part, modality.as_deref().unwrap_or("application"))?;
            let family = || mime_type.as_ref()?.split('/').next().map(Text::from);
            Some(match modality.or_else(family).as_deref() {
                Some("image") => Content::Image { url, detail },
                Some("video") => Content::Video { url },
                Some("audio") => Content::Audio { url: Some(url), mime_type, transcript: None },
                _ => {
                    let document = Document { url: Some(url), mime_type, ..Document::default() };
                    Content::Document(document)
                }
            })
        }
        _ => None,
    }
}

fn audio(part: &mut Object) -> Option<Content> {
    let mut inner = unwrapped(unwrapped(std::mem::take(part), "audio"), "audio");
    let transcript = take_text(&mut inner, &["transcript"]);
    let (url, mime_type) = address(&mut inner, "audio").unzip();
    if url.is_none() && transcript.is_none() {
        *part = inner;
        return None;
    }
    Some(Content::Audio { url, mime_type: mime_type.flatten(), transcript })
}

/// A file: OpenInference's document, OpenAI's and Anthropic's files, a GenAI file id.
fn attached(part: &mut Object) -> Document {
    let mut part = unwrapped(unwrapped(std::mem::take(part), "document"), "file");
    part = unwrapped(part, "document");
    part.retain(|key, _| !matches!(key.as_str(), "type" | "block_type" | "modality"));
    let mut source = take_object(&mut part, &["source"]).unwrap_or_default();
    let is_text = source.get("type").is_some_and(|kind| kind == "text");
    let text = if is_text { take_text(&mut source, &["data"]) } else { None };
    let id =
        take_text(&mut part, &["file_id", "id"]).or_else(|| take_text(&mut source, &["file_id"]));
    let name = take_text(&mut part, &["filename", "file_name", "title", "name"]);
    let has = |key: &&str| part.get(*key).is_some_and(Value::is_string);
    let found = if ["data", "file_data", "file_url", "url", "uri", "path"].iter().any(has) {
        address(&mut part, "application")
    } else {
        address(&mut source, "application")
    };
    let mut read = document(Value::Object(part)).unwrap_or_default();
    if let Some((url, mime_type)) = found {
        read.url = Some(url);
        read.mime_type = mime_type.or(read.mime_type);
    }
    Document { id, name, content: text.unwrap_or(read.content), ..read }
}

/// How closely the model is to look at a picture: OpenAI's chat puts it beside the address, its
/// Responses and LlamaIndex beside the type.
fn detail(part: &Object) -> Option<Text> {
    let beside = part.get("detail").and_then(Value::as_str);
    let inside = || part.get("image_url")?.get("detail")?.as_str();
    beside.or_else(inside).map(Text::from)
}

/// Where a medium is, and its media type: an address, or its data as a `data:` URI.
fn address(part: &mut Object, family: &str) -> Option<(Text, Option<Text>)> {
    const ADDRESSES: [&str; 9] = [
        "url",
        "uri",
        "fileUri",
        "file_uri",
        "file_url",
        "image_url",
        "video_url",
        "audio_url",
        "path",
    ];
    const HOLDERS: [&str; 7] =
        ["source", "image_url", "video_url", "image", "video", "input_audio", "audio"];
    const DATA: [&str; 7] = ["data", "content", "bytes", "file_data", "image", "video", "audio"];
    const TYPES: [&str; 6] =
        ["media_type", "mime_type", "mimeType", "image_mimetype", "document_mimetype", "format"];

    // A format alone, such as `wav`, is the second half of a media type.
    let full = |mime: Text| {
        if mime.contains('/') { mime } else { Text::from(format!("{family}/{mime}")) }
    };
    let mime_type = take_text(part, &TYPES).map(full);
    if let Some(url) = take_text(part, &ADDRESSES) {
        return Some((url, mime_type));
    }
    if let Some(mut inner) = take_object(part, &HOLDERS) {
        let (url, inner_type) = address(&mut inner, family)?;
        return Some((url, inner_type.or(mime_type)));
    }
    let data = take_text(part, &DATA)?;
    if data.starts_with("data:") {
        return Some((data, mime_type));
    }
    let media = mime_type.as_deref().unwrap_or("application/octet-stream");
    Some((Text::from(format!("data:{media};base64,{data}")), mime_type))
}
