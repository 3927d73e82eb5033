//! How long the examples are.

use std::fmt;

use serde_json::Value;

use crate::validate::tokens;

/// Numbers of a set of examples.
///
/// ```
/// use tracing_llm_finetuning::Validator;
///
/// let report = Validator::openai().check(concat!(
///     r#"{"messages": [{"role": "user", "content": "2+3="}, {"role": "assistant", "content": "5"}]}"#,
/// ));
/// assert_eq!(report.statistics.examples, 1);
/// assert_eq!(report.statistics.messages.max, 2);
/// assert_eq!(report.statistics.tokens, None, "nobody gave a tokenizer");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// How many examples there are.
    pub examples: usize,
    /// Messages an example.
    pub messages: Lengths,
    /// Bytes a line.
    pub bytes: Lengths,
    /// Tokens an example; none if there was no tokenizer.
    pub tokens: Option<Lengths>,
    /// Tokens of what the model is to learn, the assistant's messages, an example.
    pub assistant_tokens: Option<Lengths>,
}

/// A distribution. Percentiles are values that occur (nearest rank).
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lengths {
    /// All together.
    pub total: u64,
    /// The smallest.
    pub min: u64,
    /// The largest.
    pub max: u64,
    /// The average.
    pub mean: f64,
    /// Half of them are at most so long.
    pub p50: u64,
    /// One of twenty is at most so long.
    pub p5: u64,
    /// One of twenty is longer.
    pub p95: u64,
}

impl Statistics {
    pub(crate) fn of<'a>(
        lines: impl Iterator<Item = &'a str>,
        count: Option<&dyn Fn(&str) -> usize>,
    ) -> Self {
        let (mut messages, mut bytes) = (Vec::new(), Vec::new());
        let (mut all, mut learned) = (Vec::new(), Vec::new());
        for line in lines {
            let Ok(example) = serde_json::from_str::<Value>(line) else { continue };
            bytes.push(line.len() as u64);
            let list = example.get("messages").and_then(Value::as_array);
            messages.push(list.map_or(0, Vec::len) as u64);
            if let Some(count) = count {
                all.push(tokens::of_example(&example, count));
                learned.push(tokens::of_assistant(&example, count));
            }
        }
        Self {
            examples: bytes.len(),
            messages: Lengths::of(messages),
            bytes: Lengths::of(bytes),
            tokens: count.map(|_| Lengths::of(all)),
            assistant_tokens: count.map(|_| Lengths::of(learned)),
        }
    }
}

impl Lengths {
    fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        let (Some(min), Some(max)) = (values.first(), values.last()) else {
            return Self::default();
        };
        let total: u64 = values.iter().sum();
        let rank = |percent: usize| values[(values.len() * percent).div_ceil(100).max(1) - 1];
        Self {
            total,
            min: *min,
            max: *max,
            mean: total as f64 / values.len() as f64,
            p50: rank(50),
            p5: rank(5),
            p95: rank(95),
        }
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("messages", Some(&self.messages)),
            ("bytes", Some(&self.bytes)),
            ("tokens", self.tokens.as_ref()),
            ("tokens to learn", self.assistant_tokens.as_ref()),
        ];
        let columns = ["total", "min", "p5", "p50", "mean", "p95", "max"];
        let plural = if self.examples == 1 { "" } else { "s" };
        write!(f, "{} example{plural}\n\n{:16}", self.examples, "an example has")?;
        columns.iter().try_for_each(|column| write!(f, "{column:>9}"))?;
        for (name, lengths) in rows {
            let Some(it) = lengths else { continue };
            write!(f, "\n{name:16}{:>9}{:>9}{:>9}{:>9}", it.total, it.min, it.p5, it.p50)?;
            write!(f, "{:>9.1}{:>9}{:>9}", it.mean, it.p95, it.max)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Lengths;

    #[test]
    fn percentiles_are_by_nearest_rank_and_none_of_nothing_is_zero() {
        let lengths = Lengths::of((1..=100).rev().collect());
        assert_eq!((lengths.p5, lengths.p50, lengths.p95), (5, 50, 95));
        assert_eq!((lengths.min, lengths.max, lengths.total), (1, 100, 5050));
        let one = Lengths::of(vec![7]);
        assert_eq!((one.p5, one.p50, one.p95, one.mean), (7, 7, 7, 7.0));
        assert_eq!(Lengths::of(Vec::new()), Lengths::default());
    }
}
