//! Finds passages by their words (BM25).

use bm25::{Embedder, EmbedderBuilder, Language, Scorer};
use tracing_llm::prelude::*;

use crate::passages::Passage;

pub struct Index {
    passages: Vec<Passage>,
    embedder: Embedder,
    scorer: Scorer<usize>,
}

impl Index {
    pub fn new(passages: Vec<Passage>) -> Self {
        let texts: Vec<&str> = passages.iter().map(|passage| &*passage.text).collect();
        let embedder = EmbedderBuilder::with_fit_to_corpus(Language::English, &texts).build();
        let mut scorer = Scorer::new();
        for (at, text) in texts.iter().enumerate() {
            scorer.upsert(&at, embedder.embed(text));
        }
        Self { passages, embedder, scorer }
    }

    /// The same as [`search`](Self::search), as a stage of the pipeline.
    pub fn retrieve(&self, question: &str, top_k: usize) -> Vec<Passage> {
        let span = event_span!(RETRIEVE, "bm25", query_str = question, top_k);
        let found = span.in_scope(|| self.search(question, top_k));
        let nodes = |(passage, score): &(Passage, f32)| passage.node().with_score((*score).into());
        span.llm().nodes(found.iter().map(nodes).collect::<Vec<_>>()).ok();
        found.into_iter().map(|(passage, _)| passage).collect()
    }

    /// The passages that fit the question best and how well, the best first.
    pub fn search(&self, question: &str, top_k: usize) -> Vec<(Passage, f32)> {
        let mut found = self.scorer.matches(&self.embedder.embed(question));
        // Among equals the first in the documents: the same question has the same answer.
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        let passage = |id: usize| self.passages.get(id).cloned();
        found
            .iter()
            .take(top_k)
            .filter_map(|found| Some((passage(found.id)?, found.score)))
            .collect()
    }
}
