//! The output over OTLP: the handle, which never blocks on the network but to flush.

mod folder;
mod losses;
mod outage;
mod portion;
mod sender;
mod shared;
mod spooling;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

use self::folder::Folder;
use self::sender::{Sender, Turn};
use self::shared::Shared;
use self::spooling::{Spooling, Store};
use crate::backoff::Backoff;
use crate::client;
use crate::config::{Limits, OtlpSettings};
use crate::encode::{Origin, Packed};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::limits;
use crate::queue::{KEPT_BYTES, Queue};
use crate::stats::Tally;

/// The target of what is said by `tracing`.
const TARGET: &str = "tracing_llm_openinference";
/// How long a flush and a shutdown wait for the collector. The core gives up after 30 seconds;
/// what was not sent is told before.
pub(crate) const FLUSH_LIMIT: Duration = Duration::from_secs(25);
/// Once the limit has passed, the sender has so long to carry its answer over.
const GRACE: Duration = Duration::from_millis(200);

/// Spans are encoded where they come from, kept in a bounded queue, and sent by a thread.
pub(crate) struct Otlp {
    shared: Arc<Shared>,
    endpoint: Endpoint,
    limits: Limits,
    batch_bytes: usize,
}

impl Otlp {
    pub(crate) fn new(
        settings: &OtlpSettings,
        limits: Limits,
        resource: &Resource,
        tally: Arc<Tally>,
    ) -> Result<Self, Error> {
        let store = settings.spool.as_ref().map(|spool| -> Result<Box<dyn Store>, Error> {
            Ok(Box::new(Folder::open(spool, resource, Arc::clone(&tally))?))
        });
        Self::with_store(settings, limits, resource, tally, store.transpose()?)
    }

    fn with_store(
        settings: &OtlpSettings,
        limits: Limits,
        resource: &Resource,
        tally: Arc<Tally>,
        store: Option<Box<dyn Store>>,
    ) -> Result<Self, Error> {
        let transport = client::connect(settings)?;
        let queue = Queue::new(KEPT_BYTES, settings.batch_bytes);
        let shared = Arc::new(Shared::new(queue, store.map(Spooling::new), tally));
        let sender = Sender::new(
            Arc::clone(&shared),
            transport,
            Arc::new(Origin::of(resource)),
            settings,
            Backoff::new(seed()),
        );
        thread::Builder::new()
            .name("tracing-llm otlp".to_owned())
            .spawn(move || run(sender))
            .map_err(|error| {
                Error::setting("the thread that sends spans", format!("did not start: {error}"))
            })?;
        let (endpoint, batch_bytes) = (settings.endpoint.clone(), settings.batch_bytes);
        Ok(Self { shared, endpoint, limits, batch_bytes })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Takes a span. What becomes of it is in the books, and in the error of the next flush.
    pub(crate) fn push(&self, span: SpanData) {
        let mut span = Span::from(span);
        let cut = limits::apply(&mut span, &self.limits);
        self.shared.tally.narrowed(cut.bytes > 0, cut.attributes);
        self.shared.push(Packed::new(&span), Instant::now());
    }

    /// A trace has ended: it should be seen soon.
    pub(crate) fn trace_ended(&self) {
        let mut state = self.shared.state();
        state.queue.hasten(Instant::now());
        self.shared.stir(state);
    }

    /// Waits until all is sent, at most so long. An error says what was lost since the last
    /// time, and what still waits.
    pub(crate) fn flush(&self, limit: Duration) -> Result<(), Error> {
        self.order(limit, false);
        self.shared.await_report(limit + GRACE, |state| state.flush.is_none() || state.ended);
        self.shared.state().flush = None;
        self.tell()
    }

    /// The same, and the end: what cannot be sent goes to the spool, else it is dropped and
    /// counted. What comes afterwards is dropped.
    pub(crate) fn shutdown(&self, limit: Duration) -> Result<(), Error> {
        self.order(limit, true);
        if !self.shared.await_report(limit + GRACE, |state| state.ended) {
            // The sender hangs in a request. Its batch stays waiting until it knows better.
            self.shared.empty_queue(self.batch_bytes, Instant::now());
        }
        self.tell()
    }

    fn order(&self, limit: Duration, closing: bool) {
        let mut state = self.shared.state();
        state.flush = Some(Instant::now() + limit);
        state.closing |= closing;
        self.shared.stir(state);
    }

    fn tell(&self) -> Result<(), Error> {
        let mut state = self.shared.state();
        state.losses.tell(&self.endpoint, self.shared.tally.counts().waiting)
    }
}

impl Drop for Otlp {
    /// Without a shutdown the sender tries once more by itself; nobody waits for it.
    fn drop(&mut self) {
        if !self.shared.state().closing {
            self.order(FLUSH_LIMIT, true);
        }
    }
}

/// The sender's thread. What is sent makes no spans of its own.
fn run(mut sender: Sender) {
    let _suppressed = Context::enter_telemetry_suppressed_scope();
    let shared = sender.shared();
    let _end = End(Arc::clone(&shared));
    loop {
        match sender.turn(Instant::now()) {
            Turn::Again => {}
            Turn::Sleep(until) => shared.sleep(until),
            Turn::End => return,
        }
    }
}

/// Tells that the sender has ended, even by a panic, so that nobody waits for it in vain.
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.report(|state| {
            state.closing = true;
            state.ended = true;
        });
    }
}

/// Differs from process to process and from exporter to exporter.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests;
