//! A retrieval pipeline over Markdown documents, seen by `tracing-llm`.
//!
//! ```text
//! cargo run --example rag -- "What is tracing-llm?"
//! ```
//!
//! It loads documents, splits them, indexes them, and for each question retrieves passages, fills
//! a template and asks a chat model, whose answer streams. Each stage is a `tracing` span with an
//! event type. This file sets the handlers up; `pipeline.rs` is the way of a question.

#![allow(unreachable_pub, reason = "a program has no public items")]
#![allow(clippy::print_stderr, reason = "a program speaks to its user")]

mod cli;
mod console;
mod documents;
mod index;
mod model;
mod passages;
mod pipeline;
mod prompt;
mod recorders;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::{StreamExt, stream};
use tracing::{Instrument, info_span};
use tracing_llm::Callbacks;
use tracing_llm_debug::DebugHandler;
use tracing_llm_openinference::OpenInference;
use tracing_llm_tokens::TokenCounter;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::cli::Options;
use crate::console::{Answer, show, why};
use crate::model::Model;
use crate::pipeline::{Pipeline, build_index};
use crate::recorders::Recorders;

async fn run(options: &Options) -> Result<()> {
    let tokens = TokenCounter::new();
    let spans = exporter(options.spans.as_deref())?;
    let (destination, exported) = (spans.destination(), spans.stats());
    let mut layer = tracing_llm::layer()
        .enricher(tokens.clone()) // counts what no provider reports, for all handlers to see
        .handler(tokens.clone())
        .handler(DebugHandler::stdout().preview(40))
        .handler(spans);
    let mut recorders = None;
    if options.all {
        let (more, attached) = Recorders::attach(layer)?;
        (layer, recorders) = (more, Some(attached));
    }
    let (layer, callbacks) = layer.build();

    let log = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env()?;
    tracing_subscriber::registry()
        .with(layer.filtered())
        .with(fmt::layer().with_writer(std::io::stderr).with_filter(log))
        .init();

    let answered = tokio::select! {
        answered = answer_all(options, &callbacks) => answered,
        interrupted = interrupted() => interrupted,
    };
    // Everything is delivered, or an error says what was not.
    let delivered = callbacks.shutdown().await;

    show(&format!("\n{}\n", tokens.report()))?;
    show(&format!("spans     {destination}\n"))?;
    for (verb, counts) in [("sent", exported.otlp()), ("wrote", exported.file())] {
        if counts.produced > 0 {
            show(&format!("          {verb} {counts}\n"))?;
        }
    }
    if let Some(recorders) = recorders {
        recorders.report()?;
    }
    answered?;
    Ok(delivered?)
}

/// Exports to the file or the collector that is asked for, else to a file of ours.
fn exporter(file: Option<&Path>) -> Result<OpenInference> {
    let from_env = OpenInference::builder().environment()?;
    let spans = match file {
        Some(file) => from_env.clone().file(file).build()?,
        None => from_env.clone().build()?,
    };
    Ok(if spans.is_off() { from_env.file("spans.jsonl").build()? } else { spans })
}

async fn answer_all(options: &Options, callbacks: &Callbacks) -> Result<()> {
    let model = Model::from_env()?;
    show(&format!("model     {}\n\n", model.describe()))?;
    let index = build_index(options.docs.as_deref())?;
    printed(callbacks).await;

    let pipeline = Pipeline { index, model, top_k: options.top_k };
    // No event itself: its fields reach all events below.
    let session = info_span!("session", session.id = format!("rag-{}", std::process::id()));
    let answers = options.questions.iter().map(async |question| {
        let shown = Answer::begin(question, options.concurrency > 1)?;
        let answered = pipeline.answer(question, shown).await;
        if options.concurrency == 1 {
            printed(callbacks).await;
        }
        answered
    });
    let failed = stream::iter(answers)
        .buffer_unordered(options.concurrency)
        .filter(|answered| std::future::ready(answered.is_err()))
        .count()
        .instrument(session)
        .await;
    if failed > 0 {
        bail!("{failed} of {} questions have no answer", options.questions.len());
    }
    Ok(())
}

/// Waits for Ctrl-C. The calls that it breaks off are dropped, and their events are cancelled.
async fn interrupted() -> Result<()> {
    tokio::signal::ctrl_c().await?;
    show("\n\n")?;
    bail!("interrupted")
}

/// Waits until the handlers have printed what they have, so that it does not fall into what
/// comes next. What they fail at is told at the end.
async fn printed(callbacks: &Callbacks) {
    let _ = tokio::time::timeout(Duration::from_secs(3), callbacks.flush()).await;
}

#[tokio::main]
async fn main() -> ExitCode {
    let ran = match Options::parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => run(&options).await,
        Ok(None) => show(cli::HELP).map_err(Into::into),
        Err(error) => {
            eprintln!("error: {} (--help tells more)", why(&error));
            return ExitCode::from(2);
        }
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", why(&error));
            ExitCode::FAILURE
        }
    }
}
