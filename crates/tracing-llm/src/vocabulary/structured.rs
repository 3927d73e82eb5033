//! Parts that arrive as JSON text.

use serde_json::Value;

use super::key::{Key, Side, TemplatePart, TextsPart, ToolPart};
use super::parameters::set_parameters;
use super::read::annotations::annotations;
use super::read::documents::documents;
use super::read::embeddings::embeddings;
use super::read::messages::{instructions, messages};
use super::read::questions::{sub_question, texts, wrapped, wrapped_texts};
use super::read::tools::{is_schema, tool, tool_call, tools};
use super::read::{Parsed, parse, text};
use super::{Draft, Scalar};
use crate::usage::is_unread;
use crate::{Content, Document, Message, SubQuestion, Text, Tool, Usage};

impl Draft {
    /// Takes a part that is JSON, or the text that stands in for it.
    pub(super) fn set_structured(&mut self, key: Key, name: &'static str, value: Scalar) {
        let text = match (key, value) {
            // Nothing was reported.
            (Key::Usage | Key::Parameters, Scalar::Text(text)) if text.trim().is_empty() => return,
            (_, Scalar::Text(text)) => text,
            (Key::FinishReason, other) => other.into_text(),
            (key, other) if takes_any(key) => {
                self.fill(key, other.into_value(), &Text::default());
                return;
            }
            (_, other) => return self.refuse(name, other),
        };
        let before = self.unreadable;
        match parse(&text) {
            Parsed::Json(Value::Null) => {}
            Parsed::Json(Value::String(quoted)) => {
                if let Err(text) = self.fill_text(key, name, Text::from(quoted)) {
                    self.refuse(name, Scalar::Text(text));
                }
            }
            Parsed::Json(json) => {
                if !self.fill(key, json, &text) {
                    return self.refuse(name, Scalar::Text(text));
                }
                self.flattened.forget(key);
                if self.unreadable > before {
                    self.keep(name, Scalar::Text(text));
                }
            }
            Parsed::Plain => {
                if let Err(text) = self.fill_text(key, name, text) {
                    self.refuse(name, Scalar::Text(text));
                }
            }
            Parsed::Broken if is_no_fragment(key) => self.refuse(name, Scalar::Text(text)),
            Parsed::Broken => match self.fill_text(key, name, text) {
                Ok(()) => self.unreadable += 1,
                Err(text) => self.refuse(name, Scalar::Text(text)),
            },
        }
    }

    /// Fills a part from JSON; `whole` is the text that it was read from. False if the JSON is
    /// nothing of the kind.
    pub(super) fn fill(&mut self, key: Key, json: Value, whole: &Text) -> bool {
        let payload = &mut self.payload;
        match key {
            Key::Messages(side) => {
                match side {
                    Side::In => payload.messages = messages(json, "user").into(),
                    Side::Out => payload.replies = messages(json, "assistant").into(),
                }
                self.drop_spare(side);
            }
            Key::Instructions => self.instructions = Some(instructions(json)),
            Key::Prompts => payload.prompt = joined(&wrapped_texts(json, "prompt")),
            Key::Choices => self.fill_choices(json),
            Key::FinishReason => {
                let reasons: Vec<Text> = texts(json);
                if let Some(reason) = one_reason(reasons) {
                    self.set_finish_reason(reason);
                }
            }
            Key::Documents(Side::In) => payload.documents = documents(json).into(),
            Key::Documents(Side::Out) => payload.nodes = documents(json).into(),
            Key::Texts(TextsPart::Chunks) => payload.chunks = texts(json).into(),
            Key::Texts(TextsPart::Summaries) => payload.summaries = texts(json).into(),
            Key::Embeddings => {
                let Some((list, unread)) = embeddings(json) else { return false };
                payload.embeddings = list.into();
                self.unreadable += unread;
            }
            Key::Annotations => {
                let (list, unread) = annotations(json);
                payload.annotations = list.into();
                self.unreadable += unread;
            }
            Key::Tools => payload.tools = tools(json).into(),
            Key::Tool(ToolPart::Schema) => {
                let Some(read) = tool(json) else { return false };
                let known = payload.tool.take().unwrap_or_default();
                payload.tool = Some(Tool {
                    name: if known.name.is_empty() { read.name } else { known.name },
                    description: known.description.or(read.description),
                    ..read
                });
            }
            Key::Tool(ToolPart::Parameters) => {
                if is_schema(&json) {
                    payload.tool.get_or_insert_default().parameters = Some(json);
                } else {
                    payload.function_call.get_or_insert_default().arguments = whole.clone();
                }
            }
            Key::Tool(_) => {
                let Some(read) = tool(json) else { return false };
                payload.tool = Some(read);
            }
            Key::Call(_) => {
                let call = payload.function_call.get_or_insert_default();
                match names_function(&json).then(|| tool_call(json)) {
                    Some(Ok(read)) => {
                        call.id = read.id.or(call.id.take());
                        call.name = read.name;
                        call.arguments = read.arguments;
                        call.reasoning_signature = read.reasoning_signature;
                    }
                    // LlamaIndex hands over the arguments alone.
                    _ => call.arguments = whole.clone(),
                }
            }
            Key::SubQuestion => {
                let Some(read) = sub_question(json) else { return false };
                payload.sub_question = Some(read);
            }
            Key::Usage => {
                let Some(read) = Usage::from_json(&json) else { return !is_unread(&json) };
                payload.usage.get_or_insert_default().merge(&read);
            }
            Key::Parameters => return set_parameters(payload, json),
            Key::Serialized => payload.serialized = Some(json),
            Key::AdditionalKwargs => payload.additional_kwargs = Some(json),
            Key::Template(TemplatePart::Variables) => {
                payload.template.get_or_insert_default().variables = Some(json);
            }
            _ => return false,
        }
        true
    }

    /// Fills a part from plain text; gives it back if the part cannot be plain text.
    fn fill_text(&mut self, key: Key, name: &'static str, text: Text) -> Result<(), Text> {
        let payload = &mut self.payload;
        match key {
            Key::Messages(side) => return self.set_spare(side, name, text),
            Key::Instructions => self.instructions = Some(Message::system(text)),
            Key::Prompts => payload.prompt = Some(text),
            Key::Choices => payload.completion = Some(text),
            Key::FinishReason => self.set_finish_reason(text),
            Key::Documents(Side::In) => payload.documents = [Document::new(text)].into(),
            Key::Documents(Side::Out) => payload.nodes = [Document::new(text)].into(),
            Key::Texts(TextsPart::Chunks) => payload.chunks = [text].into(),
            Key::Texts(TextsPart::Summaries) => payload.summaries = [text].into(),
            Key::Tool(ToolPart::Whole) => payload.tool = Some(Tool::new(text)),
            Key::Tool(ToolPart::Parameters) | Key::Call(_) => {
                payload.function_call.get_or_insert_default().arguments = text;
            }
            Key::SubQuestion => payload.sub_question = Some(SubQuestion::new(text)),
            key if takes_any(key) => {
                self.fill(key, Value::String(text.into_string()), &Text::default());
            }
            _ => return Err(text),
        }
        Ok(())
    }

    /// One text is the completion; several choices, or more than text, are replies.
    fn fill_choices(&mut self, json: Value) {
        let mut replies = messages(wrapped(json, "completion"), "assistant");
        let is_plain = |reply: &Message| {
            reply.tool_calls.is_empty() && matches!(*reply.contents, [Content::Text(_)])
        };
        match replies.pop() {
            Some(only) if replies.is_empty() && is_plain(&only) => {
                self.payload.completion = Some(only.text());
                if let Some(reason) = only.finish_reason {
                    self.set_finish_reason(reason);
                }
            }
            last => {
                replies.extend(last);
                self.payload.replies = replies.into();
                self.drop_spare(Side::Out);
            }
        }
    }
}

/// Parts that are any JSON, a text included.
fn takes_any(key: Key) -> bool {
    matches!(key, Key::Serialized | Key::AdditionalKwargs | Key::Template(TemplatePart::Variables))
}

/// Parts that a text which should have been JSON is none of: it would be a misleading document.
fn is_no_fragment(key: Key) -> bool {
    matches!(key, Key::Documents(_) | Key::Texts(_) | Key::SubQuestion | Key::Tool(ToolPart::Whole))
}

/// Whether JSON is a whole call, and not arguments that happen to have a `name`.
fn names_function(json: &Value) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| json.get(key).is_some());
    has(&["function", "tool_name", "tool_call", "tool_call.function.name"])
        || (has(&["name"]) && has(&["arguments", "args", "input", "parameters"]))
}

/// Several prompts of one request in one text.
fn joined(texts: &[Text]) -> Option<Text> {
    match texts {
        [] => None,
        [only] => Some(only.clone()),
        several => Some(Text::from(several.join("\n"))),
    }
}

/// One reason if all choices stopped for the same, else a JSON list of them.
pub(super) fn one_reason(reasons: Vec<Text>) -> Option<Text> {
    let first = reasons.first()?;
    if reasons.iter().all(|reason| reason == first) {
        return Some(first.clone());
    }
    let list = reasons.into_iter().map(|reason| Value::String(reason.into_string()));
    Some(text(Value::Array(list.collect())))
}
