//! Rule 15: several of our layers in one subscriber.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing::{Dispatch, dispatcher, field, info, info_span};
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured, ManualClock};
use tracing_llm::{Builder, Callbacks, CaptureContent};
use tracing_subscriber::prelude::*;

/// Two layers, each with a handler of its own, in one subscriber.
struct Two {
    dispatch: Dispatch,
    captures: [Capture; 2],
    callbacks: [Callbacks; 2],
}

impl Two {
    fn new(first: (Form, Builder), second: (Form, Builder)) -> Self {
        let captures = [Capture::new(), Capture::new()];
        let (one, one_callbacks) = first.1.handler(captures[0].clone()).build();
        let (two, two_callbacks) = second.1.handler(captures[1].clone()).build();
        let registry = tracing_subscriber::registry();
        let dispatch = match (first.0, second.0) {
            (Form::Plain, Form::Plain) => Dispatch::new(registry.with(one).with(two)),
            (Form::Plain, Form::Filtered) => Dispatch::new(registry.with(one).with(two.filtered())),
            (Form::Filtered, Form::Plain) => Dispatch::new(registry.with(one.filtered()).with(two)),
            (Form::Filtered, Form::Filtered) => {
                Dispatch::new(registry.with(one.filtered()).with(two.filtered()))
            }
        };
        Self { dispatch, captures, callbacks: [one_callbacks, two_callbacks] }
    }

    /// Both layers as they come, in every combination of forms.
    fn in_all_forms(scenario: impl Fn(&Self)) {
        Self::with(tracing_llm::layer, tracing_llm::layer, scenario);
    }

    fn with(first: impl Fn() -> Builder, second: impl Fn() -> Builder, scenario: impl Fn(&Self)) {
        for one in [Form::Plain, Form::Filtered] {
            for two in [Form::Plain, Form::Filtered] {
                let both = Self::new((one, first()), (two, second()));
                dispatcher::with_default(&both.dispatch, || scenario(&both));
            }
        }
    }

    fn flushed(&self) -> [Captured; 2] {
        for callbacks in &self.callbacks {
            callbacks.flush_blocking(PATIENCE).unwrap();
        }
        self.captures.each_ref().map(Capture::captured)
    }
}

#[test]
fn both_layers_see_all_events_with_the_same_ids() {
    Two::in_all_forms(|both| {
        let seen = event_span!(QUERY, "answer")
            .in_scope(|| event_span!(LLM, "chat").in_scope(|| tracing_llm::current().unwrap()));
        let [one, two] = both.flushed();
        assert_eq!(one.tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
        assert_eq!(one.tree(), two.tree());
        for name in ["answer", "chat"] {
            assert_eq!(one.event(name).span_id, two.event(name).span_id);
            assert_eq!(one.event(name).trace_id, two.event(name).trace_id);
        }
        assert_eq!(one.traces[0].id, two.traces[0].id);
        assert_eq!(seen.span_id, one.event("chat").span_id);
    });
}

#[test]
fn fields_lines_and_typed_parts_reach_both() {
    Two::in_all_forms(|both| {
        let span = event_span!(LLM, "chat", query_str = "why?", top_k = field::Empty);
        span.record("top_k", 3);
        span.llm()
            .prompt(|| String::from("made once"))
            .messages(vec![Message::user("why?")])
            .usage(Usage::new(8, 2))
            .input(serde_json::json!({"a": 1}))
            .chunk("be")
            .chunk("cause");
        span.in_scope(|| {
            info!(completion = "a line");
        });
        drop(span);
        let [one, two] = both.flushed();
        let payload = &one.event("chat").payload;
        assert_eq!(payload.query.as_deref(), Some("why?"));
        assert_eq!(payload.top_k, Some(3));
        assert_eq!(payload.prompt.as_deref(), Some("made once"));
        assert_eq!(payload.usage, Some(Usage::new(8, 2)));
        assert_eq!(payload.completion.as_deref(), Some("a line"));
        assert_eq!(payload.stream.as_ref().unwrap().chunks, 2);
        let mut other = two.event("chat").payload.clone();
        // Each layer has a clock of its own.
        other.stream.clone_from(&payload.stream);
        assert_eq!(*payload, other);
    });
}

#[test]
fn a_closure_runs_once_for_both() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    Two::in_all_forms(|both| {
        let runs = Arc::new(AtomicUsize::new(0));
        let span = event_span!(LLM, "chat");
        let counted = Arc::clone(&runs);
        span.llm().prompt(move || {
            counted.fetch_add(1, SeqCst);
            String::from("why?")
        });
        span.llm().completion(|| panic!("oh no"));
        drop(span);
        let [one, two] = both.flushed();
        assert_eq!(runs.load(SeqCst), 1);
        for captured in [one, two] {
            let payload = &captured.event("chat").payload;
            assert_eq!(payload.prompt.as_deref(), Some("why?"));
            assert_eq!(payload.completion, None);
        }
    });
}

#[tokio::test]
async fn both_see_how_a_future_and_a_stream_end() {
    for form in [Form::Plain, Form::Filtered] {
        let both = Two::new((form, tracing_llm::layer()), (form, tracing_llm::layer()));
        let _default = dispatcher::set_default(&both.dispatch);
        async { yields(1).await }.traced(&event_span!(LLM, "ready")).await;
        let mut dropped =
            Box::pin(std::future::pending::<()>().traced(&event_span!(LLM, "dropped")));
        assert!(poll_once(&mut dropped).is_pending());
        drop(dropped);
        let failed: Result<(), &str> =
            async { Err("overloaded") }.try_traced(&event_span!(LLM, "failed")).await;
        failed.unwrap_err();
        let mut stream =
            pieces(["be", "cause"]).traced_stream(&event_span!(LLM, "stream"), |text, llm| {
                llm.chunk(text);
            });
        while next(&mut stream).await.is_some() {}
        drop(stream);
        for captured in both.flushed() {
            assert_eq!(captured.event("ready").outcome, Outcome::Ok);
            assert_eq!(captured.event("dropped").outcome, Outcome::Cancelled);
            assert_eq!(captured.event("failed").outcome, Outcome::Error);
            assert_eq!(captured.event("stream").payload.response.as_deref(), Some("because"));
        }
    }
}

#[test]
fn each_layer_has_its_own_view_of_what_is_an_event() {
    Two::with(
        || tracing_llm::layer().bare_tag(false),
        || tracing_llm::layer().level(tracing::Level::INFO),
        |both| {
            info_span!("bare", event_type = "QUERY").in_scope(|| {
                event_span!(level: tracing::Level::DEBUG, RETRIEVE, "debug").in_scope(|| {
                    event_span!(LLM, "chat").in_scope(|| {});
                });
            });
            let [one, two] = both.flushed();
            assert_eq!(one.tree(), "retrieve\n└─ RETRIEVE debug\n   └─ LLM chat\n");
            assert_eq!(two.tree(), "query\n└─ QUERY bare\n   └─ LLM chat\n");
            assert_eq!(one.event("chat").span_id, two.event("chat").span_id);
        },
    );
}

#[test]
fn a_part_on_a_span_that_is_an_event_to_one_layer_reaches_the_event_above_in_the_other() {
    Two::with(
        || tracing_llm::layer().bare_tag(false),
        tracing_llm::layer,
        |both| {
            event_span!(QUERY, "answer").in_scope(|| {
                let bare = info_span!("bare", event_type = "LLM");
                bare.llm().usage(Usage::new(8, 2));
            });
            let [one, two] = both.flushed();
            assert_eq!(one.event("answer").payload.usage, Some(Usage::new(8, 2)));
            assert_eq!(two.event("answer").payload.usage, None);
            assert_eq!(two.event("bare").payload.usage, Some(Usage::new(8, 2)));
        },
    );
}

#[test]
fn a_part_on_a_carrier_of_one_layer_reaches_the_event_above_in_both() {
    Two::with(
        || tracing_llm::layer().context_key("tenant"),
        tracing_llm::layer,
        |both| {
            event_span!(LLM, "chat").in_scope(|| {
                let carrier = info_span!("carrier", tenant = 7);
                carrier.llm().usage(Usage::new(8, 2));
            });
            for captured in both.flushed() {
                assert_eq!(captured.event("chat").payload.usage, Some(Usage::new(8, 2)));
            }
        },
    );
}

#[test]
fn settings_of_one_layer_are_nothing_to_the_other() {
    let clock = ManualClock::new();
    Two::with(
        || tracing_llm::layer().capture(CaptureContent::Metadata).manual_clock(clock.clone()),
        || tracing_llm::layer().queue_bytes(10),
        |both| {
            let span = event_span!(LLM, "chat");
            span.llm().prompt("a prompt of more than ten bytes").usage(Usage::new(8, 2));
            drop(span);
            both.callbacks[1].flush_blocking(PATIENCE).unwrap_err();
            let [one, two] = both.flushed();
            assert_eq!(
                (&one.event("chat").payload.prompt, one.event("chat").lost_bytes),
                (&None, 0)
            );
            assert_eq!(
                (&two.event("chat").payload.prompt, two.event("chat").lost_bytes),
                (&None, 31)
            );
            for captured in [&one, &two] {
                assert_eq!(captured.event("chat").payload.usage, Some(Usage::new(8, 2)));
            }
        },
    );
}

#[test]
fn one_layer_may_be_shut_down_while_the_other_goes_on() {
    let captures = [Capture::new(), Capture::new()];
    let (one, one_callbacks) = tracing_llm::layer().handler(captures[0].clone()).build();
    let (two, two_callbacks) = tracing_llm::layer().handler(captures[1].clone()).build();
    let subscriber = tracing_subscriber::registry().with(one.filtered()).with(two.filtered());
    tracing::subscriber::with_default(subscriber, || {
        let open = event_span!(QUERY, "open");
        one_callbacks.shutdown_blocking(PATIENCE).unwrap();
        open.in_scope(|| {
            let chat = event_span!(LLM, "chat");
            chat.llm().prompt("why?");
        });
        open.llm().query("late for one").end();
        drop(open);
        two_callbacks.shutdown_blocking(PATIENCE).unwrap();
    });
    let [one, two] = captures.map(|capture| capture.captured());
    assert_eq!(one.event("open").outcome, Outcome::Incomplete);
    assert_eq!(one.ends.len(), 1);
    assert_eq!(two.tree(), "query\n└─ QUERY open\n   └─ LLM chat\n");
    assert_eq!(two.event("chat").payload.prompt.as_deref(), Some("why?"));
    assert_eq!(two.event("open").payload.query.as_deref(), Some("late for one"));
}

#[test]
fn eight_layers_work_as_one() {
    let captures: Vec<_> = (0..8).map(|_| Capture::new()).collect();
    let mut layers = Vec::new();
    let mut handles = Vec::new();
    for capture in &captures {
        let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
        layers.push(layer);
        handles.push(callbacks);
    }
    let subscriber = tracing_subscriber::registry().with(layers);
    tracing::subscriber::with_default(subscriber, || {
        event_span!(QUERY, "answer").in_scope(|| {
            event_span!(LLM, "chat").llm().prompt("why?");
        });
    });
    for callbacks in handles {
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    }
    let first = captures[0].captured();
    for capture in captures {
        let captured = capture.captured();
        assert_eq!(captured.tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
        assert_eq!(captured.event("chat").span_id, first.event("chat").span_id);
        assert_eq!(captured.event("chat").payload.prompt.as_deref(), Some("why?"));
    }
}
