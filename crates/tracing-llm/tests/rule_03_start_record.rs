//! Rule 3: when the start of an event is delivered, and what it holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing::field;
use tracing_llm::prelude::*;

#[test]
fn a_start_is_delivered_once_its_span_is_entered() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        assert_eq!(stage.settled().starts, 0);
        span.in_scope(|| assert_eq!(stage.settled().starts, 1));
        span.in_scope(|| {});
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.starts.len(), 1);
    });
}

#[test]
fn a_start_holds_what_was_attached_before_the_span_was_entered_and_nothing_later() {
    in_both_forms(|stage| {
        let span = event_span!(
            LLM,
            "chat",
            model = "gpt-5-mini",
            query_str = field::Empty,
            response = field::Empty
        );
        span.record("query_str", "why?");
        span.llm().messages(vec![Message::user("why?")]).top_k(3);
        span.in_scope(|| {
            span.record("response", "because");
            span.llm().usage(Usage::new(8, 2)).top_k(4);
        });
        drop(span);
        let captured = stage.flushed();
        let start = &captured.starts[0].payload;
        assert_eq!(start.model.as_deref(), Some("gpt-5-mini"));
        assert_eq!(start.query.as_deref(), Some("why?"));
        assert_eq!(start.messages[0].text(), "why?");
        assert_eq!(start.top_k, Some(3));
        assert_eq!(start.response, None);
        assert_eq!(start.usage, None);
        let end = &captured.event("chat").payload;
        assert_eq!(end.top_k, Some(4));
    });
}

#[test]
fn a_start_holds_its_inputs_however_late_the_worker_comes() {
    with_blocked_worker(
        |builder| builder,
        |stage, gate| {
            let span = event_span!(LLM, "chat");
            span.llm().prompt("why?");
            span.in_scope(|| {
                span.llm().completion("because");
            });
            drop(span);
            gate.open();
            let captured = stage.flushed();
            let start = captured.starts.iter().find(|start| start.name == *"chat").unwrap();
            assert_eq!(start.payload.prompt.as_deref(), Some("why?"));
            assert_eq!(start.payload.completion, None);
        },
    );
}

#[test]
fn a_start_brings_the_starts_of_its_ancestors_and_of_the_trace_forward() {
    in_both_forms(|stage| {
        let query = event_span!(QUERY, "answer");
        let retrieve = event_span!(parent: &query, RETRIEVE, "search");
        let embed = event_span!(parent: &retrieve, EMBEDDING, "embed");
        assert_eq!(stage.settled().starts, 0);
        embed.in_scope(|| {});
        assert_eq!(stage.settled().starts, 3);
        retrieve.in_scope(|| {});
        query.in_scope(|| {});
        drop((embed, retrieve, query));
        assert_eq!(
            stage.flushed().calls[..4],
            [
                "start_trace query",
                "start QUERY answer",
                "start RETRIEVE search",
                "start EMBEDDING embed"
            ]
        );
        assert_eq!(stage.stats().starts, 3);
    });
}

#[test]
fn an_event_whose_span_is_never_entered_is_started_at_its_end() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.llm().prompt("why?").completion("because");
        drop(span);
        let captured = stage.flushed();
        assert_eq!(
            captured.calls[..4],
            ["start_trace llm", "start LLM chat", "end LLM chat", "end_trace llm"]
        );
        assert_eq!(captured.starts[0].payload.prompt.as_deref(), Some("why?"));
        assert_eq!(captured.event("chat").payload.completion.as_deref(), Some("because"));
    });
}

#[test]
fn a_start_tells_neither_a_time_nor_an_outcome() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        async { stage.advance(SECOND) }.traced(&span).await;
        drop(span);
        let captured = stage.flushed();
        let start = &captured.starts[0];
        assert_eq!(start.outcome, Outcome::Unset);
        assert!(start.elapsed.is_zero() && start.busy.is_zero());
        let end = captured.event("chat");
        assert_eq!((end.span_id, end.trace_id), (start.span_id, start.trace_id));
        assert_eq!((end.start, end.elapsed), (start.start, SECOND));
    });
}

#[test]
fn an_end_carries_every_part_also_those_of_the_start() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat", model = "gpt-5-mini", response = field::Empty);
        span.llm().prompt("why?").parameters(serde_json::json!({"temperature": 0}));
        span.in_scope(|| {});
        assert_eq!(stage.settled().starts, 1);
        span.record("response", "because");
        span.llm().usage(Usage::new(8, 2)).finish_reason("stop");
        drop(span);
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.model.as_deref(), Some("gpt-5-mini"));
        assert_eq!(payload.prompt.as_deref(), Some("why?"));
        assert_eq!(payload.parameters, Some(serde_json::json!({"temperature": 0})));
        assert_eq!(payload.response.as_deref(), Some("because"));
        assert_eq!(payload.usage, Some(Usage::new(8, 2)));
        assert_eq!(payload.finish_reason.as_deref(), Some("stop"));
    });
}
