//! Traces: when they start and end, and their maps.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use super::Worker;
use crate::EventType;
use crate::clock::Tick;
use crate::event::{SpanId, Text, Trace};
use crate::handler::Delivery;
use crate::propagation::{Traceparent, tracestate};
use crate::state::{ContextNode, Phase, Record, TraceCell};
use crate::vocabulary::ContextKey;

/// A trace whose end was not delivered.
pub(super) struct OpenTrace {
    cell: Arc<TraceCell>,
    trace: Trace,
    /// The latest end of its scope and of its top events.
    end: Tick,
}

impl Worker {
    /// Delivers the start of a trace, unless it was delivered; gives back its name and its vendors'
    /// list.
    ///
    /// A trace without a scope is named by the event that is seen in it first.
    pub(super) fn open_trace(
        &mut self,
        cell: &Arc<TraceCell>,
        first: Option<EventType>,
    ) -> (Text, Option<Text>) {
        let named = || {
            cell.scope_name
                .get()
                .cloned()
                .unwrap_or_else(|| Text::literal(first.map_or("trace", EventType::value)))
        };
        if cell.is_over() {
            self.shared.counters.late();
            return (named(), cell.tracestate());
        }
        let entry = match self.traces.entry(cell.serial) {
            Entry::Occupied(entry) => {
                let trace = &entry.get().trace;
                return (trace.name.clone(), trace.tracestate.clone());
            }
            Entry::Vacant(entry) => entry,
        };
        let ids = cell.ids();
        let start = self.shared.clock.timestamp(cell.start);
        let mut trace = Trace::new(ids.trace_id, named(), start);
        trace.scope_id = cell.scope_id;
        trace.remote_parent = ids.remote_parent;
        trace.sampled = ids.sampled;
        trace.tracestate = cell.tracestate();
        if let Some(context) = &cell.context {
            trace.context = context.resolve(cell.moment);
            if has_invalid_state(context) {
                self.shared.counters.unreadable.fetch_add(1, Relaxed);
            }
        }
        let told = (trace.name.clone(), trace.tracestate.clone());
        let shown = trace.clone();
        entry.insert(OpenTrace { cell: Arc::clone(cell), trace, end: cell.start });
        self.deliver_trace(shown, Delivery::TraceStart);
        told
    }

    /// Puts an event into the map of its trace, as far as there is room.
    pub(super) fn place_in_trace(
        &mut self,
        cell: &TraceCell,
        parent: Option<SpanId>,
        child: SpanId,
    ) {
        if let Some(open) = self.traces.get_mut(&cell.serial) {
            if open.trace.map.len() < self.trace_map_limit {
                open.trace.map.insert(parent, child);
            } else {
                open.trace.map.omit();
            }
        }
    }

    /// The end of an event counts for the trace if the event is at its top.
    pub(super) fn note_end(&mut self, cell: &TraceCell, parent: Option<SpanId>, end: Tick) {
        if parent.is_none() {
            if let Some(open) = self.traces.get_mut(&cell.serial) {
                open.end = open.end.max(end);
            }
        }
    }

    pub(super) fn end_scope(&mut self, record: &Arc<Record>, shutdown: Option<Tick>) {
        let mut state = record.lock();
        state.phase = Phase::Gone;
        let open_until = state.open_until(shutdown);
        let end = state.end.or(open_until).or(state.last).unwrap_or(state.start);
        let trace = state.trace.clone();
        let charged = std::mem::take(&mut state.charged);
        drop(state);
        self.shared.queue.release(charged);
        if let Some(trace) = trace {
            self.note_end(&trace, None, end);
            self.leave_trace(&trace);
        }
    }

    /// One less is open in the trace; with the last, the trace ends.
    pub(super) fn leave_trace(&mut self, cell: &TraceCell) {
        if cell.leave() {
            self.end_trace(cell.serial);
        }
    }

    pub(super) fn end_trace(&mut self, serial: u64) {
        let Some(OpenTrace { cell, mut trace, end }) = self.traces.remove(&serial) else { return };
        cell.over.store(true, SeqCst);
        trace.elapsed = end.since(cell.start);
        self.shared.counters.traces.fetch_add(1, Relaxed);
        self.deliver_trace(trace, Delivery::TraceEnd);
    }

    /// Ends the traces in which nothing is open any more.
    pub(super) fn end_empty_traces(&mut self, all: bool) {
        let mut ended: Vec<u64> = self
            .traces
            .iter()
            .filter(|(_, open)| all || open.cell.open.load(SeqCst) == 0)
            .map(|(serial, _)| *serial)
            .collect();
        ended.sort_unstable();
        for serial in ended {
            self.end_trace(serial);
        }
    }

    fn deliver_trace(&mut self, mut trace: Trace, delivery: fn(Arc<Trace>) -> Delivery) {
        self.mask_trace(&mut trace);
        self.fanout.push(delivery(Arc::new(trace)), 0);
    }
}

/// Whether the trace of another process came with a list of vendors that is none. Of a trace that
/// did not come the list does not matter.
fn has_invalid_state(context: &ContextNode) -> bool {
    let is_invalid = |state: String| tracestate::valid(&state).is_none();
    let is_parent = |header: String| Traceparent::parse(&header).is_some();
    context.text(ContextKey::Tracestate).is_some_and(is_invalid)
        && context.text(ContextKey::Traceparent).is_some_and(is_parent)
}
