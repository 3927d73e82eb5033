//! The glue between `tracing`'s hooks and ours.

mod begin;
mod filter;
mod inside;
mod told;
mod visit;

use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as Values};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

pub use self::filter::{CallsiteFilter, UntaggedFilter};
use crate::state::{Node, Phase, Record, Shared, Slots, forget, is_suppressed, recent, remember};

/// The `tracing` layer that turns tagged spans into callback events.
///
/// Made by [`Builder::build`](crate::Builder::build). Add it to a subscriber as
/// [`filtered`](Self::filtered), where callsites that are nothing to us cost nothing; or plain,
/// where a filtered layer cannot go: on a subscriber that is no
/// [`Registry`](tracing_subscriber::Registry) at its base, or put in by `reload` later. Both give
/// the same events.
///
/// ```
/// use tracing_subscriber::prelude::*;
///
/// let (layer, callbacks) = tracing_llm::layer().build();
/// let subscriber = tracing_subscriber::registry().with(layer.filtered());
/// # drop((subscriber, callbacks));
/// ```
#[must_use = "a layer does nothing until it is added to a subscriber"]
pub struct CallbackLayer {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for CallbackLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallbackLayer").finish_non_exhaustive()
    }
}

impl CallbackLayer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The same layer with a per-layer filter: it sees its own callsites, and all others cost
    /// what they cost without it.
    pub fn filtered<S>(self) -> Filtered<Self, CallsiteFilter, S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let filter = CallsiteFilter::new(Arc::clone(&self.shared));
        self.with_filter(filter)
    }

    /// A filter for another layer in the same subscriber, a tracer above all: it keeps from it what
    /// our handlers tell, so that each call is told once. Those are spans with a tag or a trace's
    /// name, the spans of helpers of ours ([`suppress`](crate::suppress),
    /// [`Propagation::extract`](crate::Propagation::extract): target `tracing_llm`), and tracing
    /// events that bring parts of a payload (target `tracing_llm`, or names of OpenInference and
    /// GenAI). All other spans and events pass, also those with context fields.
    ///
    /// A callsite whose tag turns out to name no event type (`event_type = "order.shipped"`) passes from its
    /// second span on; with [`Builder::bare_tag`](crate::Builder::bare_tag)`(false)`, from the first.
    ///
    /// From the shutdown on all spans pass, since our handlers tell none any more; tracing events that
    /// bring parts stay where they are. What is [suppressed](crate::suppress) passes no more than the
    /// rest: it is to be exported by nobody.
    ///
    /// ```
    /// use tracing_subscriber::prelude::*;
    ///
    /// let (layer, callbacks) = tracing_llm::layer().build();
    /// let other = tracing_subscriber::fmt::layer().with_filter(layer.untagged());
    /// let subscriber = tracing_subscriber::registry().with(layer.filtered()).with(other);
    /// # drop((subscriber, callbacks));
    /// ```
    pub fn untagged(&self) -> UntaggedFilter {
        UntaggedFilter::new(Arc::clone(&self.shared))
    }

    /// This layer's record of a span.
    fn record<S: for<'a> LookupSpan<'a>>(&self, span: &SpanRef<'_, S>) -> Option<Arc<Record>> {
        span.extensions().get::<Slots>()?.of(self.shared.layer).cloned()
    }

    /// Runs with this layer's record of a span, found on this thread or in the registry. `run`
    /// gives back nothing if the record is closed: then it is not the span's.
    #[inline]
    fn with_record<S, T>(
        &self,
        id: &Id,
        context: &Context<'_, S>,
        run: impl Fn(&Arc<Record>) -> Option<T>,
    ) -> Option<T>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let number = id.into_u64();
        if let Some(Some(result)) = recent(self.shared.layer, number, &run) {
            return Some(result);
        }
        let span = context.span(id)?;
        if !self.shared.may_have_record(span.metadata()) {
            return None;
        }
        let record = self.record(&span)?;
        let result = run(&record);
        remember(self.shared.layer, number, record);
        result
    }

    /// A thread enters the span. If it is the first, gives back the record, and whether the worker is
    /// to be told now: of a candidate it is told when that is recognised.
    fn enter(&self, record: &Arc<Record>) -> Option<Option<(Arc<Record>, bool)>> {
        let now = self.shared.clock.now();
        let mut state = record.lock();
        if state.closed {
            return None;
        }
        let first = state.node.is_delivered() && state.enter(now);
        if !first || state.phase != Phase::Open {
            return Some(None);
        }
        let tell = !matches!(state.node, Node::Candidate);
        state.told += u32::from(tell);
        state.start_waits = tell;
        Some(Some((Arc::clone(record), tell)))
    }

    fn is_idle(&self) -> bool {
        self.shared.is_closed() || is_suppressed()
    }
}

impl<S> Layer<S> for CallbackLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        let _ = self.shared.dispatch.set(dispatch.downgrade());
    }

    /// Always interested: what a plain layer is not interested in is disabled for all layers.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.shared.plan(metadata);
        Interest::always()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.shared.settings.current().recognition.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(plan) = self.shared.plan(attributes.metadata()) else { return };
        if self.is_idle() {
            return;
        }
        if let Some(span) = context.span(id) {
            self.begin(plan, attributes, id, &span);
        }
    }

    fn on_record(&self, id: &Id, values: &Values<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let Some(plan) = self.shared.plan(span.metadata()) else { return };
        if self.is_idle() {
            return;
        }
        if let Some(record) = self.record(&span) {
            self.record_values(plan, &record, values);
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let (Some(span), Some(follows)) = (context.span(id), context.span(follows)) else { return };
        if let (Some(record), Some(follows)) = (self.record(&span), self.record(&follows)) {
            self.follow(&record, &follows);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(plan) = self.shared.plan(event.metadata()) else { return };
        if !self.is_idle() {
            self.record_event(plan, event, &context);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let entered = self.with_record(id, &context, |record| self.enter(record));
        if let Some(Some((record, tell))) = entered {
            self.shared.settle(&record);
            if tell {
                self.shared.push_start(record);
            }
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.with_record(id, &context, |record| {
            let now = self.shared.clock.now();
            let mut state = record.lock();
            if state.closed {
                return None;
            }
            state.exit(now);
            if std::thread::panicking() {
                state.unwound();
            }
            Some(())
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(record) = forget(self.shared.layer, id.into_u64()) {
            if self.close(record) {
                return;
            }
        }
        let Some(span) = context.span(&id) else { return };
        if self.shared.may_have_record(span.metadata()) {
            if let Some(record) = self.record(&span) {
                self.close(record);
            }
        }
    }
}
