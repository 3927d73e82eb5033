//! Rule 9: spans whose tag comes late, or never.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing::{Span, field, info_span};
use tracing_llm::Builder;
use tracing_llm::prelude::*;

/// Nothing is decided by time.
fn patient(builder: Builder) -> Builder {
    builder.hold(PATIENCE * 60)
}

fn candidate() -> Span {
    info_span!("late", event_type = field::Empty, query_str = field::Empty)
}

#[test]
fn a_tag_that_is_recorded_before_the_span_is_entered_makes_an_event() {
    with_builder(patient, |stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            let late = candidate();
            late.record("event_type", "RETRIEVE");
            late.in_scope(|| event_span!(EMBEDDING, "embed").in_scope(|| {}));
        });
        assert_eq!(
            stage.flushed().tree(),
            "query\n└─ QUERY answer\n   └─ RETRIEVE late\n      └─ EMBEDDING embed\n"
        );
    });
}

#[test]
fn a_tag_that_is_recorded_inside_the_span_makes_an_event() {
    with_builder(patient, |stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            let late = candidate();
            late.in_scope(|| {
                event_span!(EMBEDDING, "before").in_scope(|| {});
                late.record("event_type", "RETRIEVE");
                late.record("query_str", "why?");
                event_span!(EMBEDDING, "after").in_scope(|| {});
            });
        });
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "query\n\
             └─ QUERY answer\n   \
                └─ RETRIEVE late\n      \
                   ├─ EMBEDDING before\n      \
                   └─ EMBEDDING after\n"
        );
        assert_eq!(captured.event("late").payload.query.as_deref(), Some("why?"));
        assert_eq!(stage.stats().late, 0);
    });
}

#[test]
fn children_that_end_before_the_tag_comes_wait_for_it() {
    with_builder(patient, |stage| {
        let late = candidate();
        late.in_scope(|| event_span!(EMBEDDING, "early").in_scope(|| {}));
        let settled = stage.settled();
        assert_eq!((settled.starts, settled.ends), (0, 0));
        late.record("event_type", "RETRIEVE");
        assert_eq!((stage.settled().starts, stage.settled().ends), (2, 1));
        drop(late);
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "retrieve\n└─ RETRIEVE late\n   └─ EMBEDDING early\n");
        assert_eq!(
            captured.calls[..3],
            ["start_trace retrieve", "start RETRIEVE late", "start EMBEDDING early"]
        );
    });
}

#[test]
fn children_that_waited_come_before_those_that_began_later() {
    with_blocked_worker(patient, |stage, gate| {
        // The tag comes while the worker stands between the one child and the other.
        let late = candidate();
        late.in_scope(|| event_span!(EMBEDDING, "before").in_scope(|| {}));
        drop(event_span!(CHAIN, "blocker"));
        late.in_scope(|| event_span!(EMBEDDING, "after").in_scope(|| {}));
        gate.open();
        gate.wait();
        late.record("event_type", "RETRIEVE");
        gate.open();
        drop(late);
        let tree = stage.flushed().tree();
        assert!(
            tree.ends_with(
                "retrieve\n└─ RETRIEVE late\n   ├─ EMBEDDING before\n   └─ EMBEDDING after\n"
            ),
            "{tree}"
        );
    });
}

#[test]
fn children_of_a_span_that_is_never_recognised_join_the_event_above() {
    with_builder(patient, |stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            candidate().in_scope(|| {
                candidate().in_scope(|| {
                    event_span!(LLM, "chat").in_scope(|| {});
                });
                event_span!(EMBEDDING, "embed").in_scope(|| {});
            });
        });
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "query\n└─ QUERY answer\n   ├─ LLM chat\n   └─ EMBEDDING embed\n"
        );
        assert_eq!(captured.traces.len(), 1);
    });
}

#[test]
fn children_that_waited_for_a_span_that_is_never_recognised_are_delivered_when_it_closes() {
    with_builder(patient, |stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            let late = candidate();
            late.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            assert_eq!(stage.settled().ends, 0);
            drop(late);
            assert_eq!(stage.settled().ends, 1);
        });
        assert_eq!(stage.flushed().tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
    });
}

#[test]
fn children_that_waited_bring_the_starts_above_an_unrecognised_span() {
    with_builder(patient, |stage| {
        let query = event_span!(QUERY, "answer");
        let late = candidate_below(&query);
        late.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
        assert_eq!(stage.settled().starts, 0);
        drop(late);
        stage.settled();
        drop(query);
        assert_eq!(
            stage.flushed().calls[..3],
            ["start_trace query", "start QUERY answer", "start LLM chat"]
        );
    });
}

fn candidate_below(parent: &Span) -> Span {
    info_span!(parent: parent, "late", event_type = field::Empty)
}

#[test]
fn a_value_that_names_no_type_decides_that_it_is_no_event() {
    with_builder(patient, |stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            let late = candidate();
            late.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            late.record("event_type", "user_signed_up");
            assert_eq!(stage.settled().ends, 1);
            drop(late);
        });
        assert_eq!(stage.flushed().tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
    });
}

#[test]
fn a_span_that_turns_out_to_be_no_event_holds_no_trace_together() {
    with_builder(patient, |stage| {
        let late = candidate();
        late.record("event_type", "user_signed_up");
        late.in_scope(|| {
            event_span!(LLM, "one").in_scope(|| {});
            event_span!(LLM, "two").in_scope(|| {});
        });
        drop(late);
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM one\nllm\n└─ LLM two\n");
    });
}

#[test]
fn a_scope_whose_tag_names_no_type_is_a_scope() {
    with_builder(patient, |stage| {
        let at_once = info_span!("span", trace_name = "one", event_type = "user_signed_up");
        at_once.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
        drop(at_once);
        let late = info_span!("span", trace_name = "two", event_type = field::Empty);
        late.record("event_type", "user_signed_up");
        late.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
        drop(late);
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "one\n└─ LLM chat\ntwo\n└─ LLM chat\n");
        assert_eq!(captured.traces.len(), 2);
        assert_eq!(stage.stats().unknown_tags, 2);
    });
}

#[test]
fn children_of_a_span_that_stays_undecided_are_delivered_all_the_same() {
    with_builder(patient, |stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            let late = candidate();
            late.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            let captured = stage.flushed();
            assert_eq!(captured.event("chat").parent_id, Some(captured.starts[0].span_id));
            assert_eq!(captured.starts[0].name, "answer");
        });
    });
    // At shutdown too.
    with_builder(patient, |stage| {
        let late = candidate();
        late.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
        let (result, captured) = stage.shut_down();
        result.unwrap();
        assert_eq!(captured.tree(), "llm\n└─ LLM chat\n");
        drop(late);
    });
}

#[test]
fn children_do_not_wait_for_ever() {
    with_builder(
        |builder| builder.hold(std::time::Duration::from_millis(1)),
        |stage| {
            let late = candidate();
            late.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            eventually("the child is delivered", || {
                stage.advance(SECOND);
                stage.captured().ends.len() == 1
            });
            drop(late);
        },
    );
}

#[test]
fn a_span_that_is_never_recognised_is_nowhere() {
    with_builder(patient, |stage| {
        candidate().in_scope(|| {});
        drop(candidate());
        let (result, captured) = stage.shut_down();
        result.unwrap();
        assert_eq!(captured.calls, ["shutdown"]);
    });
}

#[test]
fn what_is_recorded_with_a_late_tag_and_before_it_is_the_events() {
    with_builder(patient, |stage| {
        let late = candidate();
        late.record("query_str", "why?");
        late.llm().top_k(3);
        late.record("event_type", "RETRIEVE");
        drop(late);
        let captured = stage.flushed();
        let payload = &captured.event("late").payload;
        assert_eq!((payload.query.as_deref(), payload.top_k), (Some("why?"), Some(3)));
        assert_eq!(captured.starts[0].payload, *payload);
    });
}

#[test]
fn a_wrapper_that_saw_the_end_before_the_tag_came_is_believed() {
    with_builder_in_both_runtimes(patient, async |stage| {
        let late = candidate();
        async {
            yields(1).await;
            stage.advance(SECOND);
        }
        .traced(&late)
        .await;
        stage.advance(SECOND);
        late.record("event_type", "RETRIEVE");
        drop(late);
        let captured = stage.flushed();
        assert_eq!(captured.event("late").outcome, Outcome::Ok);
        assert_eq!(captured.event("late").elapsed, SECOND);
    });
}

#[test]
fn a_better_tag_may_come_later() {
    with_builder(patient, |stage| {
        let span = info_span!("late", event_type = "CHAIN", llm.event_type = field::Empty);
        span.in_scope(|| {});
        span.record("llm.event_type", "LLM");
        span.record("event_type", "QUERY");
        drop(span);
        assert_eq!(stage.flushed().event("late").event_type, EventType::LLM);
    });
}
