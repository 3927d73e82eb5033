//! Our layer beside what programs run in production: each tool gets what it gets without us, and
//! we get the same events beside each. The console of tokio has a package of its own, below
//! `tests/libraries`.

#![allow(deprecated, reason = "the layer that most programs have; it is two layers since")]

use std::time::Duration;

use tracing::{Dispatch, debug, dispatcher, error, info_span};
use tracing_llm::CallbackLayer;
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{fmt, registry};

const PATIENCE: Duration = Duration::from_secs(60);

fn pipeline() {
    info_span!("request", session.id = "s-1").in_scope(|| {
        query_span!("answer", query_str = "why?").in_scope(|| {
            debug!("a line of the program");
            let chat = llm_span!("chat", model = "gpt-5-mini");
            chat.in_scope(|| {
                chat.llm().usage(Usage::new(8, 2));
                error!("the first try failed");
            });
        });
    });
}

/// Runs the scene in this subscriber, and gives what was delivered.
fn delivered(subscriber: impl FnOnce(CallbackLayer) -> Dispatch, scene: impl FnOnce()) -> Captured {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    dispatcher::with_default(&subscriber(layer), scene);
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_eq!(callbacks.stats().failures, 0);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    capture.captured()
}

#[track_caller]
fn assert_ours(captured: &Captured) {
    assert_eq!(captured.tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
    assert_eq!(captured.event("chat").payload.usage, Some(Usage::new(8, 2)));
    assert_eq!(captured.event("chat").logs.len(), 1);
    assert_eq!(captured.event("chat").context.session_id.as_deref(), Some("s-1"));
}

type Place<'a> = Box<dyn FnOnce(CallbackLayer) -> Dispatch + 'a>;

/// Inside and outside of another layer, filtered, and plain.
macro_rules! places_beside {
    ($other:expr) => {{
        let places: [Place<'_>; 3] = [
            Box::new(|layer| Dispatch::new(registry().with(layer.filtered()).with($other))),
            Box::new(|layer| Dispatch::new(registry().with($other).with(layer.filtered()))),
            Box::new(|layer| Dispatch::new(registry().with(layer).with($other))),
        ];
        places
    }};
}

#[test]
fn sentry_gets_its_transactions_and_errors() {
    let sent = |place: Place<'_>| {
        let mut captured = None;
        let options = sentry_core::ClientOptions::new().traces_sample_rate(1.0);
        let envelopes = sentry_core::test::with_captured_envelopes_options(
            || captured = Some(delivered(place, pipeline)),
            options,
        );
        let mut told = Vec::new();
        for item in envelopes.iter().flat_map(|envelope| envelope.items()) {
            match item {
                sentry_core::protocol::EnvelopeItem::Transaction(transaction) => {
                    let name = transaction.name.as_deref().unwrap_or_default();
                    let mut below: Vec<_> =
                        transaction.spans.iter().filter_map(|span| span.op.clone()).collect();
                    below.sort_unstable();
                    told.push(format!("transaction {name}: {below:?}"));
                }
                sentry_core::protocol::EnvelopeItem::Event(event) => {
                    told.push(format!("event {}", event.message.as_deref().unwrap_or_default()));
                }
                _ => {}
            }
        }
        (captured, told)
    };
    let (_, alone) = sent(Box::new(|_| Dispatch::new(registry().with(sentry_tracing::layer()))));
    let of_request =
        r#"transaction request: ["composition_tools::answer", "composition_tools::chat"]"#;
    assert_eq!(alone, ["event the first try failed", of_request]);
    for place in places_beside!(sentry_tracing::layer()) {
        let (captured, told) = sent(place);
        assert_eq!(told, alone);
        assert_ours(&captured.unwrap());
    }
    // Without our events, if one wants them once.
    let (captured, told) = sent(Box::new(|layer| {
        let sentry = sentry_tracing::layer().with_filter(layer.untagged());
        Dispatch::new(registry().with(sentry).with(layer.filtered()))
    }));
    assert_eq!(told, ["event the first try failed", "transaction request: []"]);
    assert_ours(&captured.unwrap());
}

#[test]
fn a_file_of_tracing_appender_has_every_line() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("composition-appender");
    let _ = std::fs::remove_dir_all(&folder);
    for number in 0..3 {
        let name = format!("{number}.log");
        let appender = tracing_appender::rolling::never(&folder, &name);
        let (writer, guard) = tracing_appender::non_blocking(appender);
        macro_rules! printer {
            () => {{
                let writer = writer.clone();
                fmt::layer().with_writer(writer).with_ansi(false).without_time()
            }};
        }
        let place = places_beside!(printer!()).into_iter().nth(number).unwrap();
        assert_ours(&delivered(place, pipeline));
        drop(guard);
        let written = std::fs::read_to_string(folder.join(&name)).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines.len(), 2, "{written}");
        let spans = r#"request{session.id="s-1"}:answer{"#;
        assert!(lines[0].contains(spans) && lines[0].ends_with("a line of the program"));
        assert!(lines[1].contains(":chat{") && lines[1].ends_with("the first try failed"));
    }
}
