//! Rule 12: under pressure texts go first, then events, and everything that goes is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use common::*;
use tracing::{error, field};
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;

/// Many more bytes than the small budgets of these tests.
fn long() -> String {
    "x".repeat(5000)
}

#[test]
fn what_finds_no_place_is_counted() {
    const COUNT: u64 = 100;
    with_blocked_worker(
        |builder| builder.queue(4),
        |stage, gate| {
            for _ in 0..COUNT {
                event_span!(LLM, "chat").in_scope(|| {});
            }
            gate.open();
            stage.flushed_with_losses();
            let stats = stage.stats();
            assert!(stats.dropped_events > 0);
            assert_eq!(stats.ends + stats.dropped_events, COUNT + 1);
            assert_eq!(stats.starts, stats.ends);
            assert_eq!(stats.traces, stats.ends);
            assert_eq!((stats.queued, stats.queued_bytes), (0, 0));
            let (result, _) = stage.shut_down();
            let error = result.unwrap_err();
            assert!(error.is_undelivered());
            assert!(error.to_string().contains(&stats.dropped_events.to_string()), "{error}");
        },
    );
}

#[test]
fn scopes_that_find_no_place_are_counted_by_their_kind() {
    with_blocked_worker(
        |builder| builder.queue(2),
        |stage, gate| {
            for _ in 0..10 {
                tracing::info_span!("scope", trace_name = "nightly").in_scope(|| {});
            }
            gate.open();
            stage.flushed_with_losses();
            let stats = stage.stats();
            assert!(stats.dropped_scopes > 0);
            assert_eq!(stats.dropped_events, 0);
            assert_eq!(stats.traces - 1 + stats.dropped_scopes, 10);
        },
    );
}

#[test]
fn the_end_of_an_event_whose_start_found_a_place_is_never_lost() {
    with_blocked_worker(
        |builder| builder.queue(4),
        |stage, gate| {
            let open: Vec<_> = (0..4).map(|_| event_span!(LLM, "known")).collect();
            for span in &open {
                span.in_scope(|| {});
            }
            // The queue is full of starts; nothing else finds a place.
            for _ in 0..10 {
                event_span!(LLM, "unknown").in_scope(|| {});
            }
            drop(open);
            gate.open();
            let captured = stage.flushed_with_losses();
            let known = captured.ends.iter().filter(|end| end.name == *"known").count();
            assert_eq!(known, 4);
            assert_eq!(stage.stats().dropped_events, 10);
        },
    );
}

#[test]
fn the_end_of_an_event_whose_start_a_child_brought_is_never_lost() {
    with_blocked_worker(
        |builder| builder.queue(2),
        |stage, gate| {
            let fill = || {
                let full = [event_span!(LLM, "one"), event_span!(LLM, "two")];
                for span in &full {
                    span.in_scope(|| {});
                }
                full
            };
            let full = fill();
            let query = event_span!(QUERY, "answer");
            query.in_scope(|| {});
            gate.open();
            // The start of the query found no place. A child brings it.
            stage.settled();
            let child = event_span!(parent: &query, LLM, "child");
            child.in_scope(|| {});
            stage.settled();
            assert!(stage.flushed().starts.iter().any(|start| start.name == *"answer"));
            drop(event_span!(CHAIN, "blocker"));
            gate.wait();
            let also_full = fill();
            drop((child, query));
            gate.open();
            assert_eq!(stage.flushed().event("answer").event_type, EventType::QUERY);
            assert_eq!(stage.stats().dropped_events, 0);
            drop((full, also_full));
        },
    );
}

#[test]
fn ends_that_found_no_place_come_from_the_inside_out_though_all_began_at_one_moment() {
    with_blocked_worker(
        |builder| builder.queue(2),
        |stage, gate| {
            let error = "the model is overloaded";
            let query = event_span!(QUERY, "answer", error);
            query.in_scope(|| {});
            let chat = event_span!(parent: &query, LLM, "chat", error);
            chat.in_scope(|| {});
            gate.open();
            stage.flushed();
            drop(event_span!(CHAIN, "blocker"));
            gate.wait();
            let full = [event_span!(LLM, "one"), event_span!(LLM, "two")];
            for span in &full {
                span.in_scope(|| {});
            }
            drop((chat, query));
            gate.open();
            let captured = stage.flushed();
            let ended: Vec<_> = captured.ends.iter().map(|end| &*end.name).collect();
            let place = |name| ended.iter().position(|ended| *ended == name);
            assert!(place("chat") < place("answer"), "{ended:?}");
            assert!(!captured.event("chat").payload.exception.as_ref().unwrap().propagated);
            assert!(captured.event("answer").payload.exception.as_ref().unwrap().propagated);
            drop(full);
        },
    );
}

#[test]
fn an_end_is_found_however_far_behind_its_start_waits() {
    // More than the worker handles between two looks at what was missed.
    const COUNT: usize = 10_000;
    with_blocked_worker(
        |builder| builder.queue(COUNT),
        |stage, gate| {
            let open: Vec<_> = (0..COUNT).map(|_| event_span!(LLM, "chat")).collect();
            for span in &open {
                span.in_scope(|| {});
            }
            drop(open);
            gate.open();
            drop(gate);
            stage.flushed();
            let stats = stage.stats();
            assert_eq!((stats.ends, stats.dropped_events), (COUNT as u64 + 1, 0));
            assert_eq!(stats.traces, COUNT as u64 + 1);
        },
    );
}

#[test]
fn an_end_that_found_no_place_below_an_undecided_span_is_found_once_that_is_decided() {
    with_blocked_worker(
        |builder| builder.queue(2).hold(PATIENCE * 60),
        |stage, gate| {
            let late = tracing::info_span!("late", event_type = field::Empty);
            late.in_scope(|| {
                let child = event_span!(LLM, "child");
                child.in_scope(|| {});
                let filler = event_span!(LLM, "filler");
                filler.in_scope(|| {});
                drop(child);
                drop(filler);
            });
            gate.open();
            assert_eq!(stage.settled().starts, 1);
            late.record("event_type", "RETRIEVE");
            stage.settled();
            drop(late);
            assert_eq!(
                stage.flushed().tree(),
                "chain\n└─ CHAIN blocker\n\
                 retrieve\n└─ RETRIEVE late\n   ├─ LLM child\n   └─ LLM filler\n"
            );
        },
    );
}

#[test]
fn what_a_wrapper_saw_is_delivered_also_if_the_worker_could_not_be_told() {
    with_blocked_worker(
        |builder| builder.queue(2),
        |stage, gate| {
            let filler = [event_span!(LLM, "one"), event_span!(LLM, "two")];
            for span in &filler {
                span.in_scope(|| {});
            }
            let span = event_span!(LLM, "chat");
            let mut call = Box::pin(async {}.traced(&span));
            assert!(poll_once(&mut call).is_ready());
            gate.open();
            stage.settled();
            // The span stays open, as a pooled connection would keep it.
            stage.advance(10 * SECOND);
            let captured = stage.flushed();
            assert_eq!(captured.event("chat").outcome, Outcome::Ok);
            drop(span);
            assert_eq!(stage.flushed().ends.len(), 2);
            drop(filler);
        },
    );
}

#[test]
fn an_end_brings_the_start_that_found_no_place() {
    with_blocked_worker(
        |builder| builder.queue(2),
        |stage, gate| {
            let filler = [event_span!(LLM, "one"), event_span!(LLM, "two")];
            for span in &filler {
                span.in_scope(|| {});
            }
            let span = event_span!(LLM, "chat");
            span.llm().prompt("why?");
            span.in_scope(|| {});
            gate.open();
            stage.settled();
            drop(span);
            let captured = stage.flushed();
            let start = captured.starts.iter().find(|start| start.name == *"chat").unwrap();
            assert_eq!(start.payload.prompt.as_deref(), Some("why?"));
            drop(filler);
        },
    );
}

#[test]
fn events_below_one_that_was_dropped_are_delivered_and_their_trace_ends() {
    with_blocked_worker(
        |builder| builder.queue(2),
        |stage, gate| {
            let query = event_span!(QUERY, "dropped");
            let child = query.in_scope(|| {
                let child = event_span!(LLM, "child");
                let filler = [event_span!(LLM, "one"), event_span!(LLM, "two")];
                for span in &filler {
                    span.in_scope(|| {});
                }
                child
            });
            gate.open();
            drop(gate);
            stage.settled();
            child.in_scope(|| {});
            drop((child, query));
            stage.flushed_with_losses();
            let stats = stage.stats();
            assert_eq!(stats.ends + stats.dropped_events, 5);
            assert_eq!(stats.traces, 2);
        },
    );
}

#[test]
fn texts_beyond_the_budget_are_lost_and_counted_and_the_rest_is_kept() {
    with_builder(
        |builder| builder.queue_bytes(1000),
        |stage| {
            let span = event_span!(
                LLM,
                "chat",
                prompt = long(),
                model = "gpt-5-mini",
                response = field::Empty
            );
            span.llm().messages(vec![Message::user(long())]).query(long()).chunk(&long());
            span.llm().usage(Usage::new(8, 2)).finish_reason("stop").top_k(3);
            span.in_scope(|| {});
            span.record("response", long());
            span.llm().ok();
            drop(span);
            let captured = stage.flushed_with_losses();
            let chat = captured.event("chat");
            assert_eq!((chat.event_type, chat.outcome), (EventType::LLM, Outcome::Ok));
            let payload = &chat.payload;
            assert_eq!((&payload.prompt, &payload.query, &payload.response), (&None, &None, &None));
            assert!(payload.messages.is_empty());
            assert_eq!(payload.model.as_deref(), Some("gpt-5-mini"));
            assert_eq!(payload.usage, Some(Usage::new(8, 2)));
            assert_eq!(payload.finish_reason.as_deref(), Some("stop"));
            assert_eq!(payload.top_k, Some(3));
            assert_eq!(payload.stream.as_ref().unwrap().chunks, 1);
            assert_eq!(chat.lost_bytes, 5 * 5000);
            assert_eq!(stage.stats().lost_bytes, 5 * 5000);
        },
    );
}

#[test]
fn a_log_line_beyond_the_budget_is_counted_too() {
    with_builder(
        |builder| builder.queue_bytes(1000),
        |stage| {
            event_span!(LLM, "chat").in_scope(|| error!("{}", long()));
            let captured = stage.flushed_with_losses();
            let chat = captured.event("chat");
            assert!(chat.logs.iter().all(|log| log.message.len() < 5000));
            assert_eq!(chat.lost_bytes, 5000);
            assert_eq!(stage.stats().lost_bytes, 5000);
        },
    );
}

#[test]
fn texts_within_the_budget_are_kept_and_the_budget_comes_back() {
    with_builder(
        |builder| builder.queue_bytes(12_000),
        |stage| {
            for _ in 0..10 {
                let span = event_span!(LLM, "chat");
                span.llm().prompt(long()).completion(long());
                // The texts, and the few bytes of its tag.
                let charged = stage.stats().queued_bytes;
                assert!((10_000..10_100).contains(&charged), "{charged}");
                drop(span);
                stage.flushed();
                assert_eq!(stage.stats().queued_bytes, 0);
            }
            let captured = stage.flushed();
            assert_eq!(stage.stats().lost_bytes, 0);
            for chat in &captured.ends {
                assert_eq!(chat.payload.prompt.as_ref().unwrap().len(), 5000);
                assert_eq!(chat.lost_bytes, 0);
            }
        },
    );
}

#[test]
fn the_budget_comes_back_from_spans_that_are_dropped_or_never_recognised() {
    with_blocked_worker(
        |builder| builder.queue(2),
        |stage, gate| {
            for _ in 0..10 {
                event_span!(LLM, "chat", prompt = long()).in_scope(|| {});
            }
            tracing::info_span!("late", event_type = field::Empty, prompt = long()).in_scope(|| {});
            gate.open();
            stage.flushed_with_losses();
            let stats = stage.stats();
            assert!(stats.dropped_events > 0);
            assert_eq!(stats.queued_bytes, 0);
        },
    );
}

#[test]
fn a_slow_handler_loses_its_own_deliveries_and_no_one_elses() {
    struct Slow(Blocked);

    impl Handler for Slow {
        fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
            self.0.pass();
            Ok(())
        }
    }

    let (gate, blocked) = gate();
    let fast = Capture::new();
    let (layer, callbacks) =
        tracing_llm::layer().handler_queue(8).handler(Slow(blocked)).handler(fast.clone()).build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    tracing::dispatcher::with_default(&dispatch, || {
        for number in 1..=50 {
            event_span!(LLM, "chat").in_scope(|| {});
            if number == 1 {
                gate.wait();
            }
            eventually("the fast handler gets it", || fast.captured().ends.len() == number);
        }
    });
    let stats = callbacks.stats();
    let of =
        |name: &str| stats.handlers.iter().find(|handler| handler.name == name).unwrap().clone();
    assert_eq!(of("Capture").dropped, 0);
    let slow = of("Slow");
    assert!(slow.dropped > 0);
    drop(gate);
    let flushed = callbacks.flush_blocking(PATIENCE).unwrap_err();
    assert!(flushed.to_string().contains("Slow lost"), "{flushed}");
    let stats = callbacks.stats();
    let slow = stats.handlers.iter().find(|handler| handler.name == "Slow").unwrap();
    // Each event is four deliveries: its trace begins, it starts, it ends, its trace ends.
    assert_eq!(slow.delivered + slow.dropped, 4 * 50);
    assert_eq!(stats.dropped_events, 0);
    let error = callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    assert!(error.to_string().contains("Slow"), "what was not delivered is told: {error}");
}

#[test]
fn of_many_events_from_many_threads_every_one_is_delivered_or_counted() {
    const THREADS: u64 = 4;
    const EACH: u64 = 25_000;

    #[derive(Clone, Default)]
    struct Counts(Arc<(AtomicU64, AtomicU64)>);

    impl Handler for Counts {
        fn on_start(&mut self, _: &Arc<Event>) -> HandlerResult {
            self.0.0.fetch_add(1, SeqCst);
            Ok(())
        }

        fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
            self.0.1.fetch_add(1, SeqCst);
            Ok(())
        }
    }

    for (queue, loses_nothing) in [(1 << 20, true), (64, false)] {
        let counts = Counts::default();
        let (layer, callbacks) =
            tracing_llm::layer().queue(queue).handler_queue(queue).handler(counts.clone()).build();
        let dispatch = subscriber(Form::Filtered, layer, None);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    tracing::dispatcher::with_default(&dispatch, || {
                        for _ in 0..EACH / 2 {
                            event_span!(QUERY, "answer").in_scope(|| {
                                event_span!(LLM, "chat", model = "gpt-5-mini").in_scope(|| {});
                            });
                        }
                    });
                });
            }
        });
        let flushed = callbacks.flush_blocking(PATIENCE);
        let stats = callbacks.stats();
        let lost = stats.dropped_events + stats.handlers[0].dropped;
        assert_eq!(flushed.is_err(), lost > 0, "{flushed:?}");
        assert_eq!(stats.ends + stats.dropped_events, THREADS * EACH);
        assert_eq!(stats.starts, stats.ends);
        assert_eq!((stats.queued, stats.queued_bytes), (0, 0));
        let handler = &stats.handlers[0];
        // What was meant for the handler: starts, ends, and both for the traces.
        let meant = stats.starts + stats.ends + 2 * stats.traces;
        assert_eq!(handler.delivered + handler.dropped, meant);
        if loses_nothing {
            assert_eq!((stats.dropped_events, handler.dropped), (0, 0));
            assert_eq!(counts.0.0.load(SeqCst), THREADS * EACH);
            assert_eq!(counts.0.1.load(SeqCst), THREADS * EACH);
        }
        drop(callbacks);
    }
}
