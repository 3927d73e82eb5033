//! Tokens in and out, and what they cost.

mod cost;
mod read;

use serde::{Deserialize, Serialize};

pub use self::cost::Cost;
use self::read::LARGEST;
pub(crate) use self::read::is_unread;

/// Tokens that a call used, as the provider reports them or as they were counted.
///
/// The details are *parts* of the sums: `cache_read`, `cache_write` and
/// `audio_input` are part of `input`; `reasoning` and `audio_output` are part
/// of `output`. What is not known is absent, not zero.
///
/// ```
/// use tracing_llm::Usage;
///
/// let usage = Usage::new(120, 30);
/// assert_eq!(usage.total(), Some(150));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// Tokens of the answer, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// The sum as the provider reports it; see [`Usage::total`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_total: Option<u64>,
    /// Part of the input that was read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Part of the input that was written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Part of the output that was spent on reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// Part of the input that was audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<u64>,
    /// Part of the output that was audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<u64>,
    /// At least one number was counted or estimated by us, not reported.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

impl Usage {
    /// A usage with these tokens in and out.
    #[must_use]
    pub fn new(input: u64, output: u64) -> Self {
        Self { input: Some(input), output: Some(output), ..Self::default() }
    }

    /// The usage of a call that only takes tokens in, such as an embedding.
    #[must_use]
    pub fn of_input(input: u64) -> Self {
        Self { input: Some(input), ..Self::default() }
    }

    /// The sum of input and output: as the provider reports it, else added up.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.reported_total.or_else(|| match (self.input, self.output) {
            (None, None) => None,
            (input, output) => {
                Some(input.unwrap_or_default().saturating_add(output.unwrap_or_default()))
            }
        })
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Self { estimated: false, ..*self } == Self::default()
    }

    /// Takes over every number that `later` knows: reports that come in pieces
    /// over a stream are read one after the other.
    ///
    /// A total that was reported before is dropped when one of its parts
    /// changes and no new total comes with it; so is a detail that is larger
    /// than the sum that comes now.
    pub fn merge(&mut self, later: &Self) {
        let parts_change = later.input.is_some() || later.output.is_some();
        if later.reported_total.is_some() || parts_change {
            self.reported_total = later.reported_total;
        }
        let Self {
            input,
            output,
            cache_read,
            cache_write,
            reasoning,
            audio_input,
            audio_output,
            ..
        } = self;
        for (mine, theirs) in [
            (input, later.input),
            (output, later.output),
            (cache_read, later.cache_read),
            (cache_write, later.cache_write),
            (reasoning, later.reasoning),
            (audio_input, later.audio_input),
            (audio_output, later.audio_output),
        ] {
            *mine = theirs.or(*mine);
        }
        self.estimated |= later.estimated;
        self.drop_what_does_not_fit();
    }

    /// Leaves out every count that nobody would believe, as [`from_json`](Self::from_json) does;
    /// gives back how many those were.
    pub(crate) fn leave_out_absurd(&mut self) -> u64 {
        let mut left_out = 0;
        for count in self.counts_mut() {
            left_out += u64::from(count.take_if(|count| *count > LARGEST).is_some());
        }
        left_out
    }

    fn counts_mut(&mut self) -> [&mut Option<u64>; 8] {
        [
            &mut self.input,
            &mut self.output,
            &mut self.reported_total,
            &mut self.cache_read,
            &mut self.cache_write,
            &mut self.reasoning,
            &mut self.audio_input,
            &mut self.audio_output,
        ]
    }

    /// Keeps what the fields promise: no detail is larger than the sum whose
    /// part it is, and no reported total is smaller than its parts.
    fn drop_what_does_not_fit(&mut self) {
        let fits = |part: u64, sum: Option<u64>| sum.is_none_or(|sum| part <= sum);
        for (part, sum) in [
            (&mut self.cache_read, self.input),
            (&mut self.cache_write, self.input),
            (&mut self.audio_input, self.input),
            (&mut self.reasoning, self.output),
            (&mut self.audio_output, self.output),
        ] {
            *part = part.filter(|part| fits(*part, sum));
        }
        let add = |left: Option<u64>, right: Option<u64>| {
            left.unwrap_or_default().saturating_add(right.unwrap_or_default())
        };
        if !fits(add(self.cache_read, self.cache_write), self.input) {
            self.cache_write = None;
        }
        let parts = add(self.input, self.output);
        self.reported_total = self.reported_total.filter(|total| *total >= parts);
    }
}
