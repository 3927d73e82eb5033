//! What the layer was told to see and to keep.

use tracing::Metadata;
use tracing::level_filters::LevelFilter;

use super::libraries::{EventRule, LIBRARIES, SpanRule};
use super::rank::{LIBRARY, RULE, Rank};
use super::rule::Rule;
use super::target::is_below;
use crate::EventType;
use crate::vocabulary::{
    ContextKey, Role, Tag, Vocabulary, event_type, original_event_type, role, vocabulary_of,
};

/// Which field names, levels, targets and spans mean something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recognition {
    pub(crate) level: LevelFilter,
    /// Whether the bare key `event_type` is a tag.
    pub(crate) bare_tag: bool,
    /// Whether LlamaIndex's lower-case values (`llm`) are types too.
    pub(crate) original_values: bool,
    /// Field names that the user registered as context.
    pub(crate) context_keys: Vec<String>,
    /// Event types that the user registered.
    pub(crate) custom_types: Vec<EventType>,
    /// Rules of the user's; the last that fits counts.
    pub(crate) rules: Vec<Rule>,
    /// Vocabularies that are switched off.
    pub(crate) off: Vec<Vocabulary>,
    /// Targets that are nothing to us, with all below them.
    pub(crate) excluded: Vec<String>,
}

/// A rule that fits a callsite.
pub(super) enum Fitting<'a> {
    Own(&'a Rule),
    Span(&'static SpanRule),
    Event(&'static EventRule),
}

impl Fitting<'_> {
    /// What its spans are, and how strongly that is believed; none if it is about events.
    pub(super) fn decides(&self) -> Option<(Rank, EventType)> {
        match self {
            Self::Own(rule) => Some((RULE, rule.event_type())),
            Self::Span(rule) => Some((LIBRARY, rule.event_type)),
            Self::Event(_) => None,
        }
    }

    /// The name whose meaning a field has; none if it has its own.
    pub(super) fn meaning(&self, field: &str) -> Option<&'static str> {
        match self {
            Self::Own(rule) => rule.meaning(field),
            Self::Span(rule) => rule.meaning(field),
            Self::Event(rule) => rule.meaning(field),
        }
    }
}

impl Recognition {
    pub(crate) fn role(&self, field: &'static str) -> Role {
        match self.meaning(field) {
            Role::Tag(_) | Role::Payload { .. } if self.is_off(field) => Role::Other,
            role => role,
        }
    }

    /// What a name means where a rule names it: it borrows the word, also of a vocabulary that is off.
    pub(super) fn meaning(&self, field: &'static str) -> Role {
        if self.context_keys.iter().any(|key| key == field) {
            return Role::Context(ContextKey::Custom(field));
        }
        if field == "event_type" && !self.bare_tag {
            return Role::Other;
        }
        role(field)
    }

    fn is_off(&self, field: &str) -> bool {
        !self.off.is_empty()
            && vocabulary_of(field).is_some_and(|vocabulary| self.off.contains(&vocabulary))
    }

    pub(crate) fn event_type(&self, tag: Tag, value: &str) -> Option<EventType> {
        let custom = &self.custom_types;
        event_type(tag, value, custom).or_else(|| {
            self.original_values.then(|| original_event_type(tag, value, custom)).flatten()
        })
    }

    /// Whether spans and events of this target are nothing to us, whatever they say.
    pub(super) fn is_excluded(&self, target: &str) -> bool {
        self.excluded.iter().any(|excluded| is_below(target, excluded))
    }

    /// The rule for a callsite: the user's before those of libraries.
    pub(super) fn rule(&self, metadata: &Metadata<'_>) -> Option<Fitting<'_>> {
        if metadata.is_span() {
            if let Some(rule) = self.rules.iter().rev().find(|rule| rule.fits(metadata)) {
                return Some(Fitting::Own(rule));
            }
        }
        let library = LIBRARIES.iter().find(|library| library.concerns(metadata))?;
        if self.off.contains(&library.vocabulary) {
            return None;
        }
        if metadata.is_span() {
            library.span(metadata).map(Fitting::Span)
        } else {
            library.event(metadata).map(Fitting::Event)
        }
    }

    /// Switches a vocabulary on or off.
    pub(crate) fn switch(&mut self, vocabulary: Vocabulary, on: bool) {
        self.off.retain(|off| *off != vocabulary);
        if !on {
            self.off.push(vocabulary);
            self.off.sort_unstable(); // the same setting, in whatever order it came about
        }
    }

    /// Excludes a target, or includes it again.
    pub(crate) fn exclude(&mut self, target: String, excluded: bool) {
        self.excluded.retain(|known| *known != target);
        if excluded {
            self.excluded.push(target);
            self.excluded.sort_unstable();
        }
    }
}

/// How much of an event is kept.
///
/// ```
/// use tracing_llm::CaptureContent;
///
/// let (layer, callbacks) = tracing_llm::layer().capture(CaptureContent::Metadata).build();
/// # drop((layer, callbacks));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureContent {
    /// Everything.
    #[default]
    Full,
    /// No content: no prompts, answers, documents, arguments, exception texts or free
    /// attributes. What is left: types, names, ids, times, outcomes, models, usage, counts.
    Metadata,
}
