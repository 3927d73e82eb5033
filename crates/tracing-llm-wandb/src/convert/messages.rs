//! Messages as text: lines of `role: text`, as the original joins them, with a word for what is no
//! text.

use tracing_llm::{Content, Message, ToolCall};

use super::clip::Clip;

pub(super) fn joined(messages: &[Message], clip: Clip) -> String {
    let lines: Vec<String> = messages
        .iter()
        .map(|message| format!("{}: {}", message.role, clip.text(&text(message))))
        .collect();
    lines.join("\n")
}

/// What a message says, without who says it.
pub(super) fn text(message: &Message) -> String {
    let contents = message.contents.iter().map(content);
    let parts: Vec<String> = contents.chain(message.tool_calls.iter().map(call)).collect();
    parts.join("\n")
}

pub(super) fn call(call: &ToolCall) -> String {
    format!("[call] {}({})", call.name, call.arguments)
}

fn content(content: &Content) -> String {
    match content {
        Content::Text(text) => text.to_string(),
        Content::Reasoning { text, .. } => {
            format!("[reasoning] {}", text.as_deref().unwrap_or("not shown"))
        }
        Content::Image { url, .. } => format!("[image] {}", address(url)),
        Content::Audio { transcript: Some(text), .. } => format!("[audio] {text}"),
        Content::Audio { url, .. } => format!("[audio] {}", url.as_deref().map_or("", address)),
        Content::Video { url } => format!("[video] {}", address(url)),
        Content::Document(document) => {
            let name = document.name.as_deref().or(document.url.as_deref().map(address));
            format!("[file] {}", name.unwrap_or_default())
        }
        Content::ToolUse(used) => call(used),
        _ => "[other content]".to_owned(),
    }
}

/// An address as it is; of a `data:` URI what comes before the data.
fn address(url: &str) -> &str {
    match url.split_once(',') {
        Some((about, _)) if url.starts_with("data:") => about,
        _ => url,
    }
}
