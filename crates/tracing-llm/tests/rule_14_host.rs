//! Rule 14: nothing we do panics, blocks or fails the host program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use tracing::{Dispatch, dispatcher, error, info, span};
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{
    Builder, Callbacks, ContextSource, Failure, ForeignSpan, IdSource, SpanId, TraceId,
};

/// Panics or fails in every hook.
struct Broken {
    panics: bool,
}

impl Broken {
    fn hook(&self) -> HandlerResult {
        assert!(!self.panics, "oh no");
        Err("disk full".into())
    }
}

impl Handler for Broken {
    fn on_start(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.hook()
    }

    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.hook()
    }

    fn on_trace_start(&mut self, _: &Arc<Trace>) -> HandlerResult {
        self.hook()
    }

    fn on_trace_end(&mut self, _: &Arc<Trace>) -> HandlerResult {
        self.hook()
    }

    fn flush(&mut self) -> HandlerResult {
        self.hook()
    }
}

/// A trap that keeps what it catches.
fn keeps(builder: Builder) -> (Builder, Arc<Mutex<Vec<Failure>>>) {
    let caught = Arc::new(Mutex::new(Vec::new()));
    let keeper = Arc::clone(&caught);
    let builder =
        builder.trap(move |failure: &Failure| keeper.lock().unwrap().push(failure.clone()));
    (builder, caught)
}

fn on_layer<T>(builder: Builder, scene: impl FnOnce(Callbacks) -> T) -> T {
    let (layer, callbacks) = builder.build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    dispatcher::with_default(&dispatch, || scene(callbacks))
}

#[test]
fn a_handler_that_panics_or_fails_harms_neither_the_pipeline_nor_the_other_handlers() {
    for panics in [true, false] {
        let well = Capture::new();
        let (builder, caught) =
            keeps(tracing_llm::layer().handler(Broken { panics }).handler(well.clone()));
        on_layer(builder, |callbacks| {
            for _ in 0..10 {
                event_span!(LLM, "chat").in_scope(|| {});
            }
            let flushed = callbacks.flush_blocking(PATIENCE).unwrap_err();
            assert!(flushed.to_string().contains("Broken"), "{flushed}");
            assert_eq!(well.captured().ends.len(), 10);
            let stats = callbacks.stats();
            // Four hooks for each trace of one event, and the flush.
            assert_eq!(stats.handlers[0].failures, 41);
            assert_eq!(stats.handlers[0].delivered, 40);
            assert_eq!(stats.handlers[1].failures, 0);
            callbacks.shutdown_blocking(PATIENCE).unwrap_err();
        });
        let caught = caught.lock().unwrap();
        assert_eq!(caught.len(), 42);
        assert!(
            caught.iter().all(|failure| failure.source == "Broken" && failure.is_panic() == panics)
        );
        let hooks: Vec<_> =
            caught.iter().filter(|failure| failure.first).map(|failure| failure.during).collect();
        assert_eq!(
            hooks,
            ["on_trace_start", "on_start", "on_end", "on_trace_end", "flush", "shutdown"]
        );
        let text = if panics {
            "Broken panicked in on_start: oh no"
        } else {
            "Broken failed in on_start: disk full"
        };
        assert!(caught.iter().any(|failure| failure.to_string() == text));
    }
}

#[test]
fn a_handler_that_blocks_holds_up_neither_the_pipeline_nor_the_other_handlers() {
    struct Blocks(Blocked);

    impl Handler for Blocks {
        fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
            self.0.pass();
            Ok(())
        }
    }

    let (gate, blocked) = gate();
    let well = Capture::new();
    let builder = tracing_llm::layer().handler(Blocks(blocked)).handler(well.clone());
    on_layer(builder, |callbacks| {
        event_span!(LLM, "chat").in_scope(|| {});
        gate.wait();
        for _ in 0..100 {
            event_span!(LLM, "chat").in_scope(|| {});
        }
        eventually("the other handler gets all", || well.captured().ends.len() == 101);
        let flushed = callbacks.flush_blocking(Duration::from_millis(20)).unwrap_err();
        assert_eq!(
            flushed.to_string(),
            "not everything was delivered: Blocks did not answer in time, 402 deliveries wait for it"
        );
        assert_eq!(well.captured().calls.last().unwrap(), "flush");
        let shutdown = callbacks.shutdown_blocking(Duration::from_millis(20)).unwrap_err();
        assert!(shutdown.is_undelivered());
        assert!(shutdown.to_string().contains("Blocks did not answer in time"), "{shutdown}");
        assert_eq!(well.captured().calls.last().unwrap(), "shutdown");
    });
    drop(gate);
}

#[test]
fn a_worker_that_is_held_up_is_told_and_nothing_waits_longer_than_its_limit() {
    with_blocked_worker(
        |builder| builder,
        |stage, gate| {
            event_span!(LLM, "chat").in_scope(|| {});
            let flushed = stage
                .with_callbacks(|callbacks| callbacks.flush_blocking(Duration::from_millis(20)))
                .unwrap_err();
            assert!(flushed.is_undelivered());
            let stats = stage.stats();
            assert!(stats.queued >= 1);
            let shutdown =
                stage.take_callbacks().shutdown_blocking(Duration::from_millis(20)).unwrap_err();
            assert!(shutdown.is_undelivered());
            drop(gate);
        },
    );
}

/// Emits lines and tagged spans in every hook, to the subscriber that it is called by.
#[derive(Clone, Default)]
struct Talks {
    dispatch: Arc<Mutex<Option<Dispatch>>>,
    calls: Arc<AtomicUsize>,
}

impl Talks {
    fn talk(&self) -> HandlerResult {
        self.calls.fetch_add(1, SeqCst);
        let dispatch = self.dispatch.lock().unwrap().clone();
        dispatcher::with_default(&dispatch.unwrap_or_default(), || {
            event_span!(LLM, "a handler's own").in_scope(|| {
                error!("a handler's own line");
                info!(target: "tracing_llm", response = "no");
                tracing::Span::current().llm().prompt("no");
            });
        });
        Ok(())
    }
}

impl Handler for Talks {
    fn on_start(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.talk()
    }

    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.talk()
    }

    fn on_trace_end(&mut self, _: &Arc<Trace>) -> HandlerResult {
        self.talk()
    }

    fn flush(&mut self) -> HandlerResult {
        self.talk()
    }
}

/// Counts the lines that reach another layer.
struct Lines(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if *event.metadata().level() == tracing::Level::ERROR {
            self.0.fetch_add(1, SeqCst);
        }
    }
}

#[test]
fn what_a_handler_emits_reaches_other_layers_and_never_us() {
    for form in [Form::Plain, Form::Filtered] {
        let talks = Talks::default();
        let lines = Arc::new(AtomicUsize::new(0));
        let beside = tracing_subscriber::Layer::boxed(Lines(Arc::clone(&lines)));
        let stage = Stage::new(form, |builder| builder.handler(talks.clone()), Some(beside));
        *talks.dispatch.lock().unwrap() = Some(stage.dispatch.clone());
        stage.on(|| event_span!(LLM, "chat").in_scope(|| {}));
        let captured = stage.flushed();
        assert_eq!(captured.ends.len(), 1);
        let calls = talks.calls.load(SeqCst);
        assert_eq!(calls, 4);
        assert_eq!(lines.load(SeqCst), calls);
        stage.flushed();
        assert_eq!(stage.stats().ends, 1);
        talks.dispatch.lock().unwrap().take();
    }
}

#[test]
fn what_an_enricher_a_redactor_or_a_trap_emits_never_reaches_us() {
    for form in [Form::Plain, Form::Filtered] {
        let talks = Talks::default();
        let (one, two, three) = (talks.clone(), talks.clone(), talks.clone());
        let build = |builder: Builder| {
            builder
                .handler(Broken { panics: false })
                .enricher(move |_: &mut Event| drop(one.talk()))
                .redactor(move |_: &'static str, _: &str| {
                    drop(two.talk());
                    None
                })
                .trap(move |_: &Failure| drop(three.talk()))
        };
        let stage = Stage::new(form, build, None);
        *talks.dispatch.lock().unwrap() = Some(stage.dispatch.clone());
        stage.on(|| {
            event_span!(LLM, "chat").llm().prompt("why?");
        });
        stage.with_callbacks(|callbacks| callbacks.flush_blocking(PATIENCE)).unwrap_err();
        assert_eq!(stage.captured().ends.len(), 1);
        assert!(talks.calls.load(SeqCst) >= 3);
        talks.dispatch.lock().unwrap().take();
    }
}

#[test]
fn a_failure_is_told_to_the_program_also_where_its_subscriber_is_no_global_default() {
    for form in [Form::Plain, Form::Filtered] {
        let said = Arc::new(Mutex::new(Vec::new()));
        let beside = tracing_subscriber::Layer::boxed(Said(Arc::clone(&said)));
        let stage =
            Stage::new(form, |builder| builder.handler(Broken { panics: false }), Some(beside));
        stage.on(|| {
            event_span!(LLM, "one").in_scope(|| {});
            event_span!(LLM, "two").in_scope(|| {});
        });
        stage.with_callbacks(|callbacks| callbacks.flush_blocking(PATIENCE)).unwrap_err();
        let said = said.lock().unwrap();
        let of_ends =
            said.iter().filter(|line| line.contains("Broken failed in on_end: disk full"));
        assert_eq!(of_ends.count(), 1, "{said:?}");
    }
}

/// Keeps what is said at level WARN.
struct Said(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Said {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Message<'a>(&'a mut String);

        impl tracing::field::Visit for Message<'_> {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{value:?}"));
            }
        }

        if *event.metadata().level() == tracing::Level::WARN {
            let mut line = String::new();
            event.record(&mut Message(&mut line));
            self.0.lock().unwrap().push(line);
        }
    }
}

#[test]
fn an_enricher_that_panics_is_counted_and_told_and_the_event_goes_on() {
    let (builder, caught) = keeps(tracing_llm::layer());
    let capture = Capture::new();
    let builder = builder
        .handler(capture.clone())
        .enricher(|_: &mut Event| panic!("oh no"))
        .enricher(|event: &mut Event| event.payload.level = Some(1));
    on_layer(builder, |callbacks| {
        event_span!(LLM, "one").in_scope(|| {});
        event_span!(LLM, "two").in_scope(|| {});
        let told = callbacks.flush_blocking(PATIENCE).unwrap_err().to_string();
        assert!(told.contains("2 events lack what an enricher adds"), "{told}");
        assert_eq!((callbacks.stats().failures, callbacks.stats().unenriched), (2, 2));
        callbacks.flush_blocking(PATIENCE).unwrap();
        let told = callbacks.shutdown_blocking(PATIENCE).unwrap_err().to_string();
        assert!(told.contains("2 events lack what an enricher adds"), "{told}");
    });
    let captured = capture.captured();
    assert_eq!(captured.ends.len(), 2);
    assert!(captured.ends.iter().all(|event| event.payload.level == Some(1)));
    let caught = caught.lock().unwrap();
    let firsts: Vec<_> = caught.iter().map(|failure| failure.first).collect();
    assert_eq!(firsts, [true, false]);
    assert_eq!(caught[0].to_string(), "enricher panicked in enrich: oh no");
}

#[test]
fn a_closure_that_panics_loses_its_own_part_only() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.llm().prompt(|| panic!("oh no")).completion(|| String::from("because"));
        drop(span);
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!((&payload.prompt, payload.completion.as_deref()), (&None, Some("because")));
        assert_eq!(stage.stats().failures, 1);
    });
}

#[test]
fn a_value_that_panics_when_it_is_serialized_loses_its_own_part_only() {
    #[derive(Clone)]
    struct Panics;

    impl serde::Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("oh no");
        }
    }

    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.llm().input(Panics).usage_from(Panics).completion("because");
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.event("chat").payload.completion.as_deref(), Some("because"));
        assert_eq!(stage.stats().failures, 2);
    });
}

#[test]
fn a_trap_that_panics_harms_nobody() {
    let well = Capture::new();
    let builder = tracing_llm::layer()
        .handler(Broken { panics: true })
        .handler(well.clone())
        .enricher(|_: &mut Event| panic!("oh no"))
        .trap(|_: &Failure| panic!("the trap, too"));
    on_layer(builder, |callbacks| {
        event_span!(LLM, "one").in_scope(|| {});
        event_span!(LLM, "two").in_scope(|| {});
        callbacks.flush_blocking(PATIENCE).unwrap_err();
        assert_eq!(well.captured().ends.len(), 2);
        callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    });
}

#[test]
fn a_handler_that_panics_in_its_name_or_its_destructor_harms_nobody() {
    struct Odd;

    impl Handler for Odd {
        fn name(&self) -> String {
            panic!("no name");
        }
    }

    impl Drop for Odd {
        fn drop(&mut self) {
            panic!("no end");
        }
    }

    let well = Capture::new();
    on_layer(tracing_llm::layer().handler(Odd).handler(well.clone()), |callbacks| {
        event_span!(LLM, "chat").in_scope(|| {});
        callbacks.shutdown_blocking(PATIENCE).unwrap();
        assert_eq!(well.captured().ends.len(), 1);
    });
}

#[test]
fn a_panic_that_is_no_text_is_caught_too() {
    struct Throws;

    impl Handler for Throws {
        fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
            std::panic::panic_any(7);
        }
    }

    let (builder, caught) = keeps(tracing_llm::layer().handler(Throws));
    on_layer(builder, |callbacks| {
        event_span!(LLM, "chat").in_scope(|| {});
        let error = callbacks.shutdown_blocking(PATIENCE).unwrap_err();
        assert!(error.to_string().ends_with("first: panic in on_end: (no text)"), "{error}");
    });
    assert_eq!(caught.lock().unwrap()[0].message, "(no text)");
}

#[test]
fn a_context_source_or_an_id_source_that_panics_does_not_reach_the_pipeline() {
    struct Panics;

    impl ContextSource for Panics {
        fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
            panic!("no tracer");
        }
    }

    impl IdSource for Panics {
        fn trace_id(&self) -> TraceId {
            panic!("no ids");
        }

        fn span_id(&self) -> SpanId {
            panic!("no ids");
        }
    }

    with_builder(
        |builder| builder.context_source(Panics),
        |stage| {
            event_span!(LLM, "chat").in_scope(|| {});
            assert_eq!(stage.flushed().ends.len(), 1);
            assert_eq!(stage.stats().failures, 1);
        },
    );
    with_builder(
        |builder| builder.id_source(Panics),
        |stage| {
            event_span!(QUERY, "answer").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            assert_eq!(stage.flushed().tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
        },
    );
}

#[test]
fn a_span_that_is_never_closed_is_delivered_at_shutdown() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "forgotten");
        span.in_scope(|| {});
        std::mem::forget(span);
        std::mem::forget(event_span!(LLM, "entered for ever").entered());
        let (result, captured) = stage.shut_down();
        result.unwrap();
        assert_eq!(captured.event("forgotten").outcome, Outcome::Incomplete);
        assert_eq!(captured.event("entered for ever").outcome, Outcome::Incomplete);
    });
}

#[test]
fn a_program_that_outlives_its_layer_goes_on() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        let handle = span.llm();
        drop(stage.take_callbacks());
        std::thread::scope(|scope| {
            scope.spawn(|| handle.prompt("late").chunk("late").end());
        });
        span.in_scope(|| error!("late"));
        drop((handle, span));
    });
}

#[test]
fn handles_that_outlive_the_subscriber_do_nothing() {
    let (layer, callbacks) = tracing_llm::layer().build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    let span = dispatcher::with_default(&dispatch, || event_span!(LLM, "chat"));
    let handle = span.llm();
    assert!(handle.is_enabled());
    drop((span, dispatch, callbacks));
    handle.prompt("late").error("late").end();
}

#[test]
fn nothing_is_delivered_to_a_handler_while_a_lock_of_ours_is_held() {
    /// Uses everything that the pipeline may use, from inside a hook.
    struct Uses(Arc<Mutex<Option<tracing::Span>>>);

    impl Handler for Uses {
        fn on_start(&mut self, _: &Arc<Event>) -> HandlerResult {
            if let Some(span) = &*self.0.lock().unwrap() {
                span.llm().prompt("from a handler");
                span.record("response", "from a handler");
                span.in_scope(|| {});
            }
            Ok(())
        }
    }

    let shared = Arc::new(Mutex::new(None));
    with_builder(
        |builder| builder.handler(Uses(Arc::clone(&shared))),
        |stage| {
            let span = event_span!(LLM, "chat", response = tracing::field::Empty);
            *shared.lock().unwrap() = Some(span.clone());
            span.in_scope(|| {});
            stage.flushed();
            shared.lock().unwrap().take();
            drop(span);
            assert_eq!(stage.flushed().ends.len(), 1);
        },
    );
}
