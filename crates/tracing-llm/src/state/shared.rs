//! What the layer, the handle and the worker share.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

use crossbeam_utils::CachePadded;
use tracing::dispatcher::WeakDispatch;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Metadata};

use super::context::Moment;
use super::message::Message;
use super::node::{Node, Phase};
use super::outside::Overruled;
use super::pool::Pool;
use super::record::Record;
use super::slots::LayerId;
use crate::clock::Clock;
use crate::context_source::ContextSource;
use crate::id_source::Ids;
use crate::queue::Queue;
use crate::recognise::{CaptureContent, Plan, Settings};
use crate::stats::Counters;
use crate::{SpanId, TraceId};

pub(crate) struct Shared {
    pub(crate) layer: LayerId,
    pub(crate) settings: Settings,
    pub(crate) capture: CaptureContent,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) pool: Pool,
    pub(crate) queue: Queue<Message>,
    /// Written by the worker with each event: apart from what the pipeline reads.
    pub(crate) counters: CachePadded<Counters>,
    pub(crate) context_source: Option<Box<dyn ContextSource>>,
    /// The source's word stood against that of another process.
    pub(crate) overruled: Overruled,
    pub(crate) next_trace: AtomicU64,
    pub(crate) moments: AtomicU64,
    /// Open candidates that are not recognised.
    pub(crate) candidates: AtomicUsize,
    /// From the shutdown on, nothing new begins.
    pub(crate) closed: AtomicBool,
    /// The worker has looked for the last time.
    pub(crate) deserted: AtomicBool,
    /// The subscriber that the layer is part of, once it is known.
    pub(crate) dispatch: OnceLock<WeakDispatch>,
}

thread_local! {
    static SUPPRESSED: Cell<bool> = const { Cell::new(false) };
}

/// On this thread, from now on, spans and events are nothing to our layers: it is one of ours,
/// and what handlers emit must not come back to them.
pub(crate) fn suppress_this_thread() {
    let _ = SUPPRESSED.try_with(|suppressed| suppressed.set(true));
}

#[inline]
pub(crate) fn is_suppressed() -> bool {
    SUPPRESSED.try_with(Cell::get).unwrap_or(true)
}

static LAYERS: AtomicUsize = AtomicUsize::new(0);

/// How many layers of ours there are in the program.
#[inline]
pub(crate) fn layers() -> usize {
    LAYERS.load(Relaxed)
}

impl Shared {
    /// Gives a new layer its id. Each is given back by dropping its `Shared`.
    pub(crate) fn layer_id() -> LayerId {
        static IDS: AtomicU64 = AtomicU64::new(0);
        LAYERS.fetch_add(1, Relaxed);
        IDS.fetch_add(1, Relaxed)
    }

    /// The worker has looked for the last time.
    #[inline]
    pub(crate) fn is_deserted(&self) -> bool {
        self.deserted.load(SeqCst)
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    #[inline]
    pub(crate) fn plan(&self, metadata: &'static Metadata<'static>) -> Option<&Plan> {
        let setting = self.settings.current();
        setting.callsites.plan(metadata, &setting.recognition)
    }

    /// Whether a span of this callsite may have a record: it is something to us, or it was before
    /// that was changed.
    #[inline]
    pub(crate) fn may_have_record(&self, metadata: &'static Metadata<'static>) -> bool {
        self.plan(metadata).is_some() || self.settings.has_changed()
    }

    /// The current moment, as contexts count.
    #[inline]
    pub(crate) fn moment(&self) -> Moment {
        self.moments.load(SeqCst)
    }

    /// A moment after all that has begun.
    pub(crate) fn next_moment(&self) -> Moment {
        self.moments.fetch_add(1, SeqCst) + 1
    }

    /// A new id; random if the source panics.
    pub(crate) fn new_trace_id(&self) -> TraceId {
        self.ids.trace_id().unwrap_or_else(|| {
            self.counters.failure();
            Ids::random_trace()
        })
    }

    /// A new id; random if the source panics.
    pub(crate) fn new_span_id(&self) -> SpanId {
        self.ids.span_id().unwrap_or_else(|| {
            self.counters.failure();
            Ids::random_span()
        })
    }

    pub(crate) fn next_trace(&self) -> u64 {
        self.next_trace.fetch_add(1, Relaxed)
    }

    /// The subscriber: as it introduced itself, else this thread's current one, which is right
    /// wherever `tracing` is not in the middle of a call.
    pub(crate) fn with_dispatch<T>(&self, f: impl FnOnce(&Dispatch) -> T) -> T {
        match self.dispatch.get().and_then(WeakDispatch::upgrade) {
            Some(dispatch) => f(&dispatch),
            None => f(&tracing::dispatcher::get_default(Dispatch::clone)),
        }
    }

    /// Runs foreign code on a thread of ours as part of the program: what it emits reaches the
    /// subscriber that our layer is part of, also if that is no global default.
    pub(crate) fn in_program<T>(&self, run: impl FnOnce() -> T) -> T {
        let has_default = !tracing::dispatcher::get_default(Dispatch::is::<NoSubscriber>);
        if has_default {
            return run();
        }
        match self.dispatch.get().and_then(WeakDispatch::upgrade) {
            Some(dispatch) => tracing::dispatcher::with_default(&dispatch, run),
            None => run(),
        }
    }

    /// Tells the worker that the span has begun. If there is no place, the end brings the start.
    pub(crate) fn push_start(&self, record: Arc<Record>) {
        self.push(Message::Start(record));
    }

    /// Tells the worker that a wrapper saw the end. If there is no place, the worker looks for it.
    pub(crate) fn push_finish(&self, record: Arc<Record>) {
        if self.push(Message::Finish(record)).is_none() {
            self.queue.miss();
        }
    }

    /// Tells the worker that the span has ended. An end that finds no place is found by the
    /// worker, if it knows of the span; else the event is given up and counted.
    pub(crate) fn push_end(&self, record: Arc<Record>) {
        if self.is_deserted() {
            return self.give_up(record);
        }
        let Err(message) = self.queue.push(Message::End(record)) else { return };
        let record = message.into_record();
        let mut state = record.lock();
        if state.is_known() {
            state.missed = true;
            drop(state);
            self.queue.miss();
        } else {
            drop(state);
            self.give_up(record);
        }
    }

    /// None if there was no place. The state has counted it as told before.
    fn push(&self, message: Message) -> Option<()> {
        let Err(message) = self.queue.push(message) else { return Some(()) };
        let record = message.into_record();
        let mut state = record.lock();
        state.refused += 1;
        state.start_waits = false;
        // Its end came in between, and relied on this message.
        let along = std::mem::take(&mut state.end_goes_along);
        let (relied, known) = (along || state.missed, state.is_known());
        state.missed = relied;
        drop(state);
        match (relied, known) {
            (true, false) => self.give_up(record),
            (true, true) if along => self.queue.miss(),
            _ => {}
        }
        None
    }

    /// Nobody will know of this event: it is counted.
    fn give_up(&self, record: Arc<Record>) {
        let mut state = record.lock();
        if state.phase == Phase::Gone {
            return;
        }
        state.phase = Phase::Gone;
        let (node, trace) = (state.node, state.trace.take());
        let charged = std::mem::take(&mut state.charged);
        drop(state);
        self.queue.release(charged);
        match node {
            Node::Event(..) => self.counters.dropped_event(),
            Node::Scope => self.counters.dropped_scope(),
            Node::Candidate | Node::Carrier => {}
        }
        if let Some(trace) = trace {
            trace.leave();
            self.queue.miss();
        }
        self.pool.give_back(record);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        LAYERS.fetch_sub(1, Relaxed);
    }
}
