//! What the program is asked to do.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

pub const HELP: &str = "\
Answers questions from a folder of Markdown documents, and shows how it did so.

usage: cargo run --example rag -- [OPTIONS] [QUESTION]...

  QUESTION, -q, --question TEXT  a question; as many as you like
      --docs PATH                a folder of Markdown documents, or one of them
                                 [default: the documents of this repository]
      --top-k N                  how many passages a model is given [default: 4]
      --concurrency N            how many questions are answered at once [default: 1]
      --spans FILE               append the spans to this file as OTLP JSON lines
                                 [default: spans.jsonl, unless a collector is named]
      --all                      all handlers: training examples (train.jsonl), an offline run of
                                 Weights & Biases, and one of Aim if AIM_REPO names its server
  -h, --help                     this text

environment:
  OPENAI_API_KEY, OPENAI_BASE_URL  either of them: ask this chat model;
                                   neither: an offline answerer quotes the best passages
  OPENAI_MODEL                     the model's name [default: gpt-5-mini]
  OTEL_EXPORTER_OTLP_ENDPOINT      send the spans to this collector (and the other
                                   OTEL_EXPORTER_OTLP_* variables)
  RUST_LOG                         log lines on the standard error [default: warn]
";

const QUESTIONS: [&str; 3] = [
    "What is tracing-llm?",
    "How do I write a handler of my own?",
    "What happens when the queue is full?",
];

pub struct Options {
    pub questions: Vec<String>,
    pub docs: Option<PathBuf>,
    pub top_k: usize,
    pub concurrency: usize,
    pub spans: Option<PathBuf>,
    pub all: bool,
}

impl Options {
    /// None if only help is wanted.
    pub fn parse(arguments: lexopt::Parser) -> Result<Option<Self>> {
        let mut arguments = arguments;
        let mut options = Self {
            questions: Vec::new(),
            docs: None,
            top_k: 4,
            concurrency: 1,
            spans: None,
            all: false,
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Short('q') | Long("question") => options.ask(arguments.value()?.string()?)?,
                Value(question) => options.ask(question.string()?)?,
                Long("docs") => options.docs = Some(arguments.value()?.into()),
                Long("all") => options.all = true,
                Long("spans") => options.spans = Some(arguments.value()?.into()),
                Long("top-k") => options.top_k = count("--top-k", &mut arguments)?,
                Long("concurrency") => {
                    options.concurrency = count("--concurrency", &mut arguments)?;
                }
                _ => return Err(argument.unexpected().into()),
            }
        }
        if options.questions.is_empty() {
            options.questions = QUESTIONS.map(String::from).into();
        }
        Ok(Some(options))
    }

    fn ask(&mut self, question: String) -> Result<()> {
        if question.trim().is_empty() {
            bail!("a question is empty");
        }
        self.questions.push(question);
        Ok(())
    }
}

fn count(option: &str, arguments: &mut lexopt::Parser) -> Result<usize> {
    let count: usize = arguments.value()?.parse().with_context(|| option.to_owned())?;
    if count == 0 {
        bail!("{option} must be at least 1");
    }
    Ok(count)
}
