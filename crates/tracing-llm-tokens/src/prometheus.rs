//! The sums as text for Prometheus.

use std::collections::HashMap;
use std::sync::PoisonError;

use tracing_llm::prometheus::{Exposition, Kind};
use tracing_llm::{EventType, Text};

use crate::counter::TokenCounter;
use crate::durations::Durations;
use crate::rows::Rows;
use crate::sums::Sums;

/// What calls are told apart by: type, provider and model. All else, such as sessions, may have
/// any number of values.
pub(crate) type Series = (EventType, Option<Text>, Option<Text>);

/// The model of the series that the rest shares.
const OTHERS: &str = "(others)";

/// A counter: its name, its help, and its samples, each with one label more.
struct Counter {
    name: &'static str,
    help: &'static str,
    samples: fn(&Sums) -> Vec<(MoreLabels, f64)>,
}

type MoreLabels = &'static [(&'static str, &'static str)];

const NO_LABEL: MoreLabels = &[];

#[allow(clippy::cast_precision_loss, reason = "2^53 tokens are enough; Prometheus knows no more")]
const COUNTERS: &[Counter] = &[
    Counter {
        name: "llm_calls",
        help: "Calls that were counted.",
        samples: |sums| vec![(NO_LABEL, sums.calls as f64)],
    },
    Counter {
        name: "llm_call_errors",
        help: "Calls that failed.",
        samples: |sums| vec![(NO_LABEL, sums.errors as f64)],
    },
    Counter {
        name: "llm_tokens",
        help: "Tokens in and out, as reported, else as estimated.",
        samples: |sums| {
            vec![
                (&[("token_type", "input")], sums.input as f64),
                (&[("token_type", "output")], sums.output as f64),
            ]
        },
    },
    Counter {
        name: "llm_token_details",
        help: "Parts of the tokens in and out that cost otherwise.",
        samples: |sums| {
            vec![
                (&[("detail", "cache_read")], sums.cache_read as f64),
                (&[("detail", "cache_write")], sums.cache_write as f64),
                (&[("detail", "reasoning")], sums.reasoning as f64),
            ]
        },
    },
    Counter {
        name: "llm_estimated_tokens",
        help: "All tokens of the calls that are estimated, at least in part.",
        samples: |sums| vec![(NO_LABEL, sums.estimated as f64)],
    },
    Counter {
        name: "llm_unpriced_tokens",
        help: "All tokens of the calls that have no known price.",
        samples: |sums| vec![(NO_LABEL, sums.unpriced as f64)],
    },
    Counter {
        name: "llm_cost_usd",
        help: "What the calls cost in US dollars, without those that have no known price.",
        samples: |sums| sums.cost().map(|cost| (NO_LABEL, cost)).into_iter().collect(),
    },
];

impl TokenCounter {
    /// The sums by event type, model and provider in Prometheus' text format, version 0.0.4, for a
    /// `/metrics` endpoint (its content type is `text/plain; version=0.0.4`).
    ///
    /// Counters: `llm_calls_total`, `llm_call_errors_total`, `llm_tokens_total` by `token_type`,
    /// `llm_token_details_total`, `llm_estimated_tokens_total`, `llm_unpriced_tokens_total`,
    /// `llm_cost_usd_total`. Summaries in seconds: `llm_call_duration_seconds` and
    /// `llm_first_token_seconds`, with the quantiles 0.5 and 0.95 of all calls since the start. Calls
    /// without a model, a provider or a known price lack that label or that series. Beyond the
    /// [limit of rows](Self::row_limit), the rest has the model `(others)`.
    ///
    /// A counter never falls but by [`reset`](Self::reset) or the limit: where a call that was
    /// counted turns out to be a [part of another](Self#what-is-not-counted-twice), it stands
    /// still until the sums have caught up.
    ///
    /// It can stand before the text of the layer's own health in one answer:
    ///
    /// ```
    /// use tracing_llm_tokens::TokenCounter;
    ///
    /// let tokens = TokenCounter::new();
    /// let (layer, callbacks) = tracing_llm::layer().handler(tokens.clone()).build();
    /// let health = callbacks.stats_reader(); // cheap to clone, read from any thread
    /// let metrics = move || tokens.to_prometheus() + &health.read().to_prometheus();
    /// assert!(metrics().contains("tracing_llm_queue_messages 0"));
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let state = self.state();
        let (series, resets) = (series(state.tally.series()), state.tally.resets());
        drop(state);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        render(&series, &mut shown.begin(resets))
    }
}

type Labels = Vec<(&'static str, String)>;

/// The labels and sums of each series, sorted by the labels.
fn series(rows: &Rows<Series>) -> Vec<(Labels, Sums)> {
    let own = rows.iter().map(|((event_type, provider, model), sums)| {
        let named = [("provider", provider), ("model", model)].into_iter();
        let named = named.filter_map(|(name, value)| Some((name, value.as_ref()?.to_string())));
        let labels = std::iter::once(("event_type", event_type.to_string())).chain(named);
        (labels.collect(), sums.clone())
    });
    let others = rows.others().map(|(_, sums)| (vec![("model", OTHERS.to_owned())], sums.clone()));
    let mut all: Vec<(Labels, Sums)> = own.chain(others).collect();
    all.sort_by(|(left, _), (right, _)| left.cmp(right));
    all
}

fn render(series: &[(Labels, Sums)], shown: &mut Raise<'_>) -> String {
    let mut text = Exposition::new();
    for Counter { name, help, samples } in COUNTERS {
        text.family(name, Kind::Counter, help);
        for (labels, sums) in series {
            for (more, value) in samples(sums) {
                let labels: Vec<(&str, &str)> =
                    borrowed(labels).chain(more.iter().copied()).collect();
                text.sample(&labels, shown.raise(name, &labels, value));
            }
        }
    }
    for (name, help, durations) in SUMMARIES {
        text.family(name, Kind::Summary, help);
        for (labels, sums) in series {
            let (labels, durations) = (borrowed(labels).collect::<Vec<_>>(), durations(sums));
            let quantiles = [(0.5, durations.p50()), (0.95, durations.p95())].into_iter();
            let quantiles: Vec<(f64, f64)> = quantiles
                .filter_map(|(quantile, value)| Some((quantile, value?.as_secs_f64())))
                .collect();
            let sum = shown.raise(name, &labels, durations.total().as_secs_f64());
            text.summary(&labels, &quantiles, sum, durations.count());
        }
    }
    text.finish()
}

fn borrowed(labels: &Labels) -> impl Iterator<Item = (&'static str, &str)> {
    labels.iter().map(|(name, value)| (*name, value.as_str()))
}

type Summary = (&'static str, &'static str, fn(&Sums) -> &Durations);

const SUMMARIES: &[Summary] = &[
    ("llm_call_duration_seconds", "How long the calls took.", |sums| &sums.elapsed),
    ("llm_first_token_seconds", "How long the first tokens of streams took.", |sums| {
        &sums.first_token
    }),
];

/// The highest values that were shown. Of a counter that falls Prometheus believes that its program
/// was started anew, and adds all that it shows.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    resets: u64,
    values: HashMap<String, f64>,
}

/// What is shown this time, beside what was shown last time. A series that is gone is forgotten.
struct Raise<'a> {
    before: HashMap<String, f64>,
    now: &'a mut HashMap<String, f64>,
}

impl Shown {
    fn begin(&mut self, resets: u64) -> Raise<'_> {
        let before = std::mem::take(&mut self.values);
        let before = if self.resets == resets { before } else { HashMap::new() };
        self.resets = resets;
        Raise { before, now: &mut self.values }
    }
}

impl Raise<'_> {
    fn raise(&mut self, name: &str, labels: &[(&str, &str)], value: f64) -> f64 {
        let key = format!("{name} {labels:?}");
        let value = self.before.get(&key).map_or(value, |before| before.max(value));
        self.now.insert(key, value);
        value
    }
}

#[cfg(test)]
mod tests;
