//! The events of the traces that are open, until each trace is a tree. Pure.
//!
//! An end that never comes, a parent that was left out and a trace whose end was lost do not cost a
//! tree: what is known of it is written.

mod group;
mod nesting;
mod walk;

use std::collections::HashMap;

use tracing_llm::{Event, SpanId, Trace, TraceId};

use self::group::Group;
use crate::calls::{Counts, Figures};
use crate::convert::Clip;
use crate::tree::Tree;

/// What is remembered at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Of all open traces together. Beyond it, the oldest trace is written as far as it came.
    pub(crate) events: usize,
    /// The same, of JSON.
    pub(crate) bytes: usize,
    /// Of one tree. Beyond it, spans are left out.
    pub(crate) tree_spans: usize,
    /// Of one tree, of JSON; W&B's files of history have one line for each row. Beyond it, content
    /// is left out.
    pub(crate) tree_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            events: 100_000,
            bytes: 64 * 1024 * 1024,
            tree_spans: 10_000,
            tree_bytes: 8 * 1024 * 1024,
        }
    }
}

/// What is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    events: usize,
    bytes: usize,
}

/// The open traces.
pub(crate) struct Forest {
    groups: HashMap<TraceId, Group>,
    /// Numbers events and groups in the order of their first records.
    next: u64,
    /// By all groups together.
    held: Held,
    bounds: Bounds,
    clip: Clip,
}

/// What came of the end of an event.
pub(crate) struct Ended {
    pub(crate) counts: Counts,
    /// What counted until now, and does no longer: the event knows better.
    pub(crate) replaced: Figures,
    /// Trees that had to make room.
    pub(crate) evicted: Vec<Tree>,
}

impl Forest {
    pub(crate) fn new(clip: Clip) -> Self {
        Self::with_bounds(clip, Bounds::default())
    }

    fn with_bounds(clip: Clip, bounds: Bounds) -> Self {
        Self { groups: HashMap::new(), next: 0, held: Held::default(), bounds, clip }
    }

    pub(crate) fn trace_begins(&mut self, trace: &Trace) {
        self.group(trace.id).open += 1;
    }

    /// An event begins; trees come back that had to make room.
    pub(crate) fn begin(&mut self, event: &Event) -> Vec<Tree> {
        let (number, bounds, clip) = (self.number(), self.bounds, self.clip);
        self.change(event.trace_id, |group| group.begin(event, number, bounds, clip));
        self.make_room(event.trace_id)
    }

    pub(crate) fn end(&mut self, event: &Event) -> Ended {
        let (number, bounds, clip) = (self.number(), self.bounds, self.clip);
        let (counts, replaced) =
            self.change(event.trace_id, |group| group.end(event, number, bounds, clip));
        Ended { counts, replaced, evicted: self.make_room(event.trace_id) }
    }

    /// A trace has ended; none if nothing of it was seen.
    pub(crate) fn trace_ends(&mut self, trace: &Trace) -> Option<Tree> {
        self.number();
        let (tree, is_open) = self.change(trace.id, |group| {
            group.open = group.open.saturating_sub(1);
            (group.tree_of(trace), group.open > 0)
        });
        // Another trace with this id may run on: two requests from one span of another process.
        if !is_open {
            self.take(trace.id);
        }
        tree
    }

    /// All that is left, oldest first: at shutdown.
    pub(crate) fn rest(&mut self) -> Vec<Tree> {
        let mut groups: Vec<(TraceId, Group)> = self.groups.drain().collect();
        self.held = Held::default();
        groups.sort_unstable_by_key(|(_, group)| group.number);
        groups.into_iter().filter_map(|(id, group)| group.into_tree(id)).collect()
    }

    fn group(&mut self, id: TraceId) -> &mut Group {
        let number = self.next;
        self.groups.entry(id).or_insert_with(|| Group::new(number))
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Does this to a group, and keeps the books.
    fn change<T>(&mut self, id: TraceId, change: impl FnOnce(&mut Group) -> T) -> T {
        let group = self.group(id);
        let before = group.held();
        let result = change(group);
        let after = group.held();
        self.held.events = self.held.events - before.events + after.events;
        self.held.bytes = self.held.bytes - before.bytes + after.bytes;
        result
    }

    fn take(&mut self, id: TraceId) -> Option<Group> {
        let group = self.groups.remove(&id)?;
        self.held.events -= group.held().events;
        self.held.bytes -= group.held().bytes;
        Some(group)
    }

    /// Makes room, though not by the trace at hand unless it is the only one.
    fn make_room(&mut self, at_hand: TraceId) -> Vec<Tree> {
        let mut trees = Vec::new();
        while self.held.events > self.bounds.events || self.held.bytes > self.bounds.bytes {
            let full = self.groups.iter().filter(|(_, group)| group.held() != Held::default());
            let oldest = full.min_by_key(|(id, group)| (**id == at_hand, group.number));
            let Some(id) = oldest.map(|(id, _)| *id) else { break };
            trees.extend(self.take(id).and_then(|group| group.into_tree(id)));
        }
        trees
    }
}

/// The way from an event to those above it.
fn parent_of(event: &Event) -> Option<SpanId> {
    event.parent_id.filter(|parent| *parent != event.span_id)
}

#[cfg(test)]
mod tests;
