//! Prices of one's own.

use std::collections::BTreeMap;

use serde::Deserialize;
use tracing_llm::{Cost, EventType, Text};

use super::{Prices, Rates, models};
use crate::error::Error;
use crate::record::TokenRecord;

/// Prices of one's own, by model.
///
/// A model's name stands as it is, with its provider before it (`azure/gpt-5-mini`), or ends in `*`
/// and stands for all that begin so. A name with a provider is preferred, then one that is whole,
/// then the longest beginning. Case does not matter.
///
/// ```
/// use tracing_llm_tokens::{PriceTable, Rates, TokenCounter};
///
/// let prices = PriceTable::new("2026-11-01")
///     .model("house-model", Rates::new(0.5, 2.0))
///     .model("azure/gpt-5-mini*", Rates::new(0.28, 2.2).cache_read(0.028));
/// let counter = TokenCounter::new().prices(prices);
/// ```
///
/// The same from a file's text:
///
/// ```
/// use tracing_llm_tokens::PriceTable;
///
/// let prices = PriceTable::from_json(r#"{
///     "date": "2026-11-01",
///     "models": {
///         "house-model": {"input": 0.5, "output": 2.0},
///         "house-embedding": {"input": 0.01},
///         "azure/gpt-5-mini*": {
///             "input": 0.28, "output": 2.2, "cache_read": 0.028,
///             "tiers": {"batch": {"input": 0.14, "output": 1.1}}
///         }
///     }
/// }"#)?;
/// # Ok::<(), tracing_llm_tokens::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// The day that the prices are of.
    date: String,
    models: BTreeMap<String, Rates>,
}

impl PriceTable {
    /// An empty table of prices of this date, as the report is to show it.
    #[must_use]
    pub fn new(date: impl Into<String>) -> Self {
        Self { date: date.into(), models: BTreeMap::new() }
    }

    /// Adds a model, in place of what the table has for this name.
    ///
    /// Rates that are no numbers, or less than zero, are no price.
    #[must_use]
    pub fn model(mut self, name: impl AsRef<str>, rates: Rates) -> Self {
        self.models.insert(name.as_ref().to_lowercase(), rates);
        self
    }

    /// Reads a table: an object with `date` and `models`, each of which has `input` and, in US
    /// dollars for a million tokens too, `output`, `cache_read`, `cache_write`, `reasoning`,
    /// `audio_input`, `audio_output`, and under `tiers` the same for each service tier.
    ///
    /// # Errors
    ///
    /// If the text is no such object, has a name that is none of these, or a rate below zero
    /// ([`Error::is_invalid`]).
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let read: Self = serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("no price table: {error}")))?;
        if let Some((name, _)) = read.models.iter().find(|(_, rates)| !rates.are_sound()) {
            return Err(Error::invalid(format!(
                "no price table: a rate of {name:?} is below zero"
            )));
        }
        let models = read.models.into_iter().map(|(name, rates)| (name.to_lowercase(), rates));
        Ok(Self { date: read.date, models: models.collect() })
    }

    fn rates(&self, provider: Option<&Text>, model: &str) -> Option<&Rates> {
        let model = model.to_lowercase();
        let with_provider = provider.map(|name| format!("{}/{model}", name.to_lowercase()));
        let names = with_provider.iter().chain([&model]);
        names.clone().find_map(|name| self.models.get(name)).or_else(|| {
            let begins = |name: &String, known: &String| {
                known.strip_suffix('*').is_some_and(|beginning| name.starts_with(beginning))
            };
            names.into_iter().find_map(|name| {
                let fitting = self.models.iter().filter(|(known, _)| begins(name, known));
                fitting.max_by_key(|(known, _)| known.len()).map(|(_, rates)| rates)
            })
        })
    }
}

impl Prices for PriceTable {
    fn price(&self, call: &TokenRecord) -> Option<Cost> {
        let rates = models(call).find_map(|model| self.rates(call.provider.as_ref(), model))?;
        let rates = rates.of_tier(call.tier.as_deref());
        let has_output = call.event_type != EventType::EMBEDDING;
        rates.are_sound().then(|| rates.price(&call.usage, has_output))
    }

    fn source(&self) -> Text {
        Text::from(format!("own table of {}", self.date))
    }
}

#[cfg(test)]
mod tests;
