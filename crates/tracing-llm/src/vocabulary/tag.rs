//! Which event type a tag's value names.

use super::Tag;
use crate::EventType;

/// The event type that a tag's value names; none if the span is no event.
///
/// Our own tags name a type by its upper-case name (`LLM`), the others by their own words
/// (`RETRIEVER`, `chat`). `custom` holds the types that the user registered.
pub(crate) fn event_type(tag: Tag, value: &str, custom: &[EventType]) -> Option<EventType> {
    let known = match tag {
        Tag::EventType | Tag::LlmEventType => EventType::parse(value),
        Tag::SpanKind => named(SPAN_KINDS, value),
        Tag::Operation => operation(value),
        Tag::LangfuseType => named(LANGFUSE_TYPES, value),
        Tag::TraceloopKind => named(TRACELOOP_KINDS, value),
        Tag::LangsmithKind => named(LANGSMITH_KINDS, value),
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
    match tag {
        Tag::EventType | Tag::LlmEventType => EventType::from_value(value)
            .or_else(|| custom.iter().copied().find(|custom| custom.value() == value)),
        _ => None,
    }
}

type Names = &'static [(&'static str, EventType)];

/// Hand-written spans do not always write the case that a specification asks for.
fn named(names: Names, value: &str) -> Option<EventType> {
    // On the pipeline's thread: nothing is allocated.
    names.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|(_, named)| *named)
}

/// OpenInference span kinds, semantic conventions 0.1.42.
const SPAN_KINDS: Names = &[
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

/// Types of observations in Langfuse, version 3. `SPAN` and `EVENT` claim nothing but that the span
/// belongs to the trace.
const LANGFUSE_TYPES: Names = &[
    ("GENERATION", EventType::LLM),
    ("EMBEDDING", EventType::EMBEDDING),
    ("RETRIEVER", EventType::RETRIEVE),
    ("TOOL", EventType::FUNCTION_CALL),
    ("AGENT", EventType::AGENT_STEP),
    ("CHAIN", EventType::CHAIN),
    ("EVALUATOR", EventType::EVALUATOR),
    ("GUARDRAIL", EventType::GUARDRAIL),
    ("SPAN", EventType::CHAIN),
    ("EVENT", EventType::CHAIN),
];

/// Kinds of spans in OpenLLMetry's semantic conventions 0.4.
const TRACELOOP_KINDS: Names = &[
    ("workflow", EventType::CHAIN),
    ("task", EventType::CHAIN),
    ("agent", EventType::AGENT_STEP),
    ("tool", EventType::FUNCTION_CALL),
];

/// Types of runs in LangSmith.
const LANGSMITH_KINDS: Names = &[
    ("llm", EventType::LLM),
    ("embedding", EventType::EMBEDDING),
    ("retriever", EventType::RETRIEVE),
    ("tool", EventType::FUNCTION_CALL),
    ("prompt", EventType::TEMPLATING),
    ("chain", EventType::CHAIN),
    ("parser", EventType::CHAIN),
];

/// OpenTelemetry GenAI operations: semantic conventions 1.41.1, the unreleased
/// `semantic-conventions-genai`, and those that rig adds (`rerank`, the streaming and
/// interaction forms of a chat, the modalities).
fn operation(name: &str) -> Option<EventType> {
    Some(match name {
        "chat" | "text_completion" | "generate_content" | "interactions" | "transcription"
        | "image_generation" | "audio_generation" => EventType::LLM,
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
        // Earlier versions of rig named the way of delivery, too.
        other if other.starts_with("chat_") || other.starts_with("interactions_") => EventType::LLM,
        _ => return None,
    })
}
