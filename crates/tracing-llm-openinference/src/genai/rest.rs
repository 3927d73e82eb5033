//! What a span is, who answered, tokens, documents and vectors.

use std::borrow::Cow;

use opentelemetry::{Array, Value};
use serde_json::{Map, Value as Json};
use tracing_llm::genai_provider;

use super::names;
use super::read::{Item, Read, json_or_text, text_in, to_json};
use super::{GenAiVersion, Said};
use crate::names::{self as oi, own};

pub(super) fn base(read: &Read<'_>, said: &mut Said) {
    said.put(&names::OPERATION_NAME, operation(read));
    let provider = genai_provider(read.text(oi::LLM_PROVIDER), read.text(oi::LLM_SYSTEM));
    said.put(&names::PROVIDER_NAME, provider.map(Cow::into_owned));
    said.put(&names::CONVERSATION_ID, read.text(oi::SESSION_ID).map(str::to_owned));
    said.put(&names::AGENT_NAME, read.text(oi::AGENT_NAME).map(str::to_owned));
}

/// The operation of a span kind; RERANKER, CHAIN and others have none.
fn operation(read: &Read<'_>) -> Option<&'static str> {
    match read.text(oi::OPENINFERENCE_SPAN_KIND)?.to_ascii_uppercase().as_str() {
        "TOOL" => Some("execute_tool"),
        "EMBEDDING" => Some("embeddings"),
        "RETRIEVER" => Some("retrieval"),
        "AGENT" => Some("invoke_agent"),
        "LLM" => {
            let is_completion =
                !read.items(oi::LLM_PROMPTS).is_empty() || !read.items(oi::LLM_CHOICES).is_empty();
            Some(if is_completion { "text_completion" } else { "chat" })
        }
        _ => None,
    }
}

pub(super) fn usage(read: &Read<'_>, said: &mut Said) {
    for (name, key) in [
        (&names::USAGE_INPUT_TOKENS, oi::LLM_TOKEN_COUNT_PROMPT),
        (&names::USAGE_OUTPUT_TOKENS, oi::LLM_TOKEN_COUNT_COMPLETION),
        (&names::USAGE_CACHE_READ, oi::LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ),
        (&names::USAGE_CACHE_WRITE, oi::LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_WRITE),
        (&names::USAGE_REASONING, oi::LLM_TOKEN_COUNT_COMPLETION_DETAILS_REASONING),
        (&names::USAGE_AUDIO_INPUT, oi::LLM_TOKEN_COUNT_PROMPT_DETAILS_AUDIO),
        (&names::USAGE_AUDIO_OUTPUT, oi::LLM_TOKEN_COUNT_COMPLETION_DETAILS_AUDIO),
    ] {
        said.put(name, read.int(key));
    }
}

pub(super) fn prompt(read: &Read<'_>, said: &mut Said) {
    said.put(&names::PROMPT_NAME, read.text(oi::PROMPT_ID).map(str::to_owned));
    let version = read.text(oi::LLM_PROMPT_TEMPLATE_VERSION);
    said.put(&names::PROMPT_VERSION, version.map(str::to_owned));
}

/// The response's id and model, where they are known, else where a whole response is the output.
pub(super) fn response(read: &Read<'_>, said: &mut Said) {
    said.put(&names::RESPONSE_ID, read.text(own::RESPONSE_ID).map(str::to_owned));
    if read.is("LLM") && is_json(read, oi::OUTPUT_MIME_TYPE) {
        let output = read.json(oi::OUTPUT_VALUE).unwrap_or_default();
        let text = |key: &str| output.get(key).and_then(Json::as_str).map(str::to_owned);
        said.put(&names::RESPONSE_ID, text("id"));
        said.put(&names::RESPONSE_MODEL, text("model"));
    }
}

pub(super) fn retrieval(read: &Read<'_>, said: &mut Said) {
    if !read.is("RETRIEVER") {
        return;
    }
    let documents = read.items(oi::RETRIEVAL_DOCUMENTS);
    said.json(&names::RETRIEVAL_DOCUMENTS, documents.iter().filter_map(document).collect());
    let query = read.text(oi::INPUT_VALUE).filter(|_| !is_json(read, oi::INPUT_MIME_TYPE));
    said.put(&names::RETRIEVAL_QUERY, query.map(str::to_owned));
    let top_k = read.int(own::TOP_K).map(|count| match said.version {
        #[allow(clippy::cast_precision_loss, reason = "nobody asks for 2^52 documents")]
        GenAiVersion::V1_41 => Value::F64(count as f64),
        GenAiVersion::Latest => Value::I64(count),
    });
    said.put(&names::RETRIEVAL_TOP_K, top_k);
}

fn document(item: &Item<'_>) -> Option<Json> {
    let mut document = Map::new();
    let id = item.get(oi::DOCUMENT_ID).map(|id| match to_json(id) {
        Json::String(id) => Json::String(id),
        other => Json::String(other.to_string()),
    });
    let score = item.get(oi::DOCUMENT_SCORE).map(|score| to_json(score));
    let content = text_in(item, oi::DOCUMENT_CONTENT).map(Json::from);
    let metadata = text_in(item, oi::DOCUMENT_METADATA).map(json_or_text);
    for (key, value) in [("id", id), ("score", score), ("content", content), ("metadata", metadata)]
    {
        if let Some(value) = value {
            document.insert(key.to_owned(), value);
        }
    }
    (!document.is_empty()).then_some(Json::Object(document))
}

/// The length of the vectors: of one that is there, else as the output says it.
pub(super) fn embedding(read: &Read<'_>, said: &mut Said) {
    if !read.is("EMBEDDING") {
        return;
    }
    let length = |item: &Item<'_>| match item.get(oi::EMBEDDING_VECTOR) {
        Some(Value::Array(Array::F64(vector))) => i64::try_from(vector.len()).ok(),
        _ => None,
    };
    let told = || read.json(oi::OUTPUT_VALUE)?.get("dimensions")?.as_i64();
    let found = read.items(oi::EMBEDDING_EMBEDDINGS).iter().find_map(length);
    said.put(&names::EMBEDDINGS_DIMENSIONS, found.or_else(told));
}

fn is_json(read: &Read<'_>, mime_type: &str) -> bool {
    read.text(mime_type) == Some(oi::APPLICATION_JSON)
}
