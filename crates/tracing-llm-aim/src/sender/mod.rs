//! The way to the server: the handle, which never waits for it but to flush.

mod losses;
mod outage;
mod policy;
mod shared;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use self::policy::{Policy, Turn};
use self::shared::Shared;
use crate::backoff::Backoff;
use crate::client::Server;
use crate::error::Error;
use crate::queue::Queue;
use crate::run::Book;
use crate::settings::Settings;
use crate::stats::AimStats;
use crate::track::Track;
use crate::unique;

/// The target of what is said by `tracing`.
const TARGET: &str = "tracing_llm_aim";
/// How long a flush and a shutdown wait for the server. The core gives up after 30 seconds; what
/// was not sent is told before.
pub(crate) const FLUSH_LIMIT: Duration = Duration::from_secs(25);
/// Once the limit has passed, the sender has so long to carry its answer over.
const GRACE: Duration = Duration::from_millis(200);

/// Values wait in a bounded queue, and are sent by a thread.
#[derive(Debug)]
pub(crate) struct Sender {
    shared: Arc<Shared>,
    destination: String,
}

impl Sender {
    pub(crate) fn new(
        settings: &Settings,
        run: &str,
        server: Box<dyn Server>,
        destination: String,
        stats: AimStats,
    ) -> Result<Self, Error> {
        let queue = Queue::new(settings.kept_values, settings.kept_bytes);
        let shared = Arc::new(Shared::new(queue, stats));
        let policy = Policy::new(
            Arc::clone(&shared),
            server,
            Book::new(run, settings.about.clone()),
            settings.timeout,
            Backoff::new(unique::random()),
            destination.clone(),
        );
        thread::Builder::new()
            .name("tracing-llm aim".to_owned())
            .spawn(move || run_to_end(policy))
            .map_err(|error| {
                Error::setting("the thread that sends to Aim", format!("did not start: {error}"))
            })?;
        Ok(Self { shared, destination })
    }

    /// Takes values. What becomes of them is in the books, and in the error of the next flush.
    pub(crate) fn push(&self, tracks: Vec<Track>) {
        self.shared.push(tracks, Instant::now());
    }

    /// Waits until all is sent, at most so long. An error says what was lost since the last time,
    /// and what still waits.
    pub(crate) fn flush(&self, limit: Duration) -> Result<(), Error> {
        self.order(limit, false);
        self.shared.await_report(limit + GRACE, |state| state.flush.is_none() || state.ended);
        self.shared.state().flush = None;
        self.tell()
    }

    /// The same, and the end of the run: what cannot be sent is dropped and counted, and so is
    /// what comes afterwards.
    pub(crate) fn shutdown(&self, limit: Duration) -> Result<(), Error> {
        self.order(limit, true);
        if !self.shared.await_report(limit + GRACE, |state| state.ended) {
            // The sender hangs in a request. Its batch stays waiting until it knows better.
            self.shared.empty_queue();
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
        let waiting = self.shared.stats.counts().waiting;
        self.shared.state().losses.tell(&self.destination, waiting)
    }
}

impl Drop for Sender {
    /// Without a shutdown the sender tries once more by itself; nobody waits for it.
    fn drop(&mut self) {
        if !self.shared.state().closing {
            self.order(FLUSH_LIMIT, true);
        }
    }
}

fn run_to_end(mut policy: Policy) {
    let shared = policy.shared();
    let _end = End(Arc::clone(&shared));
    loop {
        match policy.turn(Instant::now()) {
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

#[cfg(test)]
mod tests;
