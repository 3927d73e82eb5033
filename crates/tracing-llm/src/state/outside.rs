//! An event's place in the trace of another tracer.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use tracing::span::Id;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan as _;

use super::node::Node;
use super::record::Record;
use super::shared::Shared;
use super::trace_cell::TraceIds;
use crate::context_source::{ContextSource, ForeignSpan};
use crate::event::Link;

/// What a context source says of a span.
#[derive(Default)]
struct Answer {
    twin: Option<ForeignSpan>,
    parent: Option<ForeignSpan>,
}

/// How a `traceparent` of another process stands to what the source says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// There is none, or both name one trace.
    Silent,
    /// It is the nearest word, and counts.
    Nearer,
    /// It is not, and names another trace.
    Overruled,
}

/// That another process's trace was not continued: told once.
#[derive(Debug, Default)]
pub(crate) struct Overruled(AtomicU8);

impl Overruled {
    const UNHEARD: u8 = 1;
    const TOLD: u8 = 2;

    fn tell(&self) {
        let _ = self.0.compare_exchange(0, Self::UNHEARD, Relaxed, Relaxed);
    }

    /// True once.
    pub(crate) fn is_unheard(&self) -> bool {
        self.0.compare_exchange(Self::UNHEARD, Self::TOLD, Relaxed, Relaxed).is_ok()
    }
}

thread_local! {
    /// This thread is inside of a context source: what that does asks it nothing.
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

impl Shared {
    /// Lets the context source, if there is one, give the event its place. Nothing happens at a
    /// second time. The worker may be told of the event after this.
    ///
    /// While one thread waits for the answer, another that needs it asks as well, for it may tell the
    /// worker before the first has come back: the first answer is the one that holds.
    #[inline]
    pub(crate) fn settle(&self, record: &Arc<Record>) {
        if let Some(source) = &self.context_source {
            self.settle_all(&**source, record);
        }
    }

    /// The events above come first: what is told of one brings their starts forward.
    fn settle_all(&self, source: &dyn ContextSource, record: &Arc<Record>) {
        let mut unsettled = Vec::new();
        let mut next = record.lock().above.0.clone();
        while let Some(above) = next {
            let state = above.lock();
            if state.settled {
                break;
            }
            next = state.above.0.clone();
            drop(state);
            unsettled.push(above);
        }
        for above in unsettled.iter().rev() {
            self.settle_one(source, above);
        }
        self.settle_one(source, record);
    }

    fn settle_one(&self, source: &dyn ContextSource, record: &Record) {
        let (id, is_top) = {
            let state = record.lock();
            let open = !state.closed && state.node.is_delivered();
            let (true, Some(id)) = (open && !state.settled, state.id.clone()) else { return };
            (id, state.above.0.is_none())
        };
        let Some(answer) = self.ask(source, &id, is_top) else { return };
        let standing = self.standing(record, &id, is_top, &answer);
        let mut state = record.lock();
        if std::mem::replace(&mut state.settled, true) {
            return;
        }
        let Some(trace) = state.trace.clone() else { return };
        if let (Some(twin), Node::Event(..) | Node::Candidate) = (&answer.twin, state.node) {
            state.span_id = Some(twin.span_id);
        }
        if !is_top {
            return;
        }
        let Some(outside) = answer.parent.as_ref().or(answer.twin.as_ref()) else {
            trace.settle(None);
            return;
        };
        if standing == Standing::Nearer {
            trace.settle(None);
            return;
        }
        let parent = answer.parent.as_ref().filter(|span| !span.is_link).map(|span| span.span_id);
        let ids = TraceIds {
            trace_id: outside.trace_id,
            remote_parent: parent,
            sampled: outside.sampled,
        };
        let trace_id = trace.settle(Some((ids, outside.tracestate.clone())));
        if trace_id == outside.trace_id {
            state.remote_parent = parent;
            if standing == Standing::Overruled {
                self.overruled.tell();
            }
        }
        // A parent in another trace is none.
        if let Some(ForeignSpan { trace_id, span_id, .. }) =
            answer.parent.filter(|span| span.is_link || span.trace_id != trace_id)
        {
            state.rare().links.push(Link { trace_id, span_id });
        }
    }

    /// How the header that came stands to the answer.
    fn standing(&self, record: &Record, event: &Id, is_top: bool, answer: &Answer) -> Standing {
        let Some(found) = answer.parent.as_ref().or(answer.twin.as_ref()).filter(|_| is_top) else {
            return Standing::Silent;
        };
        let trace = record.lock().trace.clone();
        let Some((came, by)) = trace.as_ref().and_then(|trace| trace.came_by()) else {
            return Standing::Silent;
        };
        if answer.twin.is_none() && self.is_nearer(event, by, found.made_of.as_ref()) {
            Standing::Nearer
        } else if came.trace_id != found.trace_id {
            Standing::Overruled
        } else {
            Standing::Silent
        }
    }

    /// Whether this span is met before the other one on the way up from the event.
    fn is_nearer(&self, event: &Id, span: &Id, than: Option<&Id>) -> bool {
        if Some(span) == than || span == event {
            return Some(span) != than;
        }
        let Some(than) = than else { return false };
        self.with_dispatch(|dispatch| {
            let mut next = dispatch.downcast_ref::<Registry>()?.span(event);
            while let Some(above) = next {
                if above.id() == *than || above.id() == *span {
                    return Some(above.id() == *span);
                }
                next = above.parent();
            }
            None
        })
        .unwrap_or(false)
    }

    /// None on a thread that is asking already.
    fn ask(&self, source: &dyn ContextSource, id: &Id, is_top: bool) -> Option<Answer> {
        if ASKING.replace(true) {
            return None;
        }
        let ask = || {
            self.with_dispatch(|dispatch| Answer {
                twin: source.twin(id, dispatch),
                parent: is_top.then(|| source.parent(id, dispatch)).flatten(),
            })
        };
        let answer = catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| {
            self.counters.failure();
            Answer::default()
        });
        ASKING.set(false);
        Some(answer)
    }
}
