//! The way into and out of the spool, while the collector is away.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

use crate::encode::Packed;
use crate::error::Error;
use crate::stats::{Place, Tally};

/// After a failure (a full disk, say) the spool is left alone for so long.
const REST: Duration = Duration::from_secs(10);

/// Where spans are kept outside of memory, oldest first. One packet is out at a time.
///
/// It counts in [`Tally`] what it finds at the start and what it drops for its bounds; what
/// goes in and what was sent is counted by who calls.
pub(crate) trait Store: Send {
    /// Appends spans of this process; when it returns they are kept.
    fn append(&mut self, spans: &[Span]) -> Result<(), Error>;
    /// The oldest spans, at most about this many encoded bytes. The same again until
    /// [`done`](Self::done).
    fn next(&mut self, bytes: usize) -> Result<Option<Vec<ResourceSpans>>, Error>;
    /// What `next` gave last is sent, or refused for good.
    fn done(&mut self) -> Result<(), Error>;
    /// What `next` gave last was taken by nobody: whoever gets it next sends it for the first time.
    fn give_back(&mut self);
    fn is_empty(&self) -> bool;
    /// Nothing more comes in: what is in it can be read by others.
    fn close(&mut self) -> Result<(), Error>;
}

/// A store with its recent failures.
pub(super) struct Spooling {
    /// None once it was left to others.
    store: Option<Box<dyn Store>>,
    rests_until: Option<Instant>,
    said: bool,
}

impl Spooling {
    pub(super) fn new(store: Box<dyn Store>) -> Self {
        Self { store: Some(store), rests_until: None, said: false }
    }

    /// Puts waiting spans into the store. Gives them back if that fails.
    pub(super) fn append(
        &mut self,
        spans: Vec<Packed>,
        tally: &Tally,
        now: Instant,
    ) -> Result<(), Vec<Packed>> {
        if self.rests(now) {
            return Err(spans);
        }
        let Some(store) = &mut self.store else { return Err(spans) };
        // What was encoded here can be decoded here.
        let decoded: Vec<Span> = spans.iter().filter_map(|span| span.span().ok()).collect();
        let count = spans.len() as u64;
        // In the books they are there first: the store may drop them at once for its bounds.
        tally.moved(Place::Waiting, Place::Spooled, count);
        match store.append(&decoded) {
            Ok(()) => {
                self.said = false;
                Ok(())
            }
            Err(error) => {
                tally.moved(Place::Spooled, Place::Waiting, count);
                self.failed(&error, tally, now);
                Err(spans)
            }
        }
    }

    /// The oldest spans that were not sent; none, too, while the store does not work.
    pub(super) fn next(
        &mut self,
        bytes: usize,
        tally: &Tally,
        now: Instant,
    ) -> Option<Vec<ResourceSpans>> {
        if self.rests(now) || self.is_empty() {
            return None;
        }
        let next = self.store.as_mut()?.next(bytes);
        next.unwrap_or_else(|error| {
            self.failed(&error, tally, now);
            None
        })
    }

    pub(super) fn done(&mut self, tally: &Tally, now: Instant) {
        if let Some(Err(error)) = self.store.as_mut().map(|store| store.done()) {
            self.failed(&error, tally, now);
        }
    }

    pub(super) fn close(&mut self, tally: &Tally, now: Instant) {
        if let Some(Err(error)) = self.store.as_mut().map(|store| store.close()) {
            self.failed(&error, tally, now);
        }
    }

    pub(super) fn give_back(&mut self) {
        if let Some(store) = &mut self.store {
            store.give_back();
        }
    }

    /// The end of the sender: another exporter may take over what is in it from now on, however
    /// long the rest of this one lives.
    pub(super) fn leave(&mut self) {
        self.store = None;
    }

    /// When spans in it can be had again that cannot now.
    pub(super) fn works_again(&self) -> Option<Instant> {
        self.rests_until.filter(|_| !self.is_empty())
    }

    /// The next call tries, whatever failed before.
    pub(super) fn wake(&mut self) {
        self.rests_until = None;
    }

    fn is_empty(&self) -> bool {
        self.store.as_ref().is_none_or(|store| store.is_empty())
    }

    fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    fn failed(&mut self, error: &Error, tally: &Tally, now: Instant) {
        tally.spool_failure();
        self.rests_until = Some(now + REST);
        if !std::mem::replace(&mut self.said, true) {
            tracing::warn!(
                target: super::TARGET,
                "the spool does not work: {error}; spans stay in memory, within its bound"
            );
        }
    }
}
