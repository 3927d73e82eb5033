//! Retrieval, splitting, embedding.

use crate::event::{Document, Embedding, Text};
use crate::span::{EventHandle, IntoList, IntoText};

/// What retrieval, splitting and embedding take and give.
impl EventHandle {
    texts! {
        /// The question.
        query => query;
    }

    lists! {
        /// The documents that go in: to be parsed or reranked.
        documents: Document;
        /// The nodes that come out: parsed, retrieved or reranked.
        nodes: Document;
        /// Chunks of text: cut by a splitter, or to be embedded or summarised.
        chunks: Text;
        /// Embedded texts and their vectors.
        embeddings: Embedding;
        /// Summaries of a level of a tree.
        summaries: Text;
    }

    /// How many nodes are wanted.
    pub fn top_k(&self, count: usize) -> &Self {
        self.attach(move |payload| payload.top_k = Some(count as u64))
    }

    /// The length of the vectors, where the vectors themselves are not attached.
    pub fn dimensions(&self, count: usize) -> &Self {
        self.attach(move |payload| payload.dimensions = Some(count as u64))
    }

    /// The level of a tree; 0 holds the leaves.
    pub fn level(&self, level: usize) -> &Self {
        self.attach(move |payload| payload.level = Some(level as u64))
    }
}
