//! langchain-rust 7.0.0: `src/observability.rs`, `src/agent/executor.rs`, `src/chain/llm_chain.rs`.

use tracing::field::{Empty, display};
use tracing::{Span, info_span, warn};
use tracing_llm::prelude::*;

use crate::common::*;

fn llm_span(stream: bool) -> Span {
    let (provider, model) = ("openai", "gpt-5-mini");
    info_span!(
        target: "langchain_rust::observability",
        "llm.generate",
        provider,
        model,
        stream,
        prompt_tokens = Empty,
        completion_tokens = Empty,
        total_tokens = Empty,
        tool_calls = Empty,
        error = Empty,
    )
}

fn record_result(span: &Span) {
    span.record("prompt_tokens", 10_u32);
    span.record("completion_tokens", 4_u32);
    span.record("total_tokens", 14_u32);
    span.record("tool_calls", 2_usize);
}

fn record_error(span: &Span, error: &str) {
    span.record("error", display(error));
    span.in_scope(|| {
        warn!(target: "langchain_rust::observability", error = %error, "llm.generate failed");
    });
}

#[test]
fn a_call_is_known_by_target_and_name_and_its_own_words_are_read() {
    in_both_forms(|stage| {
        let span = llm_span(true);
        span.in_scope(|| {});
        record_result(&span);
        drop(span);
        let captured = stage.flushed();
        let event = captured.event("llm.generate");
        assert_eq!(event.event_type, EventType::LLM);
        let payload = &event.payload;
        assert_eq!(payload.provider.as_deref(), Some("openai"));
        assert_eq!(payload.model.as_deref(), Some("gpt-5-mini"));
        let usage = payload.usage.unwrap();
        assert_eq!(
            (usage.input, usage.output, usage.reported_total),
            (Some(10), Some(4), Some(14))
        );
        assert_eq!(payload.parameters.as_ref().unwrap()["stream"], true);
        assert_eq!(payload.attributes["tool_calls"], 2);
        assert_eq!(stage.stats().unreadable, 0);
    });
}

#[test]
fn an_error_fails_the_call_once() {
    in_both_forms(|stage| {
        let span = llm_span(false);
        record_error(&span, "rate limited");
        drop(span);
        let captured = stage.flushed();
        let event = captured.event("llm.generate");
        assert_eq!(event.outcome, Outcome::Error);
        assert_eq!(event.payload.exception.as_ref().unwrap().message, *"rate limited");
    });
}

#[test]
fn an_agent_has_its_plans_calls_and_tools_below_it_and_counts_nothing_itself() {
    in_both_forms(|stage| {
        let agent = info_span!(
            target: "langchain_rust::agent::executor", "agent.run",
            max_iterations = 5, steps = Empty, total_tokens = Empty, error = Empty,
        );
        agent.in_scope(|| {
            info_span!(target: "langchain_rust::agent::executor", "agent.plan", step = 0_usize)
                .in_scope(|| {
                    info_span!(
                        target: "langchain_rust::chain::llm_chain", "chain.call",
                        chain = "llm_chain", error = Empty,
                    )
                    .in_scope(|| record_result(&llm_span(false)));
                });
            info_span!(
                target: "langchain_rust::agent::executor", "tool.call",
                tool = %"search", error = Empty,
            );
        });
        agent.record("total_tokens", 14_u32);
        drop(agent);
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "agent_step\n\
             └─ AGENT_STEP agent.run\n   \
                ├─ AGENT_STEP agent.plan\n   \
                │  └─ CHAIN chain.call\n   \
                │     └─ LLM llm.generate\n   \
                └─ FUNCTION_CALL tool.call\n"
        );
        assert_eq!(captured.event("agent.run").payload.usage, None);
        assert_eq!(captured.event("agent.run").payload.attributes["total_tokens"], 14);
        assert_eq!(captured.event("tool.call").payload.tool.as_ref().unwrap().name, *"search");
    });
}

#[test]
fn embeddings_are_known_too() {
    in_both_forms(|stage| {
        let (provider, model, count) = ("openai", "text-embedding-3-small", 3_usize);
        info_span!(target: "langchain_rust::observability", "embed.documents", provider, model, count, error = Empty);
        info_span!(target: "langchain_rust::observability", "embed.query", provider, model, count = 1, error = Empty);
        let captured = stage.flushed();
        for event in &captured.ends {
            assert_eq!(event.event_type, EventType::EMBEDDING);
            assert_eq!(event.payload.model.as_deref(), Some("text-embedding-3-small"));
        }
        assert_eq!(captured.ends.len(), 2);
    });
}

#[test]
fn the_same_names_in_other_code_are_nothing() {
    in_both_forms(|stage| {
        info_span!(target: "langchain_rust_fork", "llm.generate", model = "m");
        info_span!("tool.call", tool = "search");
        info_span!(target: "langchain_rust::chain", "parse", model = "m");
        assert!(stage.flushed().ends.is_empty());
    });
}
