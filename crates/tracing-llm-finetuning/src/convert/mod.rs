//! From an event to a training example. Pure.

mod message;
mod tools;

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tracing_llm::{Event, Message, Outcome, Payload, SpanId, Text, Timestamp, TraceId};

use self::message::Written;
use self::tools::{Function, Offered};
use crate::{json, validate};

/// A model call as it was recorded.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler, Message};
/// use tracing_llm_finetuning::FineTuning;
///
/// let mut recorder = FineTuning::new();
/// let mut call = Event::new(EventType::LLM, "chat");
/// call.payload.messages = vec![Message::user("What is 2+3?")].into();
/// call.payload.replies = vec![Message::assistant("5")].into();
/// recorder.on_end(&Arc::new(call))?;
///
/// let recorded = &recorder.finetuning_events()[0];
/// assert_eq!(recorded.messages[0].text(), "What is 2+3?");
/// assert_eq!(recorded.response.text(), "5");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct FineTuningEvent {
    /// The trace of the call.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// When it began.
    pub start: Timestamp,
    /// What was sent; the prompt of a completion model as a message of the user.
    pub messages: Arc<[Message]>,
    /// What came back: the first choice.
    pub response: Message,
}

/// A recorded call, and its line of the file.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) event: FineTuningEvent,
    pub(crate) line: Arc<str>,
}

/// Why a call became no example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    Suppressed,
    Failed,
    Unfinished,
    WithoutContent,
    /// It cannot stand in a training file, for this reason.
    Refused(String),
}

/// The keys in the order of the original, then those that it does not write.
#[derive(Serialize)]
struct Line<'a> {
    messages: Vec<Written<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    functions: Option<Vec<Function<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Offered<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
}

/// Reads an LLM event that has ended.
pub(crate) fn example(event: &Event) -> Result<Example, Skip> {
    let payload = &event.payload;
    let stopped = payload.stream.as_ref().is_some_and(|stream| !stream.finished);
    match event.outcome {
        _ if event.context.suppressed => return Err(Skip::Suppressed),
        Outcome::Error | Outcome::Cancelled => return Err(Skip::Failed),
        Outcome::Incomplete => return Err(Skip::Unfinished),
        _ if payload.exception.is_some() => return Err(Skip::Failed),
        _ if stopped => return Err(Skip::Unfinished),
        _ if event.lost_bytes > 0 => return Err(Skip::WithoutContent),
        _ => {}
    }
    let messages = sent(payload).ok_or(Skip::WithoutContent)?;
    let response = answer(payload).ok_or(Skip::WithoutContent)?;
    let functions = functions(payload);
    let mut written = Vec::with_capacity(messages.len() + 1);
    for message in messages.iter().chain([&response]) {
        written.push(message::write(message, functions.is_some()).map_err(refused)?);
    }
    if written.last().is_some_and(Written::is_empty) {
        return Err(Skip::WithoutContent);
    }
    let tools = tools::write(&payload.tools);
    // The provider takes it beside tools alone.
    let parallel = parameter(payload, "parallel_tool_calls").filter(|_| !tools.is_empty());
    let line = json::line(&Line {
        messages: written,
        functions: functions.map(|list| list.iter().map(Function).collect()),
        tools,
        parallel_tool_calls: parallel.and_then(Value::as_bool),
    });
    let line = line.map_err(|error| Skip::Refused(error.to_string()))?;
    if let Some(problem) = validate::first_problem(&line) {
        return Err(Skip::Refused(problem.reason));
    }
    let (trace_id, span_id, start) = (event.trace_id, event.span_id, event.start);
    let event = FineTuningEvent { trace_id, span_id, start, messages, response };
    Ok(Example { event, line: line.into() })
}

fn refused(what: &'static str) -> Skip {
    Skip::Refused(format!("a message has {what}, which no training file can hold"))
}

/// What was sent: the messages, else the prompt of a completion model.
fn sent(payload: &Payload) -> Option<Arc<[Message]>> {
    if !payload.messages.is_empty() {
        return Some(Arc::clone(&payload.messages));
    }
    let prompt = payload.prompt.as_ref().filter(|prompt| !prompt.is_empty())?;
    Some(Arc::new([Message::user(prompt)]))
}

/// What came back. A streamed answer may have its text alone.
fn answer(payload: &Payload) -> Option<Message> {
    let said = |text: &Text| (!text.is_empty()).then(|| Message::assistant(text));
    let replies = payload.replies.first().cloned();
    replies
        .or_else(|| payload.completion.as_ref().and_then(said))
        .or_else(|| payload.response.as_ref().and_then(said))
}

/// The functions of the older API, where the request names them: among the extra arguments, as
/// LlamaIndex does, or among the parameters.
fn functions(payload: &Payload) -> Option<&Vec<Value>> {
    let extra = payload.additional_kwargs.as_ref().and_then(|extra| extra.get("functions"));
    extra.or_else(|| parameter(payload, "functions")).and_then(Value::as_array)
}

fn parameter<'a>(payload: &'a Payload, name: &str) -> Option<&'a Value> {
    payload.parameters.as_ref()?.get(name)
}

#[cfg(test)]
mod tests;
