//! Sends spans to a collector: when, and what a failure means.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll, Waker};
use std::time::Instant;

use opentelemetry::Context;
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};

use crate::client::{Answer, Client};
use crate::config::OtlpSettings;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::queue::Queue;
use crate::stats::Tally;

/// The output over OTLP. All sending happens on the thread that calls it.
pub(crate) struct Otlp {
    exporter: SpanExporter,
    client: Client,
    endpoint: Endpoint,
    queue: Queue,
    tally: Arc<Tally>,
    closed: bool,
}

impl Otlp {
    pub(crate) fn new(
        settings: &OtlpSettings,
        resource: &Resource,
        tally: Arc<Tally>,
    ) -> Result<Self, Error> {
        let client = Client::new(settings)?;
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_endpoint(settings.endpoint.to_url())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(settings.timeout)
            // Attempts are repeated here, where the spans are kept and counted.
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .map_err(|error| {
                Error::setting("the OTLP exporter", format!("could not be made: {error}"))
            })?;
        exporter.set_resource(resource);
        let endpoint = settings.endpoint.clone();
        Ok(Self { exporter, client, endpoint, queue: Queue::new(), tally, closed: false })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Takes a span, and sends what is due.
    pub(crate) fn push(&mut self, span: SpanData, now: Instant) -> Result<(), Error> {
        self.tally.produced(1);
        if self.closed {
            self.tally.dropped(1);
            return Ok(());
        }
        let dropped = self.queue.push(span, now);
        self.tally.dropped(dropped);
        self.send_due(now)
    }

    /// A trace has ended: it should be seen soon.
    pub(crate) fn trace_ended(&mut self, now: Instant) -> Result<(), Error> {
        self.queue.hasten(now);
        self.send_due(now)
    }

    /// Sends all that waits, whatever the time. A batch that is refused for good does not
    /// keep the others; one that must wait keeps them all.
    pub(crate) fn flush(&mut self, now: Instant) -> Result<(), Error> {
        let mut results = Vec::new();
        let mut waiting = self.queue.len();
        while waiting > 0 {
            results.push(self.send_batch(now));
            let stuck = self.queue.len() == waiting;
            waiting = if stuck { 0 } else { self.queue.len() };
        }
        Error::all(results)
    }

    /// Sends all that waits; what cannot be sent is dropped and counted.
    pub(crate) fn shutdown(&mut self, now: Instant) -> Result<(), Error> {
        let result = self.flush(now);
        self.tally.dropped(self.queue.clear());
        if !self.closed {
            self.closed = true;
            // It only gives up its client; there is nothing that could fail to matter.
            let _ = self.exporter.shutdown();
        }
        result
    }

    fn send_due(&mut self, now: Instant) -> Result<(), Error> {
        while self.queue.is_due(now) {
            self.send_batch(now)?;
        }
        Ok(())
    }

    /// One attempt with the oldest batch. A batch that may be taken later goes back to the
    /// front of the queue.
    fn send_batch(&mut self, now: Instant) -> Result<(), Error> {
        let batch = self.queue.take_batch(now);
        let count = batch.len() as u64;
        // Texts in spans are shared: the copy that stays is cheap.
        let sent = self.export(batch.clone());
        match (sent, self.client.take_answer()) {
            (Ok(()), Some(Answer::Accepted { rejected, message })) if rejected > 0 => {
                let rejected = rejected.min(count);
                self.tally.exported(count - rejected);
                self.tally.failed(rejected);
                Err(self.error(&message, "rejected", rejected))
            }
            (Ok(()), _) => {
                self.tally.exported(count);
                Ok(())
            }
            (Err(_), Some(Answer::Unreachable { why })) => {
                self.queue.put_back(batch, now);
                Err(self.error(&why, "waiting", count))
            }
            (Err(_), Some(Answer::Refused { status, message })) if is_temporary(status) => {
                self.queue.put_back(batch, now);
                Err(self.error(&format!("status {status} {message}"), "waiting", count))
            }
            (Err(_), Some(Answer::Refused { status, message })) => {
                self.tally.failed(count);
                Err(self.error(&format!("status {status} {message}"), "refused", count))
            }
            // No request was made, such as for a batch beyond the exporter's own limit.
            (Err(error), _) => {
                self.tally.failed(count);
                Err(self.error(&error.to_string(), "not encoded", count))
            }
        }
    }

    /// Runs the exporter. Its future never waits, since the client blocks; telemetry of what
    /// happens inside is suppressed, so that sending a span makes no span.
    fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        let export = pin!(self.exporter.export(batch));
        match export.poll(&mut Task::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(opentelemetry_sdk::error::OTelSdkError::InternalFailure(
                "the exporter waits for an async runtime".to_owned(),
            )),
        }
    }

    fn error(&self, why: &str, fate: &str, spans: u64) -> Error {
        let why = why.trim_end();
        let colon = if why.is_empty() { "" } else { ": " };
        Error::send(format!(
            "could not send to {}{colon}{why} (spans {fate}: {spans})",
            self.endpoint
        ))
    }
}

/// The answers after which the OTLP specification wants the request repeated.
fn is_temporary(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests;
