//! Which events an exporter takes.

use std::fmt;
use std::sync::Arc;

use tracing_llm::{Context, Event, Trace};

use crate::sampler::Sampler;

/// The share of the traces, and what a user asks of the context.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) sampler: Sampler,
    pub(crate) when: Option<When>,
}

impl Selection {
    pub(crate) fn takes_event(&self, event: &Event) -> bool {
        self.sampler.takes(event.trace_id, event.sampled) && self.wants(&event.context)
    }

    /// Whether the root of a named trace is taken.
    pub(crate) fn takes_trace(&self, trace: &Trace) -> bool {
        self.sampler.takes(trace.id, trace.sampled) && self.wants(&trace.context)
    }

    fn wants(&self, context: &Context) -> bool {
        self.when.as_ref().is_none_or(|when| (when.0)(context))
    }
}

/// A user's question to the context of an event.
#[derive(Clone)]
pub(crate) struct When(Arc<dyn Fn(&Context) -> bool + Send + Sync>);

impl When {
    pub(crate) fn new(predicate: impl Fn(&Context) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(predicate))
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("When(..)")
    }
}

#[cfg(test)]
mod tests {
    use tracing_llm::{EventType, Timestamp, TraceId};

    use super::*;

    fn of_user(user: &str) -> Arc<Context> {
        let mut context = Context::default();
        context.user_id = Some(user.into());
        Arc::new(context)
    }

    #[test]
    fn events_and_roots_are_taken_by_their_context() {
        let mut selection = Selection::default();
        let mut event = Event::new(EventType::QUERY, "query");
        event.context = of_user("ann");
        let mut trace = Trace::new(TraceId::FIRST, "trace", Timestamp::default());
        trace.context = of_user("bob");
        assert!(selection.takes_event(&event) && selection.takes_trace(&trace));
        selection.when = Some(When::new(|context| context.user_id.as_deref() == Some("ann")));
        assert!(selection.takes_event(&event) && !selection.takes_trace(&trace));
    }
}
