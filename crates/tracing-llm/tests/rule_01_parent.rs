//! Rule 1: the parent of an event is the nearest tagged ancestor of its span.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::collections::HashSet;
use std::sync::{Arc, Barrier};

use common::*;
use tracing::{Instrument, Span, info, info_span};
use tracing_llm::prelude::*;

/// An untagged span, as any library has them.
fn untagged() -> Span {
    info_span!("untagged")
}

#[test]
fn a_span_inside_another_is_its_child() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            event_span!(RETRIEVE, "search").in_scope(|| {
                event_span!(EMBEDDING, "embed").in_scope(|| {});
            });
            event_span!(LLM, "chat").in_scope(|| {});
        });
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "query\n\
             └─ QUERY answer\n   \
                ├─ RETRIEVE search\n   \
                │  └─ EMBEDDING embed\n   \
                └─ LLM chat\n"
        );
        let answer = captured.event("answer");
        assert_eq!(answer.parent_id, None);
        assert_eq!(captured.event("chat").parent_id, Some(answer.span_id));
        assert!(captured.ends.iter().all(|event| event.trace_id == answer.trace_id));
    });
}

#[test]
fn branches_of_a_join_are_siblings_and_keep_their_own_children() {
    in_both_runtimes(async |stage| {
        let branch = |name: &'static str, inner: &'static str| {
            let span = event_span!(SUB_QUESTION, "part", query_str = name);
            async move {
                yields(2).await;
                let leaf = event_span!(LLM, "chat", query_str = inner);
                async { yields(3).await }.traced(&leaf).await;
                yields(1).await;
            }
            .traced(&span)
        };
        let query = event_span!(QUERY, "answer");
        async {
            tokio::join!(
                branch("one", "one's"),
                branch("two", "two's"),
                branch("three", "three's")
            );
        }
        .traced(&query)
        .await;
        drop(query);
        let captured = stage.flushed();
        let answer = captured.event("answer").span_id;
        for (name, inner) in [("one", "one's"), ("two", "two's"), ("three", "three's")] {
            let part = asked(&captured, name);
            assert_eq!(part.parent_id, Some(answer));
            assert_eq!(asked(&captured, inner).parent_id, Some(part.span_id));
        }
    });
}

#[test]
fn a_spawned_task_keeps_the_parent_that_its_span_carries() {
    in_both_runtimes(async |stage| {
        let query = event_span!(QUERY, "answer");
        let between = query.in_scope(untagged);
        let is_carried = !between.is_disabled();
        let (plain, wrapped) = query.in_scope(|| {
            (
                tokio::spawn(
                    async {
                        yields(3).await;
                        let chat = event_span!(LLM, "in the plain task");
                        async { yields(2).await }.instrument(chat).await;
                    }
                    .instrument(between),
                ),
                tokio::spawn(
                    async {
                        yields(3).await;
                        event_span!(LLM, "in the traced task").in_scope(|| {});
                    }
                    .traced(&event_span!(SUB_QUESTION, "part")),
                ),
            )
        });
        drop(query);
        plain.await.unwrap();
        wrapped.await.unwrap();
        let captured = stage.flushed();
        let answer = captured.event("answer").span_id;
        let part = captured.event("part");
        assert_eq!(part.parent_id, Some(answer));
        assert_eq!(captured.event("in the traced task").parent_id, Some(part.span_id));
        // What carries the parent is the span: one that nobody enables carries nothing.
        let carried = is_carried.then_some(answer);
        assert_eq!(captured.event("in the plain task").parent_id, carried);
    });
}

#[test]
fn a_spawned_task_without_a_span_is_a_trace_of_its_own() {
    in_both_runtimes(async |stage| {
        let query = event_span!(QUERY, "answer");
        let task =
            query.in_scope(|| tokio::spawn(async { event_span!(LLM, "alone").in_scope(|| {}) }));
        task.await.unwrap();
        drop(query);
        let captured = stage.flushed();
        assert_eq!(captured.event("alone").parent_id, None);
        assert_ne!(captured.event("alone").trace_id, captured.event("answer").trace_id);
    });
}

#[test]
fn blocking_work_and_threads_keep_the_parent_they_are_given() {
    in_both_runtimes(async |stage| {
        let query = event_span!(QUERY, "answer");
        let entered = query.clone();
        tokio::task::spawn_blocking(move || {
            entered.in_scope(|| event_span!(NODE_PARSING, "blocking").in_scope(|| {}));
        })
        .await
        .unwrap();
        stage.on_another_thread(|| {
            event_span!(parent: &query, CHUNKING, "on a thread").in_scope(|| {
                event_span!(CHUNKING, "below").in_scope(|| {});
            });
        });
        drop(query);
        assert_eq!(
            stage.flushed().tree(),
            "query\n\
             └─ QUERY answer\n   \
                ├─ NODE_PARSING blocking\n   \
                └─ CHUNKING on a thread\n      \
                   └─ CHUNKING below\n"
        );
    });
}

#[test]
fn an_explicit_parent_wins_over_the_current_span() {
    in_both_forms(|stage| {
        let one = event_span!(QUERY, "one");
        let two = event_span!(QUERY, "two");
        two.in_scope(|| event_span!(parent: &one, LLM, "chat").in_scope(|| {}));
        drop((one, two));
        let captured = stage.flushed();
        assert_eq!(captured.event("chat").parent_id, Some(captured.event("one").span_id));
        assert_eq!(captured.event("chat").trace_id, captured.event("one").trace_id);
    });
}

#[test]
fn a_span_with_no_parent_is_a_root_wherever_it_is_created() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            event_span!(parent: None, LLM, "root").in_scope(|| {});
        });
        let captured = stage.flushed();
        assert_eq!(captured.event("root").parent_id, None);
        assert_eq!(captured.event("root").trace_name, "llm");
        assert_ne!(captured.event("root").trace_id, captured.event("answer").trace_id);
    });
}

/// A chain of tagged and untagged spans.
fn through_untagged_spans(stage: &Stage) {
    event_span!(QUERY, "answer").in_scope(|| {
        untagged().in_scope(|| {
            untagged().in_scope(|| {
                event_span!(RETRIEVE, "search").in_scope(|| {
                    untagged().in_scope(|| event_span!(EMBEDDING, "embed").in_scope(|| {}));
                });
            });
        });
    });
    assert_eq!(
        stage.flushed().tree(),
        "query\n└─ QUERY answer\n   └─ RETRIEVE search\n      └─ EMBEDDING embed\n"
    );
}

#[test]
fn untagged_spans_in_between_are_passed_over() {
    in_both_forms(through_untagged_spans);
}

#[test]
fn untagged_spans_that_another_layer_enables_are_passed_over() {
    beside(sees_all, through_untagged_spans);
    beside(fmt_to_sink, through_untagged_spans);
    beside(|| only(|metadata| metadata.name() == "untagged"), through_untagged_spans);
}

/// What a line with our target says inside an untagged span belongs to the tagged span above it.
fn lines_through_untagged_spans(stage: &Stage) {
    event_span!(QUERY, "answer").in_scope(|| {
        event_span!(RETRIEVE, "search").in_scope(|| {
            untagged().in_scope(|| info!(target: "tracing_llm", top_k = 3));
        });
    });
    let captured = stage.flushed();
    assert_eq!(captured.event("search").payload.top_k, Some(3));
    assert_eq!(captured.event("answer").payload.top_k, None);
}

#[test]
fn a_line_inside_an_untagged_span_belongs_to_the_event_above() {
    in_both_forms(lines_through_untagged_spans);
    beside(sees_all, lines_through_untagged_spans);
    beside(|| only(|metadata| metadata.name() == "untagged"), lines_through_untagged_spans);
}

/// An untagged span that only somebody else enables has an explicit parent, while this thread is
/// inside another event.
fn line_below_an_explicit_parent(stage: &Stage) {
    let parent = event_span!(RETRIEVE, "parent");
    let entered = event_span!(QUERY, "entered by this thread");
    entered.in_scope(|| {
        let between = info_span!(parent: &parent, "untagged");
        between.in_scope(|| {
            info!(target: "tracing_llm", top_k = 3);
            event_span!(LLM, "child").in_scope(|| {});
        });
        info!(target: "tracing_llm", parent: &between, query_str = "why?");
    });
    drop((parent, entered));
    let captured = stage.flushed();
    let parent = captured.event("parent");
    assert_eq!(parent.payload.top_k, Some(3));
    assert_eq!(parent.payload.query.as_deref(), Some("why?"));
    assert_eq!(captured.event("child").parent_id, Some(parent.span_id));
    let entered = captured.event("entered by this thread");
    assert_eq!((entered.payload.top_k, &entered.payload.query), (None, &None));
}

#[test]
fn a_line_belongs_to_the_parent_chain_and_not_to_the_span_that_the_thread_entered() {
    beside(sees_all, line_below_an_explicit_parent);
    beside(fmt_to_sink, line_below_an_explicit_parent);
    beside(|| only(|metadata| metadata.name() == "untagged"), line_below_an_explicit_parent);
}

#[test]
fn a_line_with_an_explicit_tagged_parent_belongs_to_it() {
    in_both_forms(|stage| {
        let one = event_span!(RETRIEVE, "one");
        let two = event_span!(RETRIEVE, "two");
        two.in_scope(|| info!(target: "tracing_llm", parent: &one, top_k = 3));
        drop((one, two));
        let captured = stage.flushed();
        assert_eq!(captured.event("one").payload.top_k, Some(3));
        assert_eq!(captured.event("two").payload.top_k, None);
    });
}

#[test]
fn a_line_with_no_parent_belongs_to_no_event() {
    in_both_forms(|stage| {
        event_span!(RETRIEVE, "search")
            .in_scope(|| info!(target: "tracing_llm", parent: None, top_k = 3));
        assert_eq!(stage.flushed().event("search").payload.top_k, None);
    });
}

/// Handle parts on an untagged span.
fn parts_on_an_untagged_span(stage: &Stage) -> bool {
    let mut enabled = false;
    event_span!(RETRIEVE, "search").in_scope(|| {
        let span = untagged();
        enabled = !span.is_disabled();
        span.llm().top_k(3);
    });
    let expected = enabled.then_some(3);
    assert_eq!(stage.flushed().event("search").payload.top_k, expected);
    enabled
}

#[test]
fn a_part_on_an_enabled_untagged_span_goes_to_the_event_above() {
    beside(sees_all, |stage| assert!(parts_on_an_untagged_span(stage)));
    let untagged_only = || only(|metadata| metadata.name() == "untagged");
    beside(untagged_only, |stage| assert!(parts_on_an_untagged_span(stage)));
}

#[test]
fn a_part_on_a_disabled_handle_does_nothing() {
    in_both_forms(|stage| {
        parts_on_an_untagged_span(stage);
        event_span!(RETRIEVE, "other").in_scope(|| {
            Span::none().llm().top_k(3);
        });
        assert_eq!(stage.flushed().event("other").payload.top_k, None);
    });
}

#[test]
fn a_child_of_an_event_that_has_ended_is_still_its_child() {
    in_both_forms(|stage| {
        let query = event_span!(QUERY, "answer");
        query.in_scope(|| {
            query.llm().end();
            event_span!(LLM, "late").in_scope(|| {});
        });
        let captured = stage.flushed();
        assert_eq!(captured.event("late").parent_id, Some(captured.event("answer").span_id));
    });
}

#[test]
fn the_ids_that_the_pipeline_reads_are_those_that_handlers_see() {
    beside(sees_all, |stage| {
        let query = event_span!(QUERY, "answer");
        assert_eq!(tracing_llm::current(), None);
        let seen = query.in_scope(|| untagged().in_scope(tracing_llm::current)).unwrap();
        drop(query);
        let captured = stage.flushed();
        let answer = captured.event("answer");
        assert_eq!((seen.trace_id, seen.span_id), (answer.trace_id, answer.span_id));
    });
}

#[test]
fn concurrent_traces_stay_apart() {
    const TRACES: usize = 64;
    in_both_runtimes(async |stage| {
        // All are open at once, and all have moved on between threads before any ends.
        let all_open = Arc::new(tokio::sync::Barrier::new(TRACES));
        let tasks: Vec<_> = (0..TRACES)
            .map(|number| {
                let all_open = Arc::clone(&all_open);
                let query = event_span!(QUERY, "answer", query_str = number.to_string());
                tokio::spawn(
                    async move {
                        let retrieve =
                            event_span!(RETRIEVE, "search", query_str = number.to_string());
                        async {
                            all_open.wait().await;
                            yields(number % 7).await;
                        }
                        .traced(&retrieve)
                        .await;
                        let chat = event_span!(LLM, "chat", query_str = number.to_string());
                        async { yields(number % 5).await }.instrument(chat).await;
                    }
                    .traced(&query),
                )
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let captured = stage.flushed();
        assert_eq!(captured.traces.len(), TRACES);
        assert_eq!(captured.ends.len(), 3 * TRACES);
        for query in captured.of_type(EventType::QUERY) {
            let of_it: Vec<_> =
                captured.ends.iter().filter(|event| event.trace_id == query.trace_id).collect();
            assert_eq!(of_it.len(), 3);
            for event in of_it {
                assert_eq!(event.payload.query, query.payload.query);
                assert!(event.span_id == query.span_id || event.parent_id == Some(query.span_id));
            }
        }
        let ids: HashSet<_> = captured.traces.iter().map(|trace| trace.id).collect();
        assert_eq!(ids.len(), TRACES);
    });
}

#[test]
fn concurrent_threads_stay_apart() {
    in_both_forms(|stage| {
        let both_inside = Barrier::new(2);
        std::thread::scope(|scope| {
            for name in ["one", "two"] {
                let both_inside = &both_inside;
                let dispatch = &stage.dispatch;
                scope.spawn(move || {
                    tracing::dispatcher::with_default(dispatch, || {
                        event_span!(QUERY, "answer", query_str = name).in_scope(|| {
                            both_inside.wait();
                            event_span!(LLM, "chat", query_str = name).in_scope(|| {
                                both_inside.wait();
                            });
                        });
                    });
                });
            }
        });
        let captured = stage.flushed();
        assert_eq!(captured.traces.len(), 2);
        for chat in captured.of_type(EventType::LLM) {
            let parent =
                captured.ends.iter().find(|event| Some(event.span_id) == chat.parent_id).unwrap();
            assert_eq!(parent.payload.query, chat.payload.query);
        }
    });
}
