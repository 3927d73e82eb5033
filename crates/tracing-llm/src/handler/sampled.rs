//! A handler that gets a share of the traces.

use std::sync::Arc;

use super::{Handler, HandlerResult};
use crate::{Event, Health, Trace, TraceId};

/// A handler that gets a share of the traces, each of them whole.
///
/// Made by [`HandlerExt::sampled`](super::HandlerExt::sampled). The choice rests on the trace id
/// alone ([`TraceId::is_in_share`]). A trace that continues one of another process follows that
/// process's choice (the `sampled` flag of its `traceparent`).
#[derive(Clone, Debug)]
pub struct Sampled<H> {
    inner: H,
    ratio: f64,
}

impl<H> Sampled<H> {
    pub(super) fn new(inner: H, ratio: f64) -> Self {
        let ratio = if ratio.is_nan() { 1.0 } else { ratio.clamp(0.0, 1.0) };
        Self { inner, ratio }
    }

    /// The handler itself.
    pub fn into_inner(self) -> H {
        self.inner
    }

    fn takes(&self, trace: TraceId, told: Option<bool>) -> bool {
        told.unwrap_or_else(|| trace.is_in_share(self.ratio))
    }
}

impl<H: Handler> Handler for Sampled<H> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        if self.takes(event.trace_id, event.sampled) { self.inner.on_start(event) } else { Ok(()) }
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        if self.takes(event.trace_id, event.sampled) { self.inner.on_end(event) } else { Ok(()) }
    }

    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        if self.takes(trace.id, trace.sampled) { self.inner.on_trace_start(trace) } else { Ok(()) }
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        if self.takes(trace.id, trace.sampled) { self.inner.on_trace_end(trace) } else { Ok(()) }
    }

    fn flush(&mut self) -> HandlerResult {
        self.inner.flush()
    }

    fn shutdown(&mut self) -> HandlerResult {
        self.inner.shutdown()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }
}
