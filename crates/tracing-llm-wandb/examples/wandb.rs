//! A small pipeline whose run is written for Weights & Biases.
//!
//! ```text
//! cargo run --example wandb
//! ```
//!
//! It asks two questions, of which one fails, and prints where the run is and how to upload it.
//! `WANDB_DIR`, `WANDB_PROJECT` and W&B's other variables are respected.

use std::io::Write;
use std::time::Duration;

use tracing_llm::Cost;
use tracing_llm::prelude::*;
use tracing_llm_wandb::Wandb;
use tracing_subscriber::prelude::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let wandb =
        Wandb::builder().config("model", "gpt-5-mini").config("top_k", 1).environment()?.build()?;
    run(wandb, &mut std::io::stdout())
}

pub(crate) fn run(wandb: Wandb, output: &mut impl Write) -> Outcome {
    let run = wandb.run();
    let (layer, callbacks) = tracing_llm::layer().handler(wandb).build();
    tracing_subscriber::registry().with(layer.filtered()).init();

    for question in ["What is a span?", "What is a Größe?"] {
        match answer(question) {
            Ok(answer) => writeln!(output, "{question} {answer}")?,
            Err(error) => writeln!(output, "{question} {error}")?,
        }
    }
    if let Some(run) = &run {
        run.log([("eval/accuracy", 0.5)])?;
    }
    callbacks.shutdown_blocking(Duration::from_secs(10))?;

    match run {
        Some(run) => writeln!(output, "\n{}\n{}", run.counts(), run.sync_command())?,
        None => writeln!(output, "\nWANDB_MODE=disabled: nothing is written")?,
    }
    Ok(())
}

fn answer(question: &str) -> Result<&'static str, &'static str> {
    let query = event_span!(QUERY, "answer", query_str = question).entered();
    let passage = retrieve(question);
    let answer = chat(passage, question);
    match answer {
        Ok(answer) => query.llm().reply(answer),
        Err(error) => query.llm().error(error),
    };
    answer
}

fn retrieve(question: &str) -> &'static str {
    let span = event_span!(RETRIEVE, "search", query_str = question, top_k = 1).entered();
    let passage = "A span is a period of time.";
    span.llm().nodes([Document::new(passage).with_id("spans.md#1").with_score(0.87)]);
    passage
}

/// In place of a client and a network.
fn chat(passage: &str, question: &str) -> Result<&'static str, &'static str> {
    let span = event_span!(LLM, "chat", model = "gpt-5-mini", provider = "openai").entered();
    span.llm().messages([Message::system(passage), Message::user(question)]);
    if !question.contains("span") {
        span.llm().error("the model is overloaded");
        return Err("the model is overloaded");
    }
    let mut cost = Cost::default();
    cost.total = Some(0.000_021);
    span.llm().reply("A period of time.").usage(Usage::new(31, 8)).cost(cost).ok();
    Ok("A period of time.")
}
