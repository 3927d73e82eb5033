//! Rule 13: handlers that come and go while the layer runs; flush and shutdown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{AsyncHandler, Callbacks};

/// Notes every call.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, call: impl Into<String>) {
        self.0.lock().unwrap().push(call.into());
    }

    fn calls(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Handler for Notes {
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        self.note(format!("start {}", event.name));
        Ok(())
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        self.note(format!("end {}", event.name));
        Ok(())
    }

    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        self.note(format!("trace {}", trace.name));
        Ok(())
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        self.note(format!("end of trace {}", trace.name));
        Ok(())
    }

    fn flush(&mut self) -> HandlerResult {
        self.note("flush");
        Ok(())
    }
}

/// The layer and its default subscriber, without the stage's own handler.
fn on_layer<T>(builder: tracing_llm::Builder, scene: impl FnOnce(Callbacks) -> T) -> T {
    let (layer, callbacks) = builder.build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    tracing::dispatcher::with_default(&dispatch, || scene(callbacks))
}

#[test]
fn a_handler_that_is_added_late_gets_ends_whose_start_it_did_not_see() {
    in_both_forms(|stage| {
        let late = Notes::default();
        let span = event_span!(LLM, "chat");
        span.in_scope(|| {
            stage.flushed();
            stage.with_callbacks(|callbacks| callbacks.add(late.clone()));
            event_span!(FUNCTION_CALL, "tool").in_scope(|| {});
        });
        drop(span);
        stage.flushed();
        assert_eq!(
            late.calls(),
            ["start tool", "end tool", "end chat", "end of trace llm", "flush"]
        );
    });
}

#[test]
fn a_handler_gets_everything_that_happens_after_it_was_added() {
    with_blocked_worker(
        |builder| builder,
        |stage, gate| {
            let late = Notes::default();
            stage.with_callbacks(|callbacks| callbacks.add(late.clone()));
            event_span!(LLM, "chat").in_scope(|| {});
            gate.open();
            stage.flushed();
            let calls = late.calls();
            assert!(calls.contains(&String::from("end chat")), "{calls:?}");
        },
    );
}

#[test]
fn a_handler_that_is_removed_is_flushed_shut_down_and_handed_back() {
    #[derive(Default)]
    struct Names {
        ends: Vec<String>,
        last_calls: Vec<&'static str>,
    }

    impl Handler for Names {
        fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
            self.ends.push(event.name.to_string());
            Ok(())
        }

        fn flush(&mut self) -> HandlerResult {
            self.last_calls.push("flush");
            Ok(())
        }

        fn shutdown(&mut self) -> HandlerResult {
            self.last_calls.push("shutdown");
            self.flush()
        }
    }

    let stays = Capture::new();
    let (builder, id) =
        tracing_llm::layer().handler(stays.clone()).handler_with_id(Names::default());
    on_layer(builder, |callbacks| {
        event_span!(LLM, "before").in_scope(|| {});
        let names = callbacks.remove(&id, PATIENCE).unwrap();
        event_span!(LLM, "after").in_scope(|| {});
        assert_eq!(names.ends, ["before"]);
        assert_eq!(names.last_calls, ["shutdown", "flush"]);
        let again = callbacks.remove(&id, PATIENCE).err().unwrap();
        assert!(again.to_string().contains("no such handler"), "{again}");
        callbacks.flush_blocking(PATIENCE).unwrap();
        assert_eq!(stays.captured().ends.len(), 2);
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    });
}

#[test]
fn a_handler_can_be_added_and_removed_again_and_again() {
    on_layer(tracing_llm::layer(), |callbacks| {
        for round in 0..20 {
            let id = callbacks.add(Notes::default());
            event_span!(LLM, "chat").in_scope(|| {});
            let notes = callbacks.remove(&id, PATIENCE).unwrap();
            let ends = notes.calls().iter().filter(|call| *call == "end chat").count();
            assert_eq!(ends, 1, "in round {round}");
        }
        assert!(callbacks.stats().handlers.is_empty());
    });
}

#[test]
fn a_handler_that_hangs_is_not_waited_for_when_it_is_removed() {
    struct Hangs(Blocked);

    impl Handler for Hangs {
        fn shutdown(&mut self) -> HandlerResult {
            self.0.pass();
            Ok(())
        }
    }

    let (gate, blocked) = gate();
    let (builder, id) = tracing_llm::layer().handler_with_id(Hangs(blocked));
    on_layer(builder, |callbacks| {
        let error = callbacks.remove(&id, Duration::from_millis(20)).err().unwrap();
        assert!(error.is_undelivered());
        gate.wait();
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    });
}

#[test]
fn a_handler_that_fails_to_shut_down_is_an_error_of_its_removal() {
    struct Fails;

    impl Handler for Fails {
        fn shutdown(&mut self) -> HandlerResult {
            Err("disk full".into())
        }
    }

    let (builder, id) = tracing_llm::layer().handler_with_id(Fails);
    on_layer(builder, |callbacks| {
        let error = callbacks.remove(&id, PATIENCE).err().unwrap();
        assert_eq!(
            error.to_string(),
            "not everything was delivered: Fails failed in shutdown: disk full"
        );
    });
}

#[test]
fn all_handlers_get_all_events_in_the_same_order() {
    let all = [Notes::default(), Notes::default(), Notes::default()];
    let builder =
        all.iter().fold(tracing_llm::layer(), |builder, notes| builder.handler(notes.clone()));
    on_layer(builder, |callbacks| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let dispatch = tracing::dispatcher::get_default(tracing::Dispatch::clone);
                scope.spawn(move || {
                    tracing::dispatcher::with_default(&dispatch, || {
                        for number in 0..50 {
                            event_span!(LLM, "chat", top_k = number).in_scope(|| {});
                        }
                    });
                });
            }
        });
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    });
    assert_eq!(all[0].calls().len(), 4 * 200 + 1);
    assert_eq!(all[0].calls(), all[1].calls());
    assert_eq!(all[0].calls(), all[2].calls());
}

#[test]
fn ignore_lists_leave_out_starts_and_ends_of_these_types() {
    let (starts, ends, both) = (Notes::default(), Notes::default(), Notes::default());
    let builder = tracing_llm::layer()
        .handler(starts.clone().ignore_starts([EventType::EMBEDDING]))
        .handler(ends.clone().ignore_ends([EventType::EMBEDDING]))
        .handler(
            both.clone()
                .ignore_starts([EventType::LLM])
                .and_starts([EventType::EMBEDDING])
                .and_ends([EventType::LLM, EventType::EMBEDDING]),
        );
    on_layer(builder, |callbacks| {
        event_span!(QUERY, "answer").in_scope(|| {
            event_span!(EMBEDDING, "embed").in_scope(|| {});
            event_span!(LLM, "chat").in_scope(|| {});
        });
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    });
    let said = |notes: &Notes, call: &str| notes.calls().iter().any(|said| said == call);
    assert!(!said(&starts, "start embed") && said(&starts, "end embed"));
    assert!(said(&ends, "start embed") && !said(&ends, "end embed"));
    assert_eq!(
        both.calls(),
        ["trace query", "start answer", "end answer", "end of trace query", "flush"]
    );
}

#[test]
fn boxed_handlers_work_as_any_other() {
    let notes = Notes::default();
    let boxed: Box<dyn Handler> = Box::new(notes.clone());
    on_layer(tracing_llm::layer().handler(boxed), |callbacks| {
        event_span!(LLM, "chat").in_scope(|| {});
        callbacks.flush_blocking(PATIENCE).unwrap();
        assert_eq!(callbacks.stats().handlers[0].name, "Notes");
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    });
    assert_eq!(
        notes.calls(),
        ["trace llm", "start chat", "end chat", "end of trace llm", "flush", "flush"]
    );
}

#[test]
fn the_statistics_tell_what_each_handler_got() {
    on_layer(tracing_llm::layer().handler(Notes::default()), |callbacks| {
        event_span!(LLM, "chat").in_scope(|| {});
        callbacks.flush_blocking(PATIENCE).unwrap();
        let stats = callbacks.stats();
        assert_eq!((stats.starts, stats.ends, stats.traces), (1, 1, 1));
        let handler = &stats.handlers[0];
        assert_eq!((handler.delivered, handler.dropped, handler.failures), (4, 0, 0));
        assert!(stats.callsites >= 1);
    });
}

#[test]
fn a_layer_without_handlers_counts_all_the_same() {
    on_layer(tracing_llm::layer(), |callbacks| {
        event_span!(LLM, "chat").in_scope(|| {});
        callbacks.flush_blocking(PATIENCE).unwrap();
        let stats = callbacks.stats();
        assert_eq!((stats.starts, stats.ends, stats.traces), (1, 1, 1));
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    });
}

/// Awaits in every hook.
#[derive(Clone)]
struct Awaits {
    notes: Notes,
    threads: Arc<Mutex<Vec<std::thread::ThreadId>>>,
}

impl Awaits {
    fn new() -> Self {
        Self { notes: Notes::default(), threads: Arc::default() }
    }

    async fn note(&self, call: &str) {
        self.threads.lock().unwrap().push(std::thread::current().id());
        tokio::time::sleep(Duration::from_millis(1)).await;
        tokio::spawn(async { tokio::task::yield_now().await }).await.unwrap();
        self.notes.note(call);
    }
}

impl AsyncHandler for Awaits {
    async fn on_start(&mut self, event: Arc<Event>) -> HandlerResult {
        self.note(&format!("start {}", event.name)).await;
        Ok(())
    }

    async fn on_end(&mut self, event: Arc<Event>) -> HandlerResult {
        self.note(&format!("end {}", event.name)).await;
        if event.name == *"fails" {
            return Err("connection refused".into());
        }
        assert!(event.name != *"panics", "oh no");
        Ok(())
    }

    async fn on_trace_start(&mut self, trace: Arc<Trace>) -> HandlerResult {
        self.note(&format!("trace {}", trace.name)).await;
        Ok(())
    }

    async fn on_trace_end(&mut self, trace: Arc<Trace>) -> HandlerResult {
        self.note(&format!("end of trace {}", trace.name)).await;
        Ok(())
    }

    async fn flush(&mut self) -> HandlerResult {
        self.note("flush").await;
        Ok(())
    }
}

#[test]
fn an_async_handler_awaits_on_a_thread_and_runtime_of_its_own() {
    let awaits = Awaits::new();
    with_builder_in_both_runtimes(
        |builder| builder.async_handler(awaits.clone()),
        async |stage| {
            awaits.notes.0.lock().unwrap().clear();
            awaits.threads.lock().unwrap().clear();
            for name in ["fails", "panics", "chat"] {
                let span = event_span!(LLM, "span", otel.name = name);
                async { yields(1).await }.traced(&span).await;
            }
            let callbacks = stage.take_callbacks();
            let failed =
                "Awaits failed 2 of 12 deliveries, first: error in on_end: connection refused";
            let flushed = callbacks.flush().await.unwrap_err();
            assert_eq!(flushed.to_string(), format!("not everything was delivered: {failed}"));
            let of_it = callbacks.stats().handlers.pop().unwrap();
            assert_eq!((of_it.name.as_str(), of_it.failures), ("Awaits", 2));
            let error = callbacks.shutdown().await.unwrap_err();
            assert_eq!(error.to_string(), flushed.to_string());
            let calls = awaits.notes.calls();
            assert_eq!(calls.len(), 4 * 3 + 2);
            assert_eq!(calls[..4], ["trace llm", "start fails", "end fails", "end of trace llm"]);
            let threads = awaits.threads.lock().unwrap();
            assert!(threads.iter().all(|id| *id == threads[0]));
            assert_ne!(threads[0], std::thread::current().id());
        },
    );
}

#[test]
fn an_async_handler_can_be_added_while_running() {
    in_both_runtimes(async |stage| {
        let awaits = Awaits::new();
        stage.with_callbacks(|callbacks| callbacks.add_async(awaits.clone()));
        event_span!(LLM, "chat").in_scope(|| {});
        stage.flushed();
        assert!(awaits.notes.calls().contains(&String::from("end chat")));
    });
}

#[test]
fn a_flush_delivers_all_that_has_happened_and_lets_handlers_write_it_out() {
    in_both_runtimes(async |stage| {
        let notes = Notes::default();
        stage.with_callbacks(|callbacks| callbacks.add(notes.clone()));
        for round in 1..=3 {
            event_span!(LLM, "chat").in_scope(|| {});
            let callbacks = stage.take_callbacks();
            callbacks.flush().await.unwrap();
            let calls = notes.calls();
            assert_eq!(calls.len(), 5 * round);
            assert_eq!(calls.last().unwrap(), "flush");
            stage.put_back(callbacks);
        }
    });
}

#[test]
fn a_flush_tells_which_handlers_failed() {
    struct Fails;

    impl Handler for Fails {
        fn flush(&mut self) -> HandlerResult {
            Err("disk full".into())
        }
    }

    struct Panics;

    impl Handler for Panics {
        fn flush(&mut self) -> HandlerResult {
            panic!("oh no");
        }
    }

    let well = Notes::default();
    let builder = tracing_llm::layer().handler(Fails).handler(well.clone()).handler(Panics);
    on_layer(builder, |callbacks| {
        let error = callbacks.flush_blocking(PATIENCE).unwrap_err();
        assert!(error.is_undelivered());
        assert_eq!(
            error.to_string(),
            "not everything was delivered: Fails failed in flush: disk full; \
             Panics panicked in flush: oh no"
        );
        assert_eq!(well.calls(), ["flush"]);
        // Shutdown flushes by default: it fails as well, and says so.
        callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    });
}

#[test]
fn a_shutdown_delivers_everything_and_is_the_last_call() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "open");
        event_span!(LLM, "chat").in_scope(|| {});
        stage.take_callbacks().shutdown().await.unwrap();
        let captured = stage.captured();
        assert_eq!(captured.ends.len(), 2);
        assert_eq!(captured.calls.last().unwrap(), "shutdown");
        assert_eq!(captured.calls.iter().filter(|call| *call == "shutdown").count(), 1);
        drop(span);
    });
}

#[test]
fn after_shutdown_nothing_happens() {
    in_both_forms(|stage| {
        let open = event_span!(LLM, "open", response = tracing::field::Empty);
        let (result, before) = stage.shut_down();
        result.unwrap();
        open.in_scope(|| tracing::error!("a line"));
        open.record("response", "late");
        open.llm().prompt(|| panic!("nobody may ask")).end();
        drop(open);
        let late = event_span!(LLM, "late");
        late.in_scope(|| assert_eq!(tracing_llm::current(), None));
        assert!(!late.llm().is_enabled());
        drop(late);
        assert_eq!(stage.captured().calls, before.calls);
    });
}

#[test]
fn dropping_the_handle_shuts_the_layer_down() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| {});
        let open = event_span!(LLM, "open");
        drop(stage.take_callbacks());
        let captured = stage.captured();
        assert_eq!(captured.event("chat").outcome, Outcome::Unset);
        assert_eq!(captured.event("open").outcome, Outcome::Incomplete);
        assert_eq!(captured.calls.last().unwrap(), "shutdown");
        drop(open);
    });
}

#[test]
fn a_shutdown_that_is_never_awaited_still_shuts_the_layer_down() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| {});
        drop(stage.take_callbacks().shutdown());
        assert_eq!(stage.captured().calls.last().unwrap(), "shutdown");
    });
}

#[test]
fn dropping_the_handle_waits_no_longer_than_the_limit() {
    struct Hangs(Blocked);

    impl Handler for Hangs {
        fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
            self.0.pass();
            Ok(())
        }
    }

    let (gate, blocked) = gate();
    let builder =
        tracing_llm::layer().handler(Hangs(blocked)).shutdown_limit(Duration::from_millis(20));
    on_layer(builder, |callbacks| {
        event_span!(LLM, "chat").in_scope(|| {});
        gate.wait();
        drop(callbacks);
    });
    // It came back, though the handler still hangs.
    drop(gate);
}

#[test]
fn handlers_are_called_one_at_a_time() {
    struct Alone(Arc<AtomicUsize>);

    impl Handler for Alone {
        fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
            assert_eq!(self.0.fetch_add(1, SeqCst), 0);
            std::thread::yield_now();
            assert_eq!(self.0.fetch_sub(1, SeqCst), 1);
            Ok(())
        }
    }

    let inside = Arc::new(AtomicUsize::new(0));
    on_layer(tracing_llm::layer().handler(Alone(Arc::clone(&inside))), |callbacks| {
        for _ in 0..100 {
            event_span!(LLM, "chat").in_scope(|| {});
        }
        callbacks.flush_blocking(PATIENCE).unwrap();
        assert_eq!(callbacks.stats().handlers[0].failures, 0);
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    });
}

#[test]
fn a_span_that_ends_while_the_layer_shuts_down_is_delivered_or_told() {
    with_blocked_worker(
        |builder| builder,
        |stage, gate| {
            let never_entered = event_span!(LLM, "never entered");
            let entered = event_span!(LLM, "entered");
            entered.in_scope(|| {});
            let callbacks = stage.take_callbacks();
            let result = std::thread::scope(|scope| {
                let shutting_down = scope.spawn(|| callbacks.shutdown_blocking(PATIENCE));
                // The layer has heard of it once its handles do nothing.
                eventually("the layer is closed", || !event_span!(LLM, "probe").llm().is_enabled());
                drop((never_entered, entered));
                gate.open();
                shutting_down.join().unwrap()
            });
            let captured = stage.captured();
            let delivered = captured.ends.iter().filter(|end| end.name != *"probe").count();
            assert!(
                delivered == 3 || result.is_err(),
                "{delivered} of 3 were delivered, and nothing is said of the others"
            );
        },
    );
}
