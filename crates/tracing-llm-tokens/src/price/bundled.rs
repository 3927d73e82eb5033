//! The prices of the `genai-prices` crate.

use std::sync::Arc;
use std::time::SystemTime;

use genai_prices::{Calculator, PriceCalculation, PriceRequest, Usage as Units, UsageKey};
use tracing_llm::{Cost, EventType, Text};

use super::{Prices, models};
use crate::error::Error;
use crate::record::TokenRecord;

/// The oldest release of `genai-prices` that this crate is built with, and the day on which the
/// registry got it: the data has no date of its own, and a crate cannot ask which release of another
/// it was built with.
const BUNDLED: &str = "genai-prices 0.2.1 of 2026-10-30, or a newer release";

/// A tier that is no tier but a way to send requests.
const BATCH: &str = "batch";

/// Names of providers that the data does not know, and its own. OpenTelemetry GenAI semantic
/// conventions 1.41.1, and LiteLLM's for the last.
const ALIASES: [(&str, &str); 2] = [("x_ai", "x-ai"), ("fireworks_ai", "fireworks")];

/// Who made a model that a call tells no provider of, and whose name is of no known pattern: these
/// are asked whether they list it.
const MAKERS: [&str; 7] =
    ["openai", "anthropic", "google", "mistral", "cohere", "voyageai", "deepseek"];

/// The prices of providers' own pages, as [`genai-prices`](https://docs.rs/genai-prices) collects
/// them: by provider and model, the time of the call, its service tier, and the length of its
/// prompt where that matters.
///
/// A model that the data does not have for the call's provider has no price; so has every model of
/// a provider that the data does not have. Where a call tells no provider, its model's name does.
/// A tier that the data does not have for the model is priced as the standard one.
///
/// The data is part of the program. Newer data, as the project publishes it
/// (`genai_prices::REMOTE_DATA_URL`), can be [read](Self::from_json); nothing is fetched here.
///
/// ```
/// use tracing_llm::{Event, EventType, Usage};
/// use tracing_llm_tokens::{GenaiPrices, Prices, TokenRecord};
///
/// let mut call = Event::new(EventType::LLM, "chat");
/// call.payload.provider = Some("openai".into());
/// call.payload.model = Some("gpt-5-mini".into());
/// call.payload.usage = Some(Usage::new(1_000_000, 1_000_000));
/// let cost = GenaiPrices::new().price(&TokenRecord::from(&call));
/// assert!(cost.and_then(|cost| cost.total).is_some());
///
/// call.payload.provider = Some("ollama".into());
/// assert_eq!(GenaiPrices::new().price(&TokenRecord::from(&call)), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct GenaiPrices {
    /// Data of the program's own, and its source; else the bundled data.
    own: Option<(Arc<Calculator>, Text)>,
}

impl GenaiPrices {
    /// The bundled prices. They are read when the first price is asked for, which takes some tens
    /// of milliseconds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Newer prices: the project's `data.json`, and the date of it for the report.
    ///
    /// # Errors
    ///
    /// If that is no such data ([`Error::is_invalid`]).
    pub fn from_json(data: impl AsRef<[u8]>, date: &str) -> Result<Self, Error> {
        let calculator = Calculator::from_json(data)
            .map_err(|error| Error::invalid(format!("no price data: {error}")))?;
        let source = Text::from(format!("genai-prices of {date}"));
        Ok(Self { own: Some((Arc::new(calculator), source)) })
    }

    fn calculator(&self) -> &Calculator {
        self.own.as_ref().map_or_else(|| Calculator::bundled(), |(calculator, _)| calculator)
    }
}

impl Prices for GenaiPrices {
    fn price(&self, call: &TokenRecord) -> Option<Cost> {
        let calculator = self.calculator();
        let told = call.provider.as_deref().map(known);
        let makers = MAKERS.into_iter().filter(|_| told.is_none()).map(Some);
        let mut providers = std::iter::once(told).chain(makers);
        providers.find_map(|provider| {
            models(call).find_map(|model| Call { calculator, call, provider, model }.cost())
        })
    }

    fn source(&self) -> Text {
        self.own.as_ref().map_or(Text::literal(BUNDLED), |(_, source)| source.clone())
    }
}

/// A provider by the name that the data has for it.
fn known(provider: &str) -> &str {
    let alias = ALIASES.iter().find(|(name, _)| *name == provider);
    alias.map_or(provider, |(_, known)| known)
}

/// A call, and the provider and the model whose price is tried.
struct Call<'a> {
    calculator: &'a Calculator,
    call: &'a TokenRecord,
    provider: Option<&'a str>,
    model: &'a str,
}

impl Call<'_> {
    fn cost(&self) -> Option<Cost> {
        let usage = &self.call.usage;
        let input = usage.input.unwrap_or_default();
        let output = usage.output.unwrap_or_default();
        let units = self.units();
        let price = self.price(&units)?;

        let mut cost = Cost::default();
        cost.input = usage.input.and(Some(price.input_price));
        cost.output = usage.output.and(Some(price.output_price));
        let is_whole = usage.output.is_some() || self.call.event_type == EventType::EMBEDDING;
        cost.total = (usage.input.is_some() && is_whole).then_some(price.total_price);

        // The data gives no price of a part. It is that part of what the whole would cost if all
        // of it were of that kind: a rate depends on the length of the whole at most.
        let part = |tokens: Option<u64>, whole: u64, key: UsageKey, of_output: bool| {
            let tokens = tokens.filter(|tokens| *tokens <= whole)?;
            if tokens == 0 {
                return Some(0.0);
            }
            let mut all = Units::from([
                (UsageKey::INPUT_TOKENS, float(input)),
                (UsageKey::OUTPUT_TOKENS, float(output)),
            ]);
            all.insert(key, float(whole));
            let price = self.price(&all)?;
            let all = if of_output { price.output_price } else { price.input_price };
            Some(all * float(tokens) / float(whole))
        };
        cost.cache_read = part(usage.cache_read, input, UsageKey::CACHE_READ_TOKENS, false);
        cost.cache_write = part(usage.cache_write, input, UsageKey::CACHE_WRITE_TOKENS, false);
        cost.reasoning = part(usage.reasoning, output, UsageKey::OUTPUT_REASONING_TOKENS, true);
        Some(cost)
    }

    /// The usage in the data's words.
    fn units(&self) -> Units {
        let usage = &self.call.usage;
        let mut units = Units::new();
        for (key, tokens) in [
            (UsageKey::INPUT_TOKENS, usage.input),
            (UsageKey::CACHE_READ_TOKENS, usage.cache_read),
            (UsageKey::CACHE_WRITE_TOKENS, usage.cache_write),
            (UsageKey::INPUT_AUDIO_TOKENS, usage.audio_input),
            (UsageKey::OUTPUT_TOKENS, usage.output),
            (UsageKey::OUTPUT_REASONING_TOKENS, usage.reasoning),
            (UsageKey::OUTPUT_AUDIO_TOKENS, usage.audio_output),
        ] {
            if let Some(tokens) = tokens {
                units.insert(key, float(tokens));
            }
        }
        // What is both is not reported. Cached tokens and thoughts are taken for text.
        for (parts, both) in [
            ([usage.cache_read, usage.audio_input], UsageKey::CACHE_AUDIO_READ_TOKENS),
            ([usage.cache_write, usage.audio_input], UsageKey::CACHE_AUDIO_WRITE_TOKENS),
            ([usage.reasoning, usage.audio_output], UsageKey::OUTPUT_AUDIO_REASONING_TOKENS),
        ] {
            if parts.iter().all(|part| part.is_some_and(|tokens| tokens > 0)) {
                units.insert(both, 0.0);
            }
        }
        units
    }

    fn price(&self, units: &Units) -> Option<PriceCalculation> {
        let call = self.call;
        let mut request =
            PriceRequest::new(self.model, units).with_timestamp(SystemTime::from(call.start));
        if let Some(provider) = self.provider {
            request = request.with_provider_id(provider);
        }
        match call.tier.as_deref() {
            Some(BATCH) => request = request.with_price_context("processing", BATCH),
            Some(tier) => request = request.with_price_context("service_tier", tier),
            None => {}
        }
        self.calculator.calculate(&request).ok()
    }
}

#[allow(clippy::cast_precision_loss, reason = "no call has 2^53 tokens")]
fn float(tokens: u64) -> f64 {
    tokens as f64
}

#[cfg(test)]
mod tests;
