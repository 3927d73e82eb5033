//! What keeps the context source from its work, told to the trap.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::Worker;
use crate::trap::Failure;

/// How often the source is asked while nobody waits for the answer.
const EVERY: Duration = Duration::from_secs(1);

const OVERRULED: &str = "a `traceparent` was not followed: the other tracer's span around the event is \
    in another trace, and the event belongs there. Let that span continue the caller's trace: before it is \
    entered, give it the context that a TextMapPropagator extracts from the headers \
    (tracing-opentelemetry: OpenTelemetrySpanExt::set_parent)";

/// When the source is asked again; never once it has panicked.
pub(super) struct Troubles(Option<Instant>);

impl Troubles {
    pub(super) fn new() -> Self {
        Self(Some(Instant::now() + EVERY))
    }
}

impl Worker {
    /// Asks the source what troubles it: when it is due, or when something is asked of us.
    pub(super) fn tell_trouble(&mut self, is_asked: bool) {
        let Some(source) = &self.shared.context_source else { return };
        if self.shared.overruled.is_unheard() {
            self.fanout.tell(&Failure::setup("the context source", OVERRULED.to_owned()));
        }
        let Some(due) = self.troubles.0 else { return };
        if !is_asked && Instant::now() < due {
            return;
        }
        match catch_unwind(AssertUnwindSafe(|| source.trouble())) {
            Ok(trouble) => {
                self.troubles = Troubles::new();
                if let Some(trouble) = trouble {
                    self.fanout.tell(&Failure::setup("the context source", trouble));
                }
            }
            Err(panic) => {
                self.troubles = Troubles(None);
                self.failed("the context source", "trouble", &*panic);
            }
        }
    }
}
