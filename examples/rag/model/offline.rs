//! Answers without a model: it quotes the paragraphs that fit the question best.

use std::sync::Arc;

use anyhow::Result;
use futures_util::stream::{self, BoxStream, StreamExt};
use tracing_llm::prelude::*;

use crate::index::Index;
use crate::passages::Passage;
use crate::prompt::Prompt;

/// How many paragraphs it quotes.
const QUOTES: usize = 2;

const NOTE: &str = "(These are quotes of the offline answerer: no model was asked.)";

pub struct Offline;

impl Offline {
    pub fn describe(&self) -> String {
        "none, the offline answerer quotes passages (OPENAI_API_KEY or OPENAI_BASE_URL name one)"
            .to_owned()
    }

    /// An answer in the form of a model's: a streaming call, in pieces of a word each.
    pub fn chat(&self, prompt: &Prompt) -> BoxStream<'static, Result<String>> {
        let span = event_span!(LLM, "chat", model = "offline-quotes");
        span.llm().messages(Arc::clone(&prompt.messages));
        let answer = quote(&prompt.question, &prompt.passages);
        let pieces: Vec<_> = answer.split_inclusive(' ').map(str::to_owned).collect();
        stream::iter(pieces)
            .traced_stream(&span, |piece: &String, llm| _ = llm.chunk(piece))
            .map(Ok)
            .boxed()
    }
}

fn quote(question: &str, passages: &[Passage]) -> String {
    let paragraphs = passages.iter().flat_map(|passage| {
        let texts = passage.text.split("\n\n").filter(|text| !text.starts_with('#'));
        texts.map(|text| Passage { id: Arc::clone(&passage.id), text: text.into() })
    });
    let best = Index::new(paragraphs.collect()).search(question, QUOTES);
    if best.is_empty() {
        return format!("No passage has a word of this question. {NOTE}");
    }
    let mut answer = String::new();
    for (paragraph, _) in best {
        let quoted: String = paragraph.text.lines().map(|line| format!("> {line}\n")).collect();
        answer += &format!("{quoted}— {}\n\n", paragraph.id);
    }
    answer + NOTE
}
