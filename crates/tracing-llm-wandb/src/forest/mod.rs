//! The events of the traces that are open, until each trace is a tree. Pure.
//!
//! An end that never comes, a parent that was left out and a trace whose end was lost do not cost a
//! tree: what is known of it is written.

mod group;
mod nesting;
mod walk;

use std::collections::HashMap;
use std::sync::Arc;

use tracing_llm::{Event, SpanId, Trace, TraceId};

use self::group::Group;
use crate::calls::{Counts, Figures};
use crate::convert::Clip;
use crate::tree::Tree;

/// How many events are remembered over all open traces. Beyond it, the oldest trace is written as
/// far as it came.
const EVENTS: usize = 100_000;

/// What one tree holds at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) spans: usize,
    /// Of JSON; W&B's files of history have one line for each row.
    pub(crate) bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { spans: 10_000, bytes: 8 * 1024 * 1024 }
    }
}

/// The open traces.
pub(crate) struct Forest {
    groups: HashMap<TraceId, Group>,
    /// Numbers events and groups in the order of their first records.
    next: u64,
    events: usize,
    limit: usize,
    bounds: Bounds,
    clip: Clip,
}

/// What came of the end of an event.
pub(crate) struct Ended {
    pub(crate) counts: Counts,
    /// What counted until now, and does no longer: the event knows better.
    pub(crate) replaced: Figures,
    /// A tree that had to make room.
    pub(crate) evicted: Option<Tree>,
}

impl Forest {
    pub(crate) fn new(clip: Clip) -> Self {
        Self::with_bounds(clip, EVENTS, Bounds::default())
    }

    fn with_bounds(clip: Clip, limit: usize, bounds: Bounds) -> Self {
        Self { groups: HashMap::new(), next: 0, events: 0, limit, bounds, clip }
    }

    pub(crate) fn trace_begins(&mut self, trace: &Trace) {
        self.group(trace.id).open += 1;
    }

    /// An event begins; a tree comes back that had to make room.
    pub(crate) fn begin(&mut self, event: &Arc<Event>) -> Option<Tree> {
        let (number, bounds) = (self.number(), self.bounds);
        let added = self.group(event.trace_id).begin(event, number, bounds);
        self.events += added;
        self.evict(event.trace_id)
    }

    pub(crate) fn end(&mut self, event: &Event) -> Ended {
        let (number, bounds, clip) = (self.number(), self.bounds, self.clip);
        let (added, counts, replaced) = self.group(event.trace_id).end(event, number, bounds, clip);
        self.events += added;
        Ended { counts, replaced, evicted: self.evict(event.trace_id) }
    }

    /// A trace has ended; none if nothing of it was seen.
    pub(crate) fn trace_ends(&mut self, trace: &Trace) -> Option<Tree> {
        let number = self.number();
        let mut group = self.groups.remove(&trace.id).unwrap_or_else(|| Group::new(number));
        self.events -= group.len();
        group.open = group.open.saturating_sub(1);
        let tree = group.tree_of(trace, self.clip);
        if group.open > 0 {
            // Another trace with this id runs on: two requests from one span of another process.
            self.events += group.len();
            self.groups.insert(trace.id, group);
        }
        tree
    }

    /// All that is left, oldest first: at shutdown.
    pub(crate) fn rest(&mut self) -> Vec<Tree> {
        let mut groups: Vec<(TraceId, Group)> = self.groups.drain().collect();
        self.events = 0;
        groups.sort_unstable_by_key(|(_, group)| group.number);
        let clip = self.clip;
        groups.into_iter().filter_map(|(id, group)| group.into_tree(id, clip)).collect()
    }

    fn group(&mut self, id: TraceId) -> &mut Group {
        let number = self.next;
        self.groups.entry(id).or_insert_with(|| Group::new(number))
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Makes room, though not by the trace at hand unless it is the only one.
    fn evict(&mut self, at_hand: TraceId) -> Option<Tree> {
        if self.events <= self.limit {
            return None;
        }
        let oldest = self.groups.iter().min_by_key(|(id, group)| (**id == at_hand, group.number));
        let id = *oldest?.0;
        let group = self.groups.remove(&id)?;
        self.events -= group.len();
        group.into_tree(id, self.clip)
    }
}

/// The way from an event to those above it.
fn parent_of(event: &Event) -> Option<SpanId> {
    event.parent_id.filter(|parent| *parent != event.span_id)
}

#[cfg(test)]
mod tests;
