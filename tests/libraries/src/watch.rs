//! A run as our layer saw it, beside what the server knows of it.

use std::time::Duration;

use tracing::subscriber::set_default;
use tracing_llm::testing::{Capture, Captured};
use tracing_llm_tokens::TokenCounter;
use tracing_subscriber::layer::SubscriberExt;

use crate::server::{Exchange, Reply, Reported, Server};

/// What was seen of a run.
#[derive(Debug)]
pub struct Run<T> {
    /// What the call gave.
    pub answer: T,
    /// What was delivered to a handler.
    pub events: Captured,
    /// What was counted, told by the server or estimated.
    pub counted: Reported,
    /// Tokens of embedded texts.
    pub embedded: u64,
    /// How many calls were counted.
    pub calls: u64,
    /// The sum of all usage that the server reported.
    pub reported: Reported,
    /// What the server was asked, and what it reported, call by call.
    pub log: Vec<Exchange>,
}

/// Starts a server that says this, call by call, and runs a call against its address under a
/// subscriber of its own, as a user sets it up.
///
/// Works on the current thread's runtime alone: libraries spawn tasks, and these see the
/// subscriber of the thread.
///
/// # Panics
///
/// If there is no free port, or the call takes longer than half a minute.
#[allow(clippy::expect_used, reason = "an aid of tests")]
pub async fn watch<T>(
    script: impl IntoIterator<Item = Reply>,
    call: impl AsyncFnOnce(&str) -> T,
) -> Run<T> {
    let server = Server::start().await.expect("a free port on loopback");
    server.will(script);
    let (answer, events, tokens) = observe(call(&server.url())).await;
    Run {
        answer,
        events,
        counted: Reported { input: tokens.prompt_tokens(), output: tokens.completion_tokens() },
        embedded: tokens.embedding_tokens(),
        calls: tokens.calls(),
        reported: server.reported(),
        log: server.log(),
    }
}

/// Runs a future under a subscriber of its own: what it gave, what was delivered and counted.
///
/// # Panics
///
/// If the future takes longer than two minutes.
#[allow(clippy::expect_used, reason = "an aid of tests")]
pub async fn observe<F: Future>(call: F) -> (F::Output, Captured, TokenCounter) {
    let (capture, tokens) = (Capture::new(), TokenCounter::new());
    let (layer, callbacks) = tracing_llm::layer()
        .enricher(tokens.clone())
        .handler(tokens.clone())
        .handler(capture.clone())
        .build();
    let subscriber = set_default(tracing_subscriber::registry().with(layer.filtered()));
    let answer = tokio::time::timeout(Duration::from_secs(120), call).await.expect("an answer");
    // What a library spawned, such as the reading of a stream that was dropped, ends on its own.
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(subscriber);
    let _ = callbacks.shutdown_blocking(Duration::from_secs(30));
    (answer, capture.captured(), tokens)
}
