//! Traces as the log knows them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tracing_llm::{Event, SpanId, Trace, TraceMap};

use super::Log;
use crate::record::EventPair;

/// A trace with those of its events that are kept: all that a format needs.
pub(crate) struct TraceView {
    pub(crate) trace: Arc<Trace>,
    /// Whether the end of the trace was seen.
    pub(crate) ended: bool,
    /// Depth-first, as they are printed; ignored events are left out.
    pub(crate) nodes: Vec<Node>,
    /// How many of its events are not here: more than the map holds, or dropped by the log.
    pub(crate) missing: u64,
}

/// An event at its place in the tree.
pub(crate) struct Node {
    /// How many events are above it; the top has 0.
    pub(crate) depth: usize,
    /// How many of them are shown.
    pub(crate) shown_depth: usize,
    pub(crate) pair: EventPair,
}

impl Log {
    /// The end of a trace: its events no longer count as unfinished.
    pub(crate) fn end_trace(&mut self, trace: &Arc<Trace>) -> TraceView {
        let mut settled: HashSet<SpanId> = HashSet::new();
        for (_, id) in walk(&trace.map) {
            settled.insert(id);
            if let Some(place) = self.find_mut((trace.id, id)) {
                place.settled = true;
            }
        }
        if trace.map.omitted() > 0 {
            self.settle_omitted(trace, settled);
        }
        self.last_trace = Some(trace.clone());
        self.view(trace, true)
    }

    /// The trace that ended last, if there was one.
    pub(crate) fn last_trace(&self) -> Option<TraceView> {
        self.last_trace.as_ref().map(|trace| self.view(trace, true))
    }

    /// What is kept of the traces that have not ended; they count as ended from now on.
    pub(crate) fn end_unfinished(&mut self) -> Vec<TraceView> {
        let mut order = Vec::new();
        let mut events: HashMap<_, Vec<Arc<Event>>> = HashMap::new();
        for place in self.places.iter_mut().filter(|place| !place.settled) {
            place.settled = true;
            let Some(kept) = &place.kept else { continue };
            let event = kept.pair.event();
            // Two traces of this process may continue one trace of another: they share its id.
            let trace = (event.trace_id, event.scope_id, event.trace_name.clone());
            events
                .entry(trace.clone())
                .or_insert_with(|| {
                    order.push(trace);
                    Vec::new()
                })
                .push(event.clone());
        }
        order
            .iter()
            .filter_map(|trace| unfinished(events.get(trace)?))
            .map(|trace| self.view(&trace, false))
            .collect()
    }

    fn view(&self, trace: &Arc<Trace>, ended: bool) -> TraceView {
        let mut nodes = Vec::new();
        let mut missing = trace.map.omitted();
        // For each event on the way down: how many shown events are above its children.
        let mut way: Vec<usize> = Vec::new();
        for (depth, id) in walk(&trace.map) {
            way.truncate(depth);
            let shown_depth = way.last().copied().unwrap_or_default();
            let place = self.find((trace.id, id));
            missing += u64::from(place.is_none());
            let pair = place.and_then(|place| Some(place.kept.as_ref()?.pair.clone()));
            way.push(shown_depth + usize::from(pair.is_some()));
            nodes.extend(pair.map(|pair| Node { depth, shown_depth, pair }));
        }
        TraceView { trace: trace.clone(), ended, nodes, missing }
    }

    /// Events that the full map left out end with their trace all the same.
    fn settle_omitted(&mut self, trace: &Trace, mut settled: HashSet<SpanId>) {
        for place in self.places.iter_mut().filter(|place| place.key.0 == trace.id) {
            let Some(kept) = &place.kept else { continue };
            let event = kept.pair.event();
            let below = event.parent_id.is_some_and(|parent| settled.contains(&parent));
            let inside = trace.scope_id.is_some() && event.scope_id == trace.scope_id;
            if below || inside {
                settled.insert(event.span_id);
                place.settled = true;
            }
        }
    }
}

/// A trace made of these events, as if it began with the first.
fn unfinished(events: &[Arc<Event>]) -> Option<Arc<Trace>> {
    let first = events.first()?;
    let mut trace = Trace::new(first.trace_id, &first.trace_name, first.start);
    let ids: HashSet<SpanId> = events.iter().map(|event| event.span_id).collect();
    for event in events {
        trace.map.insert(event.parent_id.filter(|parent| ids.contains(parent)), event.span_id);
    }
    Some(Arc::new(trace))
}

/// As many events as there are, even if a map that was read from somewhere runs in a circle.
fn walk(map: &TraceMap) -> impl Iterator<Item = (usize, SpanId)> + '_ {
    map.walk().take(map.len())
}
