//! A handler that gets a share of the traces.

use std::sync::Arc;

use super::{Handler, HandlerResult};
use crate::{Event, Trace, TraceId};

/// A handler that gets a share of the traces, each of them whole.
///
/// Made by [`HandlerExt::sampled`](super::HandlerExt::sampled). The choice
/// rests on the trace id alone, as OpenTelemetry's `TraceIdRatioBased` sampler
/// makes it: the lower 56 bits, uniformly random in a W3C trace id. A trace that continues one of
/// another process follows that process's choice (the `sampled` flag of its `traceparent`).
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

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the ratio is no finer than an f64"
    )]
    fn takes(&self, trace: TraceId, told: Option<bool>) -> bool {
        if let Some(sampled) = told {
            return sampled;
        }
        const RANDOM_BITS: u64 = (1 << 56) - 1;
        let random = (trace.get() as u64 & RANDOM_BITS) as f64;
        random < self.ratio * (RANDOM_BITS as f64 + 1.0)
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
}
