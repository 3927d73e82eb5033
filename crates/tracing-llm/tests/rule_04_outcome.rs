//! Rule 4: how an event came out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::time::Duration;

use common::*;
use tracing::{Instrument, error, field, info_span, instrument};
use tracing_llm::prelude::*;

#[derive(Debug)]
struct Overloaded;

impl std::fmt::Display for Overloaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the model is overloaded")
    }
}

impl std::error::Error for Overloaded {}

#[test]
fn a_traced_future_that_is_ready_is_ok() {
    in_both_runtimes(async |stage| {
        async { yields(2).await }.traced(&event_span!(LLM, "chat")).await;
        assert_eq!(outcome(stage, "chat"), Outcome::Ok);
    });
}

#[test]
fn a_traced_future_that_loses_a_select_is_cancelled() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        tokio::select! {
            () = std::future::pending::<()>().traced(&span) => {}
            () = yields(3) => {}
        }
        drop(span);
        assert_eq!(outcome(stage, "chat"), Outcome::Cancelled);
    });
}

#[test]
fn a_traced_future_that_times_out_is_cancelled() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let call = std::future::pending::<()>().traced(&span);
        tokio::time::timeout(Duration::from_millis(1), call).await.unwrap_err();
        drop(span);
        assert_eq!(outcome(stage, "chat"), Outcome::Cancelled);
    });
}

#[test]
fn a_traced_future_whose_task_is_aborted_is_cancelled() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let task = tokio::spawn(std::future::pending::<()>().traced(&span));
        yields(2).await;
        task.abort();
        task.await.unwrap_err();
        drop(span);
        assert_eq!(outcome(stage, "chat"), Outcome::Cancelled);
    });
}

#[test]
fn a_traced_future_that_holds_the_last_handle_of_its_span_is_cancelled_too() {
    in_both_runtimes(async |stage| {
        let task = tokio::spawn(std::future::pending::<()>().traced(&event_span!(LLM, "chat")));
        yields(2).await;
        task.abort();
        task.await.unwrap_err();
        drop(std::future::pending::<()>().traced(&event_span!(LLM, "never polled")));
        assert_eq!(outcome(stage, "chat"), Outcome::Cancelled);
        assert_eq!(outcome(stage, "never polled"), Outcome::Cancelled);
    });
}

#[test]
fn what_a_future_records_while_it_is_dropped_still_belongs_to_its_event() {
    struct SaysGoodbye;

    impl Drop for SaysGoodbye {
        fn drop(&mut self) {
            tracing::Span::current().llm().reply("so far");
        }
    }

    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let mut call = Box::pin(
            async {
                let _goodbye = SaysGoodbye;
                std::future::pending::<()>().await;
            }
            .traced(&span),
        );
        assert!(poll_once(&mut call).is_pending());
        drop(call);
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Cancelled);
        assert_eq!(chat.payload.response.as_deref(), Some("so far"));
    });
}

#[test]
fn with_plain_instrument_neither_success_nor_cancellation_is_claimed() {
    in_both_runtimes(async |stage| {
        async { yields(2).await }.instrument(event_span!(LLM, "finished")).await;
        tokio::select! {
            () = std::future::pending::<()>().instrument(event_span!(LLM, "dropped")) => {}
            () = yields(3) => {}
        }
        let task =
            tokio::spawn(std::future::pending::<()>().instrument(event_span!(LLM, "aborted")));
        yields(2).await;
        task.abort();
        task.await.unwrap_err();
        for name in ["finished", "dropped", "aborted"] {
            assert_eq!(outcome(stage, name), Outcome::Unset, "{name}");
        }
    });
}

#[test]
fn the_error_of_a_tried_future_is_the_events() {
    in_both_runtimes(async |stage| {
        let failed: Result<(), Overloaded> =
            async { Err(Overloaded) }.try_traced(&event_span!(LLM, "failed")).await;
        failed.unwrap_err();
        let went_well: Result<(), Overloaded> =
            async { Ok(()) }.try_traced(&event_span!(LLM, "well")).await;
        went_well.unwrap();
        let span = event_span!(LLM, "dropped");
        tokio::select! {
            _ = std::future::pending::<Result<(), Overloaded>>().try_traced(&span) => {}
            () = yields(3) => {}
        }
        drop(span);
        assert_eq!(exception(stage, "failed").message, "the model is overloaded");
        assert_eq!(outcome(stage, "well"), Outcome::Ok);
        assert_eq!(outcome(stage, "dropped"), Outcome::Cancelled);
    });
}

#[test]
fn an_error_that_is_attached_fails_the_event() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        async {
            span.llm().error(Overloaded);
        }
        .traced(&span)
        .await;
        drop(span);
        assert_eq!(exception(stage, "chat").message, "the model is overloaded");
    });
}

#[test]
fn an_error_field_of_the_span_fails_the_event() {
    in_both_forms(|stage| {
        event_span!(LLM, "at creation", error = "no key").in_scope(|| {});
        let span = event_span!(LLM, "recorded", error = field::Empty);
        span.in_scope(|| span.record("error", field::display(Overloaded)));
        drop(span);
        assert_eq!(exception(stage, "at creation").message, "no key");
        assert_eq!(exception(stage, "recorded").message, "the model is overloaded");
    });
}

#[test]
fn an_error_field_that_says_no_fails_nothing() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat", error = false).in_scope(|| {});
        assert_eq!(outcome(stage, "chat"), Outcome::Unset);
    });
}

#[test]
fn the_status_of_the_span_says_how_it_came_out() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "well", otel.status_code = field::Empty);
        span.record("otel.status_code", "OK");
        drop(span);
        event_span!(
            LLM,
            "failed",
            otel.status_code = "ERROR",
            otel.status_message = "overloaded",
            exception.r#type = "Overloaded"
        )
        .in_scope(|| {});
        assert_eq!(outcome(stage, "well"), Outcome::Ok);
        let failed = exception(stage, "failed");
        assert_eq!(
            (failed.message.as_str(), failed.kind.as_deref()),
            ("overloaded", Some("Overloaded"))
        );
    });
}

#[test]
fn the_caller_may_say_how_it_came_out() {
    in_both_forms(|stage| {
        let well = event_span!(LLM, "well");
        well.llm().ok();
        let given_up = event_span!(LLM, "given up");
        given_up.llm().cancelled();
        let failed = event_span!(LLM, "failed");
        failed.llm().error(Overloaded).ok();
        drop((well, given_up, failed));
        assert_eq!(outcome(stage, "well"), Outcome::Ok);
        assert_eq!(outcome(stage, "given up"), Outcome::Cancelled);
        assert_eq!(outcome(stage, "failed"), Outcome::Error);
    });
}

#[instrument(fields(event_type = "LLM"), err)]
async fn chat_err(fails: bool) -> Result<u32, Overloaded> {
    yields(1).await;
    if fails { Err(Overloaded) } else { Ok(1) }
}

#[instrument(fields(event_type = "LLM"), err(Debug))]
fn chat_err_debug() -> Result<u32, Overloaded> {
    Err(Overloaded)
}

#[instrument(fields(event_type = "LLM"), ret)]
fn chat_ret() -> u32 {
    1
}

#[instrument(fields(event_type = "LLM"), ret, err)]
async fn chat_ret_err(fails: bool) -> Result<u32, Overloaded> {
    yields(1).await;
    if fails { Err(Overloaded) } else { Ok(1) }
}

#[test]
fn the_event_of_instrument_err_fails_its_span() {
    in_both_runtimes(async |stage| {
        chat_err(true).await.unwrap_err();
        let failed = exception(stage, "chat_err");
        assert_eq!(failed.message, "the model is overloaded");
        assert!(stage.flushed().event("chat_err").logs.is_empty());
        chat_err_debug().unwrap_err();
        assert_eq!(exception(stage, "chat_err_debug").message, "Overloaded");
    });
}

#[test]
fn without_an_error_instrument_err_claims_nothing() {
    in_both_runtimes(async |stage| {
        chat_err(false).await.unwrap();
        assert_eq!(outcome(stage, "chat_err"), Outcome::Unset);
    });
}

#[test]
fn the_event_of_instrument_ret_says_that_it_went_well() {
    in_both_runtimes(async |stage| {
        chat_ret();
        assert_eq!(outcome(stage, "chat_ret"), Outcome::Ok);
        chat_ret_err(false).await.unwrap();
        assert_eq!(outcome(stage, "chat_ret_err"), Outcome::Ok);
    });
    in_both_runtimes(async |stage| {
        chat_ret_err(true).await.unwrap_err();
        assert_eq!(exception(stage, "chat_ret_err").message, "the model is overloaded");
    });
}

#[instrument(err)]
fn helper() -> Result<(), Overloaded> {
    Err(Overloaded)
}

#[test]
fn the_error_event_of_an_untagged_span_is_a_log_line_of_the_event_around_it() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| helper().unwrap_err());
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Unset);
        assert_eq!(chat.logs.len(), 1);
        assert!(chat.logs[0].message.contains("the model is overloaded"));
    });
}

#[instrument(fields(event_type = "RETRIEVE"), err)]
async fn middle() -> Result<u32, Overloaded> {
    chat_err(true).await
}

#[instrument(fields(event_type = "QUERY"), err)]
async fn top() -> Result<u32, String> {
    middle().await.map_err(|error| format!("no answer: {error}"))
}

#[test]
fn an_error_that_passes_up_fails_every_event_and_is_counted_once() {
    in_both_runtimes(async |stage| {
        top().await.unwrap_err();
        assert!(!exception(stage, "chat_err").propagated);
        assert!(exception(stage, "middle").propagated);
        assert!(exception(stage, "top").propagated);
        assert_eq!(exception(stage, "top").message, "no answer: the model is overloaded");
    });
}

#[test]
fn another_error_above_is_counted_on_its_own() {
    in_both_runtimes(async |stage| {
        let query = event_span!(QUERY, "answer");
        let answered: Result<(), &str> = async {
            let _ = chat_err(true).await;
            Err("no documents")
        }
        .try_traced(&query)
        .await;
        answered.unwrap_err();
        drop(query);
        assert!(!exception(stage, "answer").propagated);
    });
}

#[test]
fn an_error_that_passes_through_an_untagged_span_is_counted_once() {
    beside(sees_all, |stage| {
        event_span!(QUERY, "answer", error = "the model is overloaded").in_scope(|| {
            info_span!("untagged").in_scope(|| {
                event_span!(LLM, "chat", error = "the model is overloaded").in_scope(|| {});
            });
        });
        assert!(!exception(stage, "chat").propagated);
        assert!(exception(stage, "answer").propagated);
    });
}

#[test]
fn a_retried_call_that_logged_an_error_and_succeeded_is_ok_and_has_the_log() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let reply: Result<&str, Overloaded> = async {
            error!(attempt = 1, "the request failed");
            stage.advance(SECOND);
            yields(1).await;
            Ok("Hi!")
        }
        .try_traced(&span)
        .await;
        reply.unwrap();
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Ok);
        assert_eq!(chat.payload.exception, None);
        assert_eq!(chat.logs.len(), 1);
        assert_eq!(chat.logs[0].message, "the request failed attempt=1");
        assert_eq!(chat.logs[0].time, chat.start);
    });
}

#[test]
fn an_error_line_of_another_crate_is_a_log_too() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| foreign_event!(ERROR, "error" = "connection reset"));
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Unset);
        assert_eq!(chat.logs[0].message, "error=connection reset");
    });
}

/// What a user's own macro may expand to: everything stands on the line of its call.
macro_rules! logged_call {
    ($name:literal) => {
        event_span!(LLM, $name).in_scope(|| {
            error!("the request failed");
            error!(error = "half an answer", partial = true);
            tracing::info!(response = "Hi!");
        })
    };
}

#[test]
fn lines_that_stand_on_the_line_of_their_span_are_lines_as_any_other() {
    in_both_forms(|stage| {
        logged_call!("chat");
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.payload.response.as_deref(), Some("Hi!"));
        assert_eq!(chat.logs.len(), 2);
        assert_eq!(chat.outcome, Outcome::Unset);
    });
}

#[test]
fn what_is_open_at_shutdown_ends_from_the_inside_out_though_all_began_at_one_moment() {
    in_both_forms(|stage| {
        let pair = |number: usize| {
            let query = event_span!(QUERY, "answer", otel.name = format!("outer {number}"));
            let chat =
                event_span!(parent: &query, LLM, "chat", otel.name = format!("inner {number}"));
            (query, chat)
        };
        // Records are used again, in another order than they were made.
        for number in 0..200 {
            let (query, chat) = pair(number);
            drop(chat);
            drop(query);
            stage.flushed();
        }
        let open: Vec<_> = (1_000..1_040).map(pair).collect();
        let (result, captured) = stage.shut_down();
        result.unwrap();
        let place = |name: String| captured.ends.iter().position(|event| event.name == name);
        for number in 1_000..1_040 {
            let (inner, outer) =
                (place(format!("inner {number}")), place(format!("outer {number}")));
            assert!(inner.is_some() && inner < outer, "{number}: {inner:?} {outer:?}");
        }
        drop(open);
    });
}

#[test]
fn a_span_that_is_still_open_at_shutdown_is_incomplete_and_its_start_comes_first() {
    in_both_forms(|stage| {
        let query = event_span!(QUERY, "answer");
        let chat = event_span!(parent: &query, LLM, "chat");
        stage.advance(SECOND);
        let (result, captured) = stage.shut_down();
        result.unwrap();
        assert_eq!(captured.event("answer").outcome, Outcome::Incomplete);
        assert_eq!(captured.event("chat").outcome, Outcome::Incomplete);
        assert_eq!(captured.event("chat").elapsed, SECOND);
        assert_eq!(
            captured.calls,
            [
                "start_trace query",
                "start QUERY answer",
                "start LLM chat",
                "end LLM chat",
                "end QUERY answer",
                "end_trace query",
                "shutdown",
            ]
        );
        drop((chat, query));
    });
}

#[test]
fn what_is_open_at_shutdown_ends_when_the_shutdown_begins_however_long_the_enrichers_take() {
    for form in [Form::Plain, Form::Filtered] {
        // Made before the layer: the stage has the clock, which the enricher needs.
        let clock =
            std::sync::Arc::new(std::sync::OnceLock::<tracing_llm::testing::ManualClock>::new());
        let slow = clock.clone();
        let enricher = move |event: &mut Event| {
            if event.name == *"chat" {
                slow.get().unwrap().advance(5 * SECOND);
            }
        };
        let stage = Stage::new(form, |builder| builder.enricher(enricher), None);
        clock.set(stage.clock.clone()).unwrap();
        stage.on(|| {
            let nightly = tracing::info_span!("nightly", trace_name = "nightly");
            let query = nightly.in_scope(|| event_span!(QUERY, "answer"));
            let chat = event_span!(parent: &query, LLM, "chat");
            let inside = chat.enter();
            stage.advance(SECOND);
            let (result, captured) = stage.shut_down();
            result.unwrap();
            assert_eq!(captured.event("chat").elapsed, SECOND);
            assert_eq!(captured.event("chat").busy, SECOND);
            assert_eq!(captured.event("answer").elapsed, SECOND);
            assert_eq!(captured.traces[0].elapsed, SECOND);
            drop(inside);
            drop((chat, query, nightly));
        });
    }
}

#[test]
fn a_span_that_failed_and_is_still_open_at_shutdown_is_an_error() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.llm().error(Overloaded);
        let (_, captured) = stage.shut_down();
        assert_eq!(captured.event("chat").outcome, Outcome::Error);
        drop(span);
    });
}

#[test]
fn a_traced_event_whose_span_is_open_at_shutdown_is_complete() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        async { stage.advance(SECOND) }.traced(&span).await;
        stage.advance(SECOND);
        let (_, captured) = stage.shut_down();
        assert_eq!(captured.event("chat").outcome, Outcome::Ok);
        assert_eq!(captured.event("chat").elapsed, SECOND);
        drop(span);
    });
}

#[test]
fn an_incomplete_event_keeps_what_it_has_so_far() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        let _inside = span.enter();
        span.llm().prompt("why?").chunk("be").chunk("cause");
        stage.advance(SECOND);
        let (_, captured) = stage.shut_down();
        let chat = captured.event("chat");
        assert_eq!(chat.payload.prompt.as_deref(), Some("why?"));
        assert_eq!(chat.payload.response.as_deref(), Some("because"));
        assert_eq!(chat.busy, SECOND);
    });
}

#[test]
fn a_call_that_is_retried_on_one_span_and_succeeds_is_ok_and_keeps_the_failure_as_a_log() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let failed = async { Err::<(), _>(Overloaded) }.try_traced(&span).await;
        assert!(failed.is_err());
        let succeeded = async { Ok::<_, Overloaded>("Hi!") }.try_traced(&span).await;
        span.llm().reply(succeeded.unwrap());
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!((chat.outcome, &chat.payload.exception), (Outcome::Ok, &None));
        assert_eq!(chat.logs.len(), 1);
        assert_eq!(chat.logs[0].message, Overloaded.to_string());
    });
}
