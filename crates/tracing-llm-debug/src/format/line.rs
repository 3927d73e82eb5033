//! One event on one line.

use std::fmt::Display;

use tracing_llm::{Event, Outcome, TraceId, Usage};

use super::Look;
use super::units::{bytes, count, dollars, human, thousands};
use crate::escape::Preview;

/// Names and models are cut here.
const MAX_NAME: usize = 80;
/// Errors are worth reading.
const MAX_ERROR: usize = 240;

/// Two spaces part the facts of a line.
pub(super) const GAP: &str = "  ";

/// Type and name, model, duration, tokens, cost, then all that went wrong.
///
/// Without an end there is no duration, and `no end` is said if the trace is over.
pub(super) fn facts(event: &Event, end: End, look: Look) -> String {
    let paint = look.paint;
    let mut facts = vec![paint.strong(&name(event.event_type.name()))];
    facts.extend(names(event));
    facts.extend(event.model().map(|model| paint.label(&name(model))));
    match end {
        End::Known => facts.push(paint.number(&human(event.elapsed))),
        End::Unknown => facts.push(paint.warning("◌ no end")),
        End::ToCome => {}
    }
    let payload = &event.payload;
    facts.extend(payload.usage.as_ref().and_then(tokens));
    facts.extend(payload.cost.and_then(|cost| cost.total).map(dollars));
    let first_token = payload.stream.as_ref().and_then(|stream| stream.first_token);
    facts.extend(first_token.map(|time| format!("first token {}", human(time))));
    facts.extend(trouble(event, look));
    facts.join(GAP)
}

/// What is known of the end of an event.
#[derive(Clone, Copy)]
pub(super) enum End {
    Known,
    Unknown,
    ToCome,
}

/// The last digits of a trace id, which are random in every scheme (the first ones may be a
/// time).
pub(super) fn short(id: TraceId) -> String {
    id.to_string().chars().skip(24).collect()
}

/// A name on one line, cut if it is very long.
pub(super) fn name(name: impl Display) -> String {
    Preview::of(name, MAX_NAME)
}

/// The event's name and what it calls, where they say more than the type.
fn names(event: &Event) -> Vec<String> {
    let payload = &event.payload;
    let tool = payload.tool.as_ref().map(|tool| &tool.name);
    let function = payload.function_call.as_ref().map(|call| &call.name);
    let mut names: Vec<&str> = Vec::new();
    for candidate in
        [Some(&event.name), tool, function, payload.agent.as_ref()].into_iter().flatten()
    {
        let says_more = !candidate.is_empty() && !is_type(candidate, event);
        if says_more && !names.contains(&candidate.as_str()) {
            names.push(candidate);
        }
    }
    names.into_iter().map(name).collect()
}

fn is_type(name: &str, event: &Event) -> bool {
    let plain = |c: &char| !matches!(c, '_' | '-' | ' ');
    let letters = |text: &str| text.chars().filter(plain).flat_map(char::to_lowercase).collect();
    let (name, value): (String, String) = (letters(name), letters(event.event_type.value()));
    name == value
}

/// `120 → 30 tokens`; `~` marks numbers of which at least one was estimated.
fn tokens(usage: &Usage) -> Option<String> {
    let about = if usage.estimated { "~" } else { "" };
    let number = |tokens: u64| format!("{about}{}", thousands(tokens));
    match (usage.input, usage.output) {
        (Some(input), Some(output)) => {
            Some(format!("{} → {} tokens", number(input), number(output)))
        }
        (Some(input), None) => Some(format!("{} tokens in", number(input))),
        (None, Some(output)) => Some(format!("{} tokens out", number(output))),
        (None, None) => usage.total().map(|total| format!("{} tokens", number(total))),
    }
}

/// The outcome if it is bad, log lines, lost texts: each with a sign and a word.
fn trouble(event: &Event, look: Look) -> Vec<String> {
    let paint = look.paint;
    let mut marks = Vec::new();
    match event.outcome {
        Outcome::Error => marks.push(paint.error(&error(event))),
        Outcome::Cancelled => marks.push(paint.warning("⊘ cancelled")),
        Outcome::Incomplete => marks.push(paint.warning("◌ incomplete")),
        _ => {}
    }
    if !event.logs.is_empty() {
        let logs = count(event.logs.len(), "error logged", "errors logged");
        marks.push(paint.warning(&format!("⚠ {logs}")));
    }
    if event.lost_bytes > 0 {
        let lost = bytes(event.lost_bytes);
        marks.push(paint.warning(&format!("⚠ {lost} of text lost")));
    }
    marks
}

fn error(event: &Event) -> String {
    match &event.payload.exception {
        Some(exception) if exception.propagated => "✗ error from below".to_owned(),
        Some(exception) => format!("✗ error: {}", Preview::of(exception, MAX_ERROR)),
        None => "✗ error".to_owned(),
    }
}
