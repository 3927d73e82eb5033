//! Rule 4: a span that is left while its thread unwinds failed, and a panic that passes up is counted
//! once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::*;
use tracing::Instrument;
use tracing_llm::CaptureContent;
use tracing_llm::prelude::*;

#[test]
fn a_panic_inside_a_span_is_an_error() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        let panicked = catch_unwind(AssertUnwindSafe(|| span.in_scope(|| panic!("oh no"))));
        panicked.unwrap_err();
        drop(span);
        let exception = exception(stage, "chat");
        assert_eq!(exception.kind.as_deref(), Some("panic"));
        // `tracing` does not show what a panic says: the message tells where that is.
        assert!(exception.message.contains("panic hook"), "{exception}");
    });
}

#[test]
fn a_panic_inside_a_future_is_an_error_with_either_wrapper() {
    in_both_runtimes(async |stage| {
        async fn fails() {
            yields(1).await;
            panic!("oh no");
        }
        tokio::spawn(fails().traced(&event_span!(LLM, "traced"))).await.unwrap_err();
        tokio::spawn(fails().instrument(event_span!(LLM, "instrumented"))).await.unwrap_err();
        assert_eq!(exception(stage, "traced").to_string(), "panic: oh no");
        assert_eq!(exception(stage, "instrumented").kind.as_deref(), Some("panic"));
    });
}

#[test]
fn what_a_panic_says_is_kept_by_each_wrapper_of_ours_and_the_panic_goes_on() {
    struct Panics;

    impl futures_core::Stream for Panics {
        type Item = Result<String, std::fmt::Error>;

        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            panic!("oh no {}", 7)
        }
    }

    fn text(panic: Box<dyn std::any::Any + Send>) -> String {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap()
    }

    in_both_forms(|stage| {
        let spans = ["future", "result", "stream", "stream of results"]
            .map(|name| event_span!(LLM, "span", otel.name = name));
        let mut future = Box::pin(async { panic!("oh no {}", 7) }.traced(&spans[0]));
        let mut result =
            Box::pin(async { panic!("oh no {}", 7) }.try_traced::<(), String>(&spans[1]));
        let mut stream = Box::pin(Panics.traced_stream(&spans[2], |_, _| {}));
        let mut results = Box::pin(Panics.try_traced_stream(&spans[3], |_, _| {}));
        let panics = [
            catch_unwind(AssertUnwindSafe(|| poll_once(&mut future).is_ready())),
            catch_unwind(AssertUnwindSafe(|| poll_once(&mut result).is_ready())),
            catch_unwind(AssertUnwindSafe(|| {
                poll_once(&mut Box::pin(next(&mut stream))).is_ready()
            })),
            catch_unwind(AssertUnwindSafe(|| {
                poll_once(&mut Box::pin(next(&mut results))).is_ready()
            })),
        ];
        for panic in panics {
            assert_eq!(text(panic.unwrap_err()), "oh no 7");
        }
        drop((future, result, stream, results, spans));
        for name in ["future", "result", "stream", "stream of results"] {
            assert_eq!(exception(stage, name).to_string(), "panic: oh no 7", "{name}");
        }
    });
}

#[test]
fn what_a_panic_says_is_content() {
    with_builder(
        |builder| builder.capture(CaptureContent::Metadata),
        |stage| {
            let span = event_span!(LLM, "chat");
            let mut call = Box::pin(async { panic!("a secret") }.traced(&span));
            catch_unwind(AssertUnwindSafe(|| poll_once(&mut call).is_ready())).unwrap_err();
            drop((call, span));
            let exception = exception(stage, "chat");
            assert_eq!((exception.kind.as_deref(), &*exception.message), (Some("panic"), ""));
        },
    );
}

#[test]
fn what_a_closure_read_before_it_panicked_is_content_too() {
    with_builder(
        |builder| builder.capture(CaptureContent::Metadata),
        |stage| {
            event_span!(LLM, "chat").llm().read_later(|payload| -> Result<(), String> {
                payload.model = Some("m".into());
                payload.response = Some("secret".into());
                payload.messages = [Message::user("secret")].into();
                panic!("a byte that is none");
            });
            let captured = stage.flushed();
            let payload = &captured.event("chat").payload;
            assert!(!format!("{payload:?}").contains("secret"), "{payload:?}");
            assert_eq!(payload.model.as_deref(), Some("m"));
            assert_eq!(stage.stats().failures, 1);
        },
    );
}

#[test]
fn a_panic_that_passes_up_is_counted_at_the_lowest_event() {
    in_both_forms(|stage| {
        let panicked = catch_unwind(|| {
            event_span!(QUERY, "answer").in_scope(|| {
                event_span!(LLM, "chat").in_scope(|| panic!("oh no"));
            });
        });
        panicked.unwrap_err();
        assert!(!exception(stage, "chat").propagated);
        assert!(exception(stage, "answer").propagated);
    });
    // Also where only the lowest knows what the panic says.
    in_both_forms(|stage| {
        let panicked = catch_unwind(|| {
            event_span!(QUERY, "answer").in_scope(|| {
                let chat = event_span!(LLM, "chat");
                let mut call = Box::pin(async { panic!("oh no") }.traced(&chat));
                poll_once(&mut call).is_ready()
            });
        });
        panicked.unwrap_err();
        assert_eq!(exception(stage, "chat").to_string(), "panic: oh no");
        assert!(!exception(stage, "chat").propagated);
        assert!(exception(stage, "answer").propagated);
    });
}

#[test]
fn a_bystander_of_a_panic_is_not_blamed() {
    in_both_forms(|stage| {
        let waiting = event_span!(LLM, "waiting");
        let mut call = Box::pin(std::future::pending::<()>().traced(&waiting));
        drop(waiting);
        assert!(poll_once(&mut call).is_pending());
        let panicked = catch_unwind(AssertUnwindSafe(move || {
            let _dropped_while_unwinding = call;
            struct Enters(tracing::Span);
            impl Drop for Enters {
                fn drop(&mut self) {
                    self.0.in_scope(|| {});
                }
            }
            let _enters = Enters(event_span!(LLM, "entered by a destructor"));
            panic!("oh no");
        }));
        panicked.unwrap_err();
        assert_eq!(outcome(stage, "waiting"), Outcome::Cancelled);
        assert_eq!(outcome(stage, "entered by a destructor"), Outcome::Unset);
    });
}
