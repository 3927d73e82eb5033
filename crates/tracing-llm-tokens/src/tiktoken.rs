//! The tokenizers of OpenAI's models.

#[cfg(any(feature = "fast", test))]
mod fast;

use std::collections::HashSet;

use tiktoken_rs::CoreBPE;

use crate::cut::{halves, pieces};
use crate::encoding::Encoding;
use crate::tokenizer::{CountResult, Tokenizer};

/// Longer texts are counted piece by piece.
///
/// The regular expressions of the encodings fail on very long runs of white
/// space, and the memory of one count stays bounded.
const PIECE: usize = 256 * 1024;

/// Shorter texts are not cut again where one cannot be encoded.
const SHORTEST: usize = 1024;

/// Counts with OpenAI's vocabularies, by the [`tiktoken-rs`](https://docs.rs/tiktoken-rs) crate.
///
/// The counts are those of Python's tiktoken, exactly. For the models of
/// others, whose vocabularies are not public, they are an estimate with the
/// [fallback](Tiktoken::fallback).
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

    /// The same counts by the [`tiktoken`](https://docs.rs/tiktoken) crate, five times as fast and
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
        match self.backend {
            Backend::Steady => count(encoding, text, self.special_tokens),
            #[cfg(any(feature = "fast", test))]
            Backend::Fast => fast::count(encoding, text, self.special_tokens),
        }
    }
}

/// The vocabulary; loaded when it is first asked for.
fn vocabulary(encoding: Encoding) -> &'static CoreBPE {
    match encoding {
        Encoding::O200kBase => tiktoken_rs::o200k_base_singleton(),
        Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
    }
}

fn count(encoding: Encoding, text: &str, special_tokens: bool) -> CountResult {
    let vocabulary = vocabulary(encoding);
    let special = if special_tokens { vocabulary.special_tokens() } else { HashSet::new() };
    pieces(text, PIECE).map(|piece| count_piece(vocabulary, piece, &special)).sum()
}

/// Counts a piece; in halves where it cannot be encoded as a whole.
///
/// That happens to runs of more than half a million white-space characters,
/// where the halves may count a token or two more than the whole.
fn count_piece(vocabulary: &CoreBPE, piece: &str, special: &HashSet<&str>) -> CountResult {
    let mut count = 0;
    let mut rest = vec![piece];
    while let Some(part) = rest.pop() {
        // Not `count_ordinary`: it panics where this fails.
        match vocabulary.count(part, special) {
            Ok(tokens) => count += tokens,
            Err(error) if part.len() <= SHORTEST => return Err(error.into()),
            Err(_) => {
                let (left, right) = halves(part);
                rest.extend([right, left]);
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
