//! Libraries whose spans are known by target and name, as data: a file each.
//!
//! Libraries that tag their spans by a vocabulary need nothing here. Their names were read from
//!
//! - rig 0.46, `rig-core` and `rig-agent`: what it writes beside the conventions is the origin `RIG`
//!   in `vocabulary/table.rs`, and in `operation` of `vocabulary/tag.rs`;
//! - genai 0.7.2, `src/otel` (its feature `otel`): operations, attributes and events by the names of
//!   the conventions alone, so the origin `GEN_AI` has all of them. Of its errors it tells the type
//!   as `error.type`: an HTTP status, or a word of its own such as `web_stream`.

mod langchain_rust;
mod swiftide;

use tracing::Metadata;

use super::target::is_below;
use crate::EventType;
use crate::vocabulary::Vocabulary;

/// What is known of one library.
#[derive(Debug)]
pub(super) struct Library {
    pub(super) vocabulary: Vocabulary,
    /// The version that the rules were read from.
    #[cfg_attr(not(test), expect(dead_code, reason = "says where the rules were read from"))]
    version: &'static str,
    /// The beginning of the targets of all its crates: of others, nothing more is looked at.
    prefix: &'static str,
    spans: &'static [SpanRule],
    events: &'static [EventRule],
}

/// A field, and the name in a vocabulary whose meaning it has.
type Meaning = (&'static str, &'static str);

/// Spans of one name, below one target.
#[derive(Debug)]
pub(super) struct SpanRule {
    target: &'static str,
    name: &'static str,
    pub(super) event_type: EventType,
    fields: &'static [Meaning],
}

/// Events below one target that have a field of this name, whatever span they are in.
#[derive(Debug)]
pub(super) struct EventRule {
    target: &'static str,
    having: &'static str,
    fields: &'static [Meaning],
}

pub(super) const LIBRARIES: &[Library] = &[langchain_rust::LIBRARY, swiftide::LIBRARY];

const fn span(target: &'static str, name: &'static str, event_type: EventType) -> SpanRule {
    SpanRule { target, name, event_type, fields: &[] }
}

impl SpanRule {
    const fn with(self, fields: &'static [Meaning]) -> Self {
        Self { fields, ..self }
    }
}

impl Library {
    pub(super) fn concerns(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with(self.prefix)
    }

    pub(super) fn span(&'static self, metadata: &Metadata<'_>) -> Option<&'static SpanRule> {
        self.spans
            .iter()
            .find(|rule| rule.name == metadata.name() && is_below(metadata.target(), rule.target))
    }

    pub(super) fn event(&'static self, metadata: &Metadata<'_>) -> Option<&'static EventRule> {
        self.events.iter().find(|rule| {
            is_below(metadata.target(), rule.target)
                && metadata.fields().iter().any(|field| field.name() == rule.having)
        })
    }
}

/// The name whose meaning a field has; none if it has its own.
fn meaning(fields: &'static [Meaning], field: &str) -> Option<&'static str> {
    fields.iter().find(|(name, _)| *name == field).map(|(_, means)| *means)
}

impl SpanRule {
    pub(super) fn meaning(&self, field: &str) -> Option<&'static str> {
        meaning(self.fields, field)
    }
}

impl EventRule {
    pub(super) fn meaning(&self, field: &str) -> Option<&'static str> {
        meaning(self.fields, field)
    }
}

#[cfg(test)]
mod tests {
    use super::LIBRARIES;
    use crate::vocabulary::{Role, role};

    #[test]
    fn every_rule_says_what_it_was_read_from_and_names_what_is_known() {
        for library in LIBRARIES {
            assert!(!library.version.is_empty());
            let spans = library.spans.iter().map(|rule| (rule.target, rule.fields));
            let events = library.events.iter().map(|rule| (rule.target, rule.fields));
            for (target, fields) in spans.chain(events) {
                assert!(target.starts_with(library.prefix), "{target}");
                for (field, means) in fields {
                    let is_own = means.starts_with(library.prefix);
                    assert!(is_own || role(means) != Role::Other, "{field} means {means}");
                }
            }
        }
    }
}
