//! From the events of a trace to its tree.

use std::collections::HashSet;

use tracing_llm::{SpanId, Trace, TraceId, TraceMap};

use super::group::{Group, Known, Node};
use crate::span::Span;
use crate::tree::{self, Tree};

impl Group {
    /// Takes the events of a trace that has ended, with all that are left if no other trace of this
    /// id is open. None if its events went elsewhere: to handlers that do not leave them out.
    pub(super) fn tree_of(&mut self, trace: &Trace) -> Option<Tree> {
        let is_last = self.open == 0;
        let mut tops = trace.map.roots().to_vec();
        tops.extend(
            self.tops(|node| is_last || (trace.scope_id.is_some() && node.scope == trace.scope_id)),
        );
        let tree = Tree::new(trace.name.to_string(), trace.id, trace.start, trace.end());
        let was_empty = trace.scope_id.is_some() && trace.map.is_empty();
        let tree = Walk::new(&trace.map, tree).over(tops, self);
        (was_empty || !tree.is_empty()).then_some(tree)
    }

    /// All events, without the end of their trace.
    pub(super) fn into_tree(mut self, id: TraceId) -> Option<Tree> {
        let tops = self.tops(|_| true);
        let seen = || self.nodes.values().filter(|node| node.number > 0);
        let start = seen().map(|node| node.begun).min().unwrap_or_default();
        let end = seen().map(|node| node.ended).max().unwrap_or_default();
        let mut tree = Tree::new(self.name.to_string(), id, start, end);
        tree.is_cut = true;
        let map = TraceMap::default();
        let tree = Walk::new(&map, tree).over(tops, &mut self);
        (!tree.is_empty()).then_some(tree)
    }

    /// The events at the top, as far as is known, in their order.
    fn tops(&self, wanted: impl Fn(&Node) -> bool) -> Vec<SpanId> {
        let is_top =
            |node: &Node| node.parent.is_none_or(|parent| !self.nodes.contains_key(&parent));
        let mut tops: Vec<(u64, SpanId)> = self
            .nodes
            .iter()
            .filter(|(_, node)| is_top(node) && wanted(node))
            .map(|(id, node)| (node.number, *id))
            .collect();
        tops.sort_unstable();
        tops.into_iter().map(|(_, id)| id).collect()
    }
}

/// Takes events out of a group, each once, from the top down.
struct Walk<'a> {
    map: &'a TraceMap,
    tree: Tree,
    /// Spans with their depths, each after the one above it.
    placed: Vec<(usize, Span)>,
}

impl<'a> Walk<'a> {
    fn new(map: &'a TraceMap, tree: Tree) -> Self {
        Self { map, tree, placed: Vec::new() }
    }

    fn over(mut self, tops: Vec<SpanId>, group: &mut Group) -> Tree {
        let mut seen = HashSet::new();
        let mut stack: Vec<(usize, SpanId)> = tops.into_iter().rev().map(|id| (0, id)).collect();
        while let Some((depth, id)) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = group.take(id);
            // The map knows events that never came here, the nodes those that the map has no room
            // for. What stands in both is taken once.
            let mut below = self.map.children(id).to_vec();
            below.extend(&node.children);
            // Below one that has no span, the others move up.
            let next = depth + usize::from(self.place(depth, node));
            stack.extend(below.into_iter().rev().map(|child| (next, child)));
        }
        self.tree.spans = tree::nested(self.placed);
        self.tree
    }

    /// Whether the event has a span.
    fn place(&mut self, depth: usize, node: Node) -> bool {
        self.tree.figures.add(&node.figures);
        if let Some((stage, elapsed)) = node.stage {
            *self.tree.stages.entry(stage).or_default() += elapsed;
        }
        let span = match node.known {
            Known::Nothing => return false,
            Known::LeftOut => {
                self.tree.left_out += 1;
                return false;
            }
            Known::Begun(span) => {
                self.tree.unended += 1;
                self.tree.figures.errors += 1;
                *span
            }
            Known::Ended(span) => *span,
        };
        self.placed.push((depth, span));
        true
    }
}
