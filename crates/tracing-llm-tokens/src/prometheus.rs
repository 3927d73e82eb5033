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
    samples: fn(&Sums) -> Vec<Sample>,
}

/// Its labels beside those of the series, and its value, if there is one.
type Sample = (MoreLabels, Option<f64>);

type MoreLabels = &'static [(&'static str, &'static str)];

const NO_LABEL: MoreLabels = &[];

#[allow(clippy::cast_precision_loss, reason = "2^53 tokens are enough; Prometheus knows no more")]
const COUNTERS: &[Counter] = &[
    Counter {
        name: "llm_calls",
        help: "Calls that were counted.",
        samples: |sums| vec![(NO_LABEL, Some(sums.calls as f64))],
    },
    Counter {
        name: "llm_call_errors",
        help: "Calls that failed.",
        samples: |sums| vec![(NO_LABEL, Some(sums.errors as f64))],
    },
    Counter {
        name: "llm_tokens",
        help: "Tokens in and out, as reported, else as estimated.",
        samples: |sums| {
            vec![
                (&[("token_type", "input")], Some(sums.input as f64)),
                (&[("token_type", "output")], Some(sums.output as f64)),
            ]
        },
    },
    Counter {
        name: "llm_token_details",
        help: "Parts of the tokens in and out that cost otherwise.",
        samples: |sums| {
            vec![
                (&[("detail", "cache_read")], Some(sums.cache_read as f64)),
                (&[("detail", "cache_write")], Some(sums.cache_write as f64)),
                (&[("detail", "reasoning")], Some(sums.reasoning as f64)),
            ]
        },
    },
    Counter {
        name: "llm_estimated_tokens",
        help: "All tokens of the calls that are estimated, at least in part.",
        samples: |sums| vec![(NO_LABEL, Some(sums.estimated as f64))],
    },
    Counter {
        name: "llm_unpriced_tokens",
        help: "All tokens of the calls that have no known price.",
        samples: |sums| vec![(NO_LABEL, Some(sums.unpriced as f64))],
    },
    Counter {
        name: "llm_cost_usd",
        help: "What the calls cost in US dollars, without those that have no known price.",
        samples: |sums| vec![(NO_LABEL, sums.cost())],
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
    /// A counter never falls or vanishes but by [`reset`](Self::reset) or the limit: where a call
    /// that was counted turns out to be a [part of another](Self#what-is-not-counted-twice), it
    /// stands still until the sums have caught up. So do the `_sum` and the `_count` of a summary.
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

/// The labels and sums of each series, sorted by the labels; also of one whose calls are all taken
/// back, since it may have been shown.
fn series(rows: &Rows<Series>) -> Vec<(Labels, Sums)> {
    let mut all: Vec<(Labels, Sums)> =
        rows.iter_all().map(|(series, sums)| (labels(series), sums.clone())).collect();
    all.sort_by(|(left, _), (right, _)| left.cmp(right));
    all
}

/// The labels of a series, or of the one that the rest shares.
fn labels(series: Option<&Series>) -> Labels {
    let Some((event_type, provider, model)) = series else {
        return vec![("model", OTHERS.to_owned())];
    };
    let named = [("provider", provider), ("model", model)].into_iter();
    let named = named.filter_map(|(name, value)| Some((name, value.as_ref()?.to_string())));
    std::iter::once(("event_type", event_type.to_string())).chain(named).collect()
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "2^53 calls are enough"
)]
fn render(series: &[(Labels, Sums)], shown: &mut Raise<'_>) -> String {
    let mut text = Exposition::new();
    for Counter { name, help, samples } in COUNTERS {
        text.family(name, Kind::Counter, help);
        for (labels, sums) in series {
            for (more, value) in samples(sums) {
                let labels: Vec<(&str, &str)> =
                    borrowed(labels).chain(more.iter().copied()).collect();
                let value = value.filter(|_| sums.calls > 0);
                if let Some(value) = shown.raise(name, &labels, value) {
                    text.sample(&labels, value);
                }
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
            let now =
                (sums.calls > 0).then(|| (durations.total().as_secs_f64(), durations.count()));
            let sum = shown.raise(name, &labels, now.map(|(sum, _)| sum));
            let count =
                shown.raise(&format!("{name}_count"), &labels, now.map(|(_, count)| count as f64));
            if let Some((sum, count)) = sum.zip(count) {
                text.summary(&labels, &quantiles, sum, count as u64);
            }
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

/// What is shown this time, beside what was shown last time. A series that has no row any more is
/// forgotten: the limit has put it into the rest.
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
    /// The value, or the one before if that is higher or all there is; none if it never had one.
    fn raise(&mut self, name: &str, labels: &[(&str, &str)], value: Option<f64>) -> Option<f64> {
        let key = format!("{name} {labels:?}");
        let before = self.before.get(&key).copied();
        let value = before.into_iter().chain(value).reduce(f64::max)?;
        self.now.insert(key, value);
        Some(value)
    }
}

#[cfg(test)]
mod tests;
