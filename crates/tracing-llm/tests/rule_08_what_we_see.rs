//! Rule 8: what the layer sees is decided from a callsite's metadata.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Span, Subscriber, debug_span, field, info, info_span, trace_span};
use tracing_llm::prelude::*;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::Filter;
use tracing_subscriber::prelude::*;

#[test]
fn a_span_is_tagged_by_either_of_our_keys() {
    in_both_forms(|stage| {
        info_span!("bare", event_type = "RETRIEVE").in_scope(|| {});
        info_span!("dotted", llm.event_type = "LLM").in_scope(|| {});
        info_span!("formatted", event_type = %"QUERY").in_scope(|| {});
        info_span!("debugged", event_type = ?EventType::CHUNKING).in_scope(|| {});
        let captured = stage.flushed();
        assert_eq!(captured.event("bare").event_type, EventType::RETRIEVE);
        assert_eq!(captured.event("dotted").event_type, EventType::LLM);
        assert_eq!(captured.event("formatted").event_type, EventType::QUERY);
        assert_eq!(captured.event("debugged").event_type, EventType::CHUNKING);
    });
}

#[test]
fn the_key_for_libraries_wins_over_the_bare_one() {
    in_both_forms(|stage| {
        info_span!("both", event_type = "QUERY", llm.event_type = "LLM").in_scope(|| {});
        info_span!("one", event_type = "click", llm.event_type = "LLM").in_scope(|| {});
        let captured = stage.flushed();
        assert_eq!(captured.event("both").event_type, EventType::LLM);
        assert_eq!(captured.event("one").event_type, EventType::LLM);
    });
}

#[test]
fn spans_of_other_libraries_are_recognised() {
    in_both_forms(|stage| {
        info_span!("retriever", openinference.span.kind = "RETRIEVER").in_scope(|| {
            info_span!("embeddings", gen_ai.operation.name = "embeddings").in_scope(|| {});
        });
        info_span!("ours first", openinference.span.kind = "CHAIN", event_type = "QUERY")
            .in_scope(|| {});
        info_span!("nothing", gen_ai.operation.name = "dance").in_scope(|| {});
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "retrieve\n└─ RETRIEVE retriever\n   └─ EMBEDDING embeddings\nquery\n└─ QUERY ours first\n"
        );
        assert_eq!(captured.event("retriever").kind.as_deref(), Some("RETRIEVER"));
        assert_eq!(captured.event("ours first").kind.as_deref(), Some("CHAIN"));
        assert_eq!(stage.stats().unknown_tags, 1);
    });
}

#[test]
fn every_type_is_recognised_by_its_name() {
    in_both_forms(|stage| {
        for event_type in EventType::ALL {
            info_span!("span", event_type = event_type.name()).in_scope(|| {});
        }
        let captured = stage.flushed();
        let types: Vec<_> = captured.ends.iter().map(|event| event.event_type).collect();
        assert_eq!(types, EventType::ALL);
    });
}

#[test]
fn a_value_that_names_no_type_makes_no_event_and_is_counted_once_a_callsite() {
    in_both_forms(|stage| {
        let signup = |name: &str| info_span!("signup", event_type = "user_signed_up", name);
        event_span!(QUERY, "answer").in_scope(|| {
            for name in ["one", "two", "three"] {
                signup(name).in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            }
        });
        info_span!("other", event_type = "").in_scope(|| {});
        info_span!("number", event_type = 3).in_scope(|| {});
        let captured = stage.flushed();
        let answer = captured.event("answer").span_id;
        assert_eq!(captured.ends.len(), 4);
        assert!(captured.of_type(EventType::LLM).iter().all(|chat| chat.parent_id == Some(answer)));
        assert_eq!(stage.stats().unknown_tags, 3);
    });
}

#[test]
fn a_value_that_comes_late_and_names_no_type_is_counted_too() {
    in_both_forms(|stage| {
        let span = info_span!("signup", event_type = field::Empty);
        span.record("event_type", "user_signed_up");
        drop(span);
        assert_eq!(stage.flushed().ends.len(), 0);
        assert_eq!(stage.stats().unknown_tags, 1);
    });
}

#[test]
fn the_bare_key_can_be_switched_off() {
    with_builder(
        |builder| builder.bare_tag(false),
        |stage| {
            info_span!("bare", event_type = "QUERY").in_scope(|| {
                event_span!(LLM, "chat", event_type = "business").in_scope(|| {});
            });
            let captured = stage.flushed();
            assert_eq!(captured.tree(), "llm\n└─ LLM chat\n");
            assert_eq!(captured.event("chat").payload.attributes["event_type"], "business");
            assert_eq!(stage.stats().unknown_tags, 0);
        },
    );
}

#[test]
fn the_originals_lower_case_values_count_where_they_are_asked_for() {
    let spans = || {
        info_span!("lower", event_type = "sub_question").in_scope(|| {});
        info_span!("upper", event_type = "SUB_QUESTION").in_scope(|| {});
    };
    in_both_forms(|stage| {
        spans();
        assert_eq!(stage.flushed().ends.len(), 1);
    });
    with_builder(
        |builder| builder.original_values(true),
        |stage| {
            spans();
            let captured = stage.flushed();
            assert_eq!(captured.of_type(EventType::SUB_QUESTION).len(), 2);
        },
    );
}

#[test]
fn a_type_of_ones_own_is_recognised_once_it_is_registered() {
    in_both_forms(|stage| {
        event_span!("PLAN", "plan").in_scope(|| {});
        assert_eq!(stage.flushed().ends.len(), 0);
        assert_eq!(stage.stats().unknown_tags, 1);
    });
    with_builder(
        |builder| builder.event_type(EventType::custom("PLAN")),
        |stage| {
            event_span!("PLAN", "plan").in_scope(|| {});
            let captured = stage.flushed();
            assert_eq!(captured.event("plan").event_type, EventType::custom("PLAN"));
            assert_eq!(captured.traces[0].name, "plan");
        },
    );
}

#[test]
fn a_span_more_verbose_than_the_level_is_not_seen() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            trace_span!("trace", event_type = "RETRIEVE").in_scope(|| {
                debug_span!("debug", event_type = "LLM").in_scope(|| {});
            });
        });
        assert_eq!(stage.flushed().tree(), "query\n└─ QUERY answer\n   └─ LLM debug\n");
    });
}

#[test]
fn the_level_is_a_setting() {
    with_builder(
        |builder| builder.level(Level::TRACE),
        |stage| {
            trace_span!("trace", event_type = "RETRIEVE").in_scope(|| {});
            assert_eq!(stage.flushed().ends.len(), 1);
        },
    );
    with_builder(
        |builder| builder.level(LevelFilter::INFO),
        |stage| {
            debug_span!("debug", event_type = "RETRIEVE").in_scope(|| {});
            info_span!("info", event_type = "RETRIEVE").in_scope(|| {});
            assert_eq!(stage.flushed().tree(), "retrieve\n└─ RETRIEVE info\n");
        },
    );
    with_builder(
        |builder| builder.level(LevelFilter::OFF),
        |stage| {
            event_span!(LLM, "chat").in_scope(|| {});
            assert_eq!(stage.flushed().ends.len(), 0);
        },
    );
}

#[test]
fn both_forms_declare_their_level_so_that_nobody_else_pays_for_trace() {
    let (layer, callbacks) = tracing_llm::layer().build();
    let subscriber = tracing_subscriber::registry().with(layer);
    assert_eq!(subscriber.max_level_hint(), Some(LevelFilter::DEBUG));
    drop(callbacks);
    let (layer, callbacks) = tracing_llm::layer().level(Level::INFO).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    assert_eq!(subscriber.max_level_hint(), Some(LevelFilter::INFO));
    drop(callbacks);
}

#[test]
fn the_plain_layer_disables_nothing_for_the_others() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    struct Counts(Arc<AtomicUsize>);

    impl<S: Subscriber> tracing_subscriber::Layer<S> for Counts {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    for form in [Form::Plain, Form::Filtered] {
        let seen = Arc::new(AtomicUsize::new(0));
        let stage = Stage::new(form, |builder| builder, Some(Counts(Arc::clone(&seen)).boxed()));
        stage.on(|| {
            info!("nothing to us");
            info!(response = "something to us");
        });
        assert_eq!(seen.load(SeqCst), 2);
    }
}

#[test]
fn the_filter_lets_through_what_is_something_to_us_and_nothing_else() {
    let wants = |span: &Span| {
        let (layer, _callbacks) = tracing_llm::layer().context_key("tenant").build();
        let filtered = layer.filtered::<Registry>();
        let metadata = span.metadata().unwrap();
        Filter::<Registry>::callsite_enabled(filtered.filter(), metadata).is_always()
    };
    tracing::subscriber::with_default(tracing_subscriber::registry().with(sees_all()), || {
        assert!(!wants(&info_span!("untagged", query_str = "why?")));
        assert!(!wants(&info_span!("with an error", error = "no")));
        assert!(!wants(&trace_span!("too verbose", event_type = "LLM")));
        assert!(wants(&info_span!("tagged", event_type = "LLM")));
        assert!(wants(&info_span!("tagged by a library", llm.event_type = "LLM")));
        assert!(wants(&info_span!("a candidate", event_type = field::Empty)));
        assert!(wants(&info_span!("a scope", trace_name = "nightly")));
        assert!(wants(&info_span!("a carrier", session.id = "s-1")));
        assert!(wants(&info_span!("a carrier of a key of one's own", tenant = 7)));
        assert!(wants(&info_span!("with an attribute", gen_ai.request.model = "m")));
    });
}

#[test]
fn a_global_filter_that_silences_us_is_told() {
    for form in [Form::Plain, Form::Filtered] {
        let (layer, callbacks) = tracing_llm::layer().build();
        let warn = tracing_subscriber::registry().with(LevelFilter::WARN);
        let dispatch = match form {
            Form::Plain => tracing::Dispatch::new(warn.with(layer)),
            Form::Filtered => tracing::Dispatch::new(warn.with(layer.filtered())),
        };
        tracing::dispatcher::with_default(&dispatch, || {
            let span = event_span!(LLM, "chat");
            assert!(span.is_disabled());
            assert!(!span.llm().is_enabled());
        });
        let silenced = callbacks.stats().silenced().expect("silenced");
        assert!(silenced.contains("filter") || silenced.contains("level"), "{silenced}");
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    }
}

#[test]
fn a_layer_that_sees_events_is_not_called_silenced() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| {});
        stage.flushed();
        assert_eq!(stage.stats().silenced(), None);
    });
}

#[test]
fn a_layer_that_has_met_no_event_yet_is_not_called_silenced() {
    in_both_forms(|stage| assert_eq!(stage.stats().silenced(), None));
}

#[test]
fn asking_for_the_statistics_changes_nothing_for_other_layers() {
    use std::sync::{Arc, Mutex};

    struct Lines(Arc<Mutex<Vec<&'static str>>>);

    impl<S: Subscriber> tracing_subscriber::Layer<S> for Lines {
        fn on_event(
            &self,
            event: &tracing::Event<'_>,
            _: tracing_subscriber::layer::Context<'_, S>,
        ) {
            self.0.lock().unwrap().push(event.metadata().target());
        }
    }

    for form in [Form::Plain, Form::Filtered] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let lines = Lines(Arc::clone(&seen)).with_filter(LevelFilter::WARN).boxed();
        let stage = Stage::new(form, |builder| builder, Some(lines));
        stage.on(|| {
            event_span!(LLM, "chat").in_scope(|| {});
            for _ in 0..3 {
                stage.stats();
                tracing::warn!(target: "other", "a line");
            }
            event_span!(LLM, "chat").in_scope(|| {});
        });
        assert_eq!(seen.lock().unwrap().len(), 3);
        assert_eq!(stage.flushed().ends.len(), 2);
    }
}

#[test]
fn what_our_handlers_told_is_left_to_the_other_layer_once_we_are_shut_down() {
    use std::sync::{Arc, Mutex};

    struct Names(Arc<Mutex<Vec<&'static str>>>);

    impl<S: Subscriber> tracing_subscriber::Layer<S> for Names {
        fn on_new_span(
            &self,
            attributes: &tracing::span::Attributes<'_>,
            _: &tracing::span::Id,
            _: tracing_subscriber::layer::Context<'_, S>,
        ) {
            self.0.lock().unwrap().push(attributes.metadata().name());
        }
    }

    let seen = Arc::new(Mutex::new(Vec::new()));
    let (layer, callbacks) = tracing_llm::layer().build();
    let other = Names(Arc::clone(&seen)).with_filter(layer.untagged());
    let subscriber = tracing_subscriber::registry().with(layer.filtered()).with(other);
    tracing::subscriber::with_default(subscriber, || {
        let run = || {
            info_span!("request").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            std::mem::take(&mut *seen.lock().unwrap())
        };
        assert_eq!(run(), ["request"]);
        callbacks.shutdown_blocking(PATIENCE).unwrap();
        assert_eq!(run(), ["request", "chat"]);
    });
}
