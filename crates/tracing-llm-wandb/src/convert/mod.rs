//! Events become spans of a W&B trace tree. Pure.
//!
//! What the original (LlamaIndex's `WandbCallbackHandler`) writes has its names: `messages`,
//! `prompt`, `response`, `query_str`, `num_documents`, `formatted_prompt_tokens_count` … What it
//! leaves out is beside that.

mod attributes;
mod clip;
mod messages;
mod results;

use tracing_llm::{Event, EventType, Outcome};

pub(crate) use self::clip::Clip;
pub(crate) use self::results::{input, output};
use crate::span::{Span, Status};

const NOT_ENDED: &str = "not ended";

/// The span of an event, without those below it.
pub(crate) fn span(event: &Event, clip: Clip) -> Span {
    Span {
        span_id: event.span_id.to_string(),
        name: name(event).to_owned(),
        start_time_ms: event.start.as_unix_nanos() / 1_000_000,
        end_time_ms: event.end().as_unix_nanos() / 1_000_000,
        status_code: Some(status(event)),
        status_message: message(event, clip),
        attributes: attributes::of(event, clip),
        results: Some(results::of(event, clip)).filter(|all| !all.is_empty()).map(|all| vec![all]),
        child_spans: Vec::new(),
        span_kind: kind(event.event_type),
    }
}

/// The span of an event whose end never came.
pub(crate) fn unended(event: &Event, clip: Clip) -> Span {
    let mut span = span(event, clip);
    span.status_code = Some(Status::Error);
    span.status_message = Some(NOT_ENDED.to_owned());
    span
}

fn name(event: &Event) -> &str {
    if event.name.is_empty() { event.event_type.value() } else { &event.name }
}

/// An event that ended and tells of no error went well, as in the original. W&B has no third word:
/// for one that was given up, or did not end, the message says which.
fn status(event: &Event) -> Status {
    let failed = event.outcome.is_failure() || event.payload.exception.is_some();
    if failed { Status::Error } else { Status::Success }
}

fn message(event: &Event, clip: Clip) -> Option<String> {
    match (&event.payload.exception, event.outcome) {
        (Some(exception), _) => Some(clip.text(&exception.to_string())),
        (None, Outcome::Cancelled) => Some("cancelled".to_owned()),
        (None, Outcome::Incomplete) => Some(NOT_ENDED.to_owned()),
        _ => None,
    }
}

/// The four kinds that W&B knows, for the types for which the original has one.
fn kind(event_type: EventType) -> Option<&'static str> {
    match event_type {
        EventType::LLM => Some("LLM"),
        EventType::QUERY | EventType::AGENT_STEP => Some("AGENT"),
        EventType::RETRIEVE | EventType::FUNCTION_CALL => Some("TOOL"),
        EventType::SYNTHESIZE
        | EventType::TREE
        | EventType::SUB_QUESTION
        | EventType::RERANKING
        | EventType::CHAIN
        | EventType::GUARDRAIL
        | EventType::EVALUATOR
        | EventType::DECISION => Some("CHAIN"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
