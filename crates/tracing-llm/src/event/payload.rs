//! What an event carries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Annotation, Document, Embedding, Exception, Message, SubQuestion, Template, Text, Tool,
    ToolCall,
};
use crate::{Cost, Usage};

/// What an event carries: typed parts, each of which may be absent.
///
/// The parts are LlamaIndex's twenty-two payloads under the field's standard
/// names, with what OpenInference and the OpenTelemetry GenAI conventions have
/// beyond them. A list that is empty is absent. All texts and lists are shared:
/// a clone copies no content.
///
/// ```
/// use tracing_llm::{Message, Payload};
///
/// let mut payload = Payload::default();
/// payload.model = Some("gpt-5-mini".into());
/// payload.messages = vec![Message::user("Hello")].into();
/// assert_eq!(payload.input_text().as_deref(), Some("user: Hello"));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payload {
    /// The model that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Text>,
    /// The model that answered, where the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_model: Option<Text>,
    /// Who hosts the model: `openai`, `azure`, `aws` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Text>,
    /// Whose API is spoken: `openai`, `anthropic` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<Text>,
    /// The request's parameters, such as the temperature: a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,

    /// The messages that were sent.
    #[serde(skip_serializing_if = "is_empty")]
    pub messages: Arc<[Message]>,
    /// The messages that came back, one for each choice.
    #[serde(skip_serializing_if = "is_empty")]
    pub replies: Arc<[Message]>,
    /// The formatted prompt that was sent to a completion API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Text>,
    /// The text that a completion API gave back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<Text>,
    /// The answer as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Text>,
    /// Why the model stopped: `stop`, `length`, `tool_calls` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<Text>,
    /// The provider's id of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_id: Option<Text>,
    /// The tools that were offered.
    #[serde(skip_serializing_if = "is_empty")]
    pub tools: Arc<[Tool]>,
    /// Tokens used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The course of a streamed answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamProgress>,

    /// The question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Text>,
    /// How many nodes are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// The documents that go in: to be parsed or reranked.
    #[serde(skip_serializing_if = "is_empty")]
    pub documents: Arc<[Document]>,
    /// The nodes that come out: parsed, retrieved or reranked.
    #[serde(skip_serializing_if = "is_empty")]
    pub nodes: Arc<[Document]>,
    /// Chunks of text: cut by a splitter, or to be embedded or summarised.
    #[serde(skip_serializing_if = "is_empty")]
    pub chunks: Arc<[Text]>,
    /// Embedded texts and their vectors.
    #[serde(skip_serializing_if = "is_empty")]
    pub embeddings: Arc<[Embedding]>,
    /// The length of the vectors, where only that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u64>,
    /// Summaries of a level of a tree.
    #[serde(skip_serializing_if = "is_empty")]
    pub summaries: Arc<[Text]>,
    /// The level of a tree; 0 holds the leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u64>,

    /// The prompt template, its version and its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// A part of a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_question: Option<SubQuestion>,
    /// The tool that is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// The call: name, arguments, id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_call: Option<ToolCall>,
    /// What the function gave back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_output: Option<Text>,
    /// The agent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Text>,

    /// The main input, where a span names it itself (`input.value`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// The media type of the input, where a span names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_mime_type: Option<Text>,
    /// The main output, where a span names it itself (`output.value`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// The media type of the output, where a span names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_mime_type: Option<Text>,

    /// The component that was called, as JSON (LlamaIndex).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serialized: Option<Value>,
    /// Extra arguments of the call (LlamaIndex).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_kwargs: Option<Value>,
    /// The error that the event failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// How people, models or programs judge it.
    #[serde(skip_serializing_if = "is_empty")]
    pub annotations: Arc<[Annotation]>,
    /// All other fields of the span, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<Text, Value>,
}

/// The course of a streamed answer.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamProgress {
    /// From the start of the event to the first token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token: Option<Duration>,
    /// How many pieces came.
    pub chunks: u64,
    /// Whether the stream ran to its end: a wrapper saw it, [`ok`](crate::EventHandle::ok) was called, or
    /// the whole answer was handed over. False of one that was broken off, and where nobody says.
    pub finished: bool,
}

impl Payload {
    /// The main input as text, whatever part it is in: `input`, messages
    /// (`role: text` lines), prompt, query, sub-question, the function's
    /// arguments, or chunks.
    #[must_use]
    pub fn input_text(&self) -> Option<Text> {
        if let Some(input) = &self.input {
            return Some(value_text(input));
        }
        if !self.messages.is_empty() {
            return Some(join(self.messages.iter().map(ToString::to_string)));
        }
        self.prompt
            .clone()
            .or_else(|| self.query.clone())
            .or_else(|| self.sub_question.as_ref().map(|part| part.question.clone()))
            .or_else(|| self.function_call.as_ref().map(|call| call.arguments.clone()))
            .or_else(|| self.template.as_ref().and_then(|template| template.template.clone()))
            .or_else(|| (!self.chunks.is_empty()).then(|| join(self.chunks.iter().cloned())))
    }

    /// The main output as text, whatever part it is in: `output`, the
    /// response, the completion, replies, the function's output, the answer of
    /// a sub-question, or summaries.
    #[must_use]
    pub fn output_text(&self) -> Option<Text> {
        if let Some(output) = &self.output {
            return Some(value_text(output));
        }
        self.response
            .clone()
            .or_else(|| self.completion.clone())
            .or_else(|| {
                (!self.replies.is_empty()).then(|| join(self.replies.iter().map(Message::text)))
            })
            .or_else(|| self.function_output.clone())
            .or_else(|| self.sub_question.as_ref().and_then(|part| part.answer.clone()))
            .or_else(|| (!self.summaries.is_empty()).then(|| join(self.summaries.iter().cloned())))
    }
}

fn value_text(value: &Value) -> Text {
    match value {
        Value::String(text) => Text::from(text.as_str()),
        other => Text::from(other.to_string()),
    }
}

fn join<T: Into<Text>>(texts: impl IntoIterator<Item = T>) -> Text {
    let mut texts = texts.into_iter().map(Into::into);
    let first: Text = texts.next().unwrap_or_default();
    let Some(second) = texts.next() else { return first };
    let mut joined = format!("{first}\n{second}");
    for text in texts {
        joined.push('\n');
        joined.push_str(&text);
    }
    Text::from(joined)
}

fn is_empty<T>(list: &Arc<[T]>) -> bool {
    list.is_empty()
}
