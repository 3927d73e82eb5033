//! Redaction, before any handler sees a text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Worker;
use crate::event::{Event, Text, Trace, visit_context};
use crate::handler::panic_text;
use crate::trap::Failure;

/// Stands for a text whose redaction failed: nothing leaks.
const FAILED: &str = "[redaction failed]";

impl Worker {
    /// Masks all texts of an event.
    pub(super) fn mask(&mut self, event: &mut Event) {
        self.redacting(|redact| event.visit_texts(redact));
    }

    /// Masks all texts of a trace's context.
    pub(super) fn mask_trace(&mut self, trace: &mut Trace) {
        self.redacting(|redact| visit_context(&mut trace.context, redact));
    }

    fn redacting(&mut self, walk: impl FnOnce(&mut dyn FnMut(&'static str, &mut Text))) {
        let Some(redactor) = &mut self.redactor else { return };
        let mut panicked = None;
        walk(
            &mut |part, text| match catch_unwind(AssertUnwindSafe(|| redactor.redact(part, text))) {
                Ok(None) => {}
                Ok(Some(masked)) => *text = Text::from(masked),
                Err(panic) => {
                    *text = Text::literal(FAILED);
                    panicked = Some(panic_text(&*panic));
                }
            },
        );
        if let Some(message) = panicked {
            self.shared.counters.failure();
            self.fanout.report(Failure::panic("redactor", "redact", message));
        }
    }
}
