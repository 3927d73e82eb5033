//! A few calls of models, tracked as a run of Aim.
//!
//! ```text
//! aim init && aim server --host 127.0.0.1 --port 53800 &
//! aim up --host 127.0.0.1 --port 43800 &
//! AIM_REPO=aim://127.0.0.1:53800 cargo run -p tracing-llm-aim --example track
//! ```
//!
//! Then `http://127.0.0.1:43800/metrics` draws tokens, cost and latency by model, and
//! `http://127.0.0.1:43800/runs` has the run's texts.

#![allow(clippy::print_stdout, reason = "an example speaks to its user")]

use std::error::Error;
use std::time::Duration;

use serde_json::json;
use tracing_llm::Cost;
use tracing_llm::prelude::*;
use tracing_llm_aim::Aim;
use tracing_subscriber::prelude::*;

const QUESTIONS: [&str; 4] =
    ["What is a span?", "What is a trace?", "What is a layer?", "What is an event?"];

fn main() -> Result<(), Box<dyn Error>> {
    let aim = Aim::builder()
        .environment()?
        .experiment("track example")
        .parameter("retrieval", json!({ "top_k": 4, "rerank": false }))
        .build()?;
    println!("run {} at {}", aim.run_hash(), aim.destination());
    let stats = aim.stats();
    let (layer, callbacks) = tracing_llm::layer().handler(aim).build();
    tracing_subscriber::registry()
        .with(layer.filtered())
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .init();

    split("A span is a period of time. A trace is a tree of spans.");
    for (round, question) in QUESTIONS.into_iter().cycle().take(40).enumerate() {
        let model = ["gpt-5-mini", "claude-haiku-4-5"][round % 2];
        ask(round as u64, model, question);
    }

    callbacks.shutdown_blocking(Duration::from_secs(30))?;
    println!("{}", stats.counts());
    Ok(())
}

fn split(document: &str) {
    let span = event_span!(CHUNKING, "split");
    let chunks: Vec<String> = document.split_inclusive(". ").map(str::to_owned).collect();
    span.llm().chunks(chunks).ok();
}

/// A stand-in for a model: it answers after a moment, and fails at every ninth call.
fn ask(round: u64, model: &'static str, question: &str) {
    let span = event_span!(LLM, "chat", model = model);
    span.llm().messages([Message::system("Answer briefly."), Message::user(question)]);
    std::thread::sleep(Duration::from_millis(5 + 3 * (round % 7)));
    if round % 9 == 8 {
        span.llm().error("the model is overloaded");
        return;
    }
    let usage = Usage::new(20 + round % 5, 8 + (round * round) % 23);
    let mut cost = Cost::default();
    cost.total = usage.total().map(|tokens| tokens as f64 * 2.5e-7);
    span.llm().reply(format!("{question} I have answered {round} times.")).usage(usage).cost(cost);
}
