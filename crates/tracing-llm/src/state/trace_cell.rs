//! A trace, as the spans of it share it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::span::Id;

use super::context::{ContextNode, Moment};
use crate::clock::Tick;
use crate::propagation::{Traceparent, tracestate};
use crate::vocabulary::ContextKey;
use crate::{SpanId, Text, TraceId};

/// What all spans of a trace share.
pub(crate) struct TraceCell {
    /// Tells traces apart that continue the same remote one.
    pub(crate) serial: u64,
    ids: Mutex<TraceIds>,
    /// The vendors' list of another tracer whose trace it has joined, as that has it.
    joined_state: OnceLock<Text>,
    /// Whether it joins another tracer's trace is decided.
    settled: AtomicBool,
    /// The name that a scope gave it.
    pub(crate) scope_name: OnceLock<Text>,
    /// The span of the scope.
    pub(crate) scope_id: Option<SpanId>,
    pub(crate) start: Tick,
    pub(crate) context: Option<Arc<ContextNode>>,
    pub(crate) moment: Moment,
    /// Begun and not yet delivered: events, candidates, and the scope.
    pub(crate) open: AtomicUsize,
    /// Its end was delivered.
    pub(crate) over: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct TraceIds {
    pub(crate) trace_id: TraceId,
    pub(crate) remote_parent: Option<SpanId>,
    /// Whether the other process samples the trace.
    pub(crate) sampled: Option<bool>,
}

impl TraceCell {
    pub(crate) fn new(
        serial: u64,
        ids: TraceIds,
        scope_id: Option<SpanId>,
        start: Tick,
        context: Option<Arc<ContextNode>>,
        moment: Moment,
    ) -> Self {
        Self {
            serial,
            ids: Mutex::new(ids),
            joined_state: OnceLock::new(),
            settled: AtomicBool::new(false),
            scope_name: OnceLock::new(),
            scope_id,
            start,
            context,
            moment,
            open: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        }
    }

    pub(crate) fn ids(&self) -> TraceIds {
        *self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins another tracer's trace, or stays on its own, and gives back what the trace's id is from
    /// now on. The first to say so decides: an event of it may have been told of after that.
    pub(crate) fn settle(&self, joined: Option<(TraceIds, Option<Text>)>) -> TraceId {
        let mut own = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.settled.swap(true, SeqCst) {
            if let Some((ids, list)) = joined {
                *own = ids;
                if let Some(list) = list {
                    let _ = self.joined_state.set(list);
                }
            }
        }
        own.trace_id
    }

    /// What another process said in its header, if that is what the trace continues: another
    /// tracer's ids may stand above it.
    pub(crate) fn came(&self) -> Option<Traceparent> {
        self.came_by().map(|(parent, _)| parent)
    }

    /// The same, and which span had the header.
    pub(crate) fn came_by(&self) -> Option<(Traceparent, &Id)> {
        let (span, header) = self.context.as_ref()?.nearest(ContextKey::Traceparent)?;
        let parent = Traceparent::parse(&header)?;
        (parent.trace_id == self.ids().trace_id).then_some((parent, span))
    }

    /// The vendors' list that goes along with the trace (`tracestate`), checked; none if it is
    /// empty. Not for each event: it is read anew each time.
    pub(crate) fn tracestate(&self) -> Option<Text> {
        let list = match self.joined_state.get() {
            Some(list) => tracestate::valid(list),
            None => {
                self.came()?;
                tracestate::valid(&self.context.as_ref()?.text(ContextKey::Tracestate)?)
            }
        };
        list.filter(|list| !list.is_empty()).map(Text::from)
    }

    pub(crate) fn begin(&self) {
        self.open.fetch_add(1, SeqCst);
    }

    /// One less is open. True for the last.
    pub(crate) fn leave(&self) -> bool {
        self.open.fetch_sub(1, SeqCst) == 1
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(SeqCst)
    }
}
