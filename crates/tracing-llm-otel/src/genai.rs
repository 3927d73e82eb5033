//! An event in the words of OpenTelemetry's GenAI conventions
//! ([semantic conventions 1.41](https://github.com/open-telemetry/semantic-conventions/blob/v1.41.1/docs/gen-ai/gen-ai-spans.md)).

mod call;

use opentelemetry::{Array, KeyValue, StringValue, Value};
use serde_json::{Value as Json, json};
use tracing_llm::{Content, Event, EventType, Message, Text, ToolCall};

pub(crate) use self::call::{error_type, operation, provider};

/// What the event is and what it took, without any content: operation, models, request parameters,
/// tokens, ids, why the model stopped, error type. Names and types follow the GenAI semantic conventions
/// 1.41.1; what these have no name for is `tracing_llm.event_type`.
///
/// ```
/// use tracing_llm::{Event, EventType, Usage};
///
/// let mut event = Event::new(EventType::LLM, "chat");
/// event.payload.usage = Some(Usage::new(12, 5));
/// let attributes = tracing_llm_otel::attributes(&event);
/// assert!(attributes.iter().any(|pair| pair.key.as_str() == "gen_ai.usage.input_tokens"));
/// ```
#[must_use]
pub fn attributes(event: &Event) -> Vec<KeyValue> {
    let mut to = Attributes::default();
    let payload = &event.payload;
    to.text("tracing_llm.event_type", Some(event.event_type.name()));
    to.text("gen_ai.operation.name", operation(event));
    to.text("gen_ai.provider.name", provider(event));
    to.text("gen_ai.request.model", payload.model.as_ref());
    to.text("gen_ai.response.model", payload.response_model.as_ref());
    to.text("gen_ai.response.id", payload.response_id.as_ref());
    to.text("gen_ai.conversation.id", event.context.session_id.as_ref());
    to.text("user.id", event.context.user_id.as_ref());
    to.text("gen_ai.agent.name", payload.agent.as_ref());
    to.texts("gen_ai.response.finish_reasons", payload.finish_reason.as_deref());
    parameters(event, &mut to);
    if let Some(usage) = &payload.usage {
        to.count("gen_ai.usage.input_tokens", usage.input);
        to.count("gen_ai.usage.output_tokens", usage.output);
        to.count("gen_ai.usage.cache_read.input_tokens", usage.cache_read);
        to.count("gen_ai.usage.cache_creation.input_tokens", usage.cache_write);
        to.count("gen_ai.usage.reasoning.output_tokens", usage.reasoning);
    }
    let called = payload.function_call.as_ref();
    let tool = called.map(|call| &call.name).or(payload.tool.as_ref().map(|tool| &tool.name));
    to.text("gen_ai.tool.name", tool);
    to.text("gen_ai.tool.call.id", called.and_then(|call| call.id.as_ref()));
    to.count("gen_ai.embeddings.dimension.count", payload.dimensions);
    to.text("error.type", error_type(event));
    to.0
}

/// The same with the content: messages in and out, tools offered and called, the query.
///
/// ```
/// use tracing_llm::{Event, EventType, Message};
///
/// let mut event = Event::new(EventType::LLM, "chat");
/// event.payload.messages = vec![Message::user("Hello")].into();
/// let attributes = tracing_llm_otel::attributes_with_content(&event);
/// assert!(attributes.iter().any(|pair| pair.key.as_str() == "gen_ai.input.messages"));
/// ```
#[must_use]
pub fn attributes_with_content(event: &Event) -> Vec<KeyValue> {
    let mut to = Attributes(attributes(event));
    let payload = &event.payload;
    let prompt = payload.prompt.as_ref().map(|prompt| Message::user(prompt.clone()));
    let asked = payload.messages.iter().chain(&prompt).map(|message| told(message, None));
    to.json("gen_ai.input.messages", asked.collect());
    let text = payload.response.as_ref().or(payload.completion.as_ref());
    let reply = text.filter(|_| payload.replies.is_empty()).cloned().map(Message::assistant);
    let reason = payload.finish_reason.as_ref();
    let replies = payload.replies.iter().chain(&reply).map(|message| told(message, reason));
    to.json("gen_ai.output.messages", replies.collect());
    let tools = payload.tools.iter().map(|tool| {
        json!({ "type": "function", "name": &*tool.name,
            "description": tool.description.as_deref(), "parameters": tool.parameters })
    });
    to.json("gen_ai.tool.definitions", tools.collect());
    let arguments = payload.function_call.as_ref().map(|call| &call.arguments);
    to.text("gen_ai.tool.call.arguments", arguments);
    to.text("gen_ai.tool.call.result", payload.function_output.as_ref());
    if event.event_type == EventType::RETRIEVE {
        to.text("gen_ai.retrieval.query.text", payload.query.as_ref());
    }
    if let Some(exception) = &payload.exception {
        to.text("exception.message", Some(&exception.message));
    }
    to.0
}

/// The parameters that the conventions name.
fn parameters(event: &Event, to: &mut Attributes) {
    let given = |names: &[&str]| {
        let given = event.payload.parameters.as_ref()?;
        names.iter().find_map(|name| given.get(name)).cloned()
    };
    for (key, names) in [
        ("gen_ai.request.temperature", &["temperature"][..]),
        ("gen_ai.request.top_p", &["top_p"]),
        ("gen_ai.request.frequency_penalty", &["frequency_penalty"]),
        ("gen_ai.request.presence_penalty", &["presence_penalty"]),
    ] {
        to.put(key, given(names).as_ref().and_then(Json::as_f64));
    }
    for (key, names) in [
        (
            "gen_ai.request.max_tokens",
            &["max_tokens", "max_completion_tokens", "max_output_tokens"][..],
        ),
        ("gen_ai.request.seed", &["seed"]),
    ] {
        to.put(key, given(names).as_ref().and_then(Json::as_i64));
    }
}

/// A message as the conventions' schema has it: a role and parts.
fn told(message: &Message, finish_reason: Option<&Text>) -> Json {
    let texts = message.contents.iter().map(|content| match content {
        Content::Text(text) => json!({ "type": "text", "content": &**text }),
        Content::Reasoning { text, .. } => {
            json!({ "type": "reasoning", "content": text.as_deref() })
        }
        Content::ToolUse(used) => call(used),
        // What is no text is named, not carried.
        _ => json!({ "type": "other" }),
    });
    let parts: Vec<Json> = match &message.tool_call_id {
        Some(id) => {
            vec![json!({ "type": "tool_call_response", "id": &**id, "response": &*message.text() })]
        }
        None => texts.chain(message.tool_calls.iter().map(call)).collect(),
    };
    let mut told = json!({ "role": &*message.role, "parts": parts });
    let reason = message.finish_reason.as_ref().or(finish_reason);
    if let (Some(reason), Some(told)) = (reason, told.as_object_mut()) {
        told.insert("finish_reason".to_owned(), Json::from(&**reason));
    }
    told
}

fn call(call: &ToolCall) -> Json {
    let arguments: Json =
        serde_json::from_str(&call.arguments).unwrap_or_else(|_| Json::from(&*call.arguments));
    json!({ "type": "tool_call", "id": call.id.as_deref(), "name": &*call.name,
        "arguments": arguments })
}

#[derive(Default)]
struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn put(&mut self, key: &'static str, value: Option<impl Into<Value>>) {
        self.0.extend(value.map(|value| KeyValue::new(key, value)));
    }

    fn text(&mut self, key: &'static str, text: Option<impl AsRef<str>>) {
        self.put(key, text.map(|text| text.as_ref().to_owned()));
    }

    fn texts(&mut self, key: &'static str, text: Option<&str>) {
        let list = text.map(|text| vec![StringValue::from(text.to_owned())]);
        self.put(key, list.map(|list| Value::Array(Array::String(list))));
    }

    fn count(&mut self, key: &'static str, count: Option<u64>) {
        self.put(key, count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)));
    }

    /// A structure is JSON text on a span.
    fn json(&mut self, key: &'static str, list: Vec<Json>) {
        self.put(key, (!list.is_empty()).then(|| Json::Array(list).to_string()));
    }
}

#[cfg(test)]
mod tests;
