//! Documents, nodes and embeddings.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Text;

/// A document, or a node cut from one: what is retrieved, reranked or parsed.
///
/// ```
/// use tracing_llm::Document;
///
/// let node = Document::new("A span is a period of time.").with_id("doc-1#3").with_score(0.82);
/// assert_eq!(node.score, Some(0.82));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its id in the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Text>,
    /// Its text.
    #[serde(default)]
    pub content: Text,
    /// How relevant it is; the scale is the retriever's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Whatever else is known of it: a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// A file's name or title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Where it is: an address or a `data:` URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<Text>,
}

impl Document {
    /// A document with this text.
    #[must_use]
    pub fn new(content: impl Into<Text>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// The same with an id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Text>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The same with a score.
    #[must_use]
    pub fn with_score(mut self, score: f64) -> Self {
        self.score = Some(score);
        self
    }

    /// The same with metadata, a JSON object.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }
}

/// One embedded text.
///
/// ```
/// use tracing_llm::Embedding;
///
/// let embedding = Embedding::new("a text", vec![0.1, 0.2, 0.3]);
/// assert_eq!(embedding.dimensions(), Some(3));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// The text that was embedded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// The vector, if it was handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<Arc<[f32]>>,
}

impl Embedding {
    /// A text and its vector.
    #[must_use]
    pub fn new(text: impl Into<Text>, vector: impl Into<Arc<[f32]>>) -> Self {
        Self { text: Some(text.into()), vector: Some(vector.into()) }
    }

    /// A text whose vector is not handed over.
    #[must_use]
    pub fn of_text(text: impl Into<Text>) -> Self {
        Self { text: Some(text.into()), vector: None }
    }

    /// A vector whose text is not handed over.
    #[must_use]
    pub fn of_vector(vector: impl Into<Arc<[f32]>>) -> Self {
        Self { text: None, vector: Some(vector.into()) }
    }

    /// The length of the vector, if there is one.
    #[must_use]
    pub fn dimensions(&self) -> Option<usize> {
        self.vector.as_ref().map(|vector| vector.len())
    }
}
