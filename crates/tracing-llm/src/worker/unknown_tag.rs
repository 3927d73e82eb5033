//! Tags whose value names no event type: told once a callsite, for they are mostly slips.

use tracing::Metadata;

use super::Worker;
use crate::EventType;
use crate::state::Fields;
use crate::trap::Failure;
use crate::vocabulary::{Role, Tag};

/// How much of a value is told: it may be anything.
const SHOWN: usize = 40;

/// The first such value at one callsite.
#[derive(Debug)]
pub(crate) struct UnknownTag {
    metadata: &'static Metadata<'static>,
    tag: Tag,
    name: &'static str,
    value: String,
}

impl UnknownTag {
    /// The tag among the fields of a span; none if there is none.
    pub(crate) fn among(fields: &Fields, metadata: &'static Metadata<'static>) -> Option<Self> {
        fields.iter().find_map(|field| {
            let Role::Tag(tag) = field.role() else { return None };
            let value = fields.scalar(field).text().chars().take(SHOWN).collect();
            Some(Self { metadata, tag, name: field.name(), value })
        })
    }

    fn failure(&self) -> Failure {
        let Self { metadata, name, value, .. } = self;
        let place = match (metadata.file(), metadata.line()) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => format!("{} in {}", metadata.name(), metadata.target()),
        };
        let advice = self.advice();
        Failure::setup(place, format!("{name} = {value:?} names no event type{advice}"))
    }

    fn advice(&self) -> String {
        if !matches!(self.tag, Tag::EventType | Tag::LlmEventType) {
            return String::from(", so its spans are no events");
        }
        let value = &self.value;
        if let Some(meant) = EventType::from_value(value) {
            return format!(": write {meant:?}, or allow such values by Builder::original_values");
        }
        let own = format!(": register it by Builder::event_type(EventType::custom({value:?}))");
        match self.tag {
            Tag::EventType => {
                format!("{own}, or switch this field off by Builder::bare_tag(false)")
            }
            _ => own,
        }
    }
}

impl Worker {
    /// Tells the trap of the callsites that were met since the last look.
    pub(super) fn tell_unknown_tags(&mut self) {
        for unknown in self.shared.counters.take_unknown_tags() {
            self.fanout.tell(&unknown.failure());
        }
    }
}
