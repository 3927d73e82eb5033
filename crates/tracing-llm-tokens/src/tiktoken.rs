//! The tokenizers of OpenAI's models.

#[cfg(any(feature = "fast", test))]
mod fast;

use std::collections::HashSet;

use tiktoken_rs::CoreBPE;

use crate::bounded::{self, Bounds};
use crate::encoding::Encoding;
use crate::tokenizer::{CountResult, CountedWith, Tokenizer};

/// How much of a text is counted exactly.
///
/// Ten megabytes of prose take less than a second; as many of one word, with no bound, twelve. Also
/// do the regular expressions of the encodings fail on very long runs of white space.
const BOUNDS: Bounds = Bounds { run: 32 * 1024, total: 16 * 1024 * 1024 };

/// Counts with OpenAI's vocabularies, by the [`tiktoken-rs`](https://docs.rs/tiktoken-rs) crate.
///
/// The counts are those of Python's tiktoken, exactly. For the models of
/// others, whose vocabularies are not public, they are an estimate with the
/// [fallback](Tiktoken::fallback).
///
/// A count takes bounded time. Exact are texts up to 16 MiB (of a longer one, pieces at even
/// distances are counted, which make up as much) and in them runs up to 32 KiB that have no space,
/// digit or the like to be cut at (of a longer one, its first 32 KiB). The rest is taken to have as
/// many tokens a byte.
///
/// A vocabulary is loaded, once in a process, on the thread that first counts
/// with it; that takes about 0.2 s and 45 MB for `o200k_base`. Making this
/// value loads nothing.
///
/// ```
/// use tracing_llm_tokens::{Encoding, Tiktoken, Tokenizer};
///
/// let tiktoken = Tiktoken::new().fallback(Encoding::Cl100kBase);
/// assert_eq!(tiktoken.count(Some("gpt-4o"), "tiktoken is great!").unwrap(), 6);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tiktoken {
    fallback: Encoding,
    special_tokens: bool,
    backend: Backend,
}

/// Whose code counts. The counts are the same.
#[derive(Clone, Copy, Debug, Default)]
enum Backend {
    /// `tiktoken-rs`.
    #[default]
    Steady,
    /// `tiktoken`.
    #[cfg(any(feature = "fast", test))]
    Fast,
}

impl Tiktoken {
    /// With [`Encoding::O200kBase`] for models that are not known.
    #[must_use]
    pub const fn new() -> Self {
        Self { fallback: Encoding::O200kBase, special_tokens: false, backend: Backend::Steady }
    }

    /// The encoding for models that are not known.
    #[must_use]
    pub const fn fallback(mut self, encoding: Encoding) -> Self {
        self.fallback = encoding;
        self
    }

    /// Whether text that looks like a special token, such as `<|endoftext|>`,
    /// counts as that one token. Else it is the plain text that it looks like
    /// (7 tokens): so do the APIs take what users write, and so it is unless
    /// you say otherwise. LlamaIndex counts one token.
    ///
    /// What is special depends on the encoding: `<|endoftext|>` and
    /// `<|endofprompt|>` in both, `<|fim_prefix|>` and its like in `cl100k_base`.
    ///
    /// ```
    /// use tracing_llm_tokens::{Tiktoken, Tokenizer};
    ///
    /// let text = "<|endoftext|>";
    /// assert_eq!(Tiktoken::new().count(None, text).unwrap(), 7);
    /// assert_eq!(Tiktoken::new().special_tokens(true).count(None, text).unwrap(), 1);
    /// ```
    #[must_use]
    pub const fn special_tokens(mut self, counted_as_one: bool) -> Self {
        self.special_tokens = counted_as_one;
        self
    }

    /// The same counts by the [`tiktoken`](https://docs.rs/tiktoken) crate, several times as fast and
    /// with half the memory: for programs in which much is counted. With the feature `fast`.
    ///
    /// ```
    /// use tracing_llm_tokens::{Tiktoken, TokenCounter, Tokenizer};
    ///
    /// let counter = TokenCounter::new().tokenizer(Tiktoken::new().fast());
    /// assert_eq!(Tiktoken::new().fast().count(None, "tiktoken is great!").unwrap(), 6);
    /// ```
    #[cfg(any(feature = "fast", test))]
    #[must_use]
    pub const fn fast(mut self) -> Self {
        self.backend = Backend::Fast;
        self
    }
}

impl Tokenizer for Tiktoken {
    fn count(&self, model: Option<&str>, text: &str) -> CountResult {
        let encoding = model.and_then(Encoding::for_model).unwrap_or(self.fallback);
        let special_tokens = self.special_tokens;
        match self.backend {
            Backend::Steady => {
                let vocabulary = vocabulary(encoding);
                let special = special(vocabulary, special_tokens);
                bounded::count(text, BOUNDS, |piece| count_piece(vocabulary, piece, &special))
            }
            #[cfg(any(feature = "fast", test))]
            Backend::Fast => {
                let vocabulary = fast::vocabulary(encoding)?;
                bounded::count(text, BOUNDS, |piece| {
                    Ok(fast::count_piece(vocabulary, piece, special_tokens))
                })
            }
        }
    }

    fn counts_with(&self, model: Option<&str>) -> Option<CountedWith> {
        let own = model.and_then(Encoding::for_model);
        Some(match own {
            Some(own) => CountedWith::own(own.name()),
            None => CountedWith::fallback(self.fallback.name()),
        })
    }
}

/// The vocabulary; loaded when it is first asked for.
fn vocabulary(encoding: Encoding) -> &'static CoreBPE {
    match encoding {
        Encoding::O200kBase => tiktoken_rs::o200k_base_singleton(),
        Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
    }
}

/// The special tokens that count as one.
fn special(vocabulary: &CoreBPE, counted_as_one: bool) -> HashSet<&str> {
    if counted_as_one { vocabulary.special_tokens() } else { HashSet::new() }
}

fn count_piece(vocabulary: &CoreBPE, piece: &str, special: &HashSet<&str>) -> CountResult {
    // Not `count_ordinary`: it panics where this fails.
    Ok(vocabulary.count(piece, special)?)
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
