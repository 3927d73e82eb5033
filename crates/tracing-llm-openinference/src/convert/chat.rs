//! Chat messages as JSON text, in the shape that chat APIs have made common.
//!
//! This is the short form for `input.value` and `output.value`. The whole is in
//! `llm.input_messages` and `llm.output_messages`; here a `data:` URI is shortened.

use serde::Serialize;
use serde_json::{Value, json};
use tracing_llm::{Content, Message, Text, ToolCall};

use super::messages::{tool_calls, type_of};

/// Whether a message is text and nothing else.
pub(super) fn is_plain(message: &Message) -> bool {
    message.tool_calls.is_empty()
        && !message.contents.is_empty()
        && message.contents.iter().all(|content| content.text().is_some())
}

/// `{"messages": […]}`; none if there are none.
pub(super) fn json(messages: &[Message]) -> Option<String> {
    if messages.is_empty() {
        return None;
    }
    let chat = Chat { messages: messages.iter().map(ChatMessage::from).collect() };
    serde_json::to_string(&chat).ok()
}

#[derive(Serialize)]
struct Chat<'a> {
    messages: Vec<ChatMessage<'a>>,
}

#[derive(Serialize)]
struct ChatMessage<'a> {
    role: &'a Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<ChatContent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ChatCall<'a>>,
}

impl<'a> From<&'a Message> for ChatMessage<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            role: &message.role,
            name: message.name.as_ref(),
            tool_call_id: message.tool_call_id.as_ref(),
            content: match message.contents.as_slice() {
                [] => None,
                [Content::Text(text)] => Some(ChatContent::Text(text)),
                contents => Some(ChatContent::Items(contents.iter().filter_map(item).collect())),
            },
            tool_calls: tool_calls(message).map(ChatCall::from).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum ChatContent<'a> {
    Text(&'a Text),
    Items(Vec<Item<'a>>),
}

#[derive(Serialize)]
struct Item<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a Text>,
    /// Under a name of its own: `image_url`, `audio` …
    #[serde(flatten)]
    media: Value,
}

/// One content; the use of a tool stands among the calls of the message.
fn item(content: &Content) -> Option<Item<'_>> {
    let (r#type, text, media) = match content {
        Content::Text(text) => (type_of(content)?, Some(text), Value::Null),
        Content::Reasoning { text, .. } => (type_of(content)?, text.as_ref(), Value::Null),
        // Its address is hidden.
        Content::Image { url, .. } if url.is_empty() => ("image_url", None, json!({})),
        Content::Image { url, detail, .. } => {
            let mut picture = json!({ "url": short(url) });
            if let Some(detail) = detail {
                picture["detail"] = json!(detail);
            }
            ("image_url", None, json!({ "image_url": picture }))
        }
        Content::Video { url } => {
            ("video_url", None, json!({ "video_url": { "url": short(url) } }))
        }
        Content::Audio { url, transcript, .. } => {
            let url = url.as_deref().map(short);
            ("audio", None, json!({ "audio": { "url": url, "transcript": transcript } }))
        }
        Content::Document(document) => {
            let url = document.url.as_deref().map(short);
            ("file", None, json!({ "file": { "filename": document.name, "url": url } }))
        }
        _ => return None,
    };
    Some(Item { r#type, text, media })
}

#[derive(Serialize)]
struct ChatCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Text>,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a Text,
    arguments: &'a Text,
}

impl<'a> From<&'a ToolCall> for ChatCall<'a> {
    fn from(call: &'a ToolCall) -> Self {
        let function = Function { name: &call.name, arguments: &call.arguments };
        Self { id: call.id.as_ref(), r#type: "function", function }
    }
}

/// An address as it is; of a `data:` URI what it is and how long.
fn short(url: &str) -> String {
    match url.split_once(',') {
        Some((head, data)) if head.starts_with("data:") => {
            format!("{head},… ({} characters)", data.chars().count())
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_content_has_its_common_shape() {
        let message = Message::user("See:")
            .with(Content::image("https://example.com/cat.png"))
            .with(Content::image_with_detail("https://example.com/dog.png", "low"))
            .with(Content::Audio {
                url: Some("data:audio/wav;base64,AAAA".into()),
                mime_type: None,
                transcript: Some("meow".into()),
            })
            .with(Content::reasoning("hm"))
            .with(Content::ToolUse(ToolCall::new("look", "{}")));
        assert_eq!(
            json(&[message]).unwrap(),
            concat!(
                r#"{"messages":[{"role":"user","content":["#,
                r#"{"type":"text","text":"See:"},"#,
                r#"{"type":"image_url","image_url":{"url":"https://example.com/cat.png"}},"#,
                r#"{"type":"image_url","image_url":{"detail":"low","url":"https://example.com/dog.png"}},"#,
                r#"{"type":"audio","audio":{"transcript":"meow","url":"data:audio/wav;base64,… (4 characters)"}},"#,
                r#"{"type":"reasoning","text":"hm"}],"#,
                r#""tool_calls":[{"type":"function","function":{"name":"look","arguments":"{}"}}]}]}"#,
            )
        );
    }

    #[test]
    fn the_answer_of_a_tool_names_its_call() {
        assert_eq!(
            json(&[Message::tool("call_1", "3 hits")]).unwrap(),
            r#"{"messages":[{"role":"tool","tool_call_id":"call_1","content":"3 hits"}]}"#
        );
        assert_eq!(json(&[]), None);
    }
}
