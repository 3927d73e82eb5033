//! The work that is measured. Each function is one callsite, the same one for every subject.

use std::hint::black_box;
use std::sync::LazyLock;

use tracing::{Span, debug, debug_span, info_span};
use tracing_llm::{IntoText, LlmSpan, event_span};

static PROMPT: LazyLock<String> =
    LazyLock::new(|| "Why is the sky blue? ".repeat(39)[..800].into());

/// A span with three fields, one of 800 bytes: created, entered, left, closed.
#[inline(never)]
pub(crate) fn tagged_span() {
    let span = info_span!(
        "chat",
        llm.event_type = "LLM",
        model = "gpt-5-mini",
        formatted_prompt = PROMPT.as_str()
    );
    span.in_scope(|| {});
}

/// A span to be above or to be polled.
#[inline(never)]
pub(crate) fn tagged_parent() -> Span {
    info_span!("answer", llm.event_type = "QUERY", query_str = "Why is the sky blue?")
}

/// A span that is nothing to us, around others: a request, say.
pub(crate) fn untagged_parent() -> Span {
    info_span!("request", path = "/answer")
}

/// A span that is nothing to us: created, entered, left, closed.
#[inline(never)]
pub(crate) fn untagged_span() {
    let span = debug_span!("parse", attempt = 1, url = "http://127.0.0.1/");
    span.in_scope(|| {});
}

/// An event that is nothing to us.
#[inline(never)]
pub(crate) fn untagged_event() {
    debug!(attempt = 1, url = "http://127.0.0.1/", "parsed");
}

/// 100 KB of text.
pub(crate) fn large_prompt() -> String {
    "Why is the sky blue? ".repeat(5000)[..100_000].into()
}

/// A span with a large text as a field.
#[inline(never)]
pub(crate) fn prompt_field(prompt: &str) {
    let span = info_span!("chat", llm.event_type = "LLM", formatted_prompt = prompt);
    span.in_scope(|| {});
}

/// A span whose handle is taken and not used.
#[inline(never)]
pub(crate) fn no_prompt() {
    let span = event_span!(LLM, "chat");
    black_box(span.llm().is_enabled());
    span.in_scope(|| {});
}

/// A span with a large text as a typed part.
#[inline(never)]
pub(crate) fn prompt_part(prompt: impl IntoText) {
    let span = event_span!(LLM, "chat");
    span.llm().prompt(prompt);
    span.in_scope(|| {});
}
