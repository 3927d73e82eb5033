//! The default tokenizer: tiktoken-rs.

use std::collections::HashSet;

use tiktoken_rs::CoreBPE;
use tiktoken_rs::tokenizer::Tokenizer as Known;

use crate::cut::{halves, pieces};
use crate::tokenizer::{CountResult, Tokenizer};

/// Longer texts are counted piece by piece.
///
/// The regular expressions of the encodings fail on very long runs of white
/// space, and the memory of one count stays bounded.
const PIECE: usize = 256 * 1024;

/// Shorter texts are not cut again where one cannot be encoded.
const SHORTEST: usize = 1024;

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
        pieces(text, PIECE).map(|piece| count_piece(vocabulary, piece)).sum()
    }
}

/// Counts a piece; in halves where it cannot be encoded as a whole.
///
/// That happens to runs of more than half a million white-space characters,
/// where the halves may count a token or two more than the whole.
fn count_piece(vocabulary: &CoreBPE, piece: &str) -> CountResult {
    let no_special_tokens = HashSet::new();
    let mut count = 0;
    let mut rest = vec![piece];
    while let Some(part) = rest.pop() {
        // Not `count_ordinary`: it panics where this fails.
        match vocabulary.count(part, &no_special_tokens) {
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
mod tests;
