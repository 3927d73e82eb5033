//! The official masker, key by key (`openinference-instrumentation` 0.1.72).
//!
//! Its conditions in its order: the first that holds decides.

use opentelemetry::Value;

use super::config::{Hide, Masks};
use super::{Fate, ends_with, is_within};
use crate::names::{
    DOCUMENT_CONTENT, DOCUMENT_METADATA, EMBEDDING_EMBEDDINGS, EMBEDDING_TEXT, EMBEDDING_VECTOR,
    IMAGE_URL, INPUT_IMAGES, INPUT_MIME_TYPE, INPUT_VALUE, LLM_CHOICES, LLM_INPUT_MESSAGES,
    LLM_INVOCATION_PARAMETERS, LLM_OUTPUT_MESSAGES, LLM_PROMPTS, LLM_TOOLS, MESSAGE_CONTENT,
    MESSAGE_CONTENT_IMAGE, MESSAGE_CONTENT_TEXT, OUTPUT_IMAGES, OUTPUT_MIME_TYPE, OUTPUT_VALUE,
    RERANKER_INPUT_DOCUMENTS, RERANKER_OUTPUT_DOCUMENTS, RERANKER_QUERY, RETRIEVAL_DOCUMENTS,
};

pub(super) fn fate(key: &str, value: &Value, masks: &Masks) -> Fate {
    use Fate::{Dropped, Redacted};
    let hides = |hide| masks.hides(hide);
    let (inputs, outputs) = (hides(Hide::Inputs), hides(Hide::Outputs));
    let in_input_messages = is_within(key, LLM_INPUT_MESSAGES);
    let in_output_messages = is_within(key, LLM_OUTPUT_MESSAGES);
    let is_text = ends_with(key, MESSAGE_CONTENT) || ends_with(key, MESSAGE_CONTENT_TEXT);
    let is_input_image =
        (in_input_messages && has(key, MESSAGE_CONTENT_IMAGE)) || is_within(key, INPUT_IMAGES);
    let is_output_image =
        (in_output_messages && has(key, MESSAGE_CONTENT_IMAGE)) || is_within(key, OUTPUT_IMAGES);

    let is_image_url = (is_input_image || is_output_image) && ends_with(key, IMAGE_URL);
    let is_embedding = is_within(key, EMBEDDING_EMBEDDINGS);

    super::first(&[
        (key == LLM_INVOCATION_PARAMETERS && hides(Hide::InvocationParameters), Dropped),
        (is_within(key, LLM_TOOLS) && (inputs || hides(Hide::Tools)), Dropped),
        (inputs && (key == INPUT_VALUE || key == RERANKER_QUERY), Redacted),
        (inputs && (key == INPUT_MIME_TYPE || is_within(key, RERANKER_INPUT_DOCUMENTS)), Dropped),
        (outputs && key == OUTPUT_VALUE, Redacted),
        (
            outputs && (key == OUTPUT_MIME_TYPE || is_within(key, RERANKER_OUTPUT_DOCUMENTS)),
            Dropped,
        ),
        (is_retrieved(key) && (outputs || hides(Hide::RetrievalDocuments)), Redacted),
        (in_input_messages && (inputs || hides(Hide::InputMessages)), Dropped),
        (is_within(key, LLM_PROMPTS) && (inputs || hides(Hide::Prompts)), Redacted),
        (in_output_messages && (outputs || hides(Hide::OutputMessages)), Dropped),
        (is_within(key, LLM_CHOICES) && (outputs || hides(Hide::Choices)), Redacted),
        (is_text && in_input_messages && hides(Hide::InputText), Redacted),
        (is_text && in_output_messages && hides(Hide::OutputText), Redacted),
        (is_input_image && (inputs || hides(Hide::InputImages)), Dropped),
        (is_output_image && outputs, Dropped),
        (is_image_url && is_long_picture(value, masks), Redacted),
        (
            is_embedding && ends_with(key, EMBEDDING_VECTOR) && hides(Hide::EmbeddingVectors),
            Redacted,
        ),
        (is_embedding && ends_with(key, EMBEDDING_TEXT) && hides(Hide::EmbeddingText), Redacted),
    ])
}

fn has(key: &str, step: &str) -> bool {
    key.contains(step)
}

/// Whether a key is the content or metadata of a document that was retrieved.
fn is_retrieved(key: &str) -> bool {
    is_within(key, RETRIEVAL_DOCUMENTS)
        && (ends_with(key, DOCUMENT_CONTENT) || ends_with(key, DOCUMENT_METADATA))
}

fn is_long_picture(value: &Value, masks: &Masks) -> bool {
    match value {
        Value::String(url) => {
            let url = url.as_str();
            url.starts_with("data:image/")
                && url.contains("base64")
                && url.chars().nth(masks.base64_image_max_length).is_some()
        }
        _ => false,
    }
}
