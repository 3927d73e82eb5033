//! `input.value` and `output.value`: what most backends show of a span.
//!
//! A span may name them itself; else they are derived from its typed parts.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tracing_llm::{Document, Embedding, Event, Message, Payload, Text};

use super::attributes::Attributes;
use super::{Options, chat, documents};
use crate::kind::Kind;
use crate::names;

/// Writes both values with their media types.
pub(super) fn values(event: &Event, kind: Kind, options: Options, to: &mut Attributes) {
    let payload = &event.payload;
    if let Some(value) = input(event, kind) {
        to.put(names::INPUT_VALUE, value.text());
        to.put(names::INPUT_MIME_TYPE, mime(payload.input_mime_type.as_ref(), &value));
    }
    if let Some(value) = output(event, kind, options) {
        to.put(names::OUTPUT_VALUE, value.text());
        to.put(names::OUTPUT_MIME_TYPE, mime(payload.output_mime_type.as_ref(), &value));
    }
}

fn mime<'a>(named: Option<&'a Text>, value: &Shown) -> &'a str {
    match (named, value) {
        (Some(named), _) => named,
        (None, Shown::Text(_)) => names::TEXT_PLAIN,
        (None, Shown::Json(_)) => names::APPLICATION_JSON,
    }
}

/// A value to be shown.
enum Shown {
    Text(Text),
    Json(String),
}

impl Shown {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Json(text) => text,
        }
    }

    fn value(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(Text::from(text.as_str())),
            other => Self::json(other),
        }
    }

    fn json(value: &Value) -> Self {
        Self::Json(value.to_string())
    }

    /// A text that is JSON where it comes from, such as the arguments of a call.
    fn json_text(text: &Text) -> Self {
        let is_json = text.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<IgnoredAny>(text).is_ok();
        if is_json { Self::Json(text.as_str().to_owned()) } else { Self::Text(text.clone()) }
    }
}

fn input(event: &Event, kind: Kind) -> Option<Shown> {
    let payload = &event.payload;
    if let Some(input) = &payload.input {
        return Some(Shown::value(input));
    }
    match kind {
        _ if documents::is_parsing(event, kind) => count("documents", payload.documents.len()),
        Kind::Llm => messages(&payload.messages).or_else(|| text_input(payload)),
        Kind::Embedding => {
            texts(&documents::embedded_texts(payload)).or_else(|| text_input(payload))
        }
        Kind::Prompt => variables(payload).or_else(|| text_input(payload)),
        _ => match (&payload.query, payload.messages.as_ref()) {
            (Some(query), _) => Some(Shown::Text(query.clone())),
            // One message is what was asked: it needs no form around it.
            (None, [only]) if chat::is_plain(only) => Some(Shown::Text(only.text())),
            (None, all) => {
                messages(all).or_else(|| arguments(payload)).or_else(|| text_input(payload))
            }
        },
    }
}

fn output(event: &Event, kind: Kind, options: Options) -> Option<Shown> {
    let payload = &event.payload;
    if let Some(output) = &payload.output {
        return Some(Shown::value(output));
    }
    let text = payload.response.as_ref().or(payload.completion.as_ref()).cloned().map(Shown::Text);
    match kind {
        _ if documents::is_parsing(event, kind) => {
            count("nodes", payload.nodes.len()).or_else(|| count("chunks", payload.chunks.len()))
        }
        Kind::Retriever | Kind::Reranker => {
            found(&payload.nodes, options.content_characters).or(text)
        }
        Kind::Embedding => embedded(payload).or(text),
        Kind::Prompt => text.or_else(|| payload.prompt.clone().map(Shown::Text)),
        _ => text
            .or_else(|| replies(&payload.replies))
            .or_else(|| payload.function_output.as_ref().map(Shown::json_text))
            .or_else(|| payload.output_text().map(Shown::Text)),
    }
}

fn text_input(payload: &Payload) -> Option<Shown> {
    payload.input_text().map(Shown::Text)
}

fn messages(messages: &[Message]) -> Option<Shown> {
    chat::json(messages).map(Shown::Json)
}

/// The reply: its text if that is all there is, else its messages.
fn replies(replies: &[Message]) -> Option<Shown> {
    match replies {
        [only] if chat::is_plain(only) => Some(Shown::Text(only.text())),
        all => messages(all),
    }
}

fn arguments(payload: &Payload) -> Option<Shown> {
    let call = payload.function_call.as_ref()?;
    (!call.arguments.is_empty()).then(|| Shown::json_text(&call.arguments))
}

fn variables(payload: &Payload) -> Option<Shown> {
    let template = payload.template.as_ref()?;
    let text = || template.template.clone().map(Shown::Text);
    template.variables.as_ref().map(Shown::value).or_else(text)
}

fn texts(texts: &[&Text]) -> Option<Shown> {
    match texts {
        [] => None,
        [only] => Some(Shown::Text((*only).clone())),
        all => Some(Shown::json(&json!(all))),
    }
}

fn count(what: &str, count: usize) -> Option<Shown> {
    (count > 0).then(|| Shown::json(&json!({ what: count })))
}

/// Counts and dimensions: the vectors themselves are of no use to a reader.
fn embedded(payload: &Payload) -> Option<Shown> {
    let of_vector = payload.embeddings.iter().find_map(Embedding::dimensions);
    let dimensions = payload.dimensions.or(of_vector.map(|length| length as u64));
    let shown = match (payload.embeddings.len(), dimensions) {
        (0, None) => return None,
        (0, Some(dimensions)) => json!({ "dimensions": dimensions }),
        (count, None) => json!({ "embeddings": count }),
        (count, Some(dimensions)) => json!({ "embeddings": count, "dimensions": dimensions }),
    };
    Some(Shown::json(&shown))
}

/// What was found, short: `[{"id", "score", "content"}]`.
fn found(nodes: &[Document], characters: usize) -> Option<Shown> {
    #[derive(Serialize)]
    struct Found<'a> {
        id: Option<&'a Text>,
        score: Option<f64>,
        content: Cow<'a, str>,
    }
    let short: Vec<Found<'_>> = nodes
        .iter()
        .map(|node| Found {
            id: node.id.as_ref(),
            score: node.score,
            content: cut(&node.content, characters),
        })
        .collect();
    (!short.is_empty()).then(|| serde_json::to_string(&short).ok().map(Shown::Json)).flatten()
}

fn cut(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters).and_then(|(end, _)| text.get(..end)) {
        Some(beginning) => Cow::Owned(format!("{beginning}…")),
        None => Cow::Borrowed(text),
    }
}
