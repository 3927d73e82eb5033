//! What the layer was told to see and to keep.

use tracing::level_filters::LevelFilter;

use crate::EventType;
use crate::vocabulary::{ContextKey, Role, Tag, event_type, original_event_type, role};

/// Which field names and levels mean something.
#[derive(Debug)]
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
}

impl Recognition {
    pub(crate) fn role(&self, field: &'static str) -> Role {
        if self.context_keys.iter().any(|key| key == field) {
            return Role::Context(ContextKey::Custom(field));
        }
        if field == "event_type" && !self.bare_tag {
            return Role::Other;
        }
        role(field)
    }

    pub(crate) fn event_type(&self, tag: Tag, value: &str) -> Option<EventType> {
        let custom = &self.custom_types;
        event_type(tag, value, custom).or_else(|| {
            self.original_values.then(|| original_event_type(tag, value, custom)).flatten()
        })
    }
}

/// Which tag is believed where a span has several: the lowest.
pub(crate) fn rank(tag: Tag) -> u8 {
    match tag {
        Tag::LlmEventType => 0,
        Tag::EventType => 1,
        Tag::SpanKind => 2,
        Tag::Operation => 3,
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
