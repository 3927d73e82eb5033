//! Which event type a tag's value names.

use super::Tag;
use crate::EventType;

/// The event type that a tag's value names; none if the span is no event.
///
/// Our own tags name a type by its upper-case name (`LLM`), the others by their own words
/// (`RETRIEVER`, `chat`). `custom` holds the types that the user registered.
pub(crate) fn event_type(tag: Tag, value: &str, custom: &[EventType]) -> Option<EventType> {
    let value = unquoted(value);
    let known = match tag {
        Tag::EventType | Tag::LlmEventType => EventType::parse(value),
        Tag::SpanKind => span_kind(value),
        Tag::Operation => operation(value),
    };
    known.or_else(|| custom.iter().copied().find(|custom| custom.name() == value))
}

/// The event type that our own tags name by LlamaIndex's lower-case value (`llm`), in
/// compatibility mode.
pub(crate) fn original_event_type(
    tag: Tag,
    value: &str,
    custom: &[EventType],
) -> Option<EventType> {
    let value = unquoted(value);
    match tag {
        Tag::EventType | Tag::LlmEventType => EventType::from_value(value)
            .or_else(|| custom.iter().copied().find(|custom| custom.value() == value)),
        Tag::SpanKind | Tag::Operation => None,
    }
}

/// A text as `?` writes it into a field has quotes around it.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// OpenInference span kinds, semantic conventions 0.1.42.
///
/// The specification writes them in upper case; hand-written spans do not always.
fn span_kind(kind: &str) -> Option<EventType> {
    const KINDS: [(&str, EventType); 12] = [
        ("LLM", EventType::LLM),
        ("EMBEDDING", EventType::EMBEDDING),
        ("CHAIN", EventType::CHAIN),
        // `UNKNOWN` claims nothing but that the span belongs to the trace.
        ("UNKNOWN", EventType::CHAIN),
        ("RETRIEVER", EventType::RETRIEVE),
        ("RERANKER", EventType::RERANKING),
        ("TOOL", EventType::FUNCTION_CALL),
        ("AGENT", EventType::AGENT_STEP),
        ("GUARDRAIL", EventType::GUARDRAIL),
        ("EVALUATOR", EventType::EVALUATOR),
        ("PROMPT", EventType::TEMPLATING),
        ("DECISION", EventType::DECISION),
    ];
    // On the pipeline's thread: nothing is allocated.
    KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind)).map(|(_, named)| *named)
}

/// OpenTelemetry GenAI operations: semantic conventions 1.41.1, the unreleased
/// `semantic-conventions-genai`, and those that rig adds (`rerank`, the streaming and
/// interaction forms of a chat, the modalities).
fn operation(name: &str) -> Option<EventType> {
    Some(match name {
        "chat"
        | "chat_streaming"
        | "text_completion"
        | "generate_content"
        | "interactions"
        | "interactions_streaming"
        | "transcription"
        | "image_generation"
        | "audio_generation" => EventType::LLM,
        "embeddings" => EventType::EMBEDDING,
        "retrieval" | "search_memory" => EventType::RETRIEVE,
        "rerank" => EventType::RERANKING,
        "execute_tool"
        | "create_memory"
        | "update_memory"
        | "upsert_memory"
        | "delete_memory"
        | "create_memory_store"
        | "delete_memory_store" => EventType::FUNCTION_CALL,
        "invoke_agent" | "create_agent" | "plan" => EventType::AGENT_STEP,
        "invoke_workflow" => EventType::CHAIN,
        _ => return None,
    })
}
