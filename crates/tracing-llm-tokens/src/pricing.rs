//! How much of a call has a price.

use tracing_llm::EventType;

use crate::money::Money;
use crate::record::TokenRecord;

/// What is known of the cost of a call, and of what it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pricing {
    /// All that it cost, else the part of it that is known.
    pub(crate) cost: Option<Money>,
    /// Its tokens that have no known price.
    pub(crate) unpriced: u64,
    /// Its prompt or its answer was not counted, so that the cost is that of the other.
    pub(crate) in_part: bool,
}

impl Pricing {
    pub(crate) fn of(record: &TokenRecord) -> Self {
        let usage = &record.usage;
        let cost = record.cost.unwrap_or_default();
        if let Some(total) = dollars(cost.total) {
            return Self { cost: Some(total), unpriced: 0, in_part: false };
        }
        let (input, output) = (dollars(cost.input), dollars(cost.output));
        let priced = [(input, usage.input), (output, usage.output)]
            .into_iter()
            .filter_map(|(cost, tokens)| cost.and(tokens))
            .fold(0, u64::saturating_add);
        let has_answer = record.event_type != EventType::EMBEDDING;
        let is_counted = usage.input.is_some() && (usage.output.is_some() || !has_answer);
        let is_priced = input.is_some() || output.is_some();
        Self {
            cost: is_priced.then(|| input.unwrap_or_default().plus(output.unwrap_or_default())),
            unpriced: usage.total().unwrap_or_default().saturating_sub(priced),
            in_part: is_priced && !is_counted,
        }
    }

    /// Whether nothing of the call's cost is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.cost.is_some() && self.unpriced == 0 && !self.in_part
    }
}

fn dollars(usd: Option<f64>) -> Option<Money> {
    usd.filter(|usd| usd.is_finite()).map(Money::from_usd)
}

#[cfg(test)]
mod tests {
    use tracing_llm::{Cost, Event, Usage};

    use super::*;

    fn pricing(cost: [Option<f64>; 3], usage: Usage) -> Pricing {
        let mut record = TokenRecord::new(&Event::new(EventType::LLM, "call"), usage);
        let mut parts = Cost::default();
        [parts.total, parts.input, parts.output] = cost;
        record.cost = Some(parts);
        Pricing::of(&record)
    }

    fn usd(usd: f64) -> Option<Money> {
        Some(Money::from_usd(usd))
    }

    #[test]
    fn the_total_is_the_cost_whatever_its_parts() {
        let whole = pricing([Some(0.5), None, Some(9.0)], Usage::new(1, 1));
        assert_eq!(whole, Pricing { cost: usd(0.5), unpriced: 0, in_part: false });
        let sum = pricing([None, Some(0.25), Some(0.5)], Usage::new(1, 1));
        assert_eq!(sum, Pricing { cost: usd(0.75), unpriced: 0, in_part: false });
        assert!(whole.is_whole() && sum.is_whole());
    }

    #[test]
    fn a_part_without_a_rate_is_tokens_without_a_price() {
        let half = pricing([None, Some(0.25), None], Usage::new(10, 7));
        assert_eq!(half, Pricing { cost: usd(0.25), unpriced: 7, in_part: false });
        let none = pricing([None, None, None], Usage::new(10, 7));
        assert_eq!(none, Pricing { cost: None, unpriced: 17, in_part: false });
        assert!(!half.is_whole() && !none.is_whole());
        // What is no number is no price.
        assert_eq!(pricing([Some(f64::NAN), None, None], Usage::new(10, 7)), none);
    }

    #[test]
    fn a_part_that_was_not_counted_leaves_the_cost_of_the_other() {
        let mut answer = Usage::default();
        answer.output = Some(7);
        let half = pricing([None, None, Some(0.5)], answer);
        assert_eq!(half, Pricing { cost: usd(0.5), unpriced: 0, in_part: true });
        assert!(!half.is_whole());
        let unpriced = pricing([None, None, None], answer);
        assert_eq!(unpriced, Pricing { cost: None, unpriced: 7, in_part: false });
    }

    #[test]
    fn an_embedding_has_no_answer_that_could_be_missing() {
        let event = Event::new(EventType::EMBEDDING, "embed");
        let mut record = TokenRecord::new(&event, Usage::of_input(8));
        let mut cost = Cost::default();
        cost.input = Some(0.25);
        record.cost = Some(cost);
        assert!(Pricing::of(&record).is_whole());
    }
}
