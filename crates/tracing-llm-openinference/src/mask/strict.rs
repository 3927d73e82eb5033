//! What the official masker leaves open.
//!
//! It asks the other way round: what is not known to be metadata is content.

use opentelemetry::{Array, Value};

use super::config::{Hide, Masks};
use super::{Fate, ends_with, is_within};
use crate::names::{self, own};

/// Names that may repeat what goes in.
const INPUT_TEXTS: &[&str] = &[
    names::EMBEDDING_TEXT,
    names::EMBEDDING_VECTOR,
    names::LLM_PROMPT_TEMPLATE_TEMPLATE,
    names::LLM_PROMPT_TEMPLATE_VARIABLES,
    names::PROMPT_URL,
    names::TOOL_PARAMETERS,
    names::TOOL_DESCRIPTION,
    names::METADATA,
    own::SYSTEM_PROMPT,
    own::QUERY_WRAPPER,
];

const PARAMETERS: &[&str] =
    &[names::LLM_INVOCATION_PARAMETERS, names::EMBEDDING_INVOCATION_PARAMETERS];

/// What a prompt can be rebuilt from.
const TEMPLATE: &[&str] = &[
    names::LLM_PROMPT_TEMPLATE_TEMPLATE,
    names::LLM_PROMPT_TEMPLATE_VARIABLES,
    own::SYSTEM_PROMPT,
    own::QUERY_WRAPPER,
];

/// Texts of a document beside its content and metadata.
const DOCUMENT_TEXTS: &[&str] = &[names::DOCUMENT_NAME, names::DOCUMENT_URL];

const DOCUMENT_CONTENTS: &[&str] =
    &[names::DOCUMENT_CONTENT, names::DOCUMENT_METADATA, names::DOCUMENT_NAME, names::DOCUMENT_URL];

/// What a judgement says in its own words.
const JUDGED: &[&str] = &[
    names::ANNOTATION_EXPLANATION,
    names::ANNOTATION_METADATA,
    names::EVALUATION_EXPLANATION,
    names::EVALUATION_METADATA,
];

const MEDIA: &[&str] = &[names::IMAGE_URL, names::AUDIO_URL, names::VIDEO_URL, names::DOCUMENT_URL];

/// GenAI names of other code that hold no content.
const GENAI_METADATA: &[&str] = &[
    "gen_ai.operation.name",
    "gen_ai.tool.type",
    "gen_ai.agent.id",
    "gen_ai.agent.version",
    "gen_ai.workflow.name",
    "gen_ai.data_source.id",
    "gen_ai.evaluation.name",
    "gen_ai.evaluation.score.label",
];

/// What becomes of an attribute that the official masker keeps.
pub(super) fn fate(key: &str, value: &Value, masks: &Masks) -> Fate {
    use Fate::{Dropped, Redacted};
    let any = |of: &[Hide]| masks.hides_any(of);
    let is_one_of = |names: &[&str]| names.iter().any(|name| ends_with(key, name));
    let (inputs, outputs) = (masks.hides(Hide::Inputs), masks.hides(Hide::Outputs));

    let is_retrieved = is_within(key, names::RETRIEVAL_DOCUMENTS);

    super::first(&[
        (is_one_of(PARAMETERS) && any(&[Hide::Inputs, Hide::InvocationParameters]), Dropped),
        (is_within(key, names::INPUT_DOCUMENTS) && inputs, Dropped),
        (is_within(key, names::OUTPUT_DOCUMENTS) && outputs, Dropped),
        (is_one_of(INPUT_TEXTS) && inputs, Redacted),
        (is_one_of(TEMPLATE) && masks.hides(Hide::Prompts), Redacted),
        (
            is_retrieved
                && is_one_of(DOCUMENT_TEXTS)
                && any(&[Hide::Outputs, Hide::RetrievalDocuments]),
            Redacted,
        ),
        (
            is_reranked(key)
                && is_one_of(DOCUMENT_CONTENTS)
                && masks.hides(Hide::RetrievalDocuments),
            Redacted,
        ),
        (is_one_of(JUDGED) && outputs, Redacted),
        (is_whole_list(key, masks), Redacted),
        (is_one_of(MEDIA) && is_long_data(value, masks), Redacted),
        (is_textual(value) && (inputs || outputs) && !is_known(key), Dropped),
    ])
}

fn is_reranked(key: &str) -> bool {
    is_within(key, names::RERANKER_INPUT_DOCUMENTS)
        || is_within(key, names::RERANKER_OUTPUT_DOCUMENTS)
}

/// A list of messages that could not be read stands under its own name as one text.
fn is_whole_list(key: &str, masks: &Masks) -> bool {
    (key == names::LLM_INPUT_MESSAGES && masks.hides_any(&[Hide::InputText, Hide::InputImages]))
        || (key == names::LLM_OUTPUT_MESSAGES && masks.hides(Hide::OutputText))
        || (key == names::RETRIEVAL_DOCUMENTS
            && masks.hides_any(&[Hide::Outputs, Hide::RetrievalDocuments]))
        || (key == names::EMBEDDING_EMBEDDINGS
            && masks.hides_any(&[Hide::Inputs, Hide::EmbeddingText]))
}

fn is_long_data(value: &Value, masks: &Masks) -> bool {
    matches!(value, Value::String(url) if url.as_str().starts_with("data:")
        && url.as_str().chars().nth(masks.base64_image_max_length).is_some())
}

fn is_textual(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Array(Array::String(_)))
}

/// Whether a name is one of ours, or stands for itself in the conventions, so that the rules above
/// speak of it.
fn is_known(key: &str) -> bool {
    own::ATTRIBUTES.contains(&key)
        || GENAI_METADATA.contains(&key)
        || names::stands_alone(key)
        || (names::lists().any(|list| is_within(key, list))
            && names::TABLE.iter().any(|(name, _)| ends_with(key, name)))
}
