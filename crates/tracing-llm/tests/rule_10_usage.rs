//! Rule 10, as far as it is the core's: usage and cost stay with the event that they came with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing_llm::Cost;
use tracing_llm::prelude::*;

#[test]
fn usage_is_neither_added_up_nor_passed_on() {
    in_both_forms(|stage| {
        let agent = event_span!(AGENT_STEP, "agent");
        agent.in_scope(|| {
            for name in ["one", "two"] {
                let chat = event_span!(LLM, "chat", query_str = name);
                chat.llm().usage(Usage::new(8, 2));
            }
            event_span!(CHAIN, "wrapper").in_scope(|| {
                event_span!(LLM, "inner").llm().usage(Usage::new(1, 1));
            });
        });
        agent.llm().usage(Usage::new(17, 5));
        drop(agent);
        let captured = stage.flushed();
        assert_eq!(captured.event("agent").payload.usage, Some(Usage::new(17, 5)));
        assert_eq!(captured.event("wrapper").payload.usage, None);
        assert_eq!(asked(&captured, "one").payload.usage, Some(Usage::new(8, 2)));
        assert_eq!(asked(&captured, "two").payload.usage, Some(Usage::new(8, 2)));
    });
}

#[test]
fn what_is_not_reported_is_absent_and_not_zero() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| {});
        let span = event_span!(LLM, "priced");
        let mut cost = Cost::default();
        cost.output = Some(0.5);
        span.llm().cost(cost);
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.event("chat").payload.usage, None);
        assert_eq!(captured.event("chat").payload.cost, None);
        assert_eq!(captured.event("priced").payload.cost, Some(cost));
    });
}

#[test]
fn usage_may_be_handed_over_as_the_provider_sends_it() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.llm().usage_from(serde_json::json!({
            "prompt_tokens": 8,
            "completion_tokens": 2,
            "total_tokens": 10,
        }));
        drop(span);
        let odd = event_span!(LLM, "odd");
        odd.llm().usage_from(serde_json::json!({"parsecs": 12}));
        drop(odd);
        let chunk = event_span!(LLM, "chunk");
        chunk.llm().usage_from(serde_json::json!({"choices": [{"delta": {}}], "usage": null}));
        drop(chunk);
        let captured = stage.flushed();
        let usage = captured.event("chat").payload.usage.unwrap();
        assert_eq!((usage.input, usage.output, usage.total()), (Some(8), Some(2), Some(10)));
        assert_eq!(captured.event("odd").payload.usage, None);
        assert_eq!(captured.event("odd").payload.attributes["usage"]["parsecs"], 12);
        assert!(captured.event("chunk").payload.attributes.is_empty(), "no report is no loss");
        assert_eq!(stage.stats().unreadable, 1, "of the odd one");
    });
}
