//! Prometheus' text format, version 0.0.4: what a `/metrics` endpoint answers.
//!
//! For programs without a metrics library. [`Stats::to_prometheus`](crate::Stats::to_prometheus) is
//! our own health in it; a handler that keeps sums can write them by an [`Exposition`], too. Texts
//! whose names differ can be put one behind the other.
//!
//! The format: <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use std::fmt::{Display, Write as _};

/// Writes families of samples.
///
/// ```
/// use tracing_llm::prometheus::{Exposition, Kind};
///
/// let mut text = Exposition::new();
/// text.family("lookups", Kind::Counter, "Lookups in the cache.");
/// text.sample(&[("result", "hit")], 3);
/// assert_eq!(text.finish(), concat!(
///     "# HELP lookups_total Lookups in the cache.\n",
///     "# TYPE lookups_total counter\n",
///     "lookups_total{result=\"hit\"} 3\n",
/// ));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Exposition {
    text: String,
    /// The name of the family that is being written, as it stands in its samples.
    family: String,
}

/// What a family is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; its name gets `_total` behind it.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Quantiles, a sum and a count; written by [`Exposition::summary`].
    Summary,
}

impl Exposition {
    /// An empty text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a family: each name once in a text. What a name may not have becomes `_`.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let (suffix, word) = match kind {
            Kind::Counter => ("_total", "counter"),
            Kind::Gauge => ("", "gauge"),
            Kind::Summary => ("", "summary"),
        };
        self.family = format!("{}{suffix}", word_of(name, ":"));
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.line(format_args!("# HELP {} {help}\n# TYPE {0} {word}", self.family.clone()));
    }

    /// A sample of the family that was begun last: each set of labels once. A label without a
    /// value is left out, as Prometheus does not tell them apart.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Into<Value>) {
        self.write("", labels, value.into());
    }

    /// The samples of a summary, for one set of labels: quantiles between 0 and 1 with their
    /// values, the sum of all that was observed, and how many that were.
    pub fn summary(
        &mut self,
        labels: &[(&str, &str)],
        quantiles: &[(f64, f64)],
        sum: f64,
        count: u64,
    ) {
        for (quantile, value) in quantiles {
            let quantile = Value::from(*quantile).to_string();
            let labels = [labels, &[("quantile", quantile.as_str())]].concat();
            self.write("", &labels, (*value).into());
        }
        self.write("_sum", labels, sum.into());
        self.write("_count", labels, count.into());
    }

    fn write(&mut self, suffix: &str, labels: &[(&str, &str)], value: Value) {
        let mut set = String::new();
        for (name, label) in labels.iter().filter(|(_, label)| !label.is_empty()) {
            let separator = if set.is_empty() { "{" } else { "," };
            let label = label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(set, "{separator}{}=\"{label}\"", word_of(name, ""));
        }
        if !set.is_empty() {
            set.push('}');
        }
        self.line(format_args!("{}{suffix}{set} {value}", self.family.clone()));
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "{line}");
    }
}

/// The value of a sample: a `u64` or an `f64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value(Number);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Whole(u64),
    Float(f64),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self(Number::Whole(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self(Number::Float(value))
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Number::Whole(value) => write!(f, "{value}"),
            Number::Float(value) if value == f64::INFINITY => f.write_str("+Inf"),
            Number::Float(value) if value == f64::NEG_INFINITY => f.write_str("-Inf"),
            Number::Float(value) => write!(f, "{value}"),
        }
    }
}

/// A name of letters, digits and `_`, and of what else may stand in it; no digit at its beginning.
fn word_of(name: &str, also: &str) -> String {
    let fits =
        |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || also.contains(letter);
    let mut word: String =
        name.chars().map(|letter| if fits(letter) { letter } else { '_' }).collect();
    if word.is_empty() || word.starts_with(|first: char| first.is_ascii_digit()) {
        word.insert(0, '_');
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_help_and_labels_are_made_to_fit() {
        let mut text = Exposition::new();
        text.family("9 llm.calls", Kind::Gauge, "a \\ b\nc \"d\"");
        text.sample(&[("a.b", "x \"y\"\\\nz"), ("empty", "")], 0.25);
        assert_eq!(
            text.finish(),
            "# HELP _9_llm_calls a \\\\ b\\nc \"d\"\n# TYPE _9_llm_calls gauge\n\
             _9_llm_calls{a_b=\"x \\\"y\\\"\\\\\\nz\"} 0.25\n"
        );
    }

    #[test]
    fn a_summary_has_quantiles_a_sum_and_a_count() {
        let mut text = Exposition::new();
        text.family("wait_seconds", Kind::Summary, "Waits.");
        text.summary(&[("queue", "a")], &[(0.5, 0.25), (0.95, 2.0)], 4.5, 9);
        let text = text.finish();
        let samples: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            samples,
            [
                "# TYPE wait_seconds summary",
                "wait_seconds{queue=\"a\",quantile=\"0.5\"} 0.25",
                "wait_seconds{queue=\"a\",quantile=\"0.95\"} 2",
                "wait_seconds_sum{queue=\"a\"} 4.5",
                "wait_seconds_count{queue=\"a\"} 9",
            ]
        );
    }

    #[test]
    fn numbers_are_written_as_prometheus_reads_them() {
        let mut text = Exposition::new();
        text.family("n", Kind::Gauge, "");
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-7, 3.0] {
            text.sample(&[], value);
        }
        text.sample(&[], u64::MAX);
        let text = text.finish();
        let values: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("n ")).collect();
        assert_eq!(values, ["+Inf", "-Inf", "NaN", "0.0000001", "3", "18446744073709551615"]);
    }
}
