//! The state of one span, shared by the span's extensions and the worker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tracing::Metadata;

use super::context::{ContextNode, Moment};
use super::field::Fields;
use super::shared::Shared;
use super::trace_cell::TraceCell;
use crate::clock::Tick;
use crate::event::{Context, Exception, Link};
use crate::vocabulary::{Role, Scalar};
use crate::{CaptureContent, EventType, Payload, SpanId, Text};

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

/// What a span is to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Node {
    /// No event: it carries context, or its tag names no event type. Its children belong to the event above.
    #[default]
    Carrier,
    /// Opens a trace.
    Scope,
    /// Declares a tag whose value has not come yet.
    Candidate,
    /// An event of this type, by a tag of this rank (the lowest wins).
    Event(EventType, u8),
}

impl Node {
    /// Whether it has a place in the tree.
    pub(crate) fn is_in_tree(self) -> bool {
        matches!(self, Self::Candidate | Self::Event(..))
    }

    /// Whether it is told to the worker when it begins and ends.
    pub(crate) fn is_delivered(self) -> bool {
        self != Self::Carrier
    }
}

/// What is known of how it came out; a later verdict replaces a weaker one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    #[default]
    Unset,
    Finished,
    Cancelled,
    Failed,
}

/// Where an event is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// In the pool.
    #[default]
    Free,
    /// Its span was created.
    Open,
    /// A wrapper saw its end: delivered at close, or a little after its last part.
    Finishing,
    /// Its span is closed, or it was ended by hand.
    Ended,
    /// Delivered, or given up: what comes now is late.
    Gone,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) node: Node,
    pub(crate) metadata: Option<&'static Metadata<'static>>,
    pub(crate) span_id: Option<SpanId>,
    /// The span of another process, or of another tracer, that it continues.
    pub(crate) remote_parent: Option<SpanId>,
    /// The nearest record above that has a place in the tree.
    pub(crate) above: Above,
    pub(crate) trace: Option<Arc<TraceCell>>,
    pub(crate) context: Option<Arc<ContextNode>>,
    /// When it began, as the context counts.
    pub(crate) moment: Moment,
    /// The context node is its own.
    pub(crate) sets_context: bool,
    /// The tags that have a value: a bit for each rank.
    pub(crate) tags: u8,
    /// Its trace began with it.
    pub(crate) opened_trace: bool,

    pub(crate) start: Tick,
    /// The last exit, field or part; none before the first.
    pub(crate) last: Option<Tick>,
    /// The end, once a wrapper or the caller has told it.
    pub(crate) end: Option<Tick>,
    /// Nanoseconds inside: exits added, enters taken away.
    pub(crate) busy: i64,
    /// How many threads are inside.
    pub(crate) inside: u32,
    pub(crate) entered: bool,
    /// It was entered by a thread that was unwinding already: its exit says nothing.
    entered_unwinding: bool,
    /// How many fields and parts there were when it was first entered.
    pub(crate) fields_at_start: usize,
    pub(crate) parts_at_start: usize,
    pub(crate) closed: bool,
    /// How often the worker was told of it before its end, and how often there was no place for that.
    pub(crate) told: u32,
    pub(crate) refused: u32,
    /// The worker has delivered its start.
    pub(crate) begun: bool,
    /// Its end found no place in the queue: the worker looks for it.
    pub(crate) missed: bool,

    pub(crate) verdict: Verdict,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) fields: Fields,
    /// Each with the number of fields that came before it.
    pub(crate) parts: Vec<(usize, Part)>,
    pub(crate) logs: Vec<(Tick, String)>,
    pub(crate) links: Vec<Link>,
    pub(crate) stream: Option<Box<Stream>>,

    /// Bytes of texts that it holds, as counted in the budget.
    pub(crate) charged: usize,
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
    pub(crate) fn new(shared: Weak<Shared>) -> Self {
        Self { shared, state: Mutex::default() }
    }

    /// The layer that it belongs to; none once that is gone.
    pub(crate) fn shared(&self) -> Option<Arc<Shared>> {
        self.shared.upgrade()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes it as good as new; buffers keep their room unless it is a lot.
    ///
    /// Foreign values that it still holds are dropped outside of its lock.
    pub(crate) fn reset(&self) {
        let mut old = std::mem::take(&mut *self.lock());
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
    /// Notes that something was recorded or attached now. After the end is told, it moves nothing.
    pub(crate) fn touch(&mut self, now: Tick) {
        self.last = self.last.max(Some(now));
    }

    pub(crate) fn enter(&mut self, now: Tick) -> bool {
        if self.end.is_none() {
            self.busy -= now.nanos();
            self.inside += 1;
        }
        self.entered_unwinding |= std::thread::panicking();
        let first = !self.entered;
        if first {
            self.entered = true;
            self.fields_at_start = self.fields.len();
            self.parts_at_start = self.parts.len();
        }
        first
    }

    pub(crate) fn exit(&mut self, now: Tick) {
        if self.end.is_none() && self.inside > 0 {
            self.busy += now.nanos();
            self.inside -= 1;
            self.touch(now);
        }
    }

    /// The end is known now: nothing moves it any more.
    pub(crate) fn finish(&mut self, now: Tick) {
        if self.end.is_none() {
            self.busy += now.nanos() * i64::from(self.inside);
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
            let exceptions = std::mem::take(&mut self.exceptions);
            if capture == CaptureContent::Full {
                self.logs.extend(exceptions.iter().map(|exception| (now, exception.to_string())));
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
        if let Some(untold) = self.exceptions.iter_mut().find(|known| known.is_untold_panic()) {
            untold.message = text.clone();
        }
    }

    pub(crate) fn fail(&mut self, exception: Option<Exception>) {
        self.verdict = Verdict::Failed;
        self.exceptions.extend(exception);
    }

    /// Adds a part behind the fields and parts that are there.
    pub(crate) fn attach(&mut self, part: Part) {
        self.parts.push((self.fields.len(), part));
    }

    /// Takes the first fields and parts out.
    pub(crate) fn take_first(&mut self, fields: usize, parts: usize) -> Taken {
        let parts = parts.min(self.parts.len());
        let taken = Taken {
            fields: self.fields.take_first(fields),
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
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Finishing)
    }
}
