//! What our trap logs.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// A layer that keeps the lines with the target of our trap.
#[derive(Clone, Default)]
pub(crate) struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// The lines that contain this text, each after its level.
    pub(crate) fn containing(&self, text: &str) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|line| line.contains(text)).cloned().collect()
    }
}

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        struct Message<'a>(&'a mut String);

        impl Visit for Message<'_> {
            fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
                write!(self.0, "{value:?}").unwrap();
            }
        }

        if event.metadata().target() == "tracing_llm::trap" {
            let mut line = format!("{} ", event.metadata().level());
            event.record(&mut Message(&mut line));
            self.0.lock().unwrap().push(line);
        }
    }
}
