//! What a backend reads differently from others.

use opentelemetry::{Key, KeyValue, Value};
use tracing_llm::{Event, Trace};

use super::{langfuse, weave};

/// A pure change of one span's attributes: after conversion and masking, before limits. What a
/// span brought itself is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Quirks {
    #[default]
    None,
    Langfuse,
    Weave,
}

impl Quirks {
    /// The span of an event.
    pub(crate) fn apply(self, event: &Event, attributes: &mut Vec<KeyValue>) {
        match self {
            Self::None => {}
            Self::Langfuse => langfuse::span(event, attributes),
            Self::Weave => weave::span(event, attributes),
        }
    }

    /// The root of a named trace, with the event at its top if there is only one.
    pub(crate) fn apply_to_root(
        self,
        trace: &Trace,
        top: Option<&Event>,
        attributes: &mut Vec<KeyValue>,
    ) {
        match self {
            Self::None => {}
            Self::Langfuse => langfuse::root(attributes),
            Self::Weave => weave::root(trace, top, attributes),
        }
    }
}

/// Whether no span above this one comes from this process.
pub(super) fn is_root(event: &Event) -> bool {
    event.parent_id.is_none() && event.scope_id.is_none()
}

/// Puts an attribute, unless it is there.
pub(super) fn put(attributes: &mut Vec<KeyValue>, key: &'static str, value: impl Into<Value>) {
    if attributes.iter().all(|pair| pair.key.as_str() != key) {
        attributes.push(KeyValue::new(Key::from_static_str(key), value));
    }
}
