//! W3C trace and span ids.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// A [W3C trace id](https://www.w3.org/TR/trace-context/#trace-id): 16 bytes, not all zero.
///
/// Shown as 32 lower-case hexadecimal digits.
///
/// ```
/// use tracing_llm::TraceId;
///
/// let id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// # Ok::<(), tracing_llm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(NonZeroU128);

/// A [W3C span id](https://www.w3.org/TR/trace-context/#parent-id): 8 bytes, not all zero.
///
/// Shown as 16 lower-case hexadecimal digits.
///
/// ```
/// use tracing_llm::SpanId;
///
/// let id: SpanId = "00f067aa0ba902b7".parse()?;
/// assert_eq!(id.to_string(), "00f067aa0ba902b7");
/// # Ok::<(), tracing_llm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(NonZeroU64);

macro_rules! id {
    ($id:ident, $bits:ty, $nonzero:ty, $digits:literal, $bytes:literal) => {
        impl $id {
            /// The id with number one.
            pub const FIRST: Self = Self(<$nonzero>::MIN);

            /// The id with this number; none for zero, which is no id.
            #[must_use]
            pub const fn new(bits: $bits) -> Option<Self> {
                match <$nonzero>::new(bits) {
                    Some(bits) => Some(Self(bits)),
                    None => None,
                }
            }

            /// The id as a number.
            #[must_use]
            pub const fn get(self) -> $bits {
                self.0.get()
            }

            /// The id as bytes, in the order in which they are written.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0.get().to_be_bytes()
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "x}"), self.0)
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($id), "({})"), self)
            }
        }

        impl FromStr for $id {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let all_hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                (text.len() == 2 * $bytes && all_hex)
                    .then(|| <$bits>::from_str_radix(text, 16).ok())
                    .flatten()
                    .and_then(Self::new)
                    .ok_or_else(|| Error::invalid(stringify!($id), text))
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(TraceId, u128, NonZeroU128, "32", 16);
id!(SpanId, u64, NonZeroU64, "16", 8);

impl TraceId {
    /// Whether the trace belongs to this share of all traces: `0.1` is every tenth, 0 or less is
    /// none, 1 or more is all.
    ///
    /// The choice rests on the id alone, as OpenTelemetry's `TraceIdRatioBased` sampler makes
    /// it: on its lower 56 bits, uniformly random in a W3C trace id. So every process and every
    /// handler chooses the same traces, and a larger share holds the smaller one.
    ///
    /// ```
    /// use tracing_llm::TraceId;
    ///
    /// assert!(TraceId::FIRST.is_in_share(0.1));
    /// assert!(!TraceId::FIRST.is_in_share(0.0));
    /// ```
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is no share, such as NaN or -1, becomes the nearest bound"
    )]
    pub fn is_in_share(self, share: f64) -> bool {
        const ALL: u64 = 1 << 56;
        // The bound is whole, so that a share of 1 holds the largest id too.
        let bound = (share * ALL as f64) as u64;
        (self.get() as u64) % ALL < bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_one_holds_every_trace_and_a_larger_share_the_smaller_one() {
        let traces = [1, 1 << 54, 1 << 55, (1 << 56) - 1, u128::MAX];
        let taken = |share: f64| {
            traces.map(|bits| TraceId::new(bits).is_some_and(|trace| trace.is_in_share(share)))
        };
        assert_eq!(taken(1.0), [true; 5]);
        assert_eq!(taken(0.75), [true, true, true, false, false]);
        assert_eq!(taken(0.5), [true, true, false, false, false]);
        for none in [0.0, -1.0, f64::NAN] {
            assert_eq!(taken(none), [false; 5], "{none}");
        }
        assert_eq!(taken(2.0), [true; 5]);
    }
}
