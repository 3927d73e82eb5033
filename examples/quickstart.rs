//! The shortest way from spans to a trace that one can read.
//!
//! ```text
//! cargo run --example quickstart
//! ```

#![allow(clippy::print_stdout, reason = "a program speaks to its user")]

// From here to the end of `answer` it stands in the README.
use tracing_llm::prelude::*;
use tracing_llm_debug::DebugHandler;
use tracing_llm_openinference::OpenInference;
use tracing_llm_tokens::TokenCounter;
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tokens = TokenCounter::new();
    let (layer, callbacks) = tracing_llm::layer()
        .enricher(tokens.clone()) // fills in missing counts, for every handler to see
        .handler(tokens.clone())
        .handler(DebugHandler::stdout())
        .handler(OpenInference::from_env()?) // OTLP endpoint, headers: the standard variables
        .build();

    tracing_subscriber::registry()
        .with(layer.filtered()) // sees our callsites only; all others cost nothing
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .init();

    let answer = answer("What does a Layer do?").await?;

    callbacks.shutdown().await?; // everything delivered, or an error that says what was not
    println!("\n{answer}\n\n{}", tokens.report());
    Ok(())
}

// Plain tracing is enough: a library can be instrumented without depending on us.
#[tracing::instrument(fields(event_type = "QUERY", query_str = question, response))]
async fn answer(question: &str) -> Result<String, std::io::Error> {
    let passage = retrieve(question);

    // The typed way: what is large or structured never becomes a tracing field.
    let span = event_span!(LLM, "chat", model = "gpt-5-mini", provider = "openai");
    span.llm().messages([Message::system(passage), Message::user(question)]);
    let (reply, usage) = model().try_traced(&span).await?; // knows finished, failed and dropped
    span.llm().reply(&reply).usage(usage);

    tracing::Span::current().record("response", &reply);
    Ok(reply)
}

fn retrieve(question: &str) -> &'static str {
    let span = event_span!(RETRIEVE, "search", query_str = question);
    let passage = span.in_scope(|| "A Layer observes spans and events. It never changes them.");
    span.llm().nodes([Document::new(passage).with_id("layers.md#1").with_score(0.87)]).ok();
    passage
}

/// In place of a client and a network.
async fn model() -> Result<(String, Usage), std::io::Error> {
    Ok((String::from("It watches spans and events go by."), Usage::new(31, 8)))
}
