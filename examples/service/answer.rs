//! From a question to its answer, whole or as a stream.

use std::convert::Infallible;

use axum::Json;
use axum::response::sse::{self, Sse};
use axum::response::{AppendHeaders, IntoResponse};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tracing::{Span, info};
use tracing_llm::Document;
use tracing_llm::prelude::*;

use crate::model;

/// The answer as JSON.
pub async fn ask(Json(body): Json<Value>) -> impl IntoResponse {
    let question = question(&body);
    let query = event_span!(QUERY, "ask", query_str = question);
    let trace_id = trace_id(&query);
    let answer = async {
        retrieve(&question);
        let chat = chat(&question);
        let pieces = model::chat(&question).traced_stream(&chat, |piece, llm| {
            llm.chunk(piece);
        });
        pieces.collect::<String>().await
    };
    let answer = answer.traced(&query).await;
    query.llm().reply(&answer);
    info!("answered");
    (AppendHeaders([("x-trace-id", trace_id)]), Json(json!({ "answer": answer })))
}

/// The answer as server-sent events. It outlives this function: both events end when the stream
/// does, or when the one who asked goes away.
pub async fn stream(Json(body): Json<Value>) -> impl IntoResponse {
    let question = question(&body);
    let query = event_span!(QUERY, "ask", query_str = question);
    let trace_id = trace_id(&query);
    let chat = query.in_scope(|| {
        retrieve(&question);
        chat(&question)
    });
    let pieces = model::chat(&question)
        .traced_stream(&chat, |piece, llm| {
            llm.chunk(piece);
        })
        .traced_stream(&query, |piece, llm| {
            llm.chunk(piece);
        });
    info!("answering");
    let events = pieces.map(|piece| Ok::<_, Infallible>(sse::Event::default().data(piece)));
    (AppendHeaders([("x-trace-id", trace_id)]), Sse::new(events))
}

fn question(body: &Value) -> String {
    body["question"].as_str().unwrap_or_default().to_owned()
}

/// For the response and for the log: the id is on the request's span from here on.
fn trace_id(query: &Span) -> String {
    let ids = query.in_scope(tracing_llm::current);
    let id = ids.map(|ids| ids.trace_id.to_string()).unwrap_or_default();
    Span::current().record("trace_id", &id);
    id
}

fn retrieve(question: &str) {
    let span = event_span!(RETRIEVE, "search");
    span.llm().query(question).nodes(vec![Document::new("A span is a period of time.")]);
}

fn chat(question: &str) -> Span {
    let span = event_span!(LLM, "chat", model = model::NAME, provider = "aviary");
    span.llm().messages(vec![Message::system("Repeat."), Message::user(question)]);
    span
}
