//! What counts the tokens of a text.

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
}

impl<F: Fn(&str) -> usize + Send + Sync + 'static> Tokenizer for F {
    fn count(&self, _model: Option<&str>, text: &str) -> CountResult {
        Ok(self(text))
    }
}
