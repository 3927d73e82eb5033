//! A message as the provider's file format has it: OpenAI's `FineTuneChatRequestInput`, API 2.3.0.

use std::borrow::Cow;

use serde::Serialize;
use tracing_llm::{Content, Message, Text, ToolCall};

const SOUND: &str = "a recording that is not in the message itself, as WAV or MP3";

/// The keys in the order of the original.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Body<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Function<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Image<'a> },
    InputAudio { input_audio: Audio<'a> },
}

#[derive(Serialize)]
struct Image<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Audio<'a> {
    data: &'a str,
    format: &'a str,
}

#[derive(Serialize)]
struct Call<'a> {
    id: Cow<'a, str>,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl Written<'_> {
    /// Nothing is said in it.
    pub(super) fn is_empty(&self) -> bool {
        let said = match &self.content {
            None => false,
            Some(Body::Text(text)) => !text.is_empty(),
            Some(Body::Parts(_)) => true,
        };
        !said && self.tool_calls.is_empty() && self.function_call.is_none()
    }
}

/// Thoughts are left out: the provider takes none.
///
/// # Errors
///
/// What is in it that the format does not know.
pub(super) fn write(message: &Message, with_functions: bool) -> Result<Written<'_>, &'static str> {
    let role = role(&message.role);
    let calls: Vec<&ToolCall> = message.tool_calls.iter().chain(uses(message)).collect();
    let mut parts = Vec::new();
    for content in &message.contents {
        match content {
            Content::Text(text) => parts.push(Part::Text { text }),
            Content::Image { url, detail, .. } => {
                let detail = detail.as_deref();
                parts.push(Part::ImageUrl { image_url: Image { url, detail } });
            }
            Content::Audio { url: Some(url), .. } => {
                parts.push(Part::InputAudio { input_audio: audio(url).ok_or(SOUND)? });
            }
            Content::Reasoning { .. } | Content::ToolUse(_) => {}
            Content::Audio { .. } => return Err(SOUND),
            Content::Video { .. } => return Err("a film"),
            Content::Document(_) => return Err("a file"),
            _ => return Err("a part of an unknown kind"),
        }
    }
    let content = match parts.as_slice() {
        [] => None,
        [Part::Text { text }] => Some(Body::Text(text)),
        _ => Some(Body::Parts(parts)),
    };
    // An empty text beside a call says nothing, and the original has none.
    let content = content.filter(|body| !matches!(body, Body::Text("") if !calls.is_empty()));
    let has_to_have = calls.is_empty() && content.is_none() && role != "assistant";
    let (tool_calls, function_call) = match calls.as_slice() {
        [only] if with_functions && only.id.is_none() => (Vec::new(), Some(function(only))),
        _ => (calls.iter().enumerate().map(|(place, it)| call(it, place)).collect(), None),
    };
    Ok(Written {
        role,
        content: content.or(has_to_have.then_some(Body::Text(""))),
        // An answer of a tool is known by its id; the format refuses a name.
        name: message.name.as_deref().filter(|_| role != "tool"),
        tool_call_id: message.tool_call_id.as_deref().filter(|_| role == "tool"),
        tool_calls,
        function_call,
    })
}

/// Calls that stand among the contents, and not in the list of calls too.
fn uses(message: &Message) -> impl Iterator<Item = &ToolCall> {
    let uses = message.contents.iter().filter_map(|content| match content {
        Content::ToolUse(call) => Some(call),
        _ => None,
    });
    uses.filter(|call| !message.tool_calls.contains(call))
}

/// The provider's word for who speaks, from other providers' and LlamaIndex's.
fn role(role: &Text) -> &str {
    match role.as_str() {
        "human" => "user",
        "ai" | "model" | "chatbot" => "assistant",
        other => other,
    }
}

/// A call without an id gets one by its place, as the format asks for one.
fn call(call: &ToolCall, place: usize) -> Call<'_> {
    let id = call.id.as_deref().map_or_else(|| format!("call_{place}").into(), Cow::Borrowed);
    Call { id, r#type: "function", function: function(call) }
}

fn function(call: &ToolCall) -> Function<'_> {
    Function { name: &call.name, arguments: &call.arguments }
}

/// A recording is in the file itself: `data:audio/wav;base64,…`.
fn audio(url: &str) -> Option<Audio<'_>> {
    let (kind, data) = url.strip_prefix("data:audio/")?.split_once(";base64,")?;
    let format = match kind {
        "wav" | "x-wav" | "wave" => "wav",
        "mp3" | "mpeg" => "mp3",
        _ => return None,
    };
    Some(Audio { data, format })
}
