//! The layer among other people's: in every place where a layer can stand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::{Arc, Mutex};

use common::*;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level, dispatcher, field, info, info_span, trace};
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured};
use tracing_llm::{CallbackLayer, Callbacks};
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// Everything at once: plain spans, parts, lines, an untagged span in between.
fn pipeline() {
    event_span!(QUERY, "answer", query_str = "why?").in_scope(|| {
        info_span!("untagged").in_scope(|| {
            trace!("verbose");
            let retrieve = event_span!(RETRIEVE, "search", top_k = field::Empty);
            retrieve.record("top_k", 3);
            retrieve.in_scope(|| info!(target: "tracing_llm", query_str = "because?"));
            retrieve.llm().nodes(vec![Document::new("a node")]);
        });
        let chat = event_span!(LLM, "chat");
        chat.llm().messages(|| vec![Message::user("why?")]).usage(Usage::new(8, 2)).ok();
        chat.in_scope(|| tracing::error!("a line"));
    });
}

#[track_caller]
fn assert_complete(captured: &Captured) {
    assert_eq!(
        captured.tree(),
        "query\n└─ QUERY answer\n   ├─ RETRIEVE search\n   └─ LLM chat [ok]\n"
    );
    let search = &captured.event("search").payload;
    assert_eq!((search.top_k, search.nodes.len()), (Some(3), 1));
    assert_eq!(search.query.as_deref(), Some("because?"));
    let chat = captured.event("chat");
    assert_eq!(chat.payload.usage, Some(Usage::new(8, 2)));
    assert_eq!(chat.payload.messages.len(), 1);
    assert_eq!(chat.logs.len(), 1);
}

/// Builds a subscriber with the layer in it, runs the pipeline there and looks at what came.
#[track_caller]
fn complete(subscriber: impl FnOnce(CallbackLayer) -> Dispatch) {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    let dispatch = subscriber(layer);
    dispatcher::with_default(&dispatch, pipeline);
    callbacks.flush_blocking(PATIENCE).unwrap();
    let stats = callbacks.stats();
    assert_eq!(stats.silenced(), None);
    assert_eq!((stats.late, stats.failures), (0, 0));
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    assert_complete(&capture.captured());
}

#[test]
fn alone_in_both_forms() {
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(layer)));
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(layer.filtered())));
}

#[test]
fn before_and_after_the_printer() {
    macro_rules! printer {
        () => {
            fmt::layer().with_writer(std::io::sink).with_span_events(fmt::format::FmtSpan::FULL)
        };
    }
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(layer).with(printer!())));
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(printer!()).with(layer)));
    complete(|layer| {
        Dispatch::new(tracing_subscriber::registry().with(layer.filtered()).with(printer!()))
    });
    complete(|layer| {
        Dispatch::new(tracing_subscriber::registry().with(printer!()).with(layer.filtered()))
    });
}

#[test]
fn beside_layers_with_filters_of_their_own() {
    macro_rules! quiet {
        ($filter:expr) => {
            fmt::layer().with_writer(std::io::sink).with_filter($filter)
        };
    }
    complete(|layer| {
        Dispatch::new(
            tracing_subscriber::registry()
                .with(quiet!(LevelFilter::ERROR))
                .with(layer.filtered())
                .with(quiet!(EnvFilter::new("warn"))),
        )
    });
    complete(|layer| {
        Dispatch::new(
            tracing_subscriber::registry()
                .with(quiet!(EnvFilter::new("off")))
                .with(layer)
                .with(quiet!(Targets::new().with_target("nowhere", Level::TRACE))),
        )
    });
    complete(|layer| {
        Dispatch::new(
            tracing_subscriber::registry()
                .with(quiet!(EnvFilter::new("[answer]=trace")))
                .with(layer.filtered()),
        )
    });
}

#[test]
fn under_a_global_filter_that_lets_our_spans_through() {
    complete(|layer| {
        Dispatch::new(tracing_subscriber::registry().with(EnvFilter::new("info")).with(layer))
    });
    complete(|layer| {
        Dispatch::new(
            tracing_subscriber::registry().with(layer.filtered()).with(EnvFilter::new("info")),
        )
    });
    complete(|layer| {
        Dispatch::new(tracing_subscriber::registry().with(LevelFilter::INFO).with(layer.filtered()))
    });
}

#[test]
fn under_a_global_filter_that_lets_only_some_targets_through() {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    let subscriber =
        tracing_subscriber::registry().with(EnvFilter::new("mine=info")).with(layer.filtered());
    tracing::subscriber::with_default(subscriber, || {
        event_span!(QUERY, "not mine").in_scope(|| {
            event_span!(target: "mine", LLM, "mine").in_scope(|| {});
        });
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    assert_eq!(capture.captured().tree(), "llm\n└─ LLM mine\n");
}

#[test]
fn with_a_filter_around_it() {
    complete(|layer| {
        Dispatch::new(
            tracing_subscriber::registry().with(layer.with_filter(EnvFilter::new("trace"))),
        )
    });
    complete(|layer| {
        Dispatch::new(
            tracing_subscriber::registry().with(layer.filtered().with_filter(LevelFilter::INFO)),
        )
    });
}

#[test]
fn boxed_in_a_vec_and_in_an_option() {
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(layer.boxed())));
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(layer.filtered().boxed())));
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(Some(layer))));
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(Some(layer.filtered()))));
    complete(|layer| Dispatch::new(tracing_subscriber::registry().with(vec![layer.boxed()])));
    complete(|layer| {
        let printer = fmt::layer().with_writer(std::io::sink).boxed();
        Dispatch::new(tracing_subscriber::registry().with(vec![printer, layer.filtered().boxed()]))
    });
    complete(|layer| {
        let layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
            vec![Some(layer.filtered()).boxed(), None::<CallbackLayer>.boxed()];
        Dispatch::new(tracing_subscriber::registry().with(layers))
    });
}

#[test]
fn joined_with_another_layer_first() {
    complete(|layer| {
        let printer = fmt::layer().with_writer(std::io::sink);
        Dispatch::new(tracing_subscriber::registry().with(layer.and_then(printer)))
    });
    complete(|layer| {
        let printer = fmt::layer().with_writer(std::io::sink);
        Dispatch::new(tracing_subscriber::registry().with(printer.and_then(layer.filtered())))
    });
}

#[test]
fn on_a_ready_made_subscriber() {
    complete(|layer| {
        let printer = fmt().with_writer(std::io::sink).with_max_level(Level::INFO).finish();
        Dispatch::new(printer.with(layer))
    });
}

#[test]
fn inside_reload_from_the_start() {
    complete(|layer| {
        let (layer, _handle) = reload::Layer::new(layer);
        Dispatch::new(tracing_subscriber::registry().with(layer))
    });
    complete(|layer| {
        let (layer, _handle) = reload::Layer::new(layer.filtered());
        Dispatch::new(tracing_subscriber::registry().with(layer))
    });
    complete(|layer| {
        let (filter, _handle) = reload::Layer::new(LevelFilter::INFO);
        Dispatch::new(tracing_subscriber::registry().with(filter).with(layer.filtered()))
    });
}

#[test]
fn put_in_by_reload_while_spans_are_open() {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    let (place, handle) = reload::Layer::new(None::<CallbackLayer>);
    let subscriber = tracing_subscriber::registry().with(sees_all()).with(place);
    tracing::subscriber::with_default(subscriber, || {
        let before = event_span!(QUERY, "before", response = field::Empty);
        let entered = event_span!(QUERY, "entered before").entered();
        handle.reload(Some(layer)).unwrap();
        before.record("response", "nobody's");
        before.llm().prompt("nobody's").end();
        assert!(!before.llm().is_enabled());
        before.in_scope(|| {
            info!(response = "nobody's");
            tracing::error!("nobody's");
            event_span!(LLM, "below").in_scope(|| assert!(tracing_llm::current().is_some()));
            before.follows_from(&entered);
        });
        event_span!(parent: &before, RETRIEVE, "a child").in_scope(|| {});
        drop(entered);
        drop(before);
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    assert_eq!(capture.captured().tree(), "llm\n└─ LLM below\nretrieve\n└─ RETRIEVE a child\n");
}

#[test]
fn taken_out_by_reload_while_spans_are_open() {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    let (place, handle) = reload::Layer::new(Some(layer));
    let subscriber = tracing_subscriber::registry().with(place);
    tracing::subscriber::with_default(subscriber, || {
        let open = event_span!(QUERY, "open");
        let gone = event_span!(QUERY, "gone");
        handle.reload(None).unwrap();
        drop(gone);
        event_span!(LLM, "after").in_scope(|| {});
        open.in_scope(|| {});
        callbacks.shutdown_blocking(PATIENCE).unwrap();
        drop(open);
    });
    let captured = capture.captured();
    let mut seen: Vec<_> =
        captured.ends.iter().map(|end| (end.name.as_str(), end.outcome)).collect();
    seen.sort_unstable_by_key(|(name, _)| *name);
    assert_eq!(seen, [("gone", Outcome::Incomplete), ("open", Outcome::Incomplete)]);
}

#[test]
fn the_same_subscriber_on_many_threads_and_another_on_one() {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| dispatcher::with_default(&dispatch, pipeline));
        }
        scope.spawn(|| {
            tracing::subscriber::with_default(tracing_subscriber::registry(), pipeline);
        });
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    assert_eq!(capture.captured().ends.len(), 3 * 3);
}

#[test]
fn what_we_see_does_not_depend_on_what_others_enable() {
    let run = |beside: Option<Beside>| {
        let stage = Stage::new(Form::Filtered, |builder| builder, beside);
        stage.on(pipeline);
        stage.flushed()
    };
    let alone = run(None);
    for beside in [
        sees_all(),
        fmt_to_sink(),
        only(|metadata| metadata.is_span() && metadata.name() != "chat"),
        only(|_| false),
    ] {
        let together = run(Some(beside));
        assert_eq!(together.calls, alone.calls);
        for (one, other) in together.ends.iter().zip(&alone.ends) {
            assert_eq!(one, other);
        }
    }
}

#[test]
fn a_trace_reaches_other_layers_unchanged() {
    /// The names of all spans, as another layer sees them come and go.
    #[derive(Clone, Default)]
    struct Names(Arc<Mutex<Vec<String>>>);

    impl<S> Layer<S> for Names
    where
        S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    {
        fn on_new_span(
            &self,
            attributes: &tracing::span::Attributes<'_>,
            _: &tracing::span::Id,
            _: tracing_subscriber::layer::Context<'_, S>,
        ) {
            self.0.lock().unwrap().push(format!("new {}", attributes.metadata().name()));
        }

        fn on_close(
            &self,
            id: tracing::span::Id,
            context: tracing_subscriber::layer::Context<'_, S>,
        ) {
            let name = context.span(&id).unwrap().name();
            self.0.lock().unwrap().push(format!("close {name}"));
        }
    }

    let without = Names::default();
    let subscriber = tracing_subscriber::registry().with(without.clone());
    tracing::subscriber::with_default(subscriber, pipeline);
    let of = |names: &Names| names.0.lock().unwrap().clone();
    for form in [Form::Plain, Form::Filtered] {
        let with = Names::default();
        let stage = Stage::new(form, |builder| builder, Some(with.clone().boxed()));
        stage.on(pipeline);
        assert_eq!(of(&with), of(&without));
    }
}

#[test]
fn the_handle_may_be_asked_while_the_layer_stands_in_a_vec() {
    let (layer, callbacks) = tracing_llm::layer().build();
    let subscriber = tracing_subscriber::registry().with(vec![layer.filtered().boxed()]);
    let silenced = |callbacks: &Callbacks| callbacks.stats().silenced();
    tracing::subscriber::with_default(subscriber, || {
        let open = event_span!(LLM, "chat");
        // Nothing is delivered yet, and yet nobody silences us.
        assert_eq!(silenced(&callbacks), None);
        drop(open);
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
}

#[test]
fn a_line_that_a_global_filter_lets_through_is_no_enabled_span() {
    #[tracing::instrument(err, fields(event_type = "LLM"))]
    fn fails() -> Result<(), std::fmt::Error> {
        Err(std::fmt::Error)
    }

    let (layer, callbacks) = tracing_llm::layer().build();
    let subscriber =
        tracing_subscriber::registry().with(layer.filtered()).with(EnvFilter::new("warn"));
    dispatcher::with_default(&Dispatch::new(subscriber), || {
        fails().unwrap_err();
        assert_eq!(callbacks.stats().enabled_callsites, 0);
    });
}
