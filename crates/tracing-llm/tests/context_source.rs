//! What another tracer is asked, by whom, and what becomes of its answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use common::*;
use tracing::{Dispatch, span};
use tracing_llm::prelude::*;
use tracing_llm::{Builder, ContextSource, Failure, ForeignSpan, Propagation, SpanId, TraceId};

/// The first question about a top event waits at a gate; each answer names another span.
struct Slow {
    blocked: Blocked,
    asked: AtomicUsize,
}

impl ContextSource for Slow {
    fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
        let number = self.asked.fetch_add(1, SeqCst) as u64 + 1;
        if number == 1 {
            self.blocked.pass();
        }
        Some(ForeignSpan::new(TraceId::new(number.into())?, SpanId::new(number)?))
    }

    fn twin(&self, id: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
        let number = self.asked.load(SeqCst) as u64;
        let bits = id.into_u64() << 8 | number | 1 << 63;
        Some(ForeignSpan::new(TraceId::FIRST, SpanId::new(bits)?))
    }
}

#[test]
fn a_child_entered_while_the_source_is_asked_for_its_parent_has_the_ids_that_stay() {
    let at = std::cell::RefCell::new(None);
    with_builder(
        |builder| {
            let (gate, blocked) = gate();
            at.replace(Some(gate));
            builder.context_source(Slow { blocked, asked: AtomicUsize::new(0) })
        },
        |stage| {
            let gate = at.take().unwrap();
            let query = event_span!(QUERY, "answer");
            std::thread::scope(|scope| {
                let (dispatch, query) = (&stage.dispatch, &query);
                let enter = || query.in_scope(|| {});
                let entering =
                    scope.spawn(move || tracing::dispatcher::with_default(dispatch, enter));
                gate.wait();
                event_span!(parent: query, LLM, "chat").in_scope(|| {});
                stage.flushed();
                gate.open();
                entering.join().unwrap();
            });
            drop(query);
            let captured = stage.flushed();
            let settled = TraceId::new(2).unwrap();
            for event in captured.starts.iter().chain(&captured.ends) {
                assert_eq!(event.trace_id, settled, "{}", event.name);
            }
            assert!(captured.traces.iter().all(|trace| trace.id == settled));
            let answer = captured.event("answer");
            assert_eq!(answer.remote_parent, SpanId::new(2));
            assert_eq!(captured.event("chat").parent_id, Some(answer.span_id));
            assert!(captured.starts.iter().any(|start| start.span_id == answer.span_id));
        },
    );
}

#[test]
fn a_context_source_may_ask_for_headers_itself() {
    struct Injects;

    impl ContextSource for Injects {
        fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
            Propagation::new().inject(|_, _| {});
            Some(ForeignSpan::new(TraceId::new(1)?, SpanId::new(7)?))
        }
    }

    with_builder(
        |builder| builder.context_source(Injects),
        |stage| {
            event_span!(QUERY, "answer").in_scope(|| {});
            assert_eq!(stage.flushed().event("answer").remote_parent, SpanId::new(7));
        },
    );
}

#[test]
fn a_context_source_that_panics_when_asked_for_its_trouble_is_not_asked_again() {
    struct Breaks(Arc<AtomicUsize>);

    impl ContextSource for Breaks {
        fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
            None
        }

        fn trouble(&self) -> Option<String> {
            self.0.fetch_add(1, SeqCst);
            panic!("no words for it");
        }
    }

    for form in [Form::Plain, Form::Filtered] {
        let asked = Arc::new(AtomicUsize::new(0));
        let told = Arc::new(Mutex::new(Vec::new()));
        let (source, trapped) = (Breaks(Arc::clone(&asked)), Arc::clone(&told));
        let build = |builder: Builder| {
            builder.context_source(source).trap(move |failure: &Failure| {
                trapped.lock().unwrap().push(failure.to_string());
            })
        };
        let stage = Stage::new(form, build, None);
        for _ in 0..3 {
            stage.on(|| event_span!(QUERY, "answer").in_scope(|| {}));
            stage.flushed();
        }
        assert_eq!(asked.load(SeqCst), 1);
        assert_eq!(stage.stats().failures, 1);
        let told = std::mem::take(&mut *told.lock().unwrap());
        assert_eq!(told, ["the context source panicked in trouble: no words for it"]);
    }
}
