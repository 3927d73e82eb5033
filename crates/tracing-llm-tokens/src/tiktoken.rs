//! The default tokenizer: tiktoken-rs.

use std::collections::HashSet;

use tiktoken_rs::CoreBPE;
use tiktoken_rs::tokenizer::Tokenizer as Known;

use crate::bounded::{self, Bounds};
use crate::tokenizer::{CountResult, Tokenizer};

/// How much of a text is counted exactly.
///
/// Ten megabytes of prose take less than a second; as many of one word, with no bound, twelve. Also
/// do the regular expressions of the encodings fail on very long runs of white space.
const BOUNDS: Bounds = Bounds { run: 32 * 1024, total: 16 * 1024 * 1024 };

/// A vocabulary of OpenAI's.
///
/// ```
/// use tracing_llm_tokens::Encoding;
///
/// assert_eq!(Encoding::for_model("gpt-5-mini"), Some(Encoding::O200kBase));
/// assert_eq!(Encoding::for_model("openai/gpt-4-0613"), Some(Encoding::Cl100kBase));
/// assert_eq!(Encoding::for_model("ft:gpt-3.5-turbo:acme::7p4lURel"), Some(Encoding::Cl100kBase));
/// assert_eq!(Encoding::for_model("claude-sonnet-4-5"), None);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `o200k_base`: GPT-4o and all later models.
    #[default]
    O200kBase,
    /// `cl100k_base`: GPT-4, GPT-3.5 and the embedding models.
    Cl100kBase,
}

impl Encoding {
    /// The name that tiktoken gives it: `"o200k_base"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::Cl100kBase => "cl100k_base",
        }
    }

    /// The encoding of the model with this name, as tiktoken 0.14 knows it:
    /// dated (`gpt-4o-2024-08-06`) and fine-tuned (`ft:gpt-4o:…`) names
    /// included, with or without a vendor before a slash.
    ///
    /// None for models of others, and for the first OpenAI models, which are
    /// served no more.
    #[must_use]
    pub fn for_model(model: &str) -> Option<Self> {
        let name = model.rsplit('/').next().unwrap_or(model);
        match tiktoken_rs::tokenizer::get_tokenizer(name)? {
            // Harmony differs in its special tokens alone, which are not counted as such.
            Known::O200kBase | Known::O200kHarmony => Some(Self::O200kBase),
            Known::Cl100kBase => Some(Self::Cl100kBase),
            Known::P50kBase | Known::R50kBase | Known::P50kEdit | Known::Gpt2 => None,
        }
    }

    /// The vocabulary; loaded when it is first asked for.
    fn vocabulary(self) -> &'static CoreBPE {
        match self {
            Self::O200kBase => tiktoken_rs::o200k_base_singleton(),
            Self::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
        }
    }
}

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
/// Text that looks like a special token (`<|endoftext|>`) is counted as the
/// plain text that it is: so do the APIs take what users write. (LlamaIndex
/// counts it as one token.)
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
}

impl Tiktoken {
    /// With [`Encoding::O200kBase`] for models that are not known.
    #[must_use]
    pub const fn new() -> Self {
        Self { fallback: Encoding::O200kBase }
    }

    /// The encoding for models that are not known.
    #[must_use]
    pub const fn fallback(mut self, encoding: Encoding) -> Self {
        self.fallback = encoding;
        self
    }
}

impl Tokenizer for Tiktoken {
    fn count(&self, model: Option<&str>, text: &str) -> CountResult {
        let encoding = model.and_then(Encoding::for_model).unwrap_or(self.fallback);
        let vocabulary = encoding.vocabulary();
        bounded::count(text, BOUNDS, |piece| count_piece(vocabulary, piece))
    }
}

fn count_piece(vocabulary: &CoreBPE, piece: &str) -> CountResult {
    // Not `count_ordinary`: it panics where this fails.
    Ok(vocabulary.count(piece, &HashSet::new())?)
}

#[cfg(test)]
mod tests;
