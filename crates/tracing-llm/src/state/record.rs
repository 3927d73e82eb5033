//! The state of one span, shared by the span's extensions and the worker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tracing::Metadata;
use tracing::span::Id;

use super::context::{ContextNode, Moment};
use super::field::Fields;
use super::node::{Node, Phase, Verdict};
use super::shared::Shared;
use super::trace_cell::TraceCell;
use crate::clock::Tick;
use crate::event::{Context, Exception, Link};
use crate::recognise::Ranks;
use crate::vocabulary::{Role, Scalar};
use crate::{CaptureContent, Payload, SpanId, Text};

/// What a typed part does to the payload, on the worker. A value that cannot be serialized is an error.
pub(crate) type Part = Box<dyn FnOnce(&mut Payload) -> serde_json::Result<()> + Send>;

/// One span's state. The pipeline's thread writes into it; the worker takes out what was
/// written, and finds out by looking whether the span has ended, so that no end is ever lost.
///
/// Records are pooled: all their state is behind the lock, and is reset before the next use.
pub(crate) struct Record {
    /// The layer that it belongs to.
    shared: Weak<Shared>,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) node: Node,
    pub(crate) metadata: Option<&'static Metadata<'static>>,
    /// What `tracing` calls its span, while that is open.
    pub(crate) id: Option<Id>,
    pub(crate) span_id: Option<SpanId>,
    /// The span of another process, or of another tracer, that it continues.
    pub(crate) remote_parent: Option<SpanId>,
    /// What the context source says of its place is in it. Not so while the source is being asked.
    pub(crate) settled: bool,
    /// The nearest record above that has a place in the tree.
    pub(crate) above: Above,
    pub(crate) trace: Option<Arc<TraceCell>>,
    pub(crate) context: Option<Arc<ContextNode>>,
    /// When it began, as the context counts.
    pub(crate) moment: Moment,
    /// The context node is its own.
    pub(crate) sets_context: bool,
    /// What has a value, of that on which its type depends.
    pub(crate) tags: Ranks,
    /// Its trace began with it.
    pub(crate) opened_trace: bool,

    pub(crate) start: Tick,
    /// The last exit, field or part; none before the first.
    pub(crate) last: Option<Tick>,
    /// The end, once a wrapper or the caller has told it.
    pub(crate) end: Option<Tick>,
    /// The time inside, summed over threads, up to the last enter or exit.
    busy: Duration,
    /// How many threads are inside, and since when it is so many.
    inside: u32,
    inside_since: Tick,
    pub(crate) entered: bool,
    /// It was entered by a thread that was unwinding already: its exit says nothing.
    entered_unwinding: bool,
    /// How many fields and parts there were when it was first entered.
    pub(crate) fields_at_start: u32,
    pub(crate) parts_at_start: u32,
    pub(crate) closed: bool,
    /// Something began below it.
    pub(crate) has_below: bool,
    /// The message of its start is on its way. An end that comes in the meantime goes with it.
    pub(crate) start_waits: bool,
    pub(crate) end_goes_along: bool,
    /// How often the worker was told of it before its end, and how often there was no place for that.
    pub(crate) told: u32,
    pub(crate) refused: u32,
    /// The worker has delivered its start.
    pub(crate) begun: bool,
    /// Its end found no place in the queue: the worker looks for it.
    pub(crate) missed: bool,

    pub(crate) verdict: Verdict,
    pub(crate) fields: Fields,
    /// Each with the number of fields that came before it.
    pub(crate) parts: Vec<(usize, Part)>,
    pub(crate) rare: Option<Box<Rare>>,

    /// Bytes of texts that it holds, as counted in the budget.
    pub(crate) charged: usize,
}

/// What few events have: apart, so that the record of the others is small.
#[derive(Default)]
pub(crate) struct Rare {
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) logs: Vec<(Tick, String)>,
    pub(crate) links: Vec<Link>,
    pub(crate) stream: Option<Stream>,
    /// Bytes of texts that it lost under pressure.
    pub(crate) lost: u64,
}

/// A field as the worker reads it.
pub(crate) type TakenField = (Role, &'static str, Scalar);

/// What the worker takes out at one time.
pub(crate) struct Taken {
    pub(crate) fields: Vec<TakenField>,
    pub(crate) parts: Vec<(usize, Part)>,
}

/// The course of a streamed answer.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) first: Option<Tick>,
    pub(crate) chunks: u64,
    pub(crate) text: String,
    pub(crate) finished: bool,
}

impl Record {
    pub(crate) fn new(shared: Weak<Shared>, now: Tick) -> Self {
        Self { shared, state: Mutex::new(State::free(now)) }
    }

    /// The layer that it belongs to; none once that is gone.
    pub(crate) fn shared(&self) -> Option<Arc<Shared>> {
        self.shared.upgrade()
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes it as good as new; buffers keep their room unless it is a lot.
    ///
    /// Foreign values that it still holds are dropped outside of its lock.
    pub(crate) fn reset(&self) {
        let mut old = {
            let mut state = self.lock();
            let free = State::free(state.start);
            std::mem::replace(&mut *state, free)
        };
        let mut fields = std::mem::take(&mut old.fields);
        let mut parts = std::mem::take(&mut old.parts);
        fields.clear();
        parts.clear();
        drop(old);
        let mut state = self.lock();
        state.fields = fields;
        state.parts = parts;
    }
}

/// The record above, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Above(pub(crate) Option<Arc<Record>>);

/// A chain of records is dropped one by one, however long: not by recursion.
impl Drop for Above {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(record) = next {
            next = Arc::into_inner(record).and_then(|record| {
                let mut state = record.state.into_inner().unwrap_or_else(PoisonError::into_inner);
                state.above.0.take()
            });
        }
    }
}

impl State {
    /// The state of a record that is no span's. The time means nothing yet.
    fn free(now: Tick) -> Self {
        Self {
            phase: Phase::Free,
            node: Node::Carrier,
            metadata: None,
            id: None,
            span_id: None,
            remote_parent: None,
            settled: false,
            above: Above(None),
            trace: None,
            context: None,
            moment: 0,
            sets_context: false,
            tags: 0,
            opened_trace: false,
            start: now,
            last: None,
            end: None,
            busy: Duration::ZERO,
            inside: 0,
            inside_since: now,
            entered: false,
            entered_unwinding: false,
            fields_at_start: 0,
            parts_at_start: 0,
            closed: false,
            has_below: false,
            start_waits: false,
            end_goes_along: false,
            told: 0,
            refused: 0,
            begun: false,
            missed: false,
            verdict: Verdict::Unset,
            fields: Fields::default(),
            parts: Vec::new(),
            rare: None,
            charged: 0,
        }
    }

    /// What few events have.
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Notes that something was recorded or attached now. After the end is told, it moves nothing.
    #[inline]
    pub(crate) fn touch(&mut self, now: Tick) {
        self.last = self.last.max(Some(now));
    }

    #[inline]
    pub(crate) fn enter(&mut self, now: Tick) -> bool {
        if self.end.is_none() {
            self.count_busy(now);
            self.inside += 1;
        }
        self.entered_unwinding |= std::thread::panicking();
        let first = !self.entered;
        if first {
            self.entered = true;
            self.fields_at_start = u32::try_from(self.fields.len()).unwrap_or(u32::MAX);
            self.parts_at_start = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        }
        first
    }

    #[inline]
    pub(crate) fn exit(&mut self, now: Tick) {
        if self.end.is_none() && self.inside > 0 {
            self.count_busy(now);
            self.inside -= 1;
            self.touch(now);
        }
    }

    /// Adds the time since the last enter or exit, once for each thread that was inside.
    #[inline]
    fn count_busy(&mut self, now: Tick) {
        match self.inside {
            0 => {}
            1 => self.busy += now.since(self.inside_since),
            threads => self.busy += now.since(self.inside_since) * threads,
        }
        self.inside_since = now;
    }

    /// The time inside, with that of the threads that still are, if the time is told.
    pub(crate) fn busy(&self, now: Option<Tick>) -> Duration {
        let open = now.map_or(Duration::ZERO, |now| now.since(self.inside_since) * self.inside);
        self.busy + open
    }

    /// The time of the shutdown, if that is what ends it: nothing else has.
    pub(crate) fn open_until(&self, shutdown: Option<Tick>) -> Option<Tick> {
        shutdown.filter(|_| !self.closed && self.end.is_none())
    }

    /// The end is known now: nothing moves it any more.
    pub(crate) fn finish(&mut self, now: Tick) {
        if self.end.is_none() {
            self.count_busy(now);
            self.inside = 0;
            self.end = Some(now);
        }
    }

    /// The end that a wrapper has told does not hold any more, unless it was delivered: the next
    /// wrapper decides. An error of the earlier one is kept as a log, as of a call that is retried.
    pub(crate) fn reopen(&mut self, now: Tick, capture: CaptureContent) {
        if self.phase == Phase::Finishing {
            self.phase = Phase::Open;
            self.end = None;
            self.verdict = Verdict::Unset;
            if let Some(rare) = &mut self.rare {
                let exceptions = std::mem::take(&mut rare.exceptions);
                if capture == CaptureContent::Full {
                    rare.logs
                        .extend(exceptions.iter().map(|exception| (now, exception.to_string())));
                }
            }
        }
    }

    /// It was left by a thread that unwinds.
    pub(crate) fn unwound(&mut self) {
        if self.phase == Phase::Open && !self.entered_unwinding && self.verdict < Verdict::Failed {
            self.fail(Some(Exception::untold_panic()));
        }
    }

    /// A wrapper has caught what the panic says, on its way up.
    pub(crate) fn tell_panic(&mut self, text: &Text) {
        if let Some(untold) =
            self.rare().exceptions.iter_mut().find(|known| known.is_untold_panic())
        {
            untold.message = text.clone();
        }
    }

    pub(crate) fn fail(&mut self, exception: Option<Exception>) {
        self.verdict = Verdict::Failed;
        self.rare().exceptions.extend(exception);
    }

    /// Adds a part behind the fields and parts that are there.
    pub(crate) fn attach(&mut self, part: Part) {
        self.parts.push((self.fields.len(), part));
    }

    /// Takes the first fields and parts out.
    pub(crate) fn take_first(&mut self, fields: u32, parts: u32) -> Taken {
        let many = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let parts = many(parts).min(self.parts.len());
        let taken = Taken {
            fields: self.fields.take_first(many(fields)),
            parts: self.parts.drain(..parts).collect(),
        };
        for (before, _) in &mut self.parts {
            *before = before.saturating_sub(taken.fields.len());
        }
        taken
    }

    /// What it inherits, and what it has set itself so far.
    pub(crate) fn resolve_context(&self) -> Option<Arc<Context>> {
        let context = self.context.as_ref()?;
        Some(if self.sets_context {
            context.resolve_own(self.moment)
        } else {
            context.resolve(self.moment)
        })
    }

    /// Whether the worker knows of it, or will.
    pub(super) fn is_known(&self) -> bool {
        self.begun || self.told > self.refused
    }

    /// Whether something can still be recorded on it.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Finishing)
    }
}
