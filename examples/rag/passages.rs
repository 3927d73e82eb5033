//! The passages that documents are cut into.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use text_splitter::{ChunkConfig, MarkdownSplitter, TryChunkSizer};
use tiktoken_rs::CoreBPE;
use tiktoken_rs::tokenizer::Tokenizer;
use tracing_llm::prelude::*;

use crate::documents::File;

/// How long a passage may be, in tokens.
const LENGTH: usize = 200;

/// A piece of a file.
#[derive(Clone)]
pub struct Passage {
    /// The file, and which of its passages: `README.md#2`.
    pub id: Arc<str>,
    pub text: Arc<str>,
}

impl Passage {
    /// As handlers see it.
    pub fn node(&self) -> Document {
        Document::new(Arc::clone(&self.text)).with_id(Arc::clone(&self.id))
    }
}

/// Cuts files at headings, paragraphs and sentences.
pub fn split(files: &[File]) -> Result<Vec<Passage>> {
    let span = event_span!(NODE_PARSING, "parse");
    let document = |file: &File| Document::new(Arc::clone(&file.text)).with_id(&file.name);
    span.llm().documents(files.iter().map(document).collect::<Vec<_>>());
    let passages = span
        .in_scope(|| {
            let splitter =
                MarkdownSplitter::new(ChunkConfig::new(LENGTH).with_sizer(Tokens::new()?));
            let passages = files.iter().map(|file| split_file(&splitter, file));
            let passages = passages.collect::<Result<Vec<_>>>()?.concat();
            ensure!(!passages.is_empty(), "the documents hold no text");
            Ok(passages)
        })
        .inspect_err(|error| _ = span.llm().error(error))?;
    span.llm().nodes(passages.iter().map(Passage::node).collect::<Vec<_>>()).ok();
    Ok(passages)
}

fn split_file(splitter: &MarkdownSplitter<Tokens>, file: &File) -> Result<Vec<Passage>> {
    let span = event_span!(CHUNKING, "split");
    span.llm().input(json!({ "file": file.name, "bytes": file.text.len() }));
    let chunks = splitter.try_chunks(&file.text).map(|chunk| chunk.map(Arc::<str>::from));
    let chunks = span
        .in_scope(|| chunks.collect::<Result<Vec<_>>>())
        .inspect_err(|error| _ = span.llm().error(error))
        .with_context(|| format!("cannot split {}", file.name))?;
    span.llm().chunks(chunks.iter().cloned().map(Text::from).collect::<Vec<_>>()).ok();
    let id = |number: usize| format!("{}#{number}", file.name).into();
    Ok((1..).zip(chunks).map(|(number, text)| Passage { id: id(number), text }).collect())
}

/// Measures texts in the tokens of current OpenAI models.
struct Tokens(&'static CoreBPE);

impl Tokens {
    fn new() -> Result<Self> {
        Ok(Self(tiktoken_rs::bpe_for_tokenizer(Tokenizer::O200kBase)?))
    }
}

impl TryChunkSizer for Tokens {
    type Error = anyhow::Error;

    fn try_size(&self, text: &str) -> Result<usize> {
        self.0.count(text, &HashSet::new())
    }
}
