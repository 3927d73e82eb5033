//! Our events in the traces of a tracing-opentelemetry layer.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use tracing::{Dispatch, span};
use tracing_llm::{ContextSource, ForeignSpan};

use crate::outside::{Outside, foreign, nearest, of_thread};

/// Lets events stand in the traces of the tracing-opentelemetry layer (0.34) in the same
/// subscriber: the parent of a top event is the nearest span around it that the layer keeps, and its
/// `sampled` flag is the trace's.
///
/// Give the other layer the filter [`CallbackLayer::untagged`](tracing_llm::CallbackLayer::untagged),
/// so that each call appears once. Without it, each tagged span is in the trace twice, ours below its
/// twin.
///
/// The order of the layers does not matter. A layer that cannot be found in the subscriber, since
/// it is inside of `reload`, is read by the context that OpenTelemetry keeps for the thread, where an
/// event is first entered on a thread that is inside of the outer span; elsewhere the event stands
/// alone. The [`Trap`](tracing_llm::Trap) is told of that once, and once if no span can be read at all.
///
/// ```
/// use opentelemetry::trace::TracerProvider as _;
/// use opentelemetry_sdk::trace::SdkTracerProvider;
/// use tracing_llm::prelude::*;
/// use tracing_llm::testing::Capture;
/// use tracing_llm_otel::Linked;
/// use tracing_subscriber::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tracing_llm::Error> {
/// let events = Capture::new();
/// let (ours, callbacks) =
///     tracing_llm::layer().context_source(Linked::new()).handler(events.clone()).build();
/// let provider = SdkTracerProvider::builder().build();
/// let theirs = tracing_opentelemetry::layer().with_tracer(provider.tracer("app"));
/// let subscriber = tracing_subscriber::registry()
///     .with(theirs.with_filter(ours.untagged()))
///     .with(ours.filtered());
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::info_span!("GET /answer").in_scope(|| {
///         query_span!("answer").in_scope(|| llm_span!("chat").in_scope(|| {}));
///     });
/// });
/// callbacks.shutdown().await?;
/// assert!(events.captured().event("answer").remote_parent.is_some());
/// # Ok(())
/// # }
/// ```
///
/// # A caller's trace
///
/// The nearest word counts. A span of the tracer's belongs to the trace that the tracer gives it, and so
/// do our events below it. So let the tracer continue the caller's trace, which brings both along:
/// `set_parent` on the request's span, before it is entered.
///
/// ```
/// use std::collections::HashMap;
///
/// use opentelemetry::propagation::TextMapPropagator as _;
/// use opentelemetry::trace::TracerProvider as _;
/// use opentelemetry_sdk::propagation::TraceContextPropagator;
/// use opentelemetry_sdk::trace::SdkTracerProvider;
/// use tracing_llm::prelude::*;
/// use tracing_llm::testing::Capture;
/// use tracing_llm_otel::Linked;
/// use tracing_opentelemetry::OpenTelemetrySpanExt as _;
/// use tracing_subscriber::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tracing_llm::Error> {
/// # let events = Capture::new();
/// # let (ours, callbacks) =
/// #     tracing_llm::layer().context_source(Linked::new()).handler(events.clone()).build();
/// # let provider = SdkTracerProvider::builder().build();
/// # let theirs = tracing_opentelemetry::layer().with_tracer(provider.tracer("app"));
/// # let subscriber = tracing_subscriber::registry()
/// #     .with(theirs.with_filter(ours.untagged()))
/// #     .with(ours.filtered());
/// # tracing::subscriber::with_default(subscriber, || {
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let headers = HashMap::from([("traceparent".to_owned(), caller.to_owned())]);
///
/// let request = tracing::info_span!("GET /answer");
/// let _ = request.set_parent(TraceContextPropagator::new().extract(&headers));
/// request.in_scope(|| {
///     query_span!("answer").in_scope(|| {});
/// });
/// # });
/// # callbacks.shutdown().await?;
/// # let captured = events.captured();
/// let answer = captured.event("answer");
/// assert_eq!(answer.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// # Ok(())
/// # }
/// ```
///
/// Without a span of the tracer's around, or nearer than it, our own way works too:
/// [`Propagation::extract`](tracing_llm::Propagation::extract), or a field `traceparent` on the event's own
/// span or on a scope of ours. A field `traceparent` on the tracer's span, or above it, is
/// passed over; where it names another trace than the tracer's, the trap is told once.
#[derive(Debug, Default)]
pub struct Linked {
    as_roots: bool,
    /// A span was read through the layer: it is there.
    has_read: AtomicBool,
    told: AtomicBool,
    trouble: Mutex<Option<&'static str>>,
}

const HIDDEN: &str = "the tracing-opentelemetry layer is not found in the subscriber (inside of `reload`?): \
    its spans are known by thread only, and events on other threads begin traces of their own";

const UNREAD: &str = "linked to OpenTelemetry, but no span around the events is known to a \
    tracing-opentelemetry layer of version 0.34: there is none, it has another version, it is inside of \
    `reload`, or its filter hides those spans; the events begin traces of their own";

impl Linked {
    /// Top events have the tracer's span as their parent.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Top events join the trace, but have no parent in it; the tracer's span is among their
    /// [`links`](tracing_llm::Event::links). For a backend that gets our events and not the tracer's
    /// spans: it may wait for a parent that never comes, or show no root.
    #[must_use]
    pub fn as_roots(mut self) -> Self {
        self.as_roots = true;
        self
    }

    fn tell(&self, trouble: &'static str) {
        if !self.has_read.load(Relaxed) && !self.told.swap(true, Relaxed) {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
        }
    }

    /// The nearest span that the layer keeps, this one included if `with_own`.
    pub(crate) fn around(
        &self,
        id: &span::Id,
        dispatch: &Dispatch,
        with_own: bool,
    ) -> Option<ForeignSpan> {
        let outside = nearest(id, dispatch, with_own);
        let unread = matches!(outside, Outside::Unread);
        let (made_of, found) = if let Outside::Span(id, found) = outside {
            if !self.has_read.load(Relaxed) {
                self.has_read.store(true, Relaxed);
            }
            (Some(id), found)
        } else {
            let found = of_thread(id, dispatch);
            if unread {
                self.tell(if found.is_some() { HIDDEN } else { UNREAD });
            }
            (None, found?)
        };
        let mut parent = foreign(&found)?;
        parent.made_of = made_of;
        Some(if self.as_roots { parent.as_link() } else { parent })
    }
}

impl ContextSource for Linked {
    fn parent(&self, span: &span::Id, dispatch: &Dispatch) -> Option<ForeignSpan> {
        self.around(span, dispatch, true)
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take().map(str::to_owned)
    }
}
