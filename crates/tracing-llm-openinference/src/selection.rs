//! Which events an exporter takes.

use std::fmt;
use std::sync::Arc;

use tracing_llm::{Context, Event, Trace, TraceId};

use crate::sampler::Sampler;

/// The share of the traces, and what a user asks of the context.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) sampler: Sampler,
    pub(crate) when: Option<When>,
}

/// What becomes of an event, or of the root of a named trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Taken,
    /// The sampler leaves its trace out.
    Unsampled,
    /// It is not for this exporter, or for none.
    Unwanted,
}

impl Selection {
    pub(crate) fn of_event(&self, event: &Event) -> Choice {
        self.choose(&event.context, event.trace_id, event.sampled)
    }

    pub(crate) fn of_trace(&self, trace: &Trace) -> Choice {
        self.choose(&trace.context, trace.id, trace.sampled)
    }

    fn choose(&self, context: &Context, id: TraceId, told: Option<bool>) -> Choice {
        if context.suppressed || !self.wants(context) {
            Choice::Unwanted
        } else if self.sampler.takes(id, told) {
            Choice::Taken
        } else {
            Choice::Unsampled
        }
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
    use std::time::Duration;

    use tracing_llm::Timestamp;
    use tracing_llm::prelude::*;
    use tracing_subscriber::prelude::*;

    use super::*;
    use crate::testing::Collector;
    use crate::{Backend, OpenInference};

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
        let taken = |selection: &Selection, event: &Event, trace: &Trace| {
            [selection.of_event(event), selection.of_trace(trace)]
        };
        assert_eq!(taken(&selection, &event, &trace), [Choice::Taken; 2]);
        selection.when = Some(When::new(|context| context.user_id.as_deref() == Some("ann")));
        assert_eq!(taken(&selection, &event, &trace), [Choice::Taken, Choice::Unwanted]);
        (event.sampled, trace.sampled) = (Some(false), Some(false));
        assert_eq!(taken(&selection, &event, &trace), [Choice::Unsampled, Choice::Unwanted]);
    }

    fn for_tenant(tenant: &'static str, collector: &Collector) -> OpenInference {
        OpenInference::builder()
            .backend(Backend::phoenix())
            .endpoint(collector.url())
            .project(tenant)
            .when(move |context| {
                context.keys.get("tenant").and_then(|key| key.as_str()) == Some(tenant)
            })
            .build()
            .unwrap()
    }

    #[test]
    fn two_exporters_in_one_layer_each_get_the_traces_of_their_tenant() {
        let collectors = [Collector::start(Vec::new()), Collector::start(Vec::new())];
        let exporters =
            [for_tenant("acme", &collectors[0]), for_tenant("umbrella", &collectors[1])];
        let stats = exporters.each_ref().map(OpenInference::stats);
        let [acme, umbrella] = exporters;
        let (layer, callbacks) =
            tracing_llm::layer().context_key("tenant").handler(acme).handler(umbrella).build();
        let subscriber = tracing_subscriber::registry().with(layer.filtered());
        tracing::subscriber::with_default(subscriber, || {
            for (tenant, name) in [("acme", "a"), ("umbrella", "u"), ("nobody", "n"), ("acme", "b")]
            {
                let _request = tracing::info_span!("request", tenant).entered();
                let _trace = tracing::info_span!("scope", trace_name = name).entered();
                let _query = event_span!(QUERY, "query").entered();
                drop(event_span!(LLM, "llm").entered());
            }
        });
        callbacks.shutdown_blocking(Duration::from_secs(10)).unwrap();

        let names = |collector: &Collector| {
            let mut names: Vec<_> = collector.spans().into_iter().map(|span| span.name).collect();
            names.sort();
            names
        };
        assert_eq!(names(&collectors[0]), ["a", "b", "llm", "llm", "query", "query"]);
        assert_eq!(names(&collectors[1]), ["llm", "query", "u"]);
        assert_eq!(stats.map(|stats| stats.otlp().exported), [6, 3]);
    }
}
