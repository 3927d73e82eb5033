//! Ids: random ones, those of a test, and those that continue a trace of somebody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use common::*;
use tracing::{Dispatch, info_span, span};
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{ContextSource, SpanId, TraceId};

const REMOTE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn remote() -> (TraceId, SpanId) {
    ("4bf92f3577b34da6a3ce929d0e0e4736".parse().unwrap(), "00f067aa0ba902b7".parse().unwrap())
}

#[test]
fn ids_are_unique_across_threads() {
    const EACH: usize = 1000;
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    for _ in 0..EACH {
                        drop(event_span!(LLM, "chat"));
                    }
                });
            });
        }
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    let captured = capture.captured();
    let spans: HashSet<_> = captured.ends.iter().map(|event| event.span_id).collect();
    let traces: HashSet<_> = captured.ends.iter().map(|event| event.trace_id).collect();
    assert_eq!((spans.len(), traces.len()), (4 * EACH, 4 * EACH));
}

#[test]
fn a_traceparent_continues_the_trace_of_another_process() {
    in_both_forms(|stage| {
        info_span!("request", traceparent = REMOTE).in_scope(|| {
            event_span!(QUERY, "answer").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            event_span!(QUERY, "another").in_scope(|| {});
        });
        let (trace_id, span_id) = remote();
        let captured = stage.flushed();
        for name in ["answer", "another"] {
            let event = captured.event(name);
            assert_eq!((event.trace_id, event.remote_parent), (trace_id, Some(span_id)));
            assert_eq!((event.parent_id, event.sampled), (None, Some(true)));
        }
        assert_eq!(captured.event("chat").trace_id, trace_id);
        assert_eq!(captured.event("chat").remote_parent, None);
        // Two top events of the same remote trace are two traces here.
        assert_eq!(captured.traces.len(), 2);
        assert!(captured.traces.iter().all(|trace| trace.remote_parent == Some(span_id)));
    });
}

#[test]
fn a_traceparent_that_is_none_begins_a_new_trace() {
    in_both_forms(|stage| {
        for odd in [
            "",
            "none",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz",
        ] {
            info_span!("request", traceparent = odd).in_scope(|| {
                event_span!(QUERY, "answer", query_str = odd).in_scope(|| {});
            });
        }
        let captured = stage.flushed();
        assert_eq!(captured.ends.len(), 8);
        for event in &captured.ends {
            assert_ne!(event.trace_id, remote().0, "{:?}", event.payload.query);
            assert_eq!(event.remote_parent, None);
        }
    });
}

/// Every trace continues the same one.
#[derive(Clone)]
struct Fixed(Arc<AtomicUsize>);

impl ContextSource for Fixed {
    fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<(TraceId, SpanId)> {
        self.0.fetch_add(1, SeqCst);
        Some(remote())
    }
}

#[test]
fn a_context_source_is_asked_once_for_each_top_event() {
    let asked = Arc::new(AtomicUsize::new(0));
    with_builder(
        |builder| builder.context_source(Fixed(Arc::clone(&asked))),
        |stage| {
            asked.store(0, SeqCst);
            let query = event_span!(QUERY, "answer");
            query.in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            query.in_scope(|| {
                let ids = tracing_llm::current().unwrap();
                assert_eq!(ids.trace_id, remote().0);
            });
            drop(query);
            let captured = stage.flushed();
            assert_eq!(asked.load(SeqCst), 1);
            assert_eq!(captured.event("answer").trace_id, remote().0);
            assert_eq!(captured.event("answer").remote_parent, Some(remote().1));
            assert_eq!(captured.event("chat").trace_id, remote().0);
            assert_eq!(captured.event("chat").parent_id, Some(captured.event("answer").span_id));
            assert_eq!(captured.traces[0].id, remote().0);
        },
    );
}

/// A tracer that knows nothing of this span.
struct Nothing;

impl ContextSource for Nothing {
    fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<(TraceId, SpanId)> {
        None
    }
}

#[test]
fn a_context_source_that_knows_nothing_changes_nothing() {
    with_builder(
        |builder| builder.context_source(Nothing),
        |stage| {
            event_span!(QUERY, "answer").in_scope(|| {});
            let captured = stage.flushed();
            assert_eq!(captured.event("answer").trace_id, TraceId::FIRST);
            assert_eq!(captured.event("answer").remote_parent, None);
        },
    );
}

#[test]
fn a_context_source_may_look_the_span_up_in_the_registry() {
    use tracing_subscriber::Registry;
    use tracing_subscriber::registry::LookupSpan;

    struct Looks(Arc<AtomicUsize>);

    impl ContextSource for Looks {
        fn parent(&self, span: &span::Id, dispatch: &Dispatch) -> Option<(TraceId, SpanId)> {
            let registry = dispatch.downcast_ref::<Registry>()?;
            let span = registry.span(span)?;
            // Would wait for ever if a lock of ours were held.
            span.extensions_mut().insert(());
            self.0.fetch_add(1, SeqCst);
            None
        }
    }

    let found = Arc::new(AtomicUsize::new(0));
    with_builder(
        |builder| builder.context_source(Looks(Arc::clone(&found))),
        |stage| {
            found.store(0, SeqCst);
            event_span!(QUERY, "answer").in_scope(|| {});
            stage.flushed();
            assert_eq!(found.load(SeqCst), 1);
        },
    );
}
