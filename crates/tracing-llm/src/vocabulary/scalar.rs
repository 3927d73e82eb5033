//! One value of a field.

use serde_json::{Number, Value};

use super::read::parse_or_text;
use crate::Text;

/// A value as `tracing` hands it over. Debug-formatted values arrive as text, and so do
/// `i128` and `u128` that do not fit.
///
/// A text that was given as a `String` is moved wherever it goes; one that is shared is
/// copied where a [`Value`] must own it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Text(Text),
    I64(i64),
    U64(u64),
    F64(f64),
    Bool(bool),
}

/// The largest count that is believed: what an `f64`, and so most JSON readers, hold exactly.
const MAX_COUNT: u64 = 1 << 53;

impl Scalar {
    /// The value as text.
    pub(crate) fn text(&self) -> Text {
        match self {
            Self::Text(text) => text.clone(),
            Self::I64(number) => Text::from(number.to_string()),
            Self::U64(number) => Text::from(number.to_string()),
            Self::F64(number) => Text::from(number.to_string()),
            Self::Bool(truth) => Text::literal(if *truth { "true" } else { "false" }),
        }
    }

    /// The value as text; a text is moved.
    pub(super) fn into_text(self) -> Text {
        match self {
            Self::Text(text) => text,
            other => other.text(),
        }
    }

    /// The value with its own type; what is not a number (`NaN`) becomes text.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.into_string()),
            Self::I64(number) => Value::from(number),
            Self::U64(number) => Value::from(number),
            Self::F64(number) => Number::from_f64(number)
                .map_or_else(|| Value::String(number.to_string()), Value::Number),
            Self::Bool(truth) => Value::Bool(truth),
        }
    }

    /// The value with its own type, and JSON in place of a text that spells it.
    pub(super) fn into_json(self) -> Value {
        match self {
            Self::Text(text) => parse_or_text(text.into_string()),
            other => other.into_value(),
        }
    }

    /// Whether it is a number by its type.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::I64(_) | Self::U64(_) | Self::F64(_))
    }

    /// The value as a count: whole, not negative, at most 2^53. A text may spell it.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the bounds are checked"
    )]
    pub(super) fn count(&self) -> Option<u64> {
        let whole = |number: f64| {
            let believed = (0.0..=MAX_COUNT as f64).contains(&number) && number.fract() == 0.0;
            believed.then_some(number as u64)
        };
        let count = match self {
            Self::U64(count) => Some(*count),
            Self::I64(count) => u64::try_from(*count).ok(),
            Self::F64(number) => whole(*number),
            Self::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| text.parse().ok().and_then(whole))
            }
            Self::Bool(_) => None,
        };
        count.filter(|count| *count <= MAX_COUNT)
    }

    /// The value as an amount: finite and not negative. A text may spell it.
    #[allow(clippy::cast_precision_loss, reason = "an amount is no finer than an f64")]
    pub(super) fn amount(&self) -> Option<f64> {
        let amount = match self {
            Self::F64(number) => Some(*number),
            Self::U64(number) => Some(*number as f64),
            Self::I64(number) => Some(*number as f64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(_) => None,
        };
        amount.filter(|amount| amount.is_finite() && *amount >= 0.0)
    }
}
