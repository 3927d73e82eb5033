//! What is not shown to a backend: the masking of OpenInference, and a stricter one of ours.
//!
//! In two steps, since much of a span is derived: first the typed event is masked (`event`), so
//! that what is derived comes from what is left; then the finished list of attributes, key by
//! key, exactly as the official masker does it (`keys`), and where it is strict (`strict`).

mod config;
mod environment;
mod event;
mod keys;
mod strict;

use opentelemetry::{KeyValue, Value};

pub(crate) use self::config::Masks;
pub use self::config::TraceConfig;
pub(crate) use self::environment::flag;
pub(crate) use self::event::masked;

/// What stands in place of a value that is hidden.
pub(crate) const REDACTED: &str = "__REDACTED__";

/// What becomes of one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Dropped,
    Redacted,
}

/// The fate of the first condition that holds.
fn first(rules: &[(bool, Fate)]) -> Fate {
    rules.iter().find(|(holds, _)| *holds).map_or(Fate::Kept, |(_, fate)| *fate)
}

/// Masks a finished list of attributes, key by key.
pub(crate) fn mask(attributes: &mut Vec<KeyValue>, masks: &Masks) {
    attributes.retain_mut(|pair| {
        let key = pair.key.as_str();
        if masks.is_open() && !key.ends_with(".url") {
            return true; // only what is too long can be hidden
        }
        let fate = match keys::fate(key, &pair.value, masks) {
            Fate::Kept if masks.strict => strict::fate(key, &pair.value, masks),
            fate => fate,
        };
        if fate == Fate::Redacted {
            pair.value = Value::from(REDACTED);
        }
        fate != Fate::Dropped
    });
}

/// Whether a key is this name, or stands below it.
fn is_within(key: &str, name: &str) -> bool {
    key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a key ends with this name as a whole.
fn ends_with(key: &str, leaf: &str) -> bool {
    key.strip_suffix(leaf).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests;
