//! What counts the tokens of a text.

use serde::Serialize;
use tracing_llm::Text;

/// What [`Tokenizer::count`] gives back: the number of tokens, or the error that it failed with.
pub type CountResult = Result<usize, Box<dyn std::error::Error + Send + Sync>>;

/// Counts the tokens of a text.
///
/// A closure that takes a text and gives back a number is a tokenizer:
///
/// ```
/// use tracing_llm_tokens::{TokenCounter, Tokenizer};
///
/// let words = |text: &str| text.split_whitespace().count();
/// assert_eq!(words.count(None, "four words of text").unwrap(), 4);
///
/// let counter = TokenCounter::new().tokenizer(words);
/// ```
///
/// It is called on a thread of the layer's, never on the pipeline's: it may
/// load a vocabulary when it is first called. It does not have to be quick,
/// but while an [`Enricher`](tracing_llm::Enricher) counts, no event is delivered.
pub trait Tokenizer: Send + Sync + 'static {
    /// Counts the tokens of `text` as this model would. The model is the name
    /// that the event carries, of any provider, or none.
    ///
    /// # Errors
    ///
    /// If this text cannot be counted. The count stays absent, and the error
    /// goes to the [`Trap`](tracing_llm::Trap).
    fn count(&self, model: Option<&str>, text: &str) -> CountResult;

    /// What it counts with for this model, to be told on the [record](crate::TokenRecord) of each
    /// call that is estimated; none if it has no name for that.
    fn counts_with(&self, _model: Option<&str>) -> Option<CountedWith> {
        None
    }
}

/// The encoding that a call was counted with, and whether it is the one of its model.
///
/// ```
/// use tracing_llm_tokens::{Tiktoken, Tokenizer};
///
/// let own = Tiktoken::new().counts_with(Some("gpt-4o")).unwrap();
/// assert_eq!((own.encoding.as_str(), own.is_fallback), ("o200k_base", false));
///
/// let fallback = Tiktoken::new().counts_with(Some("my-own-7b")).unwrap();
/// assert_eq!((fallback.encoding.as_str(), fallback.is_fallback), ("o200k_base", true));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountedWith {
    /// Its name: `o200k_base`.
    pub encoding: Text,
    /// The model's own is not known: this stands in for it.
    pub is_fallback: bool,
}

impl CountedWith {
    /// The model's own encoding.
    #[must_use]
    pub fn own(encoding: impl Into<Text>) -> Self {
        Self { encoding: encoding.into(), is_fallback: false }
    }

    /// One that stands in for the model's own.
    #[must_use]
    pub fn fallback(encoding: impl Into<Text>) -> Self {
        Self { encoding: encoding.into(), is_fallback: true }
    }
}

impl<F: Fn(&str) -> usize + Send + Sync + 'static> Tokenizer for F {
    fn count(&self, _model: Option<&str>, text: &str) -> CountResult {
        Ok(self(text))
    }
}
