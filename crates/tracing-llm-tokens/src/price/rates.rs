//! The prices of one model.

use std::collections::BTreeMap;

use serde::Deserialize;
use tracing_llm::{Cost, Usage};

/// Rates are for so many tokens.
const MILLION: f64 = 1e6;

/// The prices of one model: US dollars for a million tokens of each kind.
///
/// Cached tokens are part of the prompt and reasoning is part of the answer; where they have no
/// rate of their own they cost what the rest of it does. So for audio.
///
/// ```
/// use tracing_llm_tokens::Rates;
///
/// let rates = Rates::new(0.25, 2.0).cache_read(0.025).tier("flex", Rates::new(0.125, 1.0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    input: f64,
    #[serde(default)]
    output: Option<f64>,
    #[serde(default)]
    cache_read: Option<f64>,
    #[serde(default)]
    cache_write: Option<f64>,
    #[serde(default)]
    reasoning: Option<f64>,
    #[serde(default)]
    audio_input: Option<f64>,
    #[serde(default)]
    audio_output: Option<f64>,
    #[serde(default)]
    tiers: BTreeMap<String, Rates>,
}

impl Rates {
    /// For the prompt and for the answer.
    #[must_use]
    pub fn new(input: f64, output: f64) -> Self {
        Self { input, output: Some(output), ..Self::default() }
    }

    /// For what only takes tokens in, such as an embedding.
    #[must_use]
    pub fn of_input(input: f64) -> Self {
        Self { input, ..Self::default() }
    }

    /// For the part of the prompt that is read from a cache.
    #[must_use]
    pub fn cache_read(mut self, rate: f64) -> Self {
        self.cache_read = Some(rate);
        self
    }

    /// For the part of the prompt that is written to a cache.
    #[must_use]
    pub fn cache_write(mut self, rate: f64) -> Self {
        self.cache_write = Some(rate);
        self
    }

    /// For the part of the answer that is spent on reasoning.
    #[must_use]
    pub fn reasoning(mut self, rate: f64) -> Self {
        self.reasoning = Some(rate);
        self
    }

    /// For the parts that are audio, of the prompt and of the answer.
    #[must_use]
    pub fn audio(mut self, input: f64, output: f64) -> Self {
        (self.audio_input, self.audio_output) = (Some(input), Some(output));
        self
    }

    /// The rates of a [service tier](crate::TokenRecord::tier), as the provider names it.
    #[must_use]
    pub fn tier(mut self, name: impl Into<String>, rates: Self) -> Self {
        self.tiers.insert(name.into(), rates);
        self
    }

    /// The rates of this tier; the standard ones if it has none of its own.
    pub(super) fn of_tier(&self, tier: Option<&str>) -> &Self {
        tier.and_then(|tier| self.tiers.get(tier)).unwrap_or(self)
    }

    /// Whether all are numbers, and none below zero.
    pub(super) fn are_sound(&self) -> bool {
        let rates = [
            Some(self.input),
            self.output,
            self.cache_read,
            self.cache_write,
            self.reasoning,
            self.audio_input,
            self.audio_output,
        ];
        rates.into_iter().flatten().all(|rate| rate.is_finite() && rate >= 0.0)
            && self.tiers.values().all(Self::are_sound)
    }

    /// What this usage costs; what is not known of it has no price, and then nor has all of it.
    pub(super) fn price(&self, usage: &Usage, has_output: bool) -> Cost {
        let mut cost = Cost::default();
        if let Some(input) = usage.input {
            let read = Part::new(usage.cache_read, self.cache_read.unwrap_or(self.input));
            let written = Part::new(usage.cache_write, self.cache_write.unwrap_or(self.input));
            let audio = Part::new(usage.audio_input, self.audio_input.unwrap_or(self.input));
            cost.input = Some(with_parts(input, self.input, [read, written, audio]));
            (cost.cache_read, cost.cache_write) = (read.cost(), written.cost());
        }
        if let (Some(output), Some(rate)) = (usage.output, self.output) {
            let reasoning = Part::new(usage.reasoning, self.reasoning.unwrap_or(rate));
            let audio = Part::new(usage.audio_output, self.audio_output.unwrap_or(rate));
            cost.output = Some(with_parts(output, rate, [reasoning, audio]));
            cost.reasoning = reasoning.cost();
        }
        cost.total = match (cost.input, cost.output) {
            (Some(input), Some(output)) => Some(input + output),
            (Some(input), None) if !has_output => Some(input),
            _ => None,
        };
        cost
    }
}

/// A part of the prompt or the answer, with a rate of its own.
#[derive(Clone, Copy)]
struct Part {
    tokens: Option<u64>,
    rate: f64,
}

impl Part {
    fn new(tokens: Option<u64>, rate: f64) -> Self {
        Self { tokens, rate }
    }

    fn cost(self) -> Option<f64> {
        self.tokens.map(|tokens| at_rate(tokens, self.rate))
    }
}

/// The parts at their rates, and the rest at the rate of the whole.
fn with_parts<const N: usize>(whole: u64, rate: f64, parts: [Part; N]) -> f64 {
    let tokens = parts.iter().filter_map(|part| part.tokens).fold(0, u64::saturating_add);
    let rest = at_rate(whole.saturating_sub(tokens), rate);
    parts.iter().filter_map(|part| part.cost()).sum::<f64>() + rest
}

#[allow(clippy::cast_precision_loss, reason = "no call has 2^53 tokens")]
fn at_rate(tokens: u64, rate: f64) -> f64 {
    tokens as f64 * rate / MILLION
}
