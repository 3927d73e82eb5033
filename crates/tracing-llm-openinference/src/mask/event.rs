//! Masks the typed event, so that what is derived from it comes from what is left.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use tracing_llm::{Content, Document, Event, Message, Payload, Text};

use super::REDACTED;
use super::config::{Hide, Masks};
use crate::kind::Kind;

/// The event without what is hidden; a copy only if something is.
pub(crate) fn masked<'a>(event: &'a Event, kind: Kind, masks: &Masks) -> Cow<'a, Event> {
    if masks.is_open() {
        return Cow::Borrowed(event);
    }
    let mut event = event.clone();
    let payload = &mut event.payload;
    messages(payload, kind, masks);
    if masks.hides(Hide::Prompts) {
        hide(&mut payload.prompt);
    }
    if masks.hides(Hide::Choices) {
        hide(&mut payload.completion);
    }
    if masks.hides(Hide::EmbeddingText) && kind == Kind::Embedding {
        embedded(payload);
    }
    if masks.hides(Hide::RetrievalDocuments) {
        documents(payload, kind, masks);
    }
    if masks.strict {
        strict(&mut event, kind, masks);
    }
    Cow::Owned(event)
}

/// The messages that go in and come out, and the reply of a model that is kept as text alone.
fn messages(payload: &mut Payload, kind: Kind, masks: &Masks) {
    if masks.hides(Hide::InputMessages) {
        payload.messages = Arc::default();
    } else if masks.hides_any(&[Hide::InputText, Hide::InputImages]) {
        for message in each(&mut payload.messages) {
            if masks.hides(Hide::InputImages) {
                pictures(message);
            }
            if masks.hides(Hide::InputText) {
                texts(message, masks.strict);
            }
        }
    }
    if masks.hides(Hide::OutputMessages) {
        payload.replies = Arc::default();
        payload.response.take_if(|_| kind == Kind::Llm);
    } else if masks.hides(Hide::OutputText) {
        each(&mut payload.replies).iter_mut().for_each(|reply| texts(reply, masks.strict));
        if kind == Kind::Llm {
            hide(&mut payload.response);
        }
    }
}

/// An address that is empty is not written; the type of the content says that there was one.
fn pictures(message: &mut Message) {
    for content in &mut message.contents {
        if let Content::Image { url, .. } = content {
            *url = Text::default();
        }
    }
}

fn texts(message: &mut Message, strict: bool) {
    for content in &mut message.contents {
        match content {
            Content::Text(text) => *text = redacted(),
            Content::Reasoning { text, encrypted, .. } => {
                hide(text);
                if strict {
                    hide(encrypted);
                }
            }
            Content::Audio { transcript, .. } if strict => hide(transcript),
            Content::Document(document) if strict => whole(document),
            Content::ToolUse(call) if strict => call.arguments = redacted(),
            _ => {}
        }
    }
    if strict {
        message.tool_calls.iter_mut().for_each(|call| call.arguments = redacted());
    }
}

fn embedded(payload: &mut Payload) {
    for embedding in each(&mut payload.embeddings) {
        hide(&mut embedding.text);
    }
    each(&mut payload.chunks).iter_mut().for_each(|text| *text = redacted());
    // What the span shows as its input where no texts are named.
    hide(&mut payload.query);
    hide(&mut payload.prompt);
}

fn documents(payload: &mut Payload, kind: Kind, masks: &Masks) {
    // The official masker leaves the documents of a reranker.
    if kind != Kind::Reranker || masks.strict {
        each(&mut payload.nodes).iter_mut().for_each(content);
    }
    if let Some(part) = &mut payload.sub_question {
        part.sources.iter_mut().for_each(content);
    }
}

fn content(document: &mut Document) {
    if !document.content.is_empty() {
        document.content = redacted();
    }
    hide_json(&mut document.metadata);
}

fn whole(document: &mut Document) {
    content(document);
    hide(&mut document.name);
    hide(&mut document.url);
}

/// What tells of hidden parts in other words.
fn strict(event: &mut Event, kind: Kind, masks: &Masks) {
    let any = |of: &[Hide]| masks.hides_any(of);
    let payload = &mut event.payload;
    let (repeats_in, repeats_out) = match kind {
        Kind::Llm => (
            any(&[Hide::InputMessages, Hide::InputText, Hide::InputImages, Hide::Prompts]),
            any(&[Hide::OutputMessages, Hide::OutputText, Hide::Choices]),
        ),
        Kind::Embedding => (masks.hides(Hide::EmbeddingText), false),
        Kind::Retriever | Kind::Reranker => (false, masks.hides(Hide::RetrievalDocuments)),
        _ => (false, false),
    };
    if repeats_in && hide_json(&mut payload.input) {
        payload.input_mime_type = None;
    }
    if repeats_out && hide_json(&mut payload.output) {
        payload.output_mime_type = None;
    }
    if any(&[Hide::Inputs, Hide::Outputs]) {
        if let Some(exception) = &mut payload.exception {
            exception.message = redacted();
            hide(&mut exception.stacktrace);
        }
        event.logs.iter_mut().for_each(|log| log.message = redacted());
    }
}

fn redacted() -> Text {
    Text::literal(REDACTED)
}

fn hide(text: &mut Option<Text>) {
    if text.is_some() {
        *text = Some(redacted());
    }
}

/// Whether there was something to hide.
fn hide_json(value: &mut Option<Value>) -> bool {
    let is_there = value.is_some();
    if is_there {
        *value = Some(Value::from(REDACTED));
    }
    is_there
}

/// The items of a list, to be changed; an empty list is not copied.
fn each<T: Clone>(list: &mut Arc<[T]>) -> &mut [T] {
    if list.is_empty() { &mut [] } else { Arc::make_mut(list) }
}
