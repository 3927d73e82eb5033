//! Rule 8: a setup that lets us see nothing is told, asked and unasked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::{Arc, Mutex};

use common::*;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, dispatcher, field, info_span};
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{Builder, CallbackLayer, Callbacks, Failure};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::prelude::*;

/// A layer and what its trap was told.
struct Watched {
    layer: CallbackLayer,
    callbacks: Callbacks,
    told: Arc<Mutex<Vec<Failure>>>,
}

fn watched(builder: Builder) -> Watched {
    let told: Arc<Mutex<Vec<Failure>>> = Arc::default();
    let keeps = Arc::clone(&told);
    let trap = move |failure: &Failure| keeps.lock().unwrap().push(failure.clone());
    let (layer, callbacks) = builder.trap(trap).build();
    Watched { layer, callbacks, told }
}

/// Runs a pipeline on a subscriber that silences us, and gives back what is said of that.
fn silence_on(setup: impl FnOnce(CallbackLayer) -> Dispatch) -> String {
    let Watched { layer, callbacks, told } = watched(tracing_llm::layer().handler(Capture::new()));
    let dispatch = setup(layer);
    dispatcher::with_default(&dispatch, || {
        assert!(!event_span!(LLM, "chat").llm().is_enabled());
        let silenced = callbacks.stats().silenced().expect("silenced");
        // Unasked, by the flush; the shutdown does not repeat it.
        callbacks.flush_blocking(PATIENCE).unwrap();
        callbacks.flush_blocking(PATIENCE).unwrap();
        callbacks.shutdown_blocking(PATIENCE).unwrap();
        // How many callsites there are, other tests of this program decide.
        let plain = |text: &str| text.replace(|digit: char| digit.is_ascii_digit(), "");
        assert_eq!(plain(&callbacks.stats().silenced().unwrap()), plain(&silenced));
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].is_setup());
        assert_eq!(
            plain(&told[0].to_string()),
            plain(&format!("tracing_llm sees no event: {silenced}"))
        );
        silenced
    })
}

fn warn() -> EnvFilter {
    EnvFilter::new("warn")
}

#[test]
fn a_global_filter_is_told_wherever_it_stands() {
    for form in [Form::Plain, Form::Filtered] {
        let before = silence_on(|layer| {
            let registry = tracing_subscriber::registry().with(warn());
            match form {
                Form::Plain => Dispatch::new(registry.with(layer)),
                Form::Filtered => Dispatch::new(registry.with(layer.filtered())),
            }
        });
        assert!(before.contains("filter") || before.contains("level"), "{before}");
        let behind = silence_on(|layer| {
            let registry = tracing_subscriber::registry();
            match form {
                Form::Plain => Dispatch::new(registry.with(layer).with(warn())),
                Form::Filtered => Dispatch::new(registry.with(layer.filtered()).with(warn())),
            }
        });
        assert!(behind.contains("filter") || behind.contains("level"), "{behind}");
    }
}

#[test]
fn a_global_filter_behind_us_is_told_also_where_another_layer_asks_for_more() {
    // The most verbose level of the program is then no hint: it is that of the other layer.
    let silenced = silence_on(|layer| {
        Dispatch::new(
            tracing_subscriber::registry()
                .with(layer)
                .with(EnvFilter::new("warn,somebody_else=trace")),
        )
    });
    assert!(silenced.contains("EnvFilter"), "{silenced}");
}

#[test]
fn a_filter_on_our_own_layer_is_told() {
    let silenced = silence_on(|layer| {
        let everything = sees_all();
        Dispatch::new(
            tracing_subscriber::registry().with(everything).with(layer.with_filter(warn())),
        )
    });
    assert!(silenced.contains("filter"), "{silenced}");
    let silenced = silence_on(|layer| {
        let everything = sees_all();
        let ours = layer.filtered().with_filter(LevelFilter::WARN);
        Dispatch::new(tracing_subscriber::registry().with(everything).with(ours))
    });
    assert!(silenced.contains("filter"), "{silenced}");
}

#[test]
fn a_layer_that_was_added_to_no_subscriber_says_so() {
    let silenced = silence_on(|layer| {
        drop(layer);
        Dispatch::new(tracing_subscriber::registry())
    });
    assert!(silenced.contains("no subscriber"), "{silenced}");
}

#[test]
fn a_layer_that_is_built_for_warnings_only_says_so() {
    let Watched { layer, callbacks, told } = watched(tracing_llm::layer().level(LevelFilter::WARN));
    let dispatch = subscriber(Form::Filtered, layer, Some(sees_all()));
    dispatcher::with_default(&dispatch, || event_span!(LLM, "chat").in_scope(|| {}));
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].message.contains("built with the level warn"), "{told:?}");
}

#[test]
fn by_default_it_is_logged_at_warn_and_seen_in_spite_of_the_filter() {
    let lines = Warnings::default();
    let (layer, callbacks) = tracing_llm::layer().build();
    let subscriber = tracing_subscriber::registry()
        .with(layer.filtered())
        .with(lines.clone())
        .with(EnvFilter::new("warn"));
    dispatcher::with_default(&Dispatch::new(subscriber), || {
        event_span!(LLM, "chat").in_scope(|| {});
        drop(callbacks);
    });
    let told = lines.containing("sees no event");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("WARN tracing_llm sees no event: "), "{told:?}");
}

#[test]
fn a_program_that_has_no_tagged_span_or_whose_spans_are_seen_hears_nothing() {
    for form in [Form::Plain, Form::Filtered] {
        for spans in [0, 1] {
            let Watched { layer, callbacks, told } = watched(tracing_llm::layer());
            let dispatch = subscriber(form, layer, None);
            dispatcher::with_default(&dispatch, || {
                info_span!("nothing to us").in_scope(|| {});
                (0..spans).for_each(|_| event_span!(LLM, "chat").in_scope(|| {}));
                callbacks.flush_blocking(PATIENCE).unwrap();
                callbacks.shutdown_blocking(PATIENCE).unwrap();
                assert_eq!(callbacks.stats().silenced(), None);
            });
            assert_eq!(*told.lock().unwrap(), []);
        }
    }
}

/// What the trap is told of the tags in the scene, which plays twice.
fn tags(build: impl Fn(Builder) -> Builder, scene: impl Fn()) -> Vec<String> {
    let [plain, filtered] = [Form::Plain, Form::Filtered].map(|form| {
        let Watched { layer, callbacks, told } = watched(build(tracing_llm::layer()));
        let dispatch = subscriber(form, layer, None);
        dispatcher::with_default(&dispatch, || {
            scene();
            scene();
            callbacks.shutdown_blocking(PATIENCE).unwrap();
        });
        let told = told.lock().unwrap();
        assert!(told.iter().all(Failure::is_setup));
        told.iter().map(ToString::to_string).collect::<Vec<_>>()
    });
    assert_eq!(plain, filtered);
    plain
}

#[test]
fn a_type_that_is_not_registered_is_told_once_with_its_place_and_what_to_do() {
    let line = line!() + 1;
    let told = tags(|builder| builder, || event_span!("PLAN", "plan").in_scope(|| {}));
    assert_eq!(
        told,
        [format!(
            "{}:{line}: llm.event_type = \"PLAN\" names no event type: \
             register it by Builder::event_type(EventType::custom(\"PLAN\"))",
            file!()
        )]
    );
    let registers = |builder: Builder| builder.event_type(EventType::custom("PLAN"));
    assert_eq!(tags(registers, || event_span!("PLAN", "plan").in_scope(|| {})), [""; 0]);
}

#[test]
fn a_value_that_names_no_type_is_told_whenever_it_comes() {
    let told = tags(
        |builder| builder,
        || {
            drop(info_span!("bare", event_type = "LLLM"));
            drop(info_span!("original", event_type = "sub_question"));
            drop(info_span!("library", gen_ai.operation.name = "dance"));
            drop(info_span!("long", llm.event_type = "x".repeat(1000)));
            let late = info_span!("late", llm.event_type = field::Empty);
            late.record("llm.event_type", "LATE");
        },
    );
    let said: Vec<_> = told.iter().map(|line| line.split_once(": ").unwrap().1).collect();
    let long = "x".repeat(40);
    assert_eq!(
        said,
        [
            "event_type = \"LLLM\" names no event type: register it by \
             Builder::event_type(EventType::custom(\"LLLM\")), or switch this field off by \
             Builder::bare_tag(false)",
            "event_type = \"sub_question\" names no event type: write SUB_QUESTION, or allow such \
             values by Builder::original_values",
            "gen_ai.operation.name = \"dance\" names no event type, so its spans are no events",
            &format!(
                "llm.event_type = \"{long}\" names no event type: register it by \
                 Builder::event_type(EventType::custom(\"{long}\"))"
            ),
            "llm.event_type = \"LATE\" names no event type: register it by \
             Builder::event_type(EventType::custom(\"LATE\"))",
        ]
    );
}
