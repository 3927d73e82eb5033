//! From a question to its answer.

use std::path::Path;

use anyhow::Result;
use futures_util::TryStreamExt;
use tracing_llm::prelude::*;

use crate::console::Answer;
use crate::index::Index;
use crate::model::Model;
use crate::passages::Passage;
use crate::prompt::Prompt;
use crate::{documents, passages};

/// Reads, splits and indexes the documents: one trace, with a name of its own.
#[tracing::instrument(skip_all, fields(trace_name = "index_construction"))]
pub fn build_index(docs: Option<&Path>) -> Result<Index> {
    let files = documents::load(docs)?;
    let passages = passages::split(&files)?;
    Ok(event_span!(CHAIN, "index").in_scope(|| Index::new(passages)))
}

pub struct Pipeline {
    pub index: Index,
    pub model: Model,
    pub top_k: usize,
}

impl Pipeline {
    /// Answers a question: a trace, since no event is above it.
    pub async fn answer(&self, question: &str, shown: Answer) -> Result<()> {
        let span = event_span!(QUERY, "answer", query_str = question);
        let run = async {
            let mut shown = shown;
            let passages = self.index.retrieve(question, self.top_k);
            let answer = self.synthesize(question, passages, &mut shown).await;
            shown.end(answer.as_ref().err())?;
            answer
        };
        let answer = run.try_traced(&span).await?;
        span.llm().reply(answer);
        Ok(())
    }

    async fn synthesize(
        &self,
        question: &str,
        passages: Vec<Passage>,
        shown: &mut Answer,
    ) -> Result<String> {
        let span = event_span!(SYNTHESIZE, "synthesize", query_str = question);
        let run = async {
            let prompt = Prompt::new(question, passages)?;
            let mut pieces = self.model.chat(&prompt);
            let mut answer = String::new();
            while let Some(piece) = pieces.try_next().await? {
                shown.piece(&piece)?;
                answer += &piece;
            }
            Ok::<_, anyhow::Error>(answer)
        };
        let answer = run.try_traced(&span).await?;
        span.llm().reply(answer.as_str());
        Ok(answer)
    }
}
