//! Rule 2: when an event starts and ends, and when its end is delivered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::Barrier;
use std::time::Duration;

use common::*;
use tracing::{Instrument, field, info};
use tracing_llm::prelude::*;

/// Long enough that nothing is delivered by it.
const NEVER: Duration = Duration::from_secs(1_000_000);

#[test]
fn an_event_starts_when_its_span_is_created() {
    in_both_forms(|stage| {
        stage.advance(SECOND);
        let span = event_span!(LLM, "chat");
        stage.advance(SECOND);
        span.in_scope(|| stage.advance(SECOND));
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.start.as_unix_nanos(), 1_000_000_000);
        assert_eq!(chat.elapsed, 2 * SECOND);
        assert_eq!(captured.starts[0].start, chat.start);
    });
}

#[test]
fn an_event_ends_at_its_last_exit_and_not_when_its_span_closes() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.in_scope(|| stage.advance(SECOND));
        stage.advance(SECOND);
        span.in_scope(|| stage.advance(SECOND));
        stage.advance(10 * SECOND);
        drop(span);
        assert_eq!(stage.flushed().event("chat").elapsed, 3 * SECOND);
    });
}

#[test]
fn an_event_ends_at_its_last_field_if_that_comes_after_the_last_exit() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat", response = field::Empty);
        span.in_scope(|| stage.advance(SECOND));
        stage.advance(SECOND);
        span.record("response", "Hi!");
        stage.advance(10 * SECOND);
        drop(span);
        assert_eq!(stage.flushed().event("chat").elapsed, 2 * SECOND);
    });
}

#[test]
fn an_event_ends_at_its_last_part_if_that_comes_after_the_last_exit() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.in_scope(|| stage.advance(SECOND));
        stage.advance(SECOND);
        span.llm().reply("Hi!");
        stage.advance(10 * SECOND);
        drop(span);
        assert_eq!(stage.flushed().event("chat").elapsed, 2 * SECOND);
    });
}

#[test]
fn an_event_ends_at_its_last_line_with_a_payload() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        stage.advance(SECOND);
        info!(target: "tracing_llm", parent: &span, response = "Hi!");
        stage.advance(10 * SECOND);
        drop(span);
        assert_eq!(stage.flushed().event("chat").elapsed, SECOND);
    });
}

#[test]
fn an_event_of_which_nothing_is_heard_ends_when_its_span_closes() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        stage.advance(SECOND);
        drop(span);
        assert_eq!(stage.flushed().event("chat").elapsed, SECOND);
    });
}

#[test]
fn an_event_that_is_ended_by_hand_is_delivered_then_and_nothing_moves_it() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat", response = field::Empty);
        span.in_scope(|| {
            stage.advance(SECOND);
            span.llm().end();
            stage.advance(SECOND);
        });
        assert_eq!(stage.settled().ends, 1);
        assert_eq!(stage.settled().late, 0);
        span.in_scope(|| stage.advance(SECOND));
        span.record("response", "late");
        span.llm().top_k(3);
        span.llm().end();
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!((chat.elapsed, chat.busy), (SECOND, SECOND));
        assert_eq!((&chat.payload.response, chat.payload.top_k), (&None, None));
        assert_eq!(stage.stats().late, 2);
    });
}

#[test]
fn ending_an_untagged_span_by_hand_does_not_end_the_event_above() {
    beside(sees_all, |stage| {
        let query = event_span!(QUERY, "answer");
        query.in_scope(|| {
            tracing::info_span!("untagged").llm().end();
            stage.advance(SECOND);
        });
        assert_eq!(stage.settled().ends, 0);
        drop(query);
        assert_eq!(stage.flushed().event("answer").elapsed, SECOND);
    });
}

#[test]
fn a_traced_event_ends_when_its_future_is_ready() {
    with_builder_in_both_runtimes(
        |builder| builder.hold(NEVER),
        async |stage| {
            let span = event_span!(LLM, "chat", response = field::Empty);
            async {
                stage.advance(SECOND);
                yields(2).await;
                stage.advance(SECOND);
            }
            .traced(&span)
            .await;
            stage.advance(SECOND);
            span.in_scope(|| stage.advance(SECOND));
            span.record("response", "Hi!");
            span.llm().usage(Usage::new(8, 2));
            drop(span);
            let captured = stage.flushed();
            let chat = captured.event("chat");
            assert_eq!((chat.elapsed, chat.busy), (2 * SECOND, 2 * SECOND));
            assert_eq!(chat.payload.response.as_deref(), Some("Hi!"));
            assert_eq!(chat.payload.usage, Some(Usage::new(8, 2)));
        },
    );
}

#[test]
fn a_traced_event_is_delivered_when_its_span_closes() {
    with_builder_in_both_runtimes(
        |builder| builder.hold(NEVER),
        async |stage| {
            let span = event_span!(LLM, "chat");
            async { yields(2).await }.traced(&span).await;
            assert_eq!(stage.settled().ends, 0);
            drop(span);
            assert_eq!(stage.settled().ends, 1);
        },
    );
}

#[test]
fn a_traced_event_whose_span_stays_open_is_delivered_a_hold_after_its_last_part() {
    const HOLD: Duration = Duration::from_millis(250);
    const TICK: Duration = Duration::from_millis(1);
    with_builder_in_both_runtimes(
        |builder| builder.hold(HOLD),
        async |stage| {
            let span = event_span!(LLM, "chat");
            async { yields(2).await }.traced(&span).await;
            stage.advance(HOLD - TICK);
            assert_eq!(stage.settled().ends, 0);
            span.llm().reply("Hi!");
            stage.advance(HOLD - TICK);
            assert_eq!(stage.settled().ends, 0);
            stage.advance(TICK);
            assert_eq!(stage.settled().ends, 1);
            // What comes now is late.
            span.llm().usage(Usage::new(8, 2));
            drop(span);
            assert_eq!(stage.settled().late, 1);
            let captured = stage.flushed();
            let chat = captured.event("chat");
            assert_eq!(chat.elapsed, Duration::ZERO);
            assert_eq!(chat.payload.response.as_deref(), Some("Hi!"));
            assert_eq!(chat.payload.usage, None);
        },
    );
}

#[test]
fn a_task_that_inherited_the_span_of_a_traced_call_moves_neither_its_end_nor_its_delivery() {
    const HOLD: Duration = Duration::from_millis(250);
    with_builder_in_both_runtimes(
        |builder| builder.hold(HOLD),
        async |stage| {
            let (work, mut jobs) =
                tokio::sync::mpsc::unbounded_channel::<tokio::sync::oneshot::Sender<()>>();
            let clock = stage.clock.clone();
            let span = event_span!(LLM, "chat");
            // The call opens a connection, whose task lives on in a pool with the call's span.
            let mut connection = None;
            async {
                connection = Some(tokio::spawn(
                    async move {
                        while let Some(done) = jobs.recv().await {
                            clock.advance(Duration::from_millis(100));
                            let _ = done.send(());
                        }
                    }
                    .in_current_span(),
                ));
                let (done, is_done) = tokio::sync::oneshot::channel();
                work.send(done).unwrap();
                is_done.await.unwrap();
            }
            .traced(&span)
            .await;
            drop(span);
            let busy_at_the_end = Duration::from_millis(100);
            for _ in 0..3 {
                let (done, is_done) = tokio::sync::oneshot::channel();
                work.send(done).unwrap();
                is_done.await.unwrap();
            }
            assert_eq!(stage.settled().ends, 1, "300 ms have passed: more than the hold");
            drop(work);
            connection.unwrap().await.unwrap();
            let captured = stage.flushed();
            assert_eq!(captured.starts.len(), 1);
            let chat = captured.event("chat");
            assert_eq!(chat.elapsed, busy_at_the_end);
            assert_eq!(chat.outcome, Outcome::Ok);
            assert_eq!(captured.traces[0].elapsed, busy_at_the_end);
            assert_eq!(stage.stats().late, 0);
        },
    );
}

#[test]
fn a_flush_does_not_wait_for_the_hold() {
    with_builder_in_both_runtimes(
        |builder| builder.hold(NEVER),
        async |stage| {
            let span = event_span!(LLM, "chat");
            async { yields(1).await }.traced(&span).await;
            assert_eq!(stage.flushed().ends.len(), 1);
            span.llm().reply("late");
            assert_eq!(stage.stats().late, 1);
        },
    );
}

#[test]
fn a_flush_does_not_deliver_the_events_whose_span_is_open() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.in_scope(|| {
            let captured = stage.flushed();
            assert_eq!((captured.starts.len(), captured.ends.len()), (1, 0));
        });
        assert_eq!(stage.flushed().ends.len(), 0);
        drop(span);
        assert_eq!(stage.flushed().ends.len(), 1);
    });
}

#[test]
fn a_child_may_end_after_its_parent_and_the_trace_ends_after_both() {
    in_both_forms(|stage| {
        let query = event_span!(QUERY, "answer");
        let chat = query.in_scope(|| event_span!(LLM, "chat"));
        query.in_scope(|| stage.advance(SECOND));
        query.llm().end();
        drop(query);
        assert_eq!((stage.settled().ends, stage.settled().traces), (1, 0));
        chat.in_scope(|| stage.advance(SECOND));
        drop(chat);
        let captured = stage.flushed();
        assert_eq!(captured.event("answer").elapsed, SECOND);
        assert_eq!(captured.event("chat").elapsed, 2 * SECOND);
        assert_eq!(
            captured.calls[..6],
            [
                "start_trace query",
                "start QUERY answer",
                "end QUERY answer",
                "start LLM chat",
                "end LLM chat",
                "end_trace query",
            ]
        );
    });
}

#[test]
fn busy_is_the_time_inside_and_elapsed_the_time_from_start_to_end() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        stage.advance(SECOND);
        span.in_scope(|| stage.advance(2 * SECOND));
        stage.advance(4 * SECOND);
        span.in_scope(|| stage.advance(8 * SECOND));
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!((chat.elapsed, chat.busy), (15 * SECOND, 10 * SECOND));
    });
}

#[test]
fn busy_is_summed_over_the_threads_that_are_inside_at_once() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                span.in_scope(|| {
                    barrier.wait();
                    barrier.wait();
                });
            });
            span.in_scope(|| {
                barrier.wait();
                stage.advance(SECOND);
                barrier.wait();
            });
        });
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!((chat.elapsed, chat.busy), (SECOND, 2 * SECOND));
    });
}

#[test]
fn what_is_still_inside_when_an_event_ends_counts_as_busy_until_then() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        let (gate, blocked) = gate();
        std::thread::scope(|scope| {
            scope.spawn(|| span.in_scope(|| blocked.pass()));
            gate.wait();
            stage.advance(SECOND);
            span.llm().end();
            stage.advance(SECOND);
            gate.open();
        });
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!((chat.elapsed, chat.busy), (SECOND, SECOND));
    });
}

#[test]
fn a_span_may_be_closed_on_another_thread() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        let clone = span.clone();
        span.in_scope(|| stage.advance(SECOND));
        drop(span);
        assert_eq!(stage.settled().ends, 0);
        stage.on_another_thread(move || drop(clone));
        assert_eq!(stage.settled().ends, 1);
        assert_eq!(stage.flushed().event("chat").elapsed, SECOND);
    });
}

#[test]
fn a_span_may_be_entered_on_one_thread_and_left_on_another() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let task = tokio::spawn(
            async {
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
            }
            .traced(&span),
        );
        drop(span);
        task.await.unwrap();
        let captured = stage.flushed();
        assert_eq!(captured.starts.len(), 1);
        assert_eq!(captured.event("chat").outcome, Outcome::Ok);
    });
}

#[test]
fn a_wrapper_that_follows_another_takes_the_end_over() {
    with_builder_in_both_runtimes(
        |builder| builder.hold(NEVER),
        async |stage| {
            // The request, then the stream of its answer.
            let span = event_span!(LLM, "chat");
            async { stage.advance(SECOND) }.traced(&span).await;
            let mut stream = pieces(["be", "cause"]).traced_stream(&span, |text, llm| {
                llm.chunk(text);
            });
            stage.advance(SECOND);
            assert!(next(&mut stream).await.is_some());
            stage.advance(SECOND);
            drop(stream);
            stage.advance(SECOND);
            drop(span);
            let captured = stage.flushed();
            let chat = captured.event("chat");
            assert_eq!((chat.elapsed, chat.outcome), (3 * SECOND, Outcome::Cancelled));
            assert_eq!((captured.starts.len(), captured.ends.len()), (1, 1));
        },
    );
}

#[test]
fn no_wrapper_takes_back_an_end_that_was_told_by_hand_or_delivered() {
    with_builder_in_both_runtimes(
        |builder| builder.hold(NEVER),
        async |stage| {
            let by_hand = event_span!(LLM, "by hand");
            by_hand.llm().end();
            let delivered = event_span!(LLM, "delivered");
            async {}.traced(&delivered).await;
            stage.flushed();
            for span in [by_hand, delivered] {
                async { stage.advance(SECOND) }.traced(&span).await;
            }
            let captured = stage.flushed();
            for name in ["by hand", "delivered"] {
                assert!(captured.event(name).elapsed.is_zero(), "{name}");
            }
            assert_eq!(captured.ends.len(), 2);
        },
    );
}

#[test]
fn a_wrapper_around_an_untagged_span_does_not_end_the_event_above() {
    with_builder_in_both_runtimes(
        |builder| builder.hold(NEVER),
        async |stage| {
            let query = event_span!(QUERY, "answer");
            async {
                async { yields(1).await }.traced(&tracing::info_span!("untagged")).await;
                assert_eq!(stage.settled().ends, 0);
                stage.advance(SECOND);
            }
            .instrument(query)
            .await;
            let captured = stage.flushed();
            assert_eq!(captured.event("answer").elapsed, SECOND);
            assert_eq!(captured.event("answer").outcome, Outcome::Unset);
        },
    );
}
