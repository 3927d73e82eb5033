//! The handle: what is done with a layer while it runs.

mod recognition;
mod silence;
mod verdict;

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use self::verdict::Losses;
use crate::Error;
use crate::handler::{AnyHandler, AsyncHandler, Handler, OnRuntime};
use crate::state::Shared;
use crate::stats::{Stats, StatsReader};
use crate::trap::Trap;
use crate::worker::{Answer, Control, Mailbox, Receipt, Roster};

/// How long an async flush or shutdown waits for handlers that do not answer.
const ASYNC_LIMIT: Duration = Duration::from_secs(30);

/// The handle of a layer: flush it, shut it down, add and remove handlers, read what it counted.
///
/// It can be asked for what was delivered also after a shutdown. Dropping it shuts the layer down,
/// unless that was done before: it then waits at most as long as
/// [`Builder::shutdown_limit`](crate::Builder::shutdown_limit) says, and logs at WARN with the
/// target `tracing_llm::trap` what was not delivered.
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
    roster: Arc<Roster>,
    trap: Arc<dyn Trap>,
    /// Why there is no worker.
    broken: Option<std::io::Error>,
    limit: Duration,
    /// The answers of the handlers to the shutdown, once it was asked for.
    shutdown: OnceLock<Receipt<Vec<Answer>>>,
    /// What was lost before the last flush.
    flushed: Mutex<Losses>,
    /// The trap was told why no event is seen.
    told_silence: AtomicBool,
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
        f.debug_struct("Callbacks").field("shut_down", &self.is_shut_down()).finish_non_exhaustive()
    }
}

impl Callbacks {
    pub(crate) fn new(
        shared: Arc<Shared>,
        mailbox: Arc<Mailbox>,
        roster: Arc<Roster>,
        trap: Arc<dyn Trap>,
    ) -> Self {
        Self {
            shared,
            mailbox,
            roster,
            trap,
            broken: None,
            limit: Duration::ZERO,
            shutdown: OnceLock::new(),
            flushed: Mutex::default(),
            told_silence: AtomicBool::new(false),
        }
    }

    /// With what kept the worker from starting, and with the limit of a drop.
    pub(crate) fn with(mut self, broken: Option<std::io::Error>, limit: Duration) -> Self {
        if broken.is_some() {
            self.shared.closed.store(true, Relaxed);
        }
        (self.broken, self.limit) = (broken, limit);
        self
    }

    fn add_boxed(&self, id: u64, handler: Box<dyn AnyHandler>) {
        // After a shutdown there is nothing to get.
        let _ = self.post(Control::Add { id, handler });
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
    /// If the handler is not there, if it failed at a delivery, lost one, fails to shut down, or
    /// does not answer in time; it is dropped then.
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
    /// If a handler fails to flush, or does not answer within half a minute; and if something was
    /// not delivered or handled since the last flush: a handler failed at a delivery or lost one
    /// since its own queue was full, events were dropped whole or lost texts since there was no
    /// room for them, or lack what an enricher adds since it panicked. The layer goes on all the
    /// same, and the next flush tells what comes then.
    pub async fn flush(&self) -> Result<(), Error> {
        let receipt = self.begin_flush()?;
        let answers = elsewhere(move || receipt.wait(ASYNC_LIMIT)).await?;
        self.finish_flush(answers)
    }

    /// The same, blocking this thread for at most the limit.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush), with this limit.
    pub fn flush_blocking(&self, limit: Duration) -> Result<(), Error> {
        let receipt = self.begin_flush()?;
        self.finish_flush(receipt.wait(limit))
    }

    fn begin_flush(&self) -> Result<Receipt<Vec<Answer>>, Error> {
        let receipt = Receipt::new();
        self.post(Control::Flush(receipt.clone()))?;
        Ok(receipt)
    }

    fn finish_flush(&self, answers: Option<Vec<Answer>>) -> Result<(), Error> {
        self.tell_silence();
        let all = Losses::of(&self.shared.counters.snapshot());
        let mut told = self.flushed.lock().unwrap_or_else(PoisonError::into_inner);
        let losses = all.since(std::mem::replace(&mut *told, all));
        verdict::of(answers, losses)
    }

    /// Delivers everything, spans that are still open as
    /// [`Incomplete`](crate::Outcome::Incomplete), and shuts every handler down. From now on the
    /// layer does nothing; [`stats`](Self::stats) still tells what it did.
    ///
    /// May be called again, also by several threads at a time: all wait for the same shutdown and
    /// get its verdict. Where one did not wait long enough, the next may see it complete.
    ///
    /// # Errors
    ///
    /// If not everything was delivered and handled since the layer was built: a handler failed at
    /// a delivery, lost one since its own queue was full, failed to shut down, or did not answer
    /// within half a minute; events were dropped whole, or lost texts, since there was no room for
    /// them, or lack what an enricher adds since it panicked. The error names each handler and says
    /// how many deliveries it concerns and what went wrong first.
    pub async fn shutdown(&self) -> Result<(), Error> {
        let receipt = self.begin_shutdown()?.clone();
        let answers = elsewhere(move || receipt.read(ASYNC_LIMIT)).await?;
        self.finish_shutdown(answers)
    }

    /// The same, blocking this thread for at most the limit.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown), with this limit.
    pub fn shutdown_blocking(&self, limit: Duration) -> Result<(), Error> {
        let answers = self.begin_shutdown()?.read(limit);
        self.finish_shutdown(answers)
    }

    fn begin_shutdown(&self) -> Result<&Receipt<Vec<Answer>>, Error> {
        self.worker_is_there()?;
        Ok(self.shutdown.get_or_init(|| {
            self.shared.closed.store(true, Relaxed);
            let (asked, receipt) = (self.shared.clock.now(), Receipt::new());
            self.mailbox.post_last(Control::Shutdown { asked, done: receipt.clone() });
            self.shared.queue.wake();
            receipt
        }))
    }

    fn finish_shutdown(&self, answers: Option<Vec<Answer>>) -> Result<(), Error> {
        self.tell_silence();
        verdict::of(answers, Losses::of(&self.shared.counters.snapshot()))
    }

    fn is_shut_down(&self) -> bool {
        self.shutdown.get().is_some()
    }

    /// What was delivered, and what was not; also after a shutdown.
    #[must_use]
    pub fn stats(&self) -> Stats {
        // The worker is let finish what it is at, so that the numbers are of now.
        let receipt = Receipt::new();
        if self.post(Control::Ping(receipt.clone())).is_ok() {
            receipt.wait(Duration::from_millis(500));
        }
        let mut stats = self.stats_reader().read();
        let seen = silence::look(&self.shared);
        (stats.callsites, stats.enabled_callsites) = (seen.callsites, seen.enabled_callsites);
        stats.silence = if stats.starts + stats.ends > 0 { None } else { seen.reason() };
        stats
    }

    /// Reads the same from any thread and waits for nobody: for a metrics endpoint, say.
    #[must_use]
    pub fn stats_reader(&self) -> StatsReader {
        StatsReader::new(Arc::clone(&self.shared), Arc::clone(&self.roster))
    }

    /// If nothing was delivered and the setup is the reason, the trap is told, once.
    fn tell_silence(&self) {
        let counters = &self.shared.counters;
        let delivered = counters.starts.load(Relaxed) + counters.ends.load(Relaxed);
        if delivered > 0 || self.told_silence.load(Relaxed) {
            return;
        }
        if let Some(reason) = silence::look(&self.shared).reason() {
            if !self.told_silence.swap(true, Relaxed) {
                silence::tell(&self.shared, &*self.trap, reason);
            }
        }
    }

    fn post(&self, control: Control) -> Result<(), Error> {
        self.worker_is_there()?;
        if !self.mailbox.post(control) {
            return Err(Error::closed());
        }
        self.shared.queue.wake();
        Ok(())
    }

    fn worker_is_there(&self) -> Result<(), Error> {
        match &self.broken {
            None => Ok(()),
            Some(error) => Err(Error::setup(format!("the worker could not be started: {error}"))),
        }
    }
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        if self.is_shut_down() {
            return;
        }
        if let Err(error) = self.shutdown_blocking(self.limit) {
            // Nobody else will ever know.
            self.shared.in_program(|| {
                tracing::warn!(target: "tracing_llm::trap", "the handle was dropped: {error}");
            });
        }
    }
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
