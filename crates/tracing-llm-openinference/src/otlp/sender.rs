//! The policy of sending: what next, and what an answer means for the spans.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::outage::Outage;
use super::portion::Portion;
use super::shared::Shared;
use crate::backoff::Backoff;
use crate::client::{Answer, Transport};
use crate::config::OtlpSettings;
use crate::encode::{Origin, Packed};
use crate::endpoint::Endpoint;
use crate::limits;
use crate::stats::Place;

/// A flush tries so often before it believes that the collector is away; once if that is
/// known already.
const FLUSH_ATTEMPTS: u32 = 3;
/// A request that is refused as unreadable is halved to find the span whose fault it is, with
/// at most so many requests; 18 find one among 512.
const SEARCH_REQUESTS: u32 = 32;
/// A span that is refused alone as too large is cut to half its size, but at least this …
const SHRUNK_BYTES: usize = 64 * 1024;
/// … and a batch is not made smaller than this.
const LEAST_BATCH_BYTES: usize = 64 * 1024;
/// A request gets at least so long, also when a flush has less time left.
const LEAST_TIMEOUT: Duration = Duration::from_millis(100);

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
/// Order: what is in hand, then the spool, then the queue. While the collector is away, the
/// queue goes into the spool, so that the order of the spans holds.
pub(super) struct Sender {
    shared: Arc<Shared>,
    transport: Box<dyn Transport>,
    origin: Arc<Origin>,
    endpoint: Endpoint,
    timeout: Duration,
    /// Becomes smaller when the collector finds a request too large.
    batch_bytes: usize,
    backoff: Backoff,
    outage: Outage,
    hand: VecDeque<Portion>,
    /// What is in hand came from the spool …
    packet: bool,
    /// … and some of it is settled already.
    broached: bool,
    searches: u32,
    /// Before this nothing is sent; and whether the collector asked for it.
    rest: Option<(Instant, bool)>,
    /// Attempts that are left to the flush that was ordered.
    attempts: Option<u32>,
    said_loss: bool,
}

impl Sender {
    pub(super) fn new(
        shared: Arc<Shared>,
        transport: Box<dyn Transport>,
        origin: Arc<Origin>,
        settings: &OtlpSettings,
        backoff: Backoff,
    ) -> Self {
        Self {
            shared,
            transport,
            origin,
            endpoint: settings.endpoint.clone(),
            timeout: settings.timeout,
            batch_bytes: settings.batch_bytes,
            backoff,
            outage: Outage::default(),
            hand: VecDeque::new(),
            packet: false,
            broached: false,
            searches: SEARCH_REQUESTS,
            rest: None,
            attempts: None,
            said_loss: false,
        }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// One look at what is to be done, and at most one request.
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        let flush = self.shared.state().flush;
        self.take_order(flush);
        if self.outage.is_on() {
            self.spool(now);
        }
        if flush.is_some_and(|limit| now >= limit) || self.attempts == Some(0) {
            return self.give_up(now);
        }
        if let Some((until, _)) = self.rest.filter(|(until, _)| now < *until) {
            if flush.is_some_and(|limit| until >= limit) {
                return self.give_up(now);
            }
            return Turn::Sleep(Some(until));
        }
        if let Some(idle) = self.fill_hand(flush.is_some(), now) {
            return if flush.is_some() { self.give_up(now) } else { Turn::Sleep(idle) };
        }
        let limit = flush.map_or(self.timeout, |limit| limit - now);
        self.send(limit.clamp(LEAST_TIMEOUT.min(self.timeout), self.timeout), now);
        Turn::Again
    }

    /// A flush does not wait for a rest that is only ours.
    fn take_order(&mut self, flush: Option<Instant>) {
        match (flush, self.attempts) {
            (None, _) => self.attempts = None,
            (Some(_), Some(_)) => {}
            (Some(_), None) => {
                self.attempts = Some(if self.outage.is_on() { 1 } else { FLUSH_ATTEMPTS });
                self.rest = self.rest.filter(|(_, asked)| *asked);
            }
        }
    }

    /// Takes what is to be sent next in hand. If there is nothing yet, says until when.
    fn fill_hand(&mut self, all: bool, now: Instant) -> Option<Option<Instant>> {
        if !self.hand.is_empty() {
            return None;
        }
        self.searches = SEARCH_REQUESTS;
        let mut again = None;
        if let Some(mut spooling) = self.shared.spooling() {
            if self.packet {
                spooling.done(&self.shared.tally, now);
                (self.packet, self.broached) = (false, false);
            }
            if let Some(packet) = spooling.next(self.batch_bytes, &self.shared.tally, now) {
                self.hand = Portion::of_spool(packet).into();
                self.packet = true;
                // An empty packet is done with at the next turn.
                return self.hand.is_empty().then_some(Some(now));
            }
            again = spooling.works_again();
        }
        let mut state = self.shared.state();
        let due = state.queue.due(now);
        if due.is_none_or(|due| !all && due > now) {
            return Some([due, again].into_iter().flatten().min());
        }
        let batch = state.queue.take_batch(self.batch_bytes, now);
        self.hand.push_back(Portion::new(Arc::clone(&self.origin), batch, Place::Waiting));
        None
    }

    /// Sends what is first in hand, and settles its spans.
    fn send(&mut self, limit: Duration, now: Instant) {
        let Some(portion) = self.hand.pop_front() else { return };
        if portion.perhaps_taken {
            self.shared.tally.resent(portion.count());
        }
        let began = Instant::now();
        let answer = self.transport.send(&portion.body(), limit);
        let now = now + began.elapsed();
        if let Answer::Later { why, after, perhaps_taken } = answer {
            return self.later(portion, &why, after, perhaps_taken, now);
        }
        self.answered(now);
        match answer {
            Answer::Accepted { rejected, message } => {
                let rejected = rejected.min(portion.count());
                self.settle(&portion, Place::Exported, portion.count() - rejected);
                self.settle(&portion, Place::Failed, rejected);
                self.lost(&message, |losses| losses.rejected += rejected, rejected);
            }
            Answer::TooLarge { why } => match portion.split() {
                Ok(halves) => {
                    let half = halves.iter().map(Portion::bytes).max().unwrap_or_default();
                    self.batch_bytes =
                        half.clamp(LEAST_BATCH_BYTES, self.batch_bytes.max(LEAST_BATCH_BYTES));
                    self.again(halves);
                }
                Err(single) => self.shrink(single, &why),
            },
            Answer::Malformed { why } if self.searches >= 2 => match portion.split() {
                Ok(halves) => {
                    self.searches -= 2;
                    self.again(halves);
                }
                Err(single) => self.refused(&single, &why),
            },
            Answer::Malformed { why } | Answer::Refused { why } => self.refused(&portion, &why),
            Answer::Later { .. } => {}
        }
    }

    fn again(&mut self, halves: [Portion; 2]) {
        for half in halves.into_iter().rev() {
            self.hand.push_front(half);
        }
    }

    /// A span that is too large alone is made smaller, once.
    fn shrink(&mut self, mut portion: Portion, why: &str) {
        let bytes = (portion.bytes() / 2).max(SHRUNK_BYTES);
        let span = portion.spans.first().and_then(|span| span.span().ok());
        match span {
            Some(mut span) if !portion.shrunk && portion.bytes() > bytes => {
                let cut = limits::shrink(&mut span, bytes);
                self.shared.tally.narrowed(cut.bytes > 0, cut.attributes);
                portion.spans = vec![Packed::new(&span)];
                portion.shrunk = true;
                self.hand.push_front(portion);
            }
            _ => self.refused(&portion, why),
        }
    }

    fn refused(&mut self, portion: &Portion, why: &str) {
        let count = portion.count();
        self.settle(portion, Place::Failed, count);
        self.shared.tally.send_failure();
        self.lost(why, |losses| losses.refused += count, count);
    }

    fn settle(&mut self, portion: &Portion, fate: Place, spans: u64) {
        self.broached |= portion.place == Place::Spooled;
        self.shared.tally.moved(portion.place, fate, spans);
    }

    fn lost(&mut self, why: &str, count: impl FnOnce(&mut super::losses::Losses), spans: u64) {
        if spans == 0 {
            return;
        }
        let mut state = self.shared.state();
        state.losses.because(why);
        count(&mut state.losses);
        drop(state);
        if !std::mem::replace(&mut self.said_loss, true) {
            tracing::warn!(
                target: super::TARGET,
                "{} refused {spans} spans: {why}; more are only counted",
                self.endpoint
            );
        }
    }

    /// No answer that settles anything: the portion stays in hand.
    fn later(
        &mut self,
        mut portion: Portion,
        why: &str,
        after: Option<Duration>,
        perhaps_taken: bool,
        now: Instant,
    ) {
        portion.perhaps_taken |= perhaps_taken;
        self.hand.push_front(portion);
        let rest = self.backoff.failed(after);
        self.rest = Some((now + rest, after.is_some_and(|after| !after.is_zero())));
        self.attempts = self.attempts.map(|left| left.saturating_sub(1));
        self.shared.tally.send_failure();
        self.shared.state().losses.away = Some(why.trim_end().to_owned());
        self.outage.attempt_failed(&self.endpoint, why, &self.shared.tally, now);
    }

    fn answered(&mut self, now: Instant) {
        self.backoff.succeeded();
        self.rest = None;
        self.attempts = self.attempts.map(|_| FLUSH_ATTEMPTS);
        self.shared.state().losses.away = None;
        self.outage.answered(&self.endpoint, &self.shared.tally, now);
    }

    /// While the collector is away: what is in memory goes to the spool, oldest first.
    fn spool(&mut self, now: Instant) {
        let Some(mut spooling) = self.shared.spooling() else { return };
        while self.hand.front().is_some_and(|portion| portion.place == Place::Waiting) {
            let Some(portion) = self.hand.pop_front() else { break };
            let (count, perhaps_taken) = (portion.count(), portion.perhaps_taken);
            let spans = portion.spans;
            match spooling.append(spans, &self.shared.tally, now) {
                // What comes out of the spool is sent again.
                Ok(()) if perhaps_taken => self.shared.tally.resent(count),
                Ok(()) => {}
                Err(spans) => {
                    self.hand.push_front(Portion { spans, ..portion });
                    return;
                }
            }
        }
        drop(spooling);
        self.shared.spool_queue(self.batch_bytes, now);
    }

    /// A flush has come to its end: all is sent, or it must be left. At a shutdown what is
    /// left goes to the spool, else it is dropped.
    fn give_up(&mut self, now: Instant) -> Turn {
        self.attempts = None;
        let closing = self.shared.state().closing;
        if !closing {
            self.shared.report(|state| state.flush = None);
            return Turn::Again;
        }
        if let Some(mut spooling) = self.shared.spooling() {
            spooling.wake();
        }
        self.return_packet(now);
        self.spool(now);
        for portion in std::mem::take(&mut self.hand) {
            if portion.place == Place::Waiting {
                self.shared.lose(&mut self.shared.state(), portion.count());
            }
        }
        self.shared.empty_queue(self.batch_bytes, now);
        if let Some(mut spooling) = self.shared.spooling() {
            spooling.leave();
        }
        Turn::End
    }

    /// A packet of the spool that nobody has taken is given back. If part of it was sent, the
    /// rest is put in anew, so that the next run does not send the whole again.
    fn return_packet(&mut self, now: Instant) {
        let untouched = !self.broached && self.hand.iter().all(|portion| !portion.perhaps_taken);
        if self.packet && untouched {
            if let Some(mut spooling) = self.shared.spooling() {
                spooling.give_back();
            }
            return;
        }
        let ours = self.hand.iter().all(|portion| portion.origin == self.origin);
        if !self.packet || !self.broached || !ours {
            return;
        }
        let Some(mut spooling) = self.shared.spooling() else { return };
        for portion in std::mem::take(&mut self.hand) {
            let (count, perhaps_taken) = (portion.count(), portion.perhaps_taken);
            self.shared.tally.moved(Place::Spooled, Place::Waiting, count);
            if spooling.append(portion.spans, &self.shared.tally, now).is_err() {
                // It still stands in the old packet.
                self.shared.tally.moved(Place::Waiting, Place::Spooled, count);
                return;
            }
            if perhaps_taken {
                self.shared.tally.resent(count);
            }
        }
        spooling.done(&self.shared.tally, now);
        self.packet = false;
    }
}

#[cfg(test)]
mod tests;
