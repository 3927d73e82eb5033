//! Under a global default subscriber, as programs have it: `tracing` itself does not guard it
//! against being called from within its own hooks.
//!
//! One subscriber serves the whole program: the tests tell their events apart by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use common::*;
use tracing::{Instrument, Span, field, info};
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured};
use tracing_llm::{Callbacks, Stats};
use tracing_subscriber::prelude::*;

struct Program {
    capture: Capture,
    callbacks: Callbacks,
    warnings: Warnings,
}

/// Emits tagged spans and lines in each hook, to the global default.
struct Talks;

impl Talks {
    fn talk() -> HandlerResult {
        event_span!(LLM, "a handler's own").in_scope(|| {
            tracing::error!("a handler's own line");
            Span::current().llm().prompt("no");
        });
        Ok(())
    }
}

impl Handler for Talks {
    fn on_start(&mut self, _: &Arc<Event>) -> HandlerResult {
        Self::talk()
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        if event.name == *"fails" {
            return Err("disk full".into());
        }
        Self::talk()
    }
}

static PROGRAM: LazyLock<Program> = LazyLock::new(|| {
    let capture = Capture::new();
    let warnings = Warnings::default();
    let (layer, callbacks) = tracing_llm::layer().handler(Talks).handler(capture.clone()).build();
    tracing_subscriber::registry().with(layer.filtered()).with(warnings.clone()).init();
    Program { capture, callbacks, warnings }
});

/// While a scoped default stands on any thread, `tracing` does guard itself, on all of them: spans
/// that a value creates when it is formatted reach nobody. The tests that need it so or so take turns.
static SCOPED_DEFAULT: Mutex<()> = Mutex::new(());

/// The handler that fails on purpose may do so at any of the tests' flushes.
fn flushed() -> Captured {
    if let Err(error) = PROGRAM.callbacks.flush_blocking(PATIENCE) {
        assert!(error.to_string().contains("disk full"), "{error}");
    }
    PROGRAM.capture.captured()
}

fn stats() -> Stats {
    PROGRAM.callbacks.stats()
}

#[test]
fn a_value_that_creates_spans_when_it_is_formatted_gives_events() {
    struct Busy;

    impl fmt::Debug for Busy {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let span = event_span!(FUNCTION_CALL, "inside a value", prompt = "its own");
            span.in_scope(|| info!(target: "tracing_llm", completion = "its own"));
            span.llm().top_k(7);
            f.write_str("busy")
        }
    }

    LazyLock::force(&PROGRAM);
    let _turn = SCOPED_DEFAULT.lock().unwrap_or_else(PoisonError::into_inner);
    let span = event_span!(LLM, "with a busy value", prompt = ?Busy, response = field::Empty);
    span.in_scope(|| {
        span.record("response", field::debug(Busy));
        info!(completion = ?Busy);
        tracing::error!(odd = ?Busy, "a line");
    });
    drop(span);
    let captured = flushed();
    let event = captured.event("with a busy value");
    assert_eq!(event.payload.prompt.as_deref(), Some("busy"));
    assert_eq!(event.payload.response.as_deref(), Some("busy"));
    assert_eq!(event.payload.completion.as_deref(), Some("busy"));
    assert_eq!(event.payload.top_k, None);
    assert_eq!(event.logs.len(), 1);
    let inside: Vec<_> = captured.ends.iter().filter(|end| end.name == *"inside a value").collect();
    assert_eq!(inside.len(), 4);
    for event in inside {
        assert_eq!(event.payload.prompt.as_deref(), Some("its own"));
        assert_eq!(event.payload.completion.as_deref(), Some("its own"));
        assert_eq!(event.payload.top_k, Some(7));
    }
}

#[test]
fn what_handlers_emit_never_comes_back() {
    LazyLock::force(&PROGRAM);
    event_span!(LLM, "seen by a talking handler").in_scope(|| {});
    flushed();
    let captured = flushed();
    assert!(captured.ends.iter().all(|end| end.name != *"a handler's own"));
    assert!(
        captured
            .ends
            .iter()
            .all(|end| end.logs.iter().all(|log| log.message != *"a handler's own line"))
    );
}

#[test]
fn the_first_failure_of_a_kind_is_logged_and_the_others_are_counted() {
    LazyLock::force(&PROGRAM);
    for _ in 0..5 {
        event_span!(LLM, "fails").in_scope(|| {});
    }
    flushed();
    let told = PROGRAM.warnings.containing("disk full");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("WARN Talks failed in on_end: disk full"), "{told:?}");
    let talks = stats().handlers.into_iter().find(|handler| handler.name == "Talks").unwrap();
    assert!(talks.failures >= 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spawned_tasks_need_nothing_but_a_span() {
    LazyLock::force(&PROGRAM);
    let query = event_span!(QUERY, "spawning");
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            tokio::spawn(
                async move {
                    yields(number).await;
                    event_span!(LLM, "spawned").in_scope(|| {});
                }
                .instrument(query.clone()),
            )
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    drop(query);
    let captured = flushed();
    let parent = captured.event("spawning");
    let spawned: Vec<_> = captured.ends.iter().filter(|end| end.name == *"spawned").collect();
    assert_eq!(spawned.len(), 8);
    assert!(spawned.iter().all(|event| event.parent_id == Some(parent.span_id)));
}

#[test]
fn a_test_of_ones_own_captures_its_events_apart_from_the_program() {
    LazyLock::force(&PROGRAM);
    let _turn = SCOPED_DEFAULT.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (answer, captured) = runtime.block_on(tracing_llm::testing::capture(async {
        let span = event_span!(QUERY, "in a test");
        async { 42 }.traced(&span).await
    }));
    assert_eq!(answer, 42);
    assert_eq!(captured.tree(), "query\n└─ QUERY in a test [ok]\n");
    assert!(flushed().ends.iter().all(|end| end.name != *"in a test"));
}

#[test]
fn nobody_is_silenced_and_nothing_is_late() {
    LazyLock::force(&PROGRAM);
    event_span!(LLM, "chat").in_scope(|| {});
    flushed();
    assert_eq!(stats().silenced(), None);
    assert_eq!(stats().late, 0);
}
