//! What a flush and a shutdown say was not delivered, and what can be asked afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{Builder, Callbacks, Failure, HandlerStats};
use tracing_subscriber::Layer;

/// Runs the scene on a subscriber with a filtered layer.
fn on_layer<T>(builder: Builder, scene: impl FnOnce(Callbacks) -> T) -> T {
    let (layer, callbacks) = builder.build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    tracing::dispatcher::with_default(&dispatch, || scene(callbacks))
}

fn chat(times: usize) {
    for _ in 0..times {
        event_span!(LLM, "chat").in_scope(|| {});
    }
}

/// Fails or panics at the ends of its choice.
struct Exporter {
    ends: usize,
    fails: fn(usize) -> bool,
    panics: bool,
}

impl Exporter {
    fn new(fails: fn(usize) -> bool) -> Self {
        Self { ends: 0, fails, panics: false }
    }
}

impl Handler for Exporter {
    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.ends += 1;
        match (self.fails)(self.ends) {
            true if self.panics => panic!("oh no {}", self.ends),
            true => Err(format!("disk full {}", self.ends).into()),
            false => Ok(()),
        }
    }
}

/// Stands still at its first end until the gate is opened.
struct Hangs(Blocked);

impl Handler for Hangs {
    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.0.pass();
        Ok(())
    }
}

#[test]
fn a_shutdown_says_what_a_handler_failed_at_though_its_shutdown_went_well() {
    for panics in [false, true] {
        let exporter = Exporter { panics, ..Exporter::new(|end| end % 3 == 2) };
        on_layer(tracing_llm::layer().handler(exporter), |callbacks| {
            chat(10);
            let error = callbacks.shutdown_blocking(PATIENCE).unwrap_err();
            assert!(error.is_undelivered());
            let first =
                if panics { "panic in on_end: oh no 2" } else { "error in on_end: disk full 2" };
            assert_eq!(
                error.to_string(),
                format!(
                    "not everything was delivered: Exporter failed 3 of 40 deliveries, first: {first}"
                )
            );
        });
    }
}

#[test]
fn a_flush_says_what_failed_since_the_last_one_and_the_shutdown_says_all() {
    let exporter = Exporter::new(|end| matches!(end, 1 | 2 | 4));
    on_layer(tracing_llm::layer().handler(exporter), |callbacks| {
        let flushed = |times| {
            chat(times);
            callbacks.flush_blocking(PATIENCE).map_err(|error| error.to_string())
        };
        assert_eq!(
            flushed(2).unwrap_err(),
            "not everything was delivered: \
             Exporter failed 2 of 8 deliveries, first: error in on_end: disk full 1"
        );
        assert_eq!(flushed(1), Ok(()));
        assert_eq!(
            flushed(1).unwrap_err(),
            "not everything was delivered: \
             Exporter failed 1 of 4 deliveries, first: error in on_end: disk full 4"
        );
        assert_eq!(
            callbacks.shutdown_blocking(PATIENCE).unwrap_err().to_string(),
            "not everything was delivered: \
             Exporter failed 3 of 16 deliveries, first: error in on_end: disk full 1"
        );
    });
}

#[test]
fn what_a_handlers_own_queue_dropped_is_told_by_the_next_flush_once() {
    let (gate, blocked) = gate();
    let builder = tracing_llm::layer().handler_queue(4).handler(Hangs(blocked));
    on_layer(builder, |callbacks| {
        chat(1);
        gate.wait();
        for _ in 0..20 {
            chat(1);
            eventually("it is on its way", || callbacks.stats().queued == 0);
        }
        eventually("deliveries are dropped", || callbacks.stats().handlers[0].dropped > 0);
        drop(gate);
        let error = callbacks.flush_blocking(PATIENCE).unwrap_err().to_string();
        let dropped = callbacks.stats().handlers[0].dropped;
        assert_eq!(
            error,
            format!(
                "not everything was delivered: \
                 Hangs lost {dropped} deliveries since its queue was full"
            )
        );
        callbacks.flush_blocking(PATIENCE).unwrap();
        callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    });
}

#[test]
fn texts_that_were_left_out_are_not_delivered() {
    on_layer(tracing_llm::layer().queue_bytes(100), |callbacks| {
        event_span!(LLM, "chat").llm().prompt("x".repeat(101));
        let error = callbacks.shutdown_blocking(PATIENCE).unwrap_err().to_string();
        assert!(error.contains("101 bytes of texts were left out"), "{error}");
    });
}

#[test]
fn after_a_shutdown_the_statistics_tell_everything() {
    let capture = Capture::new();
    let builder = tracing_llm::layer().handler(capture).handler(Exporter::new(|end| end == 1));
    on_layer(builder, |callbacks| {
        chat(2);
        callbacks.shutdown_blocking(PATIENCE).unwrap_err();
        let stats = callbacks.stats();
        assert_eq!((stats.starts, stats.ends, stats.traces), (2, 2, 2));
        let [capture, exporter] = &stats.handlers[..] else { panic!("{stats:?}") };
        let numbers = |handler: &HandlerStats| {
            (handler.delivered, handler.failed, handler.failures, handler.waiting)
        };
        assert_eq!(numbers(capture), (8, 0, 0, 0));
        assert_eq!(numbers(exporter), (8, 1, 1, 0));
        assert_eq!(exporter.name, "Exporter");
        let first = exporter.first_failure.as_ref().unwrap();
        assert_eq!(first.to_string(), "Exporter failed in on_end: disk full 1");
        assert!(!first.is_panic());
    });
}

#[test]
fn what_was_lost_at_a_timeout_can_be_asked_and_waited_for() {
    let (gate, blocked) = gate();
    on_layer(tracing_llm::layer().handler(Hangs(blocked)), |callbacks| {
        chat(1);
        gate.wait();
        chat(3);
        let error = callbacks.shutdown_blocking(Duration::from_millis(20)).unwrap_err();
        // The end at which it stands and the trace's, then four for each of the others.
        let waiting = callbacks.stats().handlers[0].waiting;
        assert_eq!(waiting, 14);
        assert_eq!(
            error.to_string(),
            "not everything was delivered: \
             Hangs did not answer in time, 14 deliveries wait for it"
        );
        drop(gate);
        callbacks.shutdown_blocking(PATIENCE).unwrap();
        let stats = callbacks.stats();
        assert_eq!((stats.handlers[0].delivered, stats.handlers[0].waiting), (16, 0));
    });
}

#[test]
fn a_second_shutdown_gives_the_same_verdict_and_shuts_nothing_down_again() {
    for fails in [false, true] {
        let capture = Capture::new();
        let exporter = Exporter::new(if fails { |_| true } else { |_| false });
        let builder = tracing_llm::layer().handler(capture.clone()).handler(exporter);
        on_layer(builder, |callbacks| {
            chat(1);
            let verdict = |callbacks: &Callbacks| {
                callbacks.shutdown_blocking(PATIENCE).map_err(|error| error.to_string())
            };
            let first = verdict(&callbacks);
            assert_eq!(first.is_err(), fails);
            assert_eq!(verdict(&callbacks), first);
            assert!(callbacks.flush_blocking(PATIENCE).unwrap_err().is_closed());
            callbacks.add(Capture::new());
            drop(callbacks);
            let calls = capture.captured().calls;
            assert_eq!(calls.iter().filter(|call| *call == "shutdown").count(), 1);
        });
    }
}

#[test]
fn shutdowns_on_many_threads_get_one_verdict() {
    let stops = Arc::new(AtomicUsize::new(0));

    struct Stops(Arc<AtomicUsize>);

    impl Handler for Stops {
        fn shutdown(&mut self) -> HandlerResult {
            self.0.fetch_add(1, SeqCst);
            Err("disk full".into())
        }
    }

    on_layer(tracing_llm::layer().handler(Stops(Arc::clone(&stops))), |callbacks| {
        chat(1);
        let verdicts: Vec<_> = std::thread::scope(|scope| {
            let ask = || {
                if callbacks.flush_blocking(PATIENCE).is_err_and(|error| !error.is_closed()) {
                    panic!("a flush is done or comes too late");
                }
                callbacks.shutdown_blocking(PATIENCE).unwrap_err().to_string()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let said = "not everything was delivered: Stops failed in shutdown: disk full";
        assert_eq!(verdicts, [said; 8]);
    });
    assert_eq!(stops.load(SeqCst), 1);
}

#[test]
fn a_limit_without_end_is_no_panic() {
    on_layer(tracing_llm::layer().handler(Capture::new()), |callbacks| {
        chat(1);
        callbacks.flush_blocking(Duration::MAX).unwrap();
        callbacks.shutdown_blocking(Duration::MAX).unwrap();
    });
}

#[tokio::test]
async fn a_shutdown_that_is_given_up_goes_on_and_can_be_asked_again() {
    let (gate, blocked) = gate();
    let (layer, callbacks) = tracing_llm::layer().handler(Hangs(blocked)).build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    tracing::dispatcher::with_default(&dispatch, || chat(1));
    {
        let mut shutdown = Box::pin(callbacks.shutdown());
        assert!(poll_once(&mut shutdown).is_pending());
    }
    drop(gate);
    callbacks.shutdown().await.unwrap();
    assert_eq!(callbacks.stats().handlers[0].waiting, 0);
}

#[test]
fn a_first_panic_is_told_though_errors_came_before() {
    let caught: Arc<Mutex<Vec<Failure>>> = Arc::default();
    let keeps = Arc::clone(&caught);

    struct Both(usize);

    impl Handler for Both {
        fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
            self.0 += 1;
            if self.0 <= 2 { Err("disk full".into()) } else { panic!("oh no") }
        }
    }

    let builder = tracing_llm::layer()
        .handler(Both(0))
        .trap(move |failure: &Failure| keeps.lock().unwrap().push(failure.clone()));
    on_layer(builder, |callbacks| {
        chat(4);
        callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    });
    let caught = caught.lock().unwrap();
    let told: Vec<_> = caught.iter().map(|failure| (failure.is_panic(), failure.first)).collect();
    assert_eq!(told, [(false, true), (false, false), (true, true), (true, false)]);
    assert_eq!(caught[2].to_string(), "Both panicked in on_end: oh no");
}

#[test]
fn a_dropped_handle_logs_what_was_not_delivered() {
    let lines = Warnings::default();
    let (layer, callbacks) = tracing_llm::layer().handler(Exporter::new(|_| true)).build();
    let dispatch = subscriber(Form::Filtered, layer, Some(lines.clone().boxed()));
    tracing::dispatcher::with_default(&dispatch, || {
        chat(1);
        drop(callbacks);
    });
    let told = lines.containing("the handle was dropped");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Exporter failed 1 of 4 deliveries"), "{told:?}");
}
