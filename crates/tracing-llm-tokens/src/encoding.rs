//! Which vocabulary a model has.

use tiktoken_rs::tokenizer::Tokenizer as Known;

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
}
