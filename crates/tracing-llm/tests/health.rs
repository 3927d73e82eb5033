//! How we are: what handlers tell of their outputs, read by anyone at any time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use common::*;
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{AsyncHandler, Event, HandlerResult, Health, OutputStats};

/// Sends nothing, and counts that as sent.
#[derive(Clone, Default)]
struct Sends(Arc<AtomicU64>);

impl Sends {
    fn reading(&self) -> Health {
        let sent = Arc::clone(&self.0);
        Health::reading(move || {
            let mut output = OutputStats::new("nowhere");
            output.exported = sent.load(SeqCst);
            vec![output]
        })
    }
}

impl Handler for Sends {
    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.0.fetch_add(1, SeqCst);
        Ok(())
    }

    fn health(&self) -> Health {
        self.reading()
    }
}

struct Awaits(Sends);

impl AsyncHandler for Awaits {
    async fn on_end(&mut self, event: Arc<Event>) -> HandlerResult {
        self.0.on_end(&event)
    }

    fn health(&self) -> Health {
        self.0.reading()
    }
}

fn exported(stats: &tracing_llm::Stats, name: &str) -> Option<u64> {
    let handler = stats.handlers.iter().find(|handler| handler.name == name)?;
    handler.outputs.first().map(|output| output.exported)
}

#[test]
fn what_a_handler_tells_of_itself_stands_in_the_statistics_however_it_is_wrapped() {
    with_builder(
        |builder| {
            let boxed: Box<dyn Handler> = Box::new(Sends::default());
            builder
                .handler(Sends::default().ignore_starts([]).sampled(1.0))
                .handler(boxed)
                .async_handler(Awaits(Sends::default()))
        },
        |stage| {
            event_span!(LLM, "chat").in_scope(|| {});
            stage.flushed();
            let stats = stage.stats();
            for name in ["Sends", "Sends 2", "Awaits"] {
                assert_eq!(exported(&stats, name), Some(1), "{name}: {:?}", stats.handlers);
            }
            assert_eq!(exported(&stats, "Capture"), None);
            let reader = stage.with_callbacks(tracing_llm::Callbacks::stats_reader);
            stage.shut_down().0.unwrap();
            assert_eq!(exported(&reader.read(), "Sends"), Some(1), "also after a shutdown");
        },
    );
}

#[test]
fn a_handler_keeps_its_name_while_others_of_that_name_go() {
    in_both_forms(|stage| {
        let names = |stage: &Stage| -> Vec<String> {
            stage.stats().handlers.into_iter().map(|handler| handler.name).collect()
        };
        let (second, third) = stage.with_callbacks(|callbacks| {
            (callbacks.add(Capture::new()), callbacks.add(Capture::new()))
        });
        assert_eq!(names(stage), ["Capture", "Capture 2", "Capture 3"]);
        stage.with_callbacks(|callbacks| {
            callbacks.remove(&second, PATIENCE).unwrap();
        });
        assert_eq!(names(stage), ["Capture", "Capture 3"]);
        stage.with_callbacks(|callbacks| {
            callbacks.add(Capture::new());
            let _ = &third;
        });
        assert_eq!(names(stage), ["Capture", "Capture 3", "Capture 2"]);
    });
}

#[test]
fn the_reader_waits_for_nobody_and_sees_what_waits_and_what_was_dropped() {
    with_blocked_worker(
        |builder| builder.queue(4),
        |stage, gate| {
            for _ in 0..100 {
                event_span!(LLM, "chat").in_scope(|| {});
            }
            let reader = stage.with_callbacks(tracing_llm::Callbacks::stats_reader);
            let stats = stage.on_another_thread(|| reader.read());
            assert_eq!(stats.queued, 4);
            assert!(stats.dropped_events > 0);
            let text = stats.to_prometheus();
            let dropped =
                format!("\ntracing_llm_dropped_total{{kind=\"event\"}} {}\n", stats.dropped_events);
            assert!(text.contains(&dropped), "{text}");
            assert!(text.contains("\ntracing_llm_queue_messages 4\n"), "{text}");
            gate.open();
            stage.flushed_with_losses();
        },
    );
}

struct Broken;

impl Handler for Broken {
    fn health(&self) -> Health {
        Health::reading(|| panic!("no reading"))
    }
}

struct Worse;

impl Handler for Worse {
    fn health(&self) -> Health {
        panic!("no health")
    }
}

#[test]
fn a_reading_that_panics_tells_nothing_and_hurts_nobody() {
    with_builder(
        |builder| builder.handler(Broken).handler(Worse).handler(Sends::default()),
        |stage| {
            event_span!(LLM, "chat").in_scope(|| {});
            stage.flushed();
            let stats = stage.stats();
            assert_eq!(exported(&stats, "Broken"), None);
            assert_eq!(exported(&stats, "Worse"), None);
            assert_eq!(exported(&stats, "Sends"), Some(1));
        },
    );
}
