//! A place in the trace of a tracer that is there already.

use tracing::{Dispatch, span};

use crate::{SpanId, Text, TraceId};

/// Lets events stand in the traces of another tracer.
///
/// # Who calls, and when
///
/// Called on the pipeline's thread, once for each event: when its span is first entered, or at its
/// end if that never happens; earlier where its ids are needed, for headers
/// ([`Propagation::inject_from`](crate::Propagation::inject_from)) or as the link of a span that
/// follows from it. Of an event above that was not asked for yet, before. Should two threads need
/// the answer at one time, both ask, and the first answer holds.
///
/// No lock of ours is held, nor one of the registry's: the source may look the span up. All layers
/// have seen the creation of the span by then, so for all that is entered the order of layers does
/// not matter. A span that is closed without that is being closed: a layer that was added before
/// ours may have let go of it, and its twin is not found. The source must be quick, and must not
/// create spans; what it asks of us is answered without asking it. A panic is caught and counted; the
/// event stays on its own.
///
/// ```
/// use tracing::{Dispatch, span};
/// use tracing_llm::{ContextSource, ForeignSpan, SpanId, TraceId};
///
/// /// Every trace continues the same one.
/// struct Fixed;
///
/// impl ContextSource for Fixed {
///     fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
///         Some(ForeignSpan::new(TraceId::new(1)?, SpanId::new(2)?))
///     }
/// }
///
/// let (layer, callbacks) = tracing_llm::layer().context_source(Fixed).build();
/// # drop((layer, callbacks));
/// ```
pub trait ContextSource: Send + Sync + 'static {
    /// The other tracer's span that this top event stands in; none to stand alone. Events below
    /// others are not asked for: they are in the trace of the event above.
    ///
    /// Where a `traceparent` came too, the nearest word counts: that of the event's own span, or of a
    /// span between the event and what this answer was [made of](ForeignSpan::made_of). Else this
    /// answer does, and if it names another trace, the [`Trap`](crate::Trap) is told once. A
    /// [twin](Self::twin) always counts.
    fn parent(&self, span: &span::Id, dispatch: &Dispatch) -> Option<ForeignSpan>;

    /// What the other tracer has made of this very span: the event then has its ids. None, which
    /// is the default, to have ids of its own.
    fn twin(&self, span: &span::Id, dispatch: &Dispatch) -> Option<ForeignSpan> {
        let _ = (span, dispatch);
        None
    }

    /// What keeps it from seeing the other tracer's spans, if something does. Asked on a thread of
    /// ours before a flush and the shutdown, and about once a second; each text that it gives goes to
    /// the [`Trap`](crate::Trap). After a panic it is asked no more.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// A span of another tracer, as a [`ContextSource`] names it.
///
/// ```
/// use tracing_llm::{ForeignSpan, SpanId, TraceId};
///
/// let span = ForeignSpan::new(TraceId::FIRST, SpanId::FIRST).sampled(true);
/// assert_eq!((span.sampled, span.is_link), (Some(true), false));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignSpan {
    /// Its trace: the events join it.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// Whether the other tracer samples the trace; none if it does not say. It becomes
    /// [`Event::sampled`](crate::Event::sampled).
    pub sampled: Option<bool>,
    /// The vendors' list of its trace, the value of the header `tracestate`
    /// ([W3C Trace Context](https://www.w3.org/TR/trace-context-2/#tracestate-header)); none if it is
    /// empty. It becomes [`Event::tracestate`](crate::Event::tracestate) and goes on in headers.
    pub tracestate: Option<Text>,
    /// Which span of `tracing` it was made of, where that is known: a `traceparent` on a span that
    /// stands nearer to the event is then followed instead.
    pub made_of: Option<span::Id>,
    /// Whether the event has no parent, and this span among its links.
    pub is_link: bool,
}

impl ForeignSpan {
    /// The span with these ids, to be the parent.
    #[must_use]
    pub const fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        Self { trace_id, span_id, sampled: None, tracestate: None, made_of: None, is_link: false }
    }

    /// Says whether its trace is sampled.
    #[must_use]
    pub const fn sampled(mut self, sampled: bool) -> Self {
        self.sampled = Some(sampled);
        self
    }

    /// Says what vendors keep in its trace; an empty list is none.
    #[must_use]
    pub fn tracestate(mut self, list: impl Into<Text>) -> Self {
        self.tracestate = Some(list.into()).filter(|list| !list.is_empty());
        self
    }

    /// Says which span of `tracing` it was made of.
    #[must_use]
    pub fn made_of(mut self, span: span::Id) -> Self {
        self.made_of = Some(span);
        self
    }

    /// The event joins the trace and has no parent in it, but a link to this span: for a backend
    /// that never gets the span, and would wait for it.
    #[must_use]
    pub const fn as_link(mut self) -> Self {
        self.is_link = true;
        self
    }
}
