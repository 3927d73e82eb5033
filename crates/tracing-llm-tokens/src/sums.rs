//! Sums over several calls.

use std::time::Duration;

use serde::{Serialize, Serializer};
use tracing_llm::Outcome;

use crate::durations::Durations;
use crate::money::Money;
use crate::pricing::Pricing;
use crate::record::TokenRecord;

/// Several calls, added up.
///
/// ```
/// use tracing_llm_tokens::TokenCounter;
///
/// let report = TokenCounter::new().report();
/// assert_eq!(report.llm.calls, 0);
/// assert_eq!(report.llm.total, 0);
/// assert_eq!(report.llm.cost(), None);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many calls.
    pub calls: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Tokens of the prompts, or of the embedded texts.
    pub input: u64,
    /// Tokens of the answers.
    pub output: u64,
    /// All tokens: of each call the reported total, else input and output.
    pub total: u64,
    /// Part of the input that was read from a cache.
    pub cache_read: u64,
    /// Part of the input that was written to a cache.
    pub cache_write: u64,
    /// Part of the output that was spent on reasoning.
    pub reasoning: u64,
    /// How many of the calls are estimated, at least in part.
    pub estimated_calls: u64,
    /// All tokens of the calls that are estimated.
    pub estimated: u64,
    /// How many of the calls are not counted, since nothing is known of them.
    pub unknown_calls: u64,
    /// How many of the calls have tokens without a known price: all of them, or those of the
    /// prompt or the answer where only the other has a price.
    pub unpriced_calls: u64,
    /// The tokens that have no known price.
    pub unpriced: u64,
    /// How many of the calls are priced in part, since their prompt or their answer was not counted:
    /// the [cost](Self::cost) has that of the other.
    pub partly_priced_calls: u64,
    /// How long the calls took.
    pub elapsed: Durations,
    /// How long the first tokens of streamed answers took.
    pub first_token: Durations,
    priced_calls: u64,
    cost: Money,
    /// Output, and its time, of the calls of which both are known.
    timed_output: u64,
    timed: Duration,
}

impl Sums {
    /// What the calls cost, in US dollars, without the tokens that have [no known
    /// price](Self::unpriced) and without what was [not counted](Self::partly_priced_calls); none if
    /// no price is known at all.
    #[must_use]
    pub fn cost(&self) -> Option<f64> {
        (self.priced_calls > 0).then(|| self.cost.usd())
    }

    /// Tokens of the answers for each second that the calls took, one after the other; none
    /// where there was no answer.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rate to read")]
    pub fn tokens_per_second(&self) -> Option<f64> {
        let seconds = self.timed.as_secs_f64();
        (seconds > 0.0).then(|| self.timed_output as f64 / seconds)
    }

    pub(crate) fn add(&mut self, record: &TokenRecord) {
        self.apply(record, u64::saturating_add, Duration::saturating_add);
        record.timed().inspect(|elapsed| self.elapsed.add(*elapsed));
        record.first_token.inspect(|first| self.first_token.add(*first));
    }

    /// Takes back a call that was added.
    pub(crate) fn remove(&mut self, record: &TokenRecord) {
        self.apply(record, u64::saturating_sub, Duration::saturating_sub);
        record.timed().inspect(|elapsed| self.elapsed.remove(*elapsed));
        record.first_token.inspect(|first| self.first_token.remove(*first));
    }

    /// Applies an addition or a subtraction to each sum that the record has a part in.
    fn apply(
        &mut self,
        record: &TokenRecord,
        change: fn(u64, u64) -> u64,
        change_time: fn(Duration, Duration) -> Duration,
    ) {
        let usage = &record.usage;
        let total = usage.total().unwrap_or_default();
        let Pricing { cost, unpriced, in_part } = Pricing::of(record);
        let timed = record.timed().filter(|_| usage.output.is_some());
        self.cost = Money::from_pico(change(self.cost.pico(), cost.unwrap_or_default().pico()));
        self.timed = change_time(self.timed, timed.unwrap_or_default());
        let timed_output = timed.and(usage.output).unwrap_or_default();
        for (sum, part) in [
            (&mut self.calls, 1),
            (&mut self.errors, u64::from(record.outcome == Outcome::Error)),
            (&mut self.input, usage.input.unwrap_or_default()),
            (&mut self.output, usage.output.unwrap_or_default()),
            (&mut self.total, total),
            (&mut self.cache_read, usage.cache_read.unwrap_or_default()),
            (&mut self.cache_write, usage.cache_write.unwrap_or_default()),
            (&mut self.reasoning, usage.reasoning.unwrap_or_default()),
            (&mut self.estimated_calls, u64::from(usage.estimated)),
            (&mut self.estimated, if usage.estimated { total } else { 0 }),
            (&mut self.unknown_calls, u64::from(usage.is_empty())),
            (&mut self.unpriced_calls, u64::from(unpriced > 0)),
            (&mut self.unpriced, unpriced),
            (&mut self.partly_priced_calls, u64::from(in_part)),
            (&mut self.priced_calls, u64::from(cost.is_some())),
            (&mut self.timed_output, timed_output),
        ] {
            *sum = change(*sum, part);
        }
    }

    /// Adds all of the others.
    pub(crate) fn merge(&mut self, others: &Self) {
        self.elapsed.merge(&others.elapsed);
        self.first_token.merge(&others.first_token);
        self.timed = self.timed.saturating_add(others.timed);
        self.cost = Money::from_pico(self.cost.pico().saturating_add(others.cost.pico()));
        for (sum, part) in [
            (&mut self.calls, others.calls),
            (&mut self.errors, others.errors),
            (&mut self.input, others.input),
            (&mut self.output, others.output),
            (&mut self.total, others.total),
            (&mut self.cache_read, others.cache_read),
            (&mut self.cache_write, others.cache_write),
            (&mut self.reasoning, others.reasoning),
            (&mut self.estimated_calls, others.estimated_calls),
            (&mut self.estimated, others.estimated),
            (&mut self.unknown_calls, others.unknown_calls),
            (&mut self.unpriced_calls, others.unpriced_calls),
            (&mut self.unpriced, others.unpriced),
            (&mut self.partly_priced_calls, others.partly_priced_calls),
            (&mut self.priced_calls, others.priced_calls),
            (&mut self.timed_output, others.timed_output),
        ] {
            *sum = sum.saturating_add(part);
        }
    }
}

impl TokenRecord {
    /// How long the call took; none if its event tells no time.
    fn timed(&self) -> Option<Duration> {
        Some(self.elapsed).filter(|elapsed| !elapsed.is_zero())
    }
}

/// As JSON: the sums by their names, money in US dollars, times in seconds.
impl Serialize for Sums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape {
            calls: u64,
            errors: u64,
            input: u64,
            output: u64,
            total: u64,
            cache_read: u64,
            cache_write: u64,
            reasoning: u64,
            estimated_calls: u64,
            estimated: u64,
            unknown_calls: u64,
            cost: Option<f64>,
            unpriced_calls: u64,
            unpriced: u64,
            partly_priced_calls: u64,
            tokens_per_second: Option<f64>,
            elapsed: Times,
            first_token: Times,
        }

        #[derive(Serialize)]
        struct Times {
            count: u64,
            total: f64,
            p50: Option<f64>,
            p95: Option<f64>,
        }

        let times = |durations: &Durations| Times {
            count: durations.count(),
            total: durations.total().as_secs_f64(),
            p50: durations.p50().as_ref().map(Duration::as_secs_f64),
            p95: durations.p95().as_ref().map(Duration::as_secs_f64),
        };
        let shape = Shape {
            calls: self.calls,
            errors: self.errors,
            input: self.input,
            output: self.output,
            total: self.total,
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            reasoning: self.reasoning,
            estimated_calls: self.estimated_calls,
            estimated: self.estimated,
            unknown_calls: self.unknown_calls,
            cost: self.cost(),
            unpriced_calls: self.unpriced_calls,
            unpriced: self.unpriced,
            partly_priced_calls: self.partly_priced_calls,
            tokens_per_second: self.tokens_per_second(),
            elapsed: times(&self.elapsed),
            first_token: times(&self.first_token),
        };
        shape.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
