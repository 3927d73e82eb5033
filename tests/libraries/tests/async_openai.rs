//! async-openai 0.43 tells `tracing` nothing: a span around the call is the user's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use tracing::{info, info_span};
use tracing_llm::prelude::*;
use tracing_llm_libraries::clients::async_openai;
use tracing_llm_libraries::server::Reply;
use tracing_llm_libraries::watch;

const MODEL: &str = "gpt-4o-mini";

/// Nor do the HTTP client below it, and spans such as servers and databases have.
#[tokio::test]
async fn its_calls_give_no_event_nor_do_ordinary_spans_around_them() {
    let run = watch([Reply::Error(429)], async |url| {
        let request = info_span!("request", method = "POST", uri = "/cars", version = ?"1.1");
        let _request = request.enter();
        let query = info_span!("query", db.system = "postgresql", db.statement = "select 1");
        query.in_scope(|| info!(user = "u", query = "select 1", model = "2cv", "done"));
        // It tries again, and says so in a line of log.
        async_openai::embed(url, "text-embedding-3-small", &["one"]).await?;
        async_openai::chat(url, MODEL, "hi").await
    })
    .await;
    assert!(run.answer.is_ok());
    assert_eq!(run.log.iter().map(|it| it.status).collect::<Vec<_>>(), [429, 200, 200]);
    assert!(run.events.ends.is_empty() && run.events.trace_starts.is_empty());
}

#[tokio::test]
async fn a_span_around_the_call_has_what_is_handed_over() {
    let run = watch([], async |url| {
        let span = event_span!(LLM, "chat", model = MODEL, provider = "openai");
        span.llm().messages([Message::user("hi there")]);
        let answer = async_openai::chat(url, MODEL, "hi there").traced(&span).await.unwrap();
        span.llm().reply(answer.clone());
        answer
    })
    .await;
    assert_eq!(run.events.tree(), "llm\n└─ LLM chat [ok]\n");
    let payload = &run.events.event("chat").payload;
    assert_eq!(payload.output_text().as_deref(), Some(&*run.answer));
    assert!(payload.usage.unwrap().estimated);
}

#[tokio::test]
async fn a_span_around_a_call_that_fails_is_an_error_once_the_library_has_given_up() {
    for (script, statuses) in [
        (vec![Reply::OutOfQuota], &[429][..]),
        (vec![Reply::Error(429), Reply::Error(400)], &[429, 400]),
    ] {
        let run = watch(script, async |url| {
            let span = event_span!(LLM, "chat", model = MODEL, provider = "openai");
            async_openai::chat(url, MODEL, "hi there").try_traced(&span).await
        })
        .await;
        assert!(run.answer.is_err());
        assert_eq!(run.log.iter().map(|it| it.status).collect::<Vec<_>>(), statuses);
        assert_eq!(run.events.tree(), "llm\n└─ LLM chat [error]\n");
        assert_eq!(run.events.event("chat").payload.usage, None);
    }
}
