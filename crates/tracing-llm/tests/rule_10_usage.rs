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

#[test]
fn counts_and_amounts_that_nobody_would_believe_are_left_out_and_counted() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.llm().usage(Usage::new(8, 2));
        let mut absurd = Usage::new(u64::MAX, 3);
        absurd.cache_read = Some((1 << 53) + 1);
        absurd.reported_total = Some(u64::MAX);
        span.llm().usage(absurd);
        let mut cost = Cost::default();
        (cost.input, cost.output, cost.total) = (Some(f64::NAN), Some(0.5), Some(-1.0));
        span.llm().cost(cost);
        drop(span);
        let nothing = event_span!(LLM, "nothing");
        nothing.llm().usage(Usage::new(u64::MAX, u64::MAX));
        drop(nothing);
        let largest = event_span!(LLM, "largest");
        largest.llm().usage(Usage::new(1 << 53, 0));
        drop(largest);

        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        // What was known before stays.
        assert_eq!(payload.usage, Some(Usage::new(8, 3)));
        let cost = payload.cost.unwrap();
        assert_eq!((cost.input, cost.output, cost.total), (None, Some(0.5), None));
        assert_eq!(captured.event("nothing").payload.usage, None);
        assert_eq!(captured.event("largest").payload.usage, Some(Usage::new(1 << 53, 0)));
        // Once for each report.
        assert_eq!(stage.stats().unreadable, 3);
    });
}

#[test]
fn what_an_enricher_gives_is_believed_no_more_than_what_a_span_gives() {
    with_builder(
        |builder| {
            builder.enricher(|event: &mut Event| {
                event.payload.usage = Some(Usage::new(u64::MAX, 2));
            })
        },
        |stage| {
            event_span!(LLM, "chat").in_scope(|| {});
            let usage = stage.flushed().event("chat").payload.usage.unwrap();
            assert_eq!((usage.input, usage.output), (None, Some(2)));
            assert_eq!(stage.stats().unreadable, 1);
        },
    );
}
