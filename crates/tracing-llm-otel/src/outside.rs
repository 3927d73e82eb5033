//! Reading what tracing-opentelemetry knows of a span.

use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry::{Context, ContextGuard};
use tracing::{Dispatch, span};
use tracing_llm::{ForeignSpan, SpanId, TraceId};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan;

/// What was found around a span.
pub(crate) enum Outside {
    /// The nearest span that tracing-opentelemetry keeps, and which it is.
    Span(span::Id, SpanContext),
    /// Nothing, though there are spans around it that a tracer could have kept.
    Unread,
    /// It stands alone.
    Nothing,
}

/// The context that tracing-opentelemetry keeps of this very span.
///
/// Only called by a context source, so no lock of the span's extensions is held. Of a span that has not
/// begun in OpenTelemetry, this begins it.
pub(crate) fn own(id: &span::Id, dispatch: &Dispatch) -> Option<Context> {
    let context = get_otel_context(id, dispatch)?;
    context.span().span_context().is_valid().then_some(context)
}

/// The nearest span that tracing-opentelemetry keeps: this one if `with_own`, else one above. Spans
/// that a filter hides from it are passed over.
pub(crate) fn nearest(id: &span::Id, dispatch: &Dispatch, with_own: bool) -> Outside {
    let own = with_own.then(|| Some((id.clone(), own(id, dispatch)?))).flatten();
    let mut unread = false;
    let found = own.or_else(|| walk(id, dispatch, &mut unread));
    match found {
        Some((id, context)) => Outside::Span(id, context.span().span_context().clone()),
        None if unread => Outside::Unread,
        None => Outside::Nothing,
    }
}

/// The context of the nearest span above that tracing-opentelemetry keeps.
pub(crate) fn above(id: &span::Id, dispatch: &Dispatch) -> Option<Context> {
    walk(id, dispatch, &mut false).map(|(_, context)| context)
}

fn walk(id: &span::Id, dispatch: &Dispatch, unread: &mut bool) -> Option<(span::Id, Context)> {
    let mut next = dispatch.downcast_ref::<Registry>()?.span(id)?.parent();
    while let Some(span) = next {
        if let Some(context) = own(&span.id(), dispatch) {
            return Some((span.id(), context));
        }
        // The scope of a trace and the spans of helpers are ours: no tracer is to keep them.
        let metadata = span.metadata();
        *unread |=
            metadata.fields().field("trace_name").is_none() && metadata.target() != "tracing_llm";
        next = span.parent();
    }
    None
}

/// The span that this thread is in, as OpenTelemetry itself knows it; none if the thread is not
/// in this `tracing` span, since then it says nothing of it.
pub(crate) fn of_thread(id: &span::Id, dispatch: &Dispatch) -> Option<SpanContext> {
    if dispatch.current_span().id() != Some(id) {
        return None;
    }
    let current = Context::map_current(|context| context.span().span_context().clone());
    current.is_valid().then_some(current)
}

/// The same in our words.
pub(crate) fn foreign(span: &SpanContext) -> Option<ForeignSpan> {
    let trace_id = TraceId::new(u128::from_be_bytes(span.trace_id().to_bytes()))?;
    let span_id = SpanId::new(u64::from_be_bytes(span.span_id().to_bytes()))?;
    let found = ForeignSpan::new(trace_id, span_id).sampled(span.is_sampled());
    let list = span.trace_state().header();
    Some(if list.is_empty() { found } else { found.tracestate(list) })
}

/// While this lives, nothing that OpenTelemetry's own libraries do on this thread is recorded.
pub(crate) fn suppressed() -> ContextGuard {
    Context::enter_telemetry_suppressed_scope()
}
