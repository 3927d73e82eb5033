//! A service that answers questions, the way such services run: axum, one layer beside the logs,
//! `/metrics`, and a shutdown that loses nothing.
//!
//! ```text
//! cargo run --example service -- 127.0.0.1:8080
//! curl -i -H 'x-session-id: s-1' -d '{"question":"What is a span?"}' \
//!      -H 'content-type: application/json' http://127.0.0.1:8080/ask
//! ```
//!
//! `request.rs` is what a request brings along (session, user, and the caller's trace with whether
//! it is sampled), `answer.rs` the pipeline, `model.rs` stands for the client of a model, `ending.rs`
//! is what becomes of long answers at the end. This file sets up and shuts down.

#![allow(unreachable_pub, reason = "a program has no public items")]

mod answer;
mod ending;
mod model;
mod request;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower_http::trace::TraceLayer;
use tracing::info;
use tracing_llm::StatsReader;
use tracing_llm_openinference::OpenInference;
use tracing_llm_tokens::TokenCounter;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// So long connections may take to close when their answers were broken off …
const CLOSE: Duration = Duration::from_secs(1);
/// … and then so long the handlers to deliver. With ten seconds for answers before that
/// (`DRAIN_SECONDS`), a platform that kills after 30 is never reached.
const DELIVER: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| String::from("127.0.0.1:8080"));
    let tokens = TokenCounter::new();
    let (layer, callbacks) = tracing_llm::layer()
        .enricher(tokens.clone())
        .handler(tokens.clone())
        .handler(exporter()?)
        .build();
    // RUST_LOG is for the logs alone: as a filter of the whole it would silence our events, too.
    let log = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env()?;
    tracing_subscriber::registry()
        .with(layer.filtered())
        .with(fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_filter(log))
        .init();

    let drain = ending::drain()?;
    let (over, stop) = ending::Stop::new();
    let app = Router::new()
        .route("/ask", post(answer::ask))
        .route("/ask/stream", post(answer::stream))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn_with_state(stop, ending::break_off))
        .layer(TraceLayer::new_for_http().make_span_with(request::span))
        .with_state(Metrics { tokens, health: callbacks.stats_reader() });
    let listener = TcpListener::bind(&address).await?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;

    let ending = std::sync::Arc::new(Notify::new());
    let told = std::sync::Arc::clone(&ending);
    let signal = async move {
        terminated().await;
        info!("no new requests; {drain:?} for those that are under way");
        told.notify_one();
    };
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(signal) => served?,
        // Once all are broken off the server ends by itself, but for who does not take his answer.
        () = async {
            ending.notified().await;
            tokio::time::sleep(drain).await;
            info!("answers that are under way still are broken off");
            over.send_replace(true);
            tokio::time::sleep(CLOSE).await;
        } => {}
    }
    tokio::time::timeout(DELIVER, callbacks.shutdown()).await??;
    info!("all events are delivered");
    Ok(())
}

/// To the collector or the file that the environment names, else to a file here.
fn exporter() -> Result<OpenInference> {
    let from_env = OpenInference::builder().environment()?;
    let spans = from_env.clone().build()?;
    Ok(if spans.is_off() { from_env.file("spans.jsonl").build()? } else { spans })
}

#[derive(Clone)]
struct Metrics {
    tokens: TokenCounter,
    health: StatsReader,
}

/// Sums and health for Prometheus.
async fn metrics(State(metrics): State<Metrics>) -> String {
    metrics.tokens.to_prometheus() + &metrics.health.read().to_prometheus()
}

/// Ctrl-C, or what an orchestrator sends.
async fn terminated() {
    let interrupted = async { tokio::signal::ctrl_c().await.unwrap_or(()) };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupted => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupted.await;
}
