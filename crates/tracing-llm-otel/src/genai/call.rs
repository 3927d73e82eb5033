//! What a call is named by: the same words on spans and on metrics.

use std::borrow::Cow;

use serde_json::Value as Json;
use tracing_llm::{Event, EventType, Outcome, genai_provider};

/// `error.type` of an error whose type is not known.
const OTHER: &str = "_OTHER";

/// The operation: as the span itself has it, else by its event type and what it holds. The
/// conventions know none for the other stages of a pipeline.
pub(crate) fn operation(event: &Event) -> Option<Cow<'_, str>> {
    let payload = &event.payload;
    if let Some(Json::String(name)) = payload.attributes.get("gen_ai.operation.name") {
        return Some(Cow::Borrowed(name));
    }
    let is_chat = !payload.messages.is_empty() || !payload.replies.is_empty();
    let is_completion = payload.prompt.is_some() || payload.completion.is_some();
    Some(Cow::Borrowed(match event.event_type {
        EventType::LLM if is_completion && !is_chat => "text_completion",
        EventType::LLM => "chat",
        EventType::EMBEDDING => "embeddings",
        EventType::RETRIEVE => "retrieval",
        EventType::AGENT_STEP => "invoke_agent",
        EventType::FUNCTION_CALL => "execute_tool",
        _ => return None,
    }))
}

/// The provider: host and API in one name.
pub(crate) fn provider(event: &Event) -> Option<Cow<'static, str>> {
    genai_provider(event.payload.provider.as_deref(), event.payload.system.as_deref())
}

/// The class of the error that it ended with: the exception's type, else that it is not known; and
/// that it was cancelled. What was still open at the shutdown ended with none.
pub(crate) fn error_type(event: &Event) -> Option<&str> {
    match event.outcome {
        Outcome::Error => {
            let exception = event.payload.exception.as_ref();
            Some(exception.and_then(|exception| exception.kind.as_deref()).unwrap_or(OTHER))
        }
        Outcome::Cancelled => Some(Outcome::Cancelled.as_str()),
        _ => None,
    }
}
