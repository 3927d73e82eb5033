//! Spans wait here for the attributes of their events.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::MARK;
use super::table::Table;
use crate::block_on::block_on;

/// How long a span waits for its event, at least.
const PATIENCE: Duration = Duration::from_secs(1);

/// The exporter of a tracer whose spans are enriched; made by [`Enrich::exporter`](crate::Enrich::exporter).
///
/// It never blocks: a span whose event has not been delivered yet goes with a later batch, or with
/// the flush or the shutdown of the tracer's provider.
pub struct EnrichedExporter<E> {
    exporter: E,
    table: Arc<Table>,
    waiting: Mutex<Vec<(Instant, SpanData)>>,
    unanswered: Arc<AtomicU64>,
}

impl<E: fmt::Debug> fmt::Debug for EnrichedExporter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrichedExporter").field("exporter", &self.exporter).finish_non_exhaustive()
    }
}

impl<E> EnrichedExporter<E> {
    pub(super) fn new(exporter: E, table: Arc<Table>) -> Self {
        Self { exporter, table, waiting: Mutex::default(), unanswered: Arc::default() }
    }

    /// How many spans went without the attributes of their events, since these came too late or not
    /// at all. The counter can be kept when the exporter is given away.
    pub fn unanswered(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.unanswered)
    }

    /// Of these spans and those that wait, those that go now; all of them if `all`.
    fn ready(&self, batch: Vec<SpanData>, all: bool) -> Vec<SpanData> {
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ready = Vec::with_capacity(batch.len());
        for mut span in batch {
            let marks = span.attributes.len();
            span.attributes.retain(|pair| pair.key.as_str() != MARK);
            if span.attributes.len() == marks {
                ready.push(span);
            } else {
                waiting.push((now, span));
            }
        }
        for (since, mut span) in std::mem::take(&mut *waiting) {
            let id = u64::from_be_bytes(span.span_context.span_id().to_bytes());
            if let Some(attributes) = self.table.take(id) {
                let is_new = |key| attributes.iter().all(|pair| pair.key != key);
                span.attributes.retain(|pair| is_new(pair.key.clone()));
                span.attributes.extend(attributes);
                ready.push(span);
            } else if all || now.duration_since(since) >= PATIENCE {
                self.unanswered.fetch_add(1, Relaxed);
                ready.push(span);
            } else {
                waiting.push((since, span));
            }
        }
        ready
    }
}

impl<E: SpanExporter> EnrichedExporter<E> {
    /// Sends what waits, on the thread on which the provider calls the exporter.
    fn send_waiting(&self, all: bool) -> OTelSdkResult {
        let ready = self.ready(Vec::new(), all);
        if ready.is_empty() { Ok(()) } else { block_on(self.exporter.export(ready)) }
    }
}

impl<E: SpanExporter> SpanExporter for EnrichedExporter<E> {
    fn export(&self, batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        let ready = self.ready(batch, false);
        async move { if ready.is_empty() { Ok(()) } else { self.exporter.export(ready).await } }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let sent = self.send_waiting(true);
        self.exporter.shutdown_with_timeout(timeout).and(sent)
    }

    fn force_flush(&self) -> OTelSdkResult {
        let sent = self.send_waiting(false);
        self.exporter.force_flush().and(sent)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
