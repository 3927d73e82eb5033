//! Rule 6: streamed answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing::Instrument;
use tracing_llm::StreamProgress;
use tracing_llm::prelude::*;

enum Piece {
    Text(&'static str),
    Usage(Usage),
    Error(&'static str),
}

use Piece::Text as Says;

fn observe(piece: &Piece, llm: &tracing_llm::EventHandle) {
    match piece {
        Says(text) => {
            llm.chunk(text);
        }
        Piece::Usage(usage) => {
            llm.usage(*usage);
        }
        Piece::Error(error) => {
            llm.error(error);
        }
    }
}

#[track_caller]
fn progress(event: &Event) -> StreamProgress {
    event.payload.stream.clone().expect("no stream")
}

#[test]
fn a_stream_that_runs_to_its_end_is_ok_and_carries_its_course() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let mut stream = pieces([Says("be"), Says("cause"), Piece::Usage(Usage::new(8, 2))])
            .traced_stream(&span, observe);
        stage.advance(SECOND);
        while next(&mut stream).await.is_some() {
            stage.advance(SECOND);
        }
        stage.advance(SECOND);
        drop((stream, span));
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Ok);
        assert_eq!(chat.elapsed, 4 * SECOND);
        assert_eq!(chat.payload.response.as_deref(), Some("because"));
        assert_eq!(chat.payload.usage, Some(Usage::new(8, 2)));
        let progress = progress(chat);
        assert_eq!(progress.first_token, Some(SECOND));
        assert_eq!(progress.chunks, 2);
        assert!(progress.finished);
    });
}

#[test]
fn a_stream_that_is_dropped_half_way_is_cancelled_and_keeps_the_output_so_far() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let mut stream = pieces([Says("be"), Says("cause")]).traced_stream(&span, observe);
        stage.advance(SECOND);
        next(&mut stream).await.unwrap();
        stage.advance(SECOND);
        drop(stream);
        stage.advance(SECOND);
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Cancelled);
        assert_eq!(chat.elapsed, 2 * SECOND);
        assert_eq!(chat.payload.response.as_deref(), Some("be"));
        let progress = progress(chat);
        assert_eq!((progress.first_token, progress.chunks), (Some(SECOND), 1));
        assert!(!progress.finished);
    });
}

#[test]
fn a_stream_that_holds_the_last_handle_of_its_span_is_cancelled_too() {
    in_both_runtimes(async |stage| {
        let mut stream =
            pieces([Says("be"), Says("cause")]).traced_stream(&event_span!(LLM, "chat"), observe);
        next(&mut stream).await.unwrap();
        drop(stream);
        drop(pieces([Says("never")]).traced_stream(&event_span!(LLM, "not polled"), observe));
        let captured = stage.flushed();
        assert_eq!(captured.event("chat").outcome, Outcome::Cancelled);
        assert_eq!(captured.event("chat").payload.response.as_deref(), Some("be"));
        assert_eq!(captured.event("not polled").outcome, Outcome::Cancelled);
    });
}

#[test]
fn a_stream_with_an_error_fails_its_event() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let mut stream =
            pieces([Says("be"), Piece::Error("connection reset")]).traced_stream(&span, observe);
        while next(&mut stream).await.is_some() {}
        drop((stream, span));
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Error);
        assert_eq!(chat.payload.exception.as_ref().unwrap().message, "connection reset");
        assert_eq!(chat.payload.response.as_deref(), Some("be"));
    });
}

#[test]
fn a_stream_that_failed_and_is_dropped_then_is_an_error() {
    in_both_runtimes(async |stage| {
        let mut stream = pieces([Piece::Error("connection reset"), Says("never")])
            .traced_stream(&event_span!(LLM, "chat"), observe);
        next(&mut stream).await.unwrap();
        drop(stream);
        assert_eq!(stage.flushed().event("chat").outcome, Outcome::Error);
    });
}

#[test]
fn a_stream_that_panics_fails_its_event() {
    struct Panics;

    impl futures_core::Stream for Panics {
        type Item = Piece;

        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Piece>> {
            panic!("oh no");
        }
    }

    in_both_runtimes(async |stage| {
        let mut stream = Panics.traced_stream(&event_span!(LLM, "chat"), observe);
        tokio::spawn(async move { next(&mut stream).await.is_some() }).await.unwrap_err();
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Error);
        assert_eq!(chat.payload.exception.as_ref().unwrap().kind.as_deref(), Some("panic"));
    });
}

#[test]
fn a_closure_that_panics_fails_its_stream_s_event() {
    in_both_runtimes(async |stage| {
        let mut stream = pieces([Says("be")])
            .traced_stream(&event_span!(LLM, "chat"), |_: &Piece, _: &_| panic!("oh no"));
        tokio::spawn(async move { next(&mut stream).await.is_some() }).await.unwrap_err();
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Error);
        let exception = chat.payload.exception.as_ref().unwrap();
        assert_eq!((exception.kind.as_deref(), &*exception.message), (Some("panic"), "oh no"));
    });
}

#[test]
fn a_stream_of_results_fails_its_event_with_its_error() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "failing");
        let mut seen = Vec::new();
        let mut stream = pieces([Ok("be"), Err("connection reset")]).try_traced_stream(
            &span,
            |text: &&str, llm| {
                seen.push(*text);
                llm.chunk(text);
            },
        );
        while next(&mut stream).await.is_some() {}
        drop((stream, span));
        assert_eq!(seen, ["be"]);
        let mut well = pieces([Ok::<_, String>("because")]).try_traced_stream(
            &event_span!(LLM, "well"),
            |text, llm| {
                llm.chunk(text);
            },
        );
        while next(&mut well).await.is_some() {}
        drop(well);
        let captured = stage.flushed();
        let failing = captured.event("failing");
        assert_eq!(failing.outcome, Outcome::Error);
        assert_eq!(failing.payload.exception.as_ref().unwrap().message, "connection reset");
        assert_eq!(failing.payload.response.as_deref(), Some("be"));
        assert_eq!(captured.event("well").outcome, Outcome::Ok);
        assert_eq!(captured.event("well").payload.response.as_deref(), Some("because"));
    });
}

#[test]
fn what_a_stream_does_while_it_is_dropped_still_belongs_to_its_event() {
    struct SaysGoodbye;

    impl Drop for SaysGoodbye {
        fn drop(&mut self) {
            tracing::Span::current().llm().usage(Usage::new(8, 1));
            event_span!(FUNCTION_CALL, "goodbye").in_scope(|| {});
        }
    }

    impl futures_core::Stream for SaysGoodbye {
        type Item = Piece;

        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Piece>> {
            std::task::Poll::Ready(Some(Says("so far")))
        }
    }

    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let mut stream = SaysGoodbye.traced_stream(&span, observe);
        next(&mut stream).await.unwrap();
        drop(stream);
        drop(span);
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.outcome, Outcome::Cancelled);
        assert_eq!(chat.payload.usage, Some(Usage::new(8, 1)));
        assert_eq!(captured.event("goodbye").parent_id, Some(chat.span_id));
    });
}

#[test]
fn an_answer_that_is_told_wins_over_the_pieces() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let mut stream = pieces([Says("be"), Says("cause")]).traced_stream(&span, observe);
        while next(&mut stream).await.is_some() {}
        span.llm().reply("Because.");
        drop((stream, span));
        let captured = stage.flushed();
        let chat = captured.event("chat");
        assert_eq!(chat.payload.response.as_deref(), Some("Because."));
        assert_eq!(progress(chat).chunks, 2);
    });
}

#[test]
fn usage_that_comes_after_the_end_of_the_stream_is_taken() {
    in_both_runtimes(async |stage| {
        let span = event_span!(LLM, "chat");
        let mut stream = pieces([Says("because")]).traced_stream(&span, observe);
        while next(&mut stream).await.is_some() {}
        drop(stream);
        stage.advance(SECOND / 2);
        span.llm().usage(Usage::new(8, 2));
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.event("chat").payload.usage, Some(Usage::new(8, 2)));
        assert!(captured.event("chat").elapsed.is_zero());
    });
}

#[test]
fn the_first_token_may_be_told_by_hand() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        stage.advance(SECOND);
        span.llm().first_token();
        stage.advance(SECOND);
        span.llm().first_token().chunk("because");
        drop(span);
        let captured = stage.flushed();
        let progress = progress(captured.event("chat"));
        assert_eq!((progress.first_token, progress.chunks), (Some(SECOND), 1));
        assert!(!progress.finished);
    });
}

#[test]
fn what_a_stream_does_inside_is_below_its_event() {
    struct Inner(bool);

    impl futures_core::Stream for Inner {
        type Item = Piece;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Piece>> {
            event_span!(FUNCTION_CALL, "tool").in_scope(|| {});
            let first = std::mem::take(&mut self.0);
            std::task::Poll::Ready(first.then_some(Says("because")))
        }
    }

    in_both_runtimes(async |stage| {
        let mut stream = Inner(true).traced_stream(&event_span!(AGENT_STEP, "step"), observe);
        while next(&mut stream).await.is_some() {}
        drop(stream);
        assert_eq!(
            stage.flushed().tree(),
            "agent_step\n└─ AGENT_STEP step [ok]\n   ├─ FUNCTION_CALL tool\n   └─ FUNCTION_CALL tool\n"
        );
    });
}

#[test]
fn a_stream_may_be_polled_in_another_task_than_it_was_made_in() {
    in_both_runtimes(async |stage| {
        let query = event_span!(QUERY, "answer");
        let stream = query.in_scope(|| {
            pieces([Says("be"), Says("cause")]).traced_stream(&event_span!(LLM, "chat"), observe)
        });
        let mut stream = stream;
        tokio::spawn(async move { while next(&mut stream).await.is_some() {} }.in_current_span())
            .await
            .unwrap();
        drop(query);
        assert_eq!(stage.flushed().tree(), "query\n└─ QUERY answer\n   └─ LLM chat [ok]\n");
    });
}

/// The progress of a call that nobody says is ok.
fn told(tell: impl Fn(&tracing_llm::EventHandle) -> &tracing_llm::EventHandle) -> StreamProgress {
    let told = std::cell::RefCell::new(None);
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        stage.advance(SECOND);
        tell(&span.llm());
        drop(span);
        let captured = stage.flushed();
        *told.borrow_mut() = Some(progress(captured.event("chat")));
    });
    told.into_inner().unwrap()
}

#[test]
fn an_answer_that_is_handed_over_whole_says_that_its_stream_ran_to_its_end() {
    let course =
        |progress: StreamProgress| (progress.first_token, progress.chunks, progress.finished);
    let whole = told(|llm| llm.first_token().reply("because"));
    assert_eq!(course(whole), (Some(SECOND), 0, true));
    let completion = told(|llm| llm.chunk("be").chunk("cause").completion("because"));
    assert_eq!(course(completion), (Some(SECOND), 2, true));
    let replies = told(|llm| llm.first_token().replies(vec![Message::assistant("because")]));
    assert!(replies.finished);
}

#[test]
fn so_it_does_where_a_field_says_when_the_first_piece_came() {
    in_both_forms(|stage| {
        for (name, reply) in [("whole", Some("because")), ("open", None)] {
            let span = tracing::info_span!(
                "chat",
                event_type = "LLM",
                otel.name = name,
                gen_ai.response.time_to_first_chunk = 0.5
            );
            if let Some(reply) = reply {
                span.llm().reply(reply);
            }
        }
        let captured = stage.flushed();
        let [whole, open] = ["whole", "open"].map(|name| progress(captured.event(name)));
        assert_eq!((whole.first_token, whole.finished), (Some(SECOND / 2), true));
        assert!(!open.finished);
    });
}

#[test]
fn pieces_alone_do_not_say_that_their_stream_ran_to_its_end() {
    let pieces = told(|llm| llm.chunk("be").chunk("cause"));
    assert_eq!((pieces.chunks, pieces.finished), (2, false));
    assert!(!told(|llm| llm.first_token()).finished);
    assert!(told(|llm| llm.chunk("because").ok()).finished);
    let given_up = told(|llm| llm.chunk("be").reply("be").cancelled());
    assert!(!given_up.finished);
    let failed = told(|llm| llm.chunk("be").reply("be").error("connection reset"));
    assert!(!failed.finished);
}

#[test]
fn the_wrapper_passes_the_streams_size_on() {
    let stream = pieces([Says("be"), Says("cause")]).traced_stream(&tracing::Span::none(), observe);
    assert_eq!(futures_core::Stream::size_hint(&stream), (2, Some(2)));
}

#[test]
fn a_stream_on_a_disabled_span_still_shows_every_item_to_the_closure() {
    in_both_runtimes(async |stage| {
        let mut seen = 0;
        let mut stream =
            pieces([Says("be"), Says("cause")]).traced_stream(&tracing::Span::none(), |_, llm| {
                assert!(!llm.is_enabled());
                seen += 1;
            });
        while next(&mut stream).await.is_some() {}
        drop(stream);
        assert_eq!(seen, 2);
        assert_eq!(stage.flushed().ends.len(), 0);
    });
}
