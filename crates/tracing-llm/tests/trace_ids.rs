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
use tracing_llm::{ContextSource, ForeignSpan, SpanId, TraceId};

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
    fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
        self.0.fetch_add(1, SeqCst);
        Some(ForeignSpan::new(remote().0, remote().1))
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
    fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
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
        fn parent(&self, span: &span::Id, dispatch: &Dispatch) -> Option<ForeignSpan> {
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

/// A tracer that says this of every span.
struct Says {
    parent: Option<ForeignSpan>,
    twin: Option<ForeignSpan>,
}

impl ContextSource for Says {
    fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
        self.parent.clone()
    }

    fn twin(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
        self.twin.clone()
    }
}

fn foreign() -> ForeignSpan {
    ForeignSpan::new(remote().0, remote().1)
}

#[test]
fn an_event_whose_span_is_never_entered_joins_the_trace_at_its_end() {
    with_builder(
        |builder| builder.context_source(Says { parent: Some(foreign()), twin: None }),
        |stage| {
            drop(event_span!(QUERY, "closed"));
            let ended = event_span!(QUERY, "ended");
            ended.llm().end();
            let dropped = event_span!(QUERY, "dropped");
            drop(async {}.traced(&dropped));
            drop(dropped);
            let captured = stage.flushed();
            for name in ["closed", "ended", "dropped"] {
                let event = captured.event(name);
                assert_eq!(event.trace_id, remote().0, "{name}");
                assert_eq!(event.remote_parent, Some(remote().1), "{name}");
            }
            drop(ended);
        },
    );
}

#[test]
fn a_child_that_is_entered_before_its_parent_is_in_the_same_trace() {
    with_builder(
        |builder| builder.context_source(Says { parent: Some(foreign()), twin: None }),
        |stage| {
            let query = event_span!(QUERY, "answer");
            event_span!(parent: &query, LLM, "chat").in_scope(|| {});
            let begun = stage.flushed();
            query.in_scope(|| {});
            drop(query);
            let captured = stage.flushed();
            for event in begun.starts.iter().chain(&captured.ends) {
                assert_eq!(event.trace_id, remote().0, "{}", event.name);
            }
            assert_eq!(captured.event("chat").remote_parent, None);
            assert_eq!(captured.event("answer").remote_parent, Some(remote().1));
        },
    );
}

#[test]
fn a_context_source_says_whether_the_trace_is_sampled() {
    for sampled in [true, false] {
        let parent = Some(foreign().sampled(sampled));
        with_builder(
            |builder| builder.context_source(Says { parent: parent.clone(), twin: None }),
            |stage| {
                event_span!(QUERY, "answer").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
                for event in &stage.flushed().ends {
                    assert_eq!(event.sampled, Some(sampled));
                }
            },
        );
    }
}

#[test]
fn a_parent_that_is_only_a_link_leaves_the_event_at_the_top_of_the_trace() {
    with_builder(
        |builder| builder.context_source(Says { parent: Some(foreign().as_link()), twin: None }),
        |stage| {
            event_span!(QUERY, "answer").in_scope(|| {});
            let captured = stage.flushed();
            let event = captured.event("answer");
            assert_eq!((event.trace_id, event.remote_parent), (remote().0, None));
            assert_eq!(event.links.len(), 1);
            assert_eq!(event.links[0].trace_id, remote().0);
            assert_eq!(event.links[0].span_id, remote().1);
        },
    );
}

#[test]
fn the_events_of_one_scope_stay_in_one_trace_whatever_stands_around_each() {
    /// Every span stands in a trace of its own.
    struct Counts(AtomicUsize);

    impl ContextSource for Counts {
        fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
            let number = self.0.fetch_add(1, SeqCst) as u64 + 0x100;
            Some(ForeignSpan::new(TraceId::new(number.into())?, SpanId::new(number)?))
        }
    }

    with_builder(
        |builder| builder.context_source(Counts(AtomicUsize::new(0))),
        |stage| {
            info_span!("build", trace_name = "index_construction").in_scope(|| {
                event_span!(CHUNKING, "first").in_scope(|| {});
                event_span!(CHUNKING, "second").in_scope(|| {});
            });
            let captured = stage.flushed();
            for (name, number) in [("first", 0x101), ("second", 0x102)] {
                let event = captured.event(name);
                assert_eq!(event.trace_id, TraceId::new(0x100).unwrap());
                assert_eq!(event.remote_parent, None);
                assert_eq!(event.links[0].trace_id, TraceId::new(number).unwrap());
            }
        },
    );
}

#[test]
fn an_event_has_the_ids_of_its_twin() {
    struct Twins;

    impl ContextSource for Twins {
        fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
            Some(foreign())
        }

        fn twin(&self, id: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
            Some(ForeignSpan::new(remote().0, SpanId::new(id.into_u64() | 1 << 63)?))
        }
    }

    with_builder(
        |builder| builder.context_source(Twins),
        |stage| {
            let query = event_span!(QUERY, "answer");
            let chat = event_span!(parent: &query, LLM, "chat");
            let twin = |span: &tracing::Span| SpanId::new(span.id().unwrap().into_u64() | 1 << 63);
            let (above, below) = (twin(&query).unwrap(), twin(&chat).unwrap());
            chat.in_scope(|| assert_eq!(tracing_llm::current().unwrap().span_id, below));
            drop((chat, query));
            let captured = stage.flushed();
            assert_eq!(captured.event("chat").span_id, below);
            assert_eq!(captured.event("chat").parent_id, Some(above));
            assert_eq!(captured.event("answer").span_id, above);
            assert_eq!(captured.event("answer").remote_parent, Some(remote().1));
        },
    );
}

#[test]
fn what_keeps_a_context_source_from_its_work_goes_to_the_trap() {
    struct Blind(std::sync::Mutex<Option<String>>);

    impl ContextSource for Blind {
        fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
            *self.0.lock().unwrap() = Some("sees nothing".into());
            None
        }

        fn trouble(&self) -> Option<String> {
            self.0.lock().unwrap().take()
        }
    }

    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let trapped = Arc::clone(&told);
    with_builder(
        |builder| {
            let trapped = Arc::clone(&trapped);
            builder.context_source(Blind(std::sync::Mutex::default())).trap(
                move |failure: &tracing_llm::Failure| trapped.lock().unwrap().push(failure.clone()),
            )
        },
        |stage| {
            event_span!(QUERY, "answer").in_scope(|| {});
            stage.flushed();
            // The worker has looked for it when it stands still the second time.
            stage.flushed();
            let told = std::mem::take(&mut *told.lock().unwrap());
            assert!(told.iter().all(tracing_llm::Failure::is_setup) && told.len() == 1, "{told:?}");
            assert_eq!(told[0].message, "sees nothing");
        },
    );
}
