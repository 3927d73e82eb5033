//! The handle: what is done with a layer while it runs.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Metadata};

use crate::Error;
use crate::handler::{AnyHandler, AsyncHandler, Handler, OnRuntime};
use crate::state::Shared;
use crate::stats::Stats;
use crate::worker::{Answer, Control, Mailbox, Receipt};

/// How long an async flush or shutdown waits for handlers that do not answer.
const ASYNC_LIMIT: Duration = Duration::from_secs(30);

/// The handle of a layer: flush it, shut it down, add and remove handlers, read what it counted.
///
/// Dropping it shuts the layer down, waiting at most as long as
/// [`Builder::shutdown_limit`](crate::Builder::shutdown_limit) says.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tracing_llm::Error> {
/// let (layer, callbacks) = tracing_llm::layer().build();
/// # drop(layer);
/// // … the program …
/// callbacks.shutdown().await?; // everything delivered, or an error that says what was not
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping the handle shuts the layer down"]
pub struct Callbacks {
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    /// Why there is no worker.
    broken: Option<std::io::Error>,
    limit: Duration,
    shut_down: bool,
}

/// Names a handler that was added, to take it out again.
pub struct HandlerId<H> {
    id: u64,
    handler: PhantomData<fn() -> H>,
}

impl<H> HandlerId<H> {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, handler: PhantomData }
    }
}

impl<H> fmt::Debug for HandlerId<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandlerId({})", self.id)
    }
}

pub(crate) fn handler_id() -> u64 {
    static IDS: AtomicU64 = AtomicU64::new(0);
    IDS.fetch_add(1, Relaxed)
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks").field("shut_down", &self.shut_down).finish_non_exhaustive()
    }
}

impl Callbacks {
    pub(crate) fn new(
        shared: Arc<Shared>,
        mailbox: Arc<Mailbox>,
        broken: Option<std::io::Error>,
        limit: Duration,
    ) -> Self {
        if broken.is_some() {
            shared.closed.store(true, Relaxed);
            mailbox.close();
        }
        Self { shared, mailbox, broken, limit, shut_down: false }
    }

    fn add_boxed(&self, id: u64, handler: Box<dyn AnyHandler>) {
        if self.mailbox.post(Control::Add { id, handler }) {
            self.shared.queue.wake();
        }
    }

    /// Adds a handler while the layer runs. It gets all that is delivered from now on, also the
    /// ends of events whose start it did not see.
    pub fn add<H: Handler>(&self, handler: H) -> HandlerId<H> {
        let id = handler_id();
        self.add_boxed(id, Box::new(handler));
        HandlerId::new(id)
    }

    /// Adds a handler that awaits, while the layer runs.
    pub fn add_async(&self, handler: impl AsyncHandler) {
        self.add_boxed(handler_id(), Box::new(OnRuntime::new(handler)));
    }

    /// Takes a handler out: it gets what has happened until now, is flushed and shut down, and is
    /// handed back. Blocks until then.
    ///
    /// # Errors
    ///
    /// If the handler is not there, if it fails to shut down, or if it does not answer in time; it
    /// is dropped then.
    pub fn remove<H: Handler>(&self, id: &HandlerId<H>, limit: Duration) -> Result<H, Error> {
        let done = Receipt::new();
        self.post(Control::Remove { id: id.id, done: done.clone() })?;
        match done.wait(limit) {
            None => Err(Error::undelivered(format!("the handler did not stop within {limit:?}"))),
            Some(None) => Err(Error::undelivered("there is no such handler")),
            Some(Some(stopped)) => {
                stopped.result.map_err(Error::undelivered)?;
                match stopped.handler.into_any().downcast() {
                    Ok(handler) => Ok(*handler),
                    Err(_) => Err(Error::undelivered("there is no such handler")),
                }
            }
        }
    }

    /// Delivers all that has happened until now and lets every handler write or send it out.
    ///
    /// Events whose span is still open are not delivered by this.
    ///
    /// # Errors
    ///
    /// If a handler fails to flush, or does not answer within half a minute.
    pub async fn flush(&self) -> Result<(), Error> {
        let receipt = Receipt::new();
        self.post(Control::Flush(receipt.clone()))?;
        verdict(&failures(elsewhere(move || receipt.wait(ASYNC_LIMIT)).await?))
    }

    /// The same, blocking this thread for at most the limit.
    ///
    /// # Errors
    ///
    /// If a handler fails to flush, or does not answer in time.
    pub fn flush_blocking(&self, limit: Duration) -> Result<(), Error> {
        let receipt = Receipt::new();
        self.post(Control::Flush(receipt.clone()))?;
        verdict(&failures(receipt.wait(limit)))
    }

    /// Delivers everything, spans that are still open as
    /// [`Incomplete`](crate::Outcome::Incomplete), and shuts every handler down. From now on the
    /// layer does nothing.
    ///
    /// # Errors
    ///
    /// If something was not delivered: a handler failed to shut down or did not answer within half
    /// a minute, or events were dropped since the layer was built.
    pub async fn shutdown(mut self) -> Result<(), Error> {
        let receipt = self.begin_shutdown()?;
        let answers = elsewhere(move || receipt.wait(ASYNC_LIMIT)).await?;
        self.finish_shutdown(answers)
    }

    /// The same, blocking this thread for at most the limit.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown), with this limit.
    pub fn shutdown_blocking(mut self, limit: Duration) -> Result<(), Error> {
        let receipt = self.begin_shutdown()?;
        self.finish_shutdown(receipt.wait(limit))
    }

    fn begin_shutdown(&mut self) -> Result<Receipt<Vec<Answer>>, Error> {
        self.shut_down = true;
        self.shared.closed.store(true, Relaxed);
        let receipt = Receipt::new();
        let posted = self.post(Control::Shutdown(receipt.clone()));
        self.mailbox.close();
        posted.map(|()| receipt)
    }

    fn finish_shutdown(&self, answers: Option<Vec<Answer>>) -> Result<(), Error> {
        let mut failures = failures(answers);
        let stats = self.shared.counters.snapshot();
        let lost = stats.dropped_events + stats.dropped_scopes;
        if lost > 0 {
            failures.push(format!("{lost} events were dropped since the queue was full"));
        }
        verdict(&failures)
    }

    /// What was delivered, and what was not.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let receipt = Receipt::new();
        let asked = self.post(Control::Stats(receipt.clone()));
        let handlers = asked.ok().and_then(|()| receipt.wait(Duration::from_millis(500)));
        let mut stats = self.shared.counters.snapshot();
        stats.handlers = handlers.unwrap_or_default();
        stats.queued = self.shared.queue.len();
        stats.queued_bytes = self.shared.queue.bytes();
        stats.max_level = LevelFilter::current().to_string();
        (stats.callsites, stats.enabled_callsites) = self.callsites();
        stats
    }

    /// How many callsites of spans are something to us, and how many of them are enabled. An
    /// ERROR line that a global filter lets through makes no event.
    ///
    /// Asked on a thread that ends with the question: what a per-layer filter answers it also
    /// keeps, for the next span or event of the same thread.
    fn callsites(&self) -> (u64, u64) {
        let shared = &*self.shared;
        let dispatch = shared.with_dispatch(Dispatch::clone);
        let asked = |metadata: &'static Metadata<'static>| {
            *metadata.level() <= LevelFilter::current() && dispatch.enabled(metadata)
        };
        thread::scope(|scope| {
            let counting = thread::Builder::new().spawn_scoped(scope, || {
                let spans = shared.callsites.seen().filter(|metadata| metadata.is_span());
                spans.fold((0, 0), |(seen, enabled), metadata| {
                    (seen + 1, enabled + u64::from(asked(metadata)))
                })
            });
            counting.ok().and_then(|counting| counting.join().ok()).unwrap_or_default()
        })
    }

    fn post(&self, control: Control) -> Result<(), Error> {
        if let Some(error) = &self.broken {
            return Err(Error::setup(format!("the worker could not be started: {error}")));
        }
        if !self.mailbox.post(control) {
            return Err(Error::closed());
        }
        self.shared.queue.wake();
        Ok(())
    }
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        if !self.shut_down {
            if let Ok(receipt) = self.begin_shutdown() {
                let _ = receipt.wait(self.limit);
            }
        }
    }
}

/// What the answers say went wrong.
fn failures(answers: Option<Vec<Answer>>) -> Vec<String> {
    let Some(answers) = answers else {
        return vec![String::from("the worker did not answer in time")];
    };
    let failure = |answer: Answer| match answer.result {
        Some(Ok(())) => None,
        Some(Err(failure)) => Some(failure),
        None => Some(format!("{} did not answer in time", answer.handler)),
    };
    answers.into_iter().filter_map(failure).collect()
}

fn verdict(failures: &[String]) -> Result<(), Error> {
    if failures.is_empty() { Ok(()) } else { Err(Error::undelivered(failures.join("; "))) }
}

/// Waits on a thread of ours: the caller's runtime, whatever it is, is not blocked.
async fn elsewhere<T: Send + 'static>(
    wait: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    thread::Builder::new()
        .name(String::from("tracing-llm wait"))
        .spawn(move || {
            let _ = sender.send(wait());
        })
        .map_err(|error| Error::setup(format!("no thread to wait on: {error}")))?;
    receiver.await.map_err(|_| Error::undelivered("the thread that waits ended"))
}
