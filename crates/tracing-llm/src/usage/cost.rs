//! What a call cost.

use serde::{Deserialize, Serialize};

/// What a call cost, in US dollars.
///
/// What is not known is absent, not zero.
///
/// ```
/// use tracing_llm::Cost;
///
/// let mut cost = Cost::default();
/// cost.total = Some(0.0021);
/// assert_eq!(cost.input, None);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cost {
    /// All of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// The prompt, cached tokens included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<f64>,
    /// The answer, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<f64>,
    /// The part of the prompt that was read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<f64>,
    /// The part of the prompt that was written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
    /// The part of the answer that was spent on reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<f64>,
}

impl Cost {
    /// Leaves out every amount that can be none: negative, infinite, no number. Gives back how many
    /// those were.
    pub(crate) fn leave_out_absurd(&mut self) -> u64 {
        let Self { total, input, output, cache_read, cache_write, reasoning } = self;
        let mut left_out = 0;
        for amount in [total, input, output, cache_read, cache_write, reasoning] {
            let absurd = amount.take_if(|amount| !amount.is_finite() || *amount < 0.0);
            left_out += u64::from(absurd.is_some());
        }
        left_out
    }
}
