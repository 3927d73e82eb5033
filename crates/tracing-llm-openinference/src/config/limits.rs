//! How much one span may hold.

use super::{Builder, Limits, Variables};
use crate::error::Error;

/// What is set of it, field by field; the rest are defaults.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LimitsSet {
    attributes: Option<usize>,
    value_characters: Option<usize>,
    events: Option<usize>,
    event_attributes: Option<usize>,
    links: Option<usize>,
    link_attributes: Option<usize>,
    span_bytes: Option<usize>,
}

impl Builder {
    /// How many attributes a span may have; 10,000 by default. The ones that say what a span is
    /// come first, and of messages the last are kept.
    pub fn max_attributes(mut self, count: usize) -> Self {
        self.limits.attributes = Some(count);
        self
    }

    /// How many characters the text of an attribute may have; there is no limit by default.
    pub fn max_value_characters(mut self, characters: usize) -> Self {
        self.limits.value_characters = Some(characters);
        self
    }

    /// How many encoded bytes a span may have; 3.5 MiB by default. A larger one is shrunk, and
    /// what was cut is marked.
    pub fn max_span_bytes(mut self, bytes: usize) -> Self {
        self.limits.span_bytes = Some(bytes);
        self
    }
}

/// Takes from the environment what is not set in code.
pub(super) fn filled(set: LimitsSet, variables: Variables<'_>) -> Result<LimitsSet, Error> {
    let first = |code: Option<usize>, names: &[&str]| {
        for name in names {
            if let (None, Some(number)) = (code, variables.number(name)?) {
                return Ok(Some(number));
            }
        }
        Ok(code)
    };
    Ok(LimitsSet {
        attributes: first(
            set.attributes,
            &["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"],
        )?,
        value_characters: first(
            set.value_characters,
            &["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
        )?,
        events: first(set.events, &["OTEL_SPAN_EVENT_COUNT_LIMIT"])?,
        event_attributes: first(set.event_attributes, &["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"])?,
        links: first(set.links, &["OTEL_SPAN_LINK_COUNT_LIMIT"])?,
        link_attributes: first(set.link_attributes, &["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"])?,
        span_bytes: set.span_bytes,
    })
}

impl LimitsSet {
    /// With the defaults for the rest. A span is never larger than a request.
    pub(super) fn settle(self, batch_bytes: Option<usize>) -> Limits {
        let defaults = Limits::default();
        let span_bytes = self.span_bytes.unwrap_or(defaults.span_bytes);
        Limits {
            attributes: self.attributes.unwrap_or(defaults.attributes),
            value_characters: self.value_characters.or(defaults.value_characters),
            events: self.events.unwrap_or(defaults.events),
            event_attributes: self.event_attributes.unwrap_or(defaults.event_attributes),
            links: self.links.unwrap_or(defaults.links),
            link_attributes: self.link_attributes.unwrap_or(defaults.link_attributes),
            span_bytes: batch_bytes.map_or(span_bytes, |batch| span_bytes.min(batch)),
        }
    }
}
