//! Rules of the user's.

use std::fmt;

use tracing::Metadata;

use super::target::is_below;
use crate::EventType;

/// Recognises the spans of some code that does not tag them: by target and, if one likes, by name.
///
/// Given to [`Builder::rule`](crate::Builder::rule). Which spans a rule concerns is decided once for
/// each place in the code, from what is known at compile time: spans that it does not concern cost
/// nothing. A tag on the span itself (`event_type`) goes before it, and it goes before all else that
/// the span says. Of several rules that fit, the one added last counts.
///
/// ```
/// use tracing_llm::testing::Capture;
/// use tracing_llm::{EventType, Rule, Usage};
/// use tracing_subscriber::prelude::*;
///
/// let events = Capture::new();
/// let rule = Rule::new("acme_llm", EventType::LLM) // and the modules below
///     .span("acme.complete")
///     .field("engine", "gen_ai.request.model")
///     .field("tokens_in", "gen_ai.usage.input_tokens")
///     .field("tokens_out", "gen_ai.usage.output_tokens");
/// let (layer, callbacks) = tracing_llm::layer().rule(rule).handler(events.clone()).build();
/// let subscriber = tracing_subscriber::registry().with(layer.filtered());
///
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::info_span!(
///         target: "acme_llm::client", "acme.complete",
///         engine = "turbo", tokens_in = 12, tokens_out = 5,
///     );
/// });
/// # callbacks.flush_blocking(std::time::Duration::from_secs(30))?;
/// let call = events.captured().event("acme.complete").clone();
/// assert_eq!(call.event_type, EventType::LLM);
/// assert_eq!(call.payload.model.as_deref(), Some("turbo"));
/// assert_eq!(call.payload.usage, Some(Usage::new(12, 5)));
/// # Ok::<(), tracing_llm::Error>(())
/// ```
#[must_use = "a rule does nothing until it is given to a builder"]
#[derive(Clone, PartialEq, Eq)]
pub struct Rule {
    target: String,
    exact: bool,
    span: Option<String>,
    event_type: EventType,
    fields: Vec<(String, &'static str)>,
}

impl Rule {
    /// Spans with this target (`my_crate`), or one below it (`my_crate::client`), are events of
    /// this type.
    pub fn new(target: impl Into<String>, event_type: EventType) -> Self {
        Self { target: target.into(), exact: false, span: None, event_type, fields: Vec::new() }
    }

    /// Only with exactly this target.
    pub fn exact_target(mut self) -> Self {
        self.exact = true;
        self
    }

    /// Only spans of this name. Without it, all spans of the target.
    pub fn span(mut self, name: impl Into<String>) -> Self {
        self.span = Some(name.into());
        self
    }

    /// A field of these spans means what another name means in a vocabulary, also in one that is
    /// [off](crate::Builder::vocabulary): `gen_ai.usage.input_tokens`, `input.value`, `query_str`,
    /// `session.id` …
    pub fn field(mut self, name: impl Into<String>, means: &'static str) -> Self {
        self.fields.push((name.into(), means));
        self
    }

    pub(super) fn fits(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let is_there =
            if self.exact { target == self.target } else { is_below(target, &self.target) };
        is_there && self.span.as_ref().is_none_or(|name| name == metadata.name())
    }

    pub(super) fn event_type(&self) -> EventType {
        self.event_type
    }

    /// The name whose meaning this field has; none if it has its own.
    pub(super) fn meaning(&self, field: &str) -> Option<&'static str> {
        self.fields.iter().rev().find(|(name, _)| name == field).map(|(_, means)| *means)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, exact, span, event_type, fields } = self;
        f.debug_struct("Rule")
            .field("target", target)
            .field("exact", exact)
            .field("span", span)
            .field("event_type", event_type)
            .field("fields", fields)
            .finish()
    }
}
