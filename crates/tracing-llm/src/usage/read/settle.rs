//! What the numbers mean: are details part of the sums, or beside them?

use super::number::sum;
use crate::Usage;

/// Where a detail is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the sum already.
    Within,
    /// Beside the sum, to which it must be added.
    Beside,
}

/// The numbers as they were sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Raw {
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) total: Option<u64>,
    pub(super) cache_read: Option<u64>,
    pub(super) cache_write: Option<u64>,
    pub(super) reasoning: Option<u64>,
    pub(super) audio_input: Option<u64>,
    pub(super) audio_output: Option<u64>,
}

impl Raw {
    /// Usage with all details within the sums.
    ///
    /// Providers that speak the same shape differ in this (OpenAI and xAI in
    /// their reasoning, OpenAI and Portkey in their cache), and nothing in the
    /// shape says it. The total does: if it is the sum with a detail beside,
    /// the detail is beside. If it fits neither way, the shape's own way
    /// holds, unless a detail is larger than the sum that it would be part of.
    pub(super) fn settle(&self, cache: Place, thought: Place) -> Usage {
        let ways = [
            (cache, thought),
            (cache, thought.other()),
            (cache.other(), thought),
            (cache.other(), thought.other()),
        ];
        let mut possible = ways.into_iter().filter(|way| self.is_possible(*way));
        let by_total = self.total.and_then(|_| possible.clone().find(|way| self.fits_total(*way)));
        let (cache, thought) = by_total.or_else(|| possible.next()).unwrap_or((cache, thought));
        self.usage(cache, thought)
    }

    /// Usage with the details where the caller says that they are.
    pub(super) fn usage(&self, cache: Place, thought: Place) -> Usage {
        let mut usage = Usage {
            input: self.input_with(cache),
            output: self.output_with(thought),
            reported_total: self.total,
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            reasoning: self.reasoning,
            audio_input: self.audio_input,
            audio_output: self.audio_output,
            estimated: false,
        };
        usage.drop_what_does_not_fit();
        usage
    }

    fn fits_total(&self, (cache, thought): (Place, Place)) -> bool {
        let both = self.input_with(cache).zip(self.output_with(thought));
        both.and_then(|(input, output)| sum([input, output])) == self.total
    }

    fn is_possible(&self, (cache, thought): (Place, Place)) -> bool {
        let cache_fits =
            self.input.is_none_or(|input| self.cached().is_some_and(|cached| cached <= input));
        let thought_fits = self.output.is_none_or(|output| self.reasoning <= Some(output));
        (cache == Place::Beside || cache_fits) && (thought == Place::Beside || thought_fits)
    }

    /// All that was cached; zero where nothing is said of it.
    fn cached(&self) -> Option<u64> {
        sum(self.cache_read.into_iter().chain(self.cache_write))
    }

    /// The input; unknown where only its cached part is known.
    fn input_with(&self, cache: Place) -> Option<u64> {
        match cache {
            Place::Within => self.input,
            Place::Beside => sum([self.input?, self.cached()?]),
        }
    }

    /// The output; its reasoning alone where that is all there is, as Gemini
    /// leaves out a count that is zero.
    fn output_with(&self, thought: Place) -> Option<u64> {
        match (thought, self.output, self.reasoning) {
            (Place::Beside, output, Some(reasoning)) => {
                sum([output.unwrap_or_default(), reasoning])
            }
            (_, output, _) => output,
        }
    }
}

impl Place {
    fn other(self) -> Self {
        match self {
            Self::Within => Self::Beside,
            Self::Beside => Self::Within,
        }
    }
}
