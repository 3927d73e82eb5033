//! What the user may choose.

use crate::genai::GenAiVersion;
use crate::mask::Masks;

/// What is written into spans, with every default in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Whether the vectors of embeddings are exported.
    pub(crate) embedding_vectors: bool,
    /// Whether CHUNKING and NODE_PARSING show their texts, and not only how many there are.
    pub(crate) parsed_texts: bool,
    /// How much of a document's content stands in the output of a retriever, in characters; the
    /// whole is in `retrieval.documents`.
    pub(crate) content_characters: usize,
    /// What is hidden.
    pub(crate) masks: Masks,
    /// Whether spans say the same in the words of the GenAI conventions too.
    pub(crate) genai: Option<GenAiVersion>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            embedding_vectors: false,
            parsed_texts: false,
            content_characters: 500,
            masks: Masks::default(),
            genai: None,
        }
    }
}
