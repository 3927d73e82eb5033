//! A pipeline whose retriever is another process: both together are one trace.
//!
//! ```text
//! cargo run --example two_processes
//! ```
//!
//! The program starts itself once more as the retriever and asks it over HTTP. The headers
//! `traceparent` and `baggage` take the trace and the session along. Each process exports its own
//! spans: to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names, else to a file of its own.

#![allow(clippy::print_stdout, reason = "a program speaks to its user")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tracing::info_span;
use tracing_llm::prelude::*;
use tracing_llm::{Callbacks, Propagation};
use tracing_llm_openinference::OpenInference;
use tracing_subscriber::prelude::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("retriever") { retriever() } else { asker() }
}

/// What both processes send along and take: they trust one another.
fn propagation() -> Propagation {
    Propagation::new().session_baggage("session.id")
}

/// Asks the other process for passages, and answers.
fn asker() -> Result<()> {
    let callbacks = install("asker")?;
    let mut retriever = Command::new(std::env::current_exe()?)
        .arg("retriever")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the retriever")?;
    let mut address = String::new();
    let stdout = retriever.stdout.take().context("the retriever has no output")?;
    BufReader::new(stdout).read_line(&mut address)?;

    let session = info_span!("session", session.id = "two-processes");
    let question = "What does a Layer do?";
    let query = session.in_scope(|| event_span!(QUERY, "answer", query_str = question));
    let passage = query.in_scope(|| ask(address.trim(), question))?;
    query.llm().reply(&passage).ok();
    let ids = query.llm().ids();
    drop((query, session));

    retriever.wait()?;
    callbacks.shutdown_blocking(PATIENCE)?;
    println!("answer    {passage}");
    if let Some(ids) = ids {
        println!("trace     {}", ids.trace_id);
    }
    Ok(())
}

fn ask(address: &str, question: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "POST /search HTTP/1.1\r\ncontent-length: {}\r\n", question.len())?;
    let mut headers = String::new();
    propagation().inject(|name, value| headers.push_str(&format!("{name}: {value}\r\n")));
    write!(stream, "{headers}\r\n{question}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Answers one question: what it does for it belongs to the trace of whoever asks.
fn retriever() -> Result<()> {
    let callbacks = install("retriever")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let (stream, _) = listener.accept()?;
    let mut reader = BufReader::new(&stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim().split_once(": ") {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None if line.trim().is_empty() => break,
            None => {} // the line of the request
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut question = vec![0; length];
    reader.read_exact(&mut question)?;
    let question = String::from_utf8_lossy(&question);

    let pairs = headers.iter().map(|(name, value)| (&**name, &**value));
    let passage = propagation().extract(pairs).in_scope(|| search(&question));
    (&stream).write_all(passage.as_bytes())?;
    drop(reader);
    drop(stream);
    callbacks.shutdown_blocking(PATIENCE)?;
    Ok(())
}

fn search(question: &str) -> &'static str {
    let span = event_span!(RETRIEVE, "search", query_str = question);
    let passage = "A Layer observes spans and events. It never changes them.";
    span.llm().nodes([Document::new(passage).with_id("layers.md#1").with_score(0.87)]).ok();
    passage
}

fn install(name: &str) -> Result<Callbacks> {
    let from_env = OpenInference::builder().environment()?;
    let spans = from_env.clone().build()?;
    let spans =
        if spans.is_off() { from_env.file(format!("{name}.jsonl")).build()? } else { spans };
    let (layer, callbacks) = tracing_llm::layer().handler(spans).build();
    tracing_subscriber::registry().with(layer.filtered()).init();
    Ok(callbacks)
}
