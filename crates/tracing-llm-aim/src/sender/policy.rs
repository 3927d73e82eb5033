//! The policy of sending: what next, and what an answer means for the values.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::outage::Outage;
use super::shared::Shared;
use crate::backoff::Backoff;
use crate::client::{Failure, Server};
use crate::queue::BATCH_VALUES;
use crate::run::Book;
use crate::track::Track;

/// A flush tries so often before it believes that the server is away; once if that is known, since
/// the values wait on. A shutdown always tries so often: what it leaves is lost.
const FLUSH_ATTEMPTS: u32 = 3;
/// An idle client says so often that it lives. The server forgets it after five minutes.
const BEAT: Duration = Duration::from_secs(10);

/// What the thread does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Again,
    /// Until then, or until it is stirred.
    Sleep(Option<Instant>),
    End,
}

/// Takes batches, sends them, and keeps the books.
///
/// A batch stays in hand until the server has stored it. After a failure the connection is made
/// anew and the batch is sent once more: each value has its place in Aim, so it is stored once.
pub(super) struct Policy {
    shared: Arc<Shared>,
    server: Box<dyn Server>,
    book: Book,
    timeout: Duration,
    backoff: Backoff,
    destination: String,
    outage: Outage,
    connected: bool,
    /// When the server is to hear that this client lives.
    beat: Instant,
    hand: Vec<Track>,
    /// What is in hand was sent before …
    sent: bool,
    /// … and refused before, on another connection.
    refused: bool,
    /// How many values a batch has: fewer after a failure, since a slow server may manage these.
    batch: usize,
    /// Before this nothing is tried.
    rest: Option<Instant>,
    /// The flush that was ordered, by its limit, …
    order: Option<Instant>,
    /// … and the attempts that are left to it.
    attempts: Option<u32>,
    said_refusal: bool,
}

impl Policy {
    pub(super) fn new(
        shared: Arc<Shared>,
        server: Box<dyn Server>,
        book: Book,
        timeout: Duration,
        backoff: Backoff,
        destination: String,
    ) -> Self {
        Self {
            shared,
            server,
            book,
            timeout,
            backoff,
            destination,
            outage: Outage::default(),
            connected: false,
            beat: Instant::now(),
            hand: Vec::new(),
            sent: false,
            refused: false,
            batch: BATCH_VALUES,
            rest: None,
            order: None,
            attempts: None,
            said_refusal: false,
        }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// One look at what is to be done, and at most one call of the server.
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        let (flush, closing) = {
            let state = self.shared.state();
            (state.flush, state.closing)
        };
        self.take_order(flush, closing);
        if flush.is_some_and(|limit| now >= limit) || self.attempts == Some(0) {
            return self.end_flush(now);
        }
        if let Some(until) = self.rest.filter(|until| now < *until) {
            if flush.is_some_and(|limit| until >= limit) {
                return self.end_flush(now);
            }
            return Turn::Sleep(Some(until));
        }
        let limit = flush.map_or(self.timeout, |limit| self.timeout.min(limit - now));
        if self.connected && now >= self.beat {
            let beat = self.server.beat(limit);
            self.beat = now + BEAT;
            return self.after(beat, now);
        }
        if let Some(due) = self.fill_hand(flush.is_some(), now) {
            if flush.is_some() {
                return self.end_flush(now);
            }
            let beat = self.connected.then_some(self.beat);
            return Turn::Sleep([due, beat].into_iter().flatten().min());
        }
        if self.connected { self.send(limit, now) } else { self.connect(limit, now) }
    }

    /// A flush does not wait for a rest. Between the attempts of a shutdown there are short ones,
    /// however long the server was away.
    fn take_order(&mut self, flush: Option<Instant>, closing: bool) {
        if flush == self.order {
            return;
        }
        self.order = flush;
        let once = self.outage.is_on() && !closing;
        self.attempts = flush.map(|_| if once { 1 } else { FLUSH_ATTEMPTS });
        if flush.is_some() {
            self.rest = None;
        }
        if closing {
            self.backoff.begin_anew();
        }
    }

    /// Takes what is to be sent next in hand. If there is nothing yet, says until when.
    fn fill_hand(&mut self, all: bool, now: Instant) -> Option<Option<Instant>> {
        if !self.hand.is_empty() {
            return None;
        }
        let mut state = self.shared.state();
        let due = state.queue.due(now);
        if due.is_none_or(|due| !all && due > now) {
            return Some(due);
        }
        self.hand = self.shared.take_batch(&mut state, self.batch, now);
        (self.sent, self.refused) = (false, false);
        None
    }

    fn connect(&mut self, limit: Duration, now: Instant) -> Turn {
        let began = Instant::now();
        self.book.doubt();
        let connected = self.server.connect(limit).and_then(|()| {
            self.shared.stats.connected();
            let left = limit.saturating_sub(began.elapsed()).max(limit / 4);
            self.server.write(self.book.opening(), left)
        });
        if connected.is_ok() {
            self.connected = true;
            self.beat = now + BEAT;
            self.book.opened();
            return Turn::Again;
        }
        self.after(connected, now + began.elapsed())
    }

    fn send(&mut self, limit: Duration, now: Instant) -> Turn {
        let began = Instant::now();
        if std::mem::replace(&mut self.sent, true) {
            self.shared.stats.resent(self.hand.len() as u64);
        }
        let book = &mut self.book;
        let instructions = self.hand.iter().flat_map(|track| book.track(track)).collect();
        let written = self.server.write(instructions, limit);
        let now = now + began.elapsed();
        match &written {
            Ok(()) => {
                self.shared.stats.written(self.hand.len() as u64);
                self.hand.clear();
                self.batch = (self.batch * 2).min(BATCH_VALUES);
            }
            Err(Failure::Away(_)) => self.shrink(now),
            // The server may only have forgotten us: it is asked anew, at once, and once.
            Err(Failure::Refused(_)) if !self.refused => {
                (self.refused, self.connected) = (true, false);
                self.shared.stats.send_failure();
                return Turn::Again;
            }
            Err(Failure::Refused(why)) => {
                let why = why.clone();
                self.give_up_on_hand(&why, now);
            }
        }
        self.after(written, now)
    }

    /// A smaller batch is tried; what does not fit into it goes back to where it was.
    fn shrink(&mut self, now: Instant) {
        self.batch = (self.batch / 2).max(1);
        if self.hand.len() > self.batch {
            let rest = self.hand.split_off(self.batch);
            self.shared.state().queue.put_back(rest, now);
        }
    }

    /// Refused twice: one by one, the values show whose fault it is; one alone is lost.
    fn give_up_on_hand(&mut self, why: &str, now: Instant) {
        if self.hand.len() > 1 {
            self.batch = 1;
            let rest = self.hand.split_off(1);
            self.shared.state().queue.put_back(rest, now);
            return;
        }
        self.shared.stats.refused(1);
        self.hand.clear();
        let mut state = self.shared.state();
        state.losses.because(why);
        state.losses.refused += 1;
        drop(state);
        if !std::mem::replace(&mut self.said_refusal, true) {
            tracing::warn!(
                target: super::TARGET,
                "{} refused a value: {why}; more are only counted",
                self.destination
            );
        }
    }

    /// What a call of the server means for the connection.
    fn after(&mut self, called: Result<(), Failure>, now: Instant) -> Turn {
        match called {
            Ok(()) => {
                self.backoff.begin_anew();
                self.rest = None;
                self.attempts = self.attempts.map(|_| FLUSH_ATTEMPTS);
                self.shared.state().losses.away = None;
                self.outage.answered(&self.destination);
            }
            Err(failure) => {
                self.shared.stats.send_failure();
                self.connected = false;
                self.rest = Some(now + self.backoff.failed());
                self.attempts = self.attempts.map(|left| left.saturating_sub(1));
                self.shared.state().losses.away = Some(failure.why().to_owned());
                self.outage.attempt_failed(&self.destination, failure.why());
            }
        }
        Turn::Again
    }

    /// A flush has come to its end: all is sent, or it must be left. At a shutdown what is left is
    /// dropped, and the run ends.
    fn end_flush(&mut self, now: Instant) -> Turn {
        (self.order, self.attempts) = (None, None);
        let (closing, limit) = {
            let state = self.shared.state();
            (state.closing, state.flush)
        };
        if !closing {
            self.shared.report(|state| state.flush = None);
            return Turn::Again;
        }
        let left = self.hand.len() as u64;
        self.hand.clear();
        self.shared.lose(&mut self.shared.state(), left);
        self.shared.empty_queue();
        if self.book.is_open() {
            let limit = limit.map_or(self.timeout, |limit| limit.saturating_duration_since(now));
            let ended = self.end_run(limit.min(self.timeout));
            self.shared.state().losses.unended = ended.err().map(|it| it.why().to_owned());
        }
        Turn::End
    }

    fn end_run(&mut self, limit: Duration) -> Result<(), Failure> {
        if self.connected && self.write_end(limit).is_ok() {
            return Ok(());
        }
        if self.outage.is_on() {
            let away = self.shared.state().losses.away.clone();
            return Err(Failure::Away(away.unwrap_or_default()));
        }
        // A server that was started anew has forgotten us, and nothing was sent since.
        self.book.doubt();
        self.server.connect(limit)?;
        self.shared.stats.connected();
        self.server.write(self.book.opening(), limit)?;
        self.write_end(limit)
    }

    fn write_end(&mut self, limit: Duration) -> Result<(), Failure> {
        self.server.write(self.book.closing(seconds_since_1970()), limit)?;
        self.server.close(limit)
    }
}

fn seconds_since_1970() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
