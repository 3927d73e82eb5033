//! The model: its name, parameters, prompts and choices.

use serde_json::{Map, Value};
use tracing_llm::{Event, Message, Payload, Text};

use super::attributes::{Attributes, Json};
use crate::kind::Kind;
use crate::names::{self, own};

/// Providers that serve their own API, so that `llm.system` is known where only the
/// provider is. All are values that the conventions list for both attributes.
const OWN_API: [&str; 6] = ["anthropic", "cohere", "deepseek", "mistralai", "openai", "xai"];

/// The model's name, provider and system, under the names that the span kind has for them.
pub(super) fn model(event: &Event, kind: Kind, to: &mut Attributes) {
    let payload = &event.payload;
    let (asked, answered) = (payload.model.as_ref(), payload.response_model.as_ref());
    // Another model answered than was asked for, or it is not known which was.
    let differ = answered.is_some() && answered != asked;
    let serialized = payload.serialized.as_ref().and_then(serialized_model);
    let name = event.model().map(Text::as_str).or(serialized);
    match kind {
        Kind::Embedding => to.put(names::EMBEDDING_MODEL_NAME, name),
        Kind::Reranker => to.put(names::RERANKER_MODEL_NAME, name),
        Kind::Decision => {
            to.put(names::DECISION_MODEL_NAME, name);
            to.put(names::DECISION_REQUEST_MODEL_NAME, asked.filter(|_| differ));
            to.put(names::DECISION_RESPONSE_MODEL_NAME, answered.filter(|_| differ));
            to.put(names::DECISION_PROVIDER, payload.provider.as_ref());
            to.put(names::DECISION_SYSTEM, system(payload));
        }
        // Some backends take any span with `llm.model_name` for a model call.
        Kind::Prompt | Kind::Retriever | Kind::Tool => to.put(own::MODEL_NAME, name),
        _ => {
            to.put(names::LLM_MODEL_NAME, name);
            to.put(names::LLM_REQUEST_MODEL_NAME, asked.filter(|_| differ));
            to.put(names::LLM_RESPONSE_MODEL_NAME, answered.filter(|_| differ));
        }
    }
    match kind {
        Kind::Decision => {}
        // The conventions keep both names off EMBEDDING spans.
        Kind::Embedding => to.put(own::PROVIDER, payload.provider.as_ref()),
        _ => {
            to.put(names::LLM_PROVIDER, payload.provider.as_ref());
            to.put(names::LLM_SYSTEM, system(payload));
        }
    }
}

fn system(payload: &Payload) -> Option<&Text> {
    payload.system.as_ref().or_else(|| {
        payload.provider.as_ref().filter(|provider| OWN_API.contains(&provider.as_str()))
    })
}

/// The model in a component that LlamaIndex serialized.
fn serialized_model(component: &Value) -> Option<&str> {
    ["model", "model_name"].iter().find_map(|name| component.get(name)?.as_str())
}

/// Why the model stopped, and what is known of a streamed answer.
pub(super) fn finish(payload: &Payload, to: &mut Attributes) {
    let of_reply =
        || payload.replies.iter().find_map(|reply: &Message| reply.finish_reason.as_ref());
    to.put(names::LLM_FINISH_REASON, payload.finish_reason.as_ref().or_else(of_reply));
    to.put(own::RESPONSE_ID, payload.response_id.as_ref());
    if let Some(stream) = &payload.stream {
        to.put(own::STREAM_CHUNKS, stream.chunks);
        to.put(own::STREAM_FINISHED, stream.finished);
    }
}

/// The request's parameters as JSON text: those of the call, else those of the serialized
/// component, with LlamaIndex's additional arguments.
pub(super) fn parameters(payload: &Payload, kind: Kind, to: &mut Attributes) {
    let key = match kind {
        Kind::Embedding => names::EMBEDDING_INVOCATION_PARAMETERS,
        _ => names::LLM_INVOCATION_PARAMETERS,
    };
    let mut all = match &payload.parameters {
        Some(Value::Object(fields)) => fields.clone(),
        Some(other) => return to.put(key, Json(other)),
        None => payload.serialized.as_ref().map(serialized_parameters).unwrap_or_default(),
    };
    if let Some(Value::Object(more)) = &payload.additional_kwargs {
        for (name, value) in more {
            all.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
    to.put(key, (!all.is_empty()).then(|| Value::Object(all).to_string()));
}

fn serialized_parameters(component: &Value) -> Map<String, Value> {
    ["model", "temperature", "max_tokens", "additional_kwargs"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), component.get(name)?.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect()
}

/// The prompt and the text of a completion API.
pub(super) fn completion_api(payload: &Payload, kind: Kind, to: &mut Attributes) {
    if kind != Kind::Llm {
        return;
    }
    to.item(names::LLM_PROMPTS, 0).put(names::PROMPT_TEXT, payload.prompt.as_ref());
    to.item(names::LLM_CHOICES, 0).put(names::COMPLETION_TEXT, payload.completion.as_ref());
}
