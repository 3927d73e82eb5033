//! The user's context inside of our spans, on whichever thread they are entered.

use std::cell::RefCell;
use std::sync::OnceLock;

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context as OtelContext, ContextGuard};
use tracing::dispatcher::WeakDispatch;
use tracing::span::Id;
use tracing::{Dispatch, Subscriber};
use tracing_llm::{CallbackLayer, UntaggedFilter};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::filter::combinator::Not;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::outside::above;

/// A layer that keeps the user's trace whole below events that run as tasks or threads of their own.
///
/// With [`UntaggedFilter`], tracing-opentelemetry does not see our spans; a plain span below one of
/// them gets its parent from the thread. In a task that was spawned with an event's span
/// (`tokio::spawn(work.instrument(span))`) the thread is in no span of the user's, and the plain spans of that task
/// would begin traces of their own. With this layer, they hang below the span that is nearest around the event.
///
/// It does nothing on a thread that is inside of a span of the user's already. A plain span whose
/// parent is given explicitly (`parent: &event_span`) stays a root.
///
/// ```
/// use opentelemetry::trace::TracerProvider as _;
/// use opentelemetry_sdk::trace::SdkTracerProvider;
/// use tracing_llm_otel::{Carry, Linked};
/// use tracing_subscriber::prelude::*;
///
/// let (ours, callbacks) = tracing_llm::layer().context_source(Linked::new()).build();
/// let provider = SdkTracerProvider::builder().build();
/// let theirs = tracing_opentelemetry::layer().with_tracer(provider.tracer("app"));
/// let subscriber = tracing_subscriber::registry()
///     .with(theirs.with_filter(ours.untagged()))
///     .with(Carry::beside(&ours))
///     .with(ours.filtered());
/// # drop((subscriber, callbacks));
/// ```
#[derive(Debug, Default)]
pub struct Carry {
    dispatch: OnceLock<WeakDispatch>,
}

impl Carry {
    /// The layer, filtered to see the spans that this layer of ours tells.
    pub fn beside<S>(layer: &CallbackLayer) -> Filtered<Self, Not<UntaggedFilter, S>, S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Self::default().with_filter(layer.untagged().not())
    }
}

/// What is carried into a span; kept with it.
struct Carried(Option<OtelContext>);

thread_local! {
    static GUARDS: RefCell<Vec<(Id, ContextGuard)>> = const { RefCell::new(Vec::new()) };
}

impl<S> Layer<S> for Carry
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if OtelContext::map_current(TraceContextExt::has_active_span) {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let known = span.extensions().get::<Carried>().map(|carried| carried.0.clone());
        let carried = known.unwrap_or_else(|| {
            let dispatch = self.dispatch.get().and_then(WeakDispatch::upgrade);
            let dispatch =
                dispatch.unwrap_or_else(|| tracing::dispatcher::get_default(Dispatch::clone));
            let found = above(id, &dispatch);
            span.extensions_mut().replace(Carried(found.clone()));
            found
        });
        if let Some(carried) = carried {
            let guard = carried.attach();
            let _ = GUARDS.try_with(|guards| guards.borrow_mut().push((id.clone(), guard)));
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let left = GUARDS.try_with(|guards| {
            let mut guards = guards.borrow_mut();
            let at = guards.iter().rposition(|(entered, _)| entered == id)?;
            Some(guards.remove(at))
        });
        drop(left);
    }
}
