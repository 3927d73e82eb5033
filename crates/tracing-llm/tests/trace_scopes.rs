//! Traces: named scopes, traces of a single event, trace maps, and when a trace ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing::{Instrument, Span, info_span};
use tracing_llm::SpanId;
use tracing_llm::prelude::*;

fn scope(name: &str) -> Span {
    info_span!("scope", trace_name = name)
}

/// The names of these events, in order.
fn names(captured: &tracing_llm::testing::Captured, ids: &[SpanId]) -> Vec<String> {
    ids.iter()
        .map(|id| captured.ends.iter().find(|event| event.span_id == *id).unwrap().name.to_string())
        .collect()
}

#[test]
fn a_scope_is_a_named_trace_with_several_events_at_its_top() {
    in_both_forms(|stage| {
        scope("index_construction").in_scope(|| {
            stage.advance(SECOND);
            event_span!(NODE_PARSING, "parse").in_scope(|| {
                event_span!(CHUNKING, "split").in_scope(|| stage.advance(SECOND));
            });
            event_span!(EMBEDDING, "embed").in_scope(|| stage.advance(SECOND));
            stage.advance(SECOND);
        });
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "index_construction\n\
             ├─ NODE_PARSING parse\n\
             │  └─ CHUNKING split\n\
             └─ EMBEDDING embed\n"
        );
        let trace = &captured.traces[0];
        assert_eq!(captured.traces.len(), 1);
        assert_eq!((trace.start.as_unix_nanos(), trace.elapsed), (0, 4 * SECOND));
        assert!(trace.scope_id.is_some());
        for event in &captured.ends {
            assert_eq!(event.trace_id, trace.id);
            assert_eq!(event.trace_name, "index_construction");
            assert_eq!(event.scope_id, trace.scope_id);
            assert_ne!(Some(event.span_id), trace.scope_id);
        }
        assert_eq!(captured.event("parse").parent_id, None);
        assert_eq!(captured.event("embed").parent_id, None);
    });
}

#[test]
fn a_trace_starts_before_its_events_and_ends_after_them() {
    in_both_forms(|stage| {
        scope("nightly").in_scope(|| {
            assert_eq!(stage.flushed().calls, ["start_trace nightly", "flush"]);
            event_span!(LLM, "chat").in_scope(|| {});
        });
        let calls = stage.flushed().calls;
        assert_eq!(calls[2..5], ["start LLM chat", "end LLM chat", "end_trace nightly"]);
    });
}

#[test]
fn a_scope_inside_a_trace_is_silent() {
    in_both_forms(|stage| {
        scope("outer").in_scope(|| {
            scope("inner").in_scope(|| {
                event_span!(QUERY, "answer").in_scope(|| {
                    scope("below an event").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
                });
            });
        });
        event_span!(QUERY, "alone").in_scope(|| {
            scope("below an event").in_scope(|| event_span!(LLM, "its chat").in_scope(|| {}));
        });
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "outer\n└─ QUERY answer\n   └─ LLM chat\n\
             query\n└─ QUERY alone\n   └─ LLM its chat\n"
        );
        assert_eq!(captured.traces.len(), 2);
    });
}

#[test]
fn a_span_with_both_tags_opens_the_trace_and_is_its_first_top_event() {
    in_both_forms(|stage| {
        info_span!("answer", trace_name = "chat_engine", event_type = "QUERY").in_scope(|| {
            event_span!(LLM, "chat").in_scope(|| {});
        });
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "chat_engine\n└─ QUERY answer\n   └─ LLM chat\n");
        assert_eq!(captured.event("answer").trace_name, "chat_engine");
        assert_eq!(captured.event("chat").parent_id, Some(captured.event("answer").span_id));
        assert_eq!(captured.traces.len(), 1);
    });
}

#[test]
fn an_event_without_a_scope_is_a_trace_of_its_own_named_by_its_type() {
    in_both_forms(|stage| {
        event_span!(SUB_QUESTION, "one").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
        event_span!(LLM, "two").in_scope(|| {});
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "sub_question\n└─ SUB_QUESTION one\n   └─ LLM chat\nllm\n└─ LLM two\n"
        );
        assert_eq!(captured.event("chat").trace_name, "sub_question");
        assert_ne!(captured.event("one").trace_id, captured.event("two").trace_id);
        assert!(captured.traces.iter().all(|trace| trace.scope_id.is_none()));
    });
}

#[test]
fn a_scope_without_events_is_an_empty_trace() {
    in_both_forms(|stage| {
        scope("empty").in_scope(|| stage.advance(SECOND));
        drop(scope("never entered"));
        let captured = stage.flushed();
        assert_eq!(
            captured.calls[..4],
            [
                "start_trace empty",
                "end_trace empty",
                "start_trace never entered",
                "end_trace never entered"
            ]
        );
        assert!(captured.traces[0].map.is_empty());
        assert_eq!(captured.traces[0].elapsed, SECOND);
    });
}

#[test]
fn a_trace_map_has_the_order_in_which_the_events_began() {
    in_both_forms(|stage| {
        scope("nightly").in_scope(|| {
            let one = event_span!(QUERY, "one");
            let two = event_span!(QUERY, "two");
            two.in_scope(|| event_span!(LLM, "two's").in_scope(|| {}));
            one.in_scope(|| {
                event_span!(RETRIEVE, "one's first").in_scope(|| {});
                event_span!(LLM, "one's second").in_scope(|| {});
            });
        });
        let captured = stage.flushed();
        let map = &captured.traces[0].map;
        let one = captured.event("one").span_id;
        assert_eq!(names(&captured, map.children(one)), ["one's first", "one's second"]);
        // What begins is what handlers are told first.
        let started: Vec<_> = captured
            .starts
            .iter()
            .filter(|start| start.parent_id.is_none())
            .map(|start| start.name.to_string())
            .collect();
        assert_eq!(names(&captured, map.roots()), started);
    });
}

#[test]
fn a_trace_map_keeps_so_many_events_and_counts_the_others() {
    with_builder(
        |builder| builder.trace_map(3),
        |stage| {
            scope("nightly").in_scope(|| {
                for _ in 0..10 {
                    event_span!(LLM, "chat").in_scope(|| {});
                }
            });
            let captured = stage.flushed();
            let map = &captured.traces[0].map;
            assert_eq!((map.len(), map.omitted()), (3, 7));
            assert_eq!(captured.ends.len(), 10);
        },
    );
}

#[test]
fn a_trace_ends_once_its_scope_and_all_events_below_are_delivered() {
    in_both_runtimes(async |stage| {
        let nightly = scope("nightly");
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let task = nightly.in_scope(|| {
            tokio::spawn(
                async move {
                    wait.await.unwrap();
                }
                .traced(&event_span!(EMBEDDING, "embed")),
            )
        });
        nightly.in_scope(|| event_span!(CHUNKING, "split").in_scope(|| {}));
        drop(nightly);
        assert_eq!((stage.settled().ends, stage.settled().traces), (1, 0));
        stage.advance(SECOND);
        go.send(()).unwrap();
        task.await.unwrap();
        let captured = stage.flushed();
        assert_eq!(captured.traces.len(), 1);
        assert_eq!(captured.traces[0].elapsed, SECOND);
        assert_eq!(names(&captured, captured.traces[0].map.roots()).len(), 2);
    });
}

#[test]
fn a_scope_goes_where_its_span_goes() {
    in_both_runtimes(async |stage| {
        let tasks: Vec<_> = ["one", "two"]
            .map(|name| {
                tokio::spawn(
                    async {
                        yields(2).await;
                        event_span!(EMBEDDING, "embed").in_scope(|| {});
                        yields(2).await;
                        event_span!(LLM, "chat").in_scope(|| {});
                    }
                    .instrument(scope(name)),
                )
            })
            .into();
        for task in tasks {
            task.await.unwrap();
        }
        let captured = stage.flushed();
        let mut trees: Vec<_> = captured
            .traces
            .iter()
            .map(|trace| (trace.name.to_string(), names(&captured, trace.map.roots())))
            .collect();
        trees.sort();
        let both = vec![String::from("embed"), String::from("chat")];
        assert_eq!(trees, [(String::from("one"), both.clone()), (String::from("two"), both)]);
    });
}

#[test]
fn a_scope_that_is_open_at_shutdown_is_ended() {
    in_both_forms(|stage| {
        let nightly = scope("nightly");
        nightly.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
        let (result, captured) = stage.shut_down();
        result.unwrap();
        assert_eq!(
            captured.calls,
            [
                "start_trace nightly",
                "start LLM chat",
                "end LLM chat",
                "end_trace nightly",
                "shutdown"
            ]
        );
        drop(nightly);
    });
}

#[test]
fn an_event_that_begins_after_its_trace_has_ended_is_delivered_and_counted_as_late() {
    in_both_forms(|stage| {
        let query = event_span!(QUERY, "answer");
        query.llm().end();
        assert_eq!(stage.settled().traces, 1);
        query.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
        drop(query);
        let captured = stage.flushed();
        assert_eq!(captured.event("chat").trace_id, captured.event("answer").trace_id);
        assert_eq!(stage.stats().late, 1);
        assert_eq!(captured.traces.len(), 1);
    });
}

#[test]
fn a_scope_is_no_event() {
    in_both_forms(|stage| {
        let nightly = scope("nightly");
        nightly.llm().prompt("nobody's");
        nightly.llm().end();
        assert!(!nightly.llm().is_enabled());
        assert_eq!(nightly.in_scope(tracing_llm::current), None);
        drop(nightly);
        let captured = stage.flushed();
        assert_eq!((captured.starts.len(), captured.ends.len()), (0, 0));
        assert_eq!(captured.traces.len(), 1);
    });
}

#[test]
fn events_that_are_left_out_of_a_handler_are_in_the_map_all_the_same() {
    use tracing_llm::testing::Capture;

    let capture = Capture::new();
    let narrow =
        capture.clone().ignore_starts([EventType::EMBEDDING]).ignore_ends([EventType::EMBEDDING]);
    let (layer, callbacks) = tracing_llm::layer().handler(narrow).build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    tracing::dispatcher::with_default(&dispatch, || {
        event_span!(RETRIEVE, "search")
            .in_scope(|| event_span!(EMBEDDING, "embed").in_scope(|| {}));
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    let captured = capture.captured();
    assert_eq!((captured.starts.len(), captured.ends.len()), (1, 1));
    assert_eq!(captured.traces[0].map.len(), 2);
}
