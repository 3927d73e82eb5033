//! Which calls count, where calls lie in one another.

use std::sync::Arc;

use crate::call::{Key, Kind, Rank};
use crate::generations::Generations;
use crate::record::TokenRecord;

/// How many events are remembered at least; an event takes about half a kilobyte.
const EVENTS: usize = 16_384;

/// How far up a counted call is looked for above another.
const DEPTH: usize = 256;

/// A call that now counts, or counts no longer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Add(Arc<TokenRecord>),
    Remove(Arc<TokenRecord>),
}

/// Decides which calls count.
///
/// A wrapper (a retry, a router, a client library inside another) often
/// repeats the usage of the calls inside it. The rule, from the top of a trace
/// down: a call counts if it knows more than each call of its kind below it:
/// reported is more than estimated, estimated more than nothing. Then nothing
/// below it counts. Else it does not count, and the rule goes on below it. So
/// of equals the lower one counts, and no two that count lie in one another.
///
/// Ends come in any order, children before or after their parents. Each call is
/// decided when it ends, and the decision is changed when an end that comes
/// later, or a parent that becomes known later, shows another answer. What was
/// decided is remembered for the last [`EVENTS`] events or more, until the
/// trace ends.
#[derive(Debug)]
pub(crate) struct Nesting {
    nodes: Generations<Key, Node>,
    /// Raised by each reset: calls of before change no sums of after.
    epoch: u64,
}

#[derive(Clone, Debug, Default)]
struct Node {
    parent: Option<Key>,
    /// Whether the parent, or that there is none, is known.
    linked: bool,
    children: Vec<Key>,
    /// The best rank of all calls below, by kind.
    below: Below,
    call: Option<Call>,
}

#[derive(Clone, Debug)]
struct Call {
    kind: Kind,
    rank: Rank,
    record: Arc<TokenRecord>,
    counts: bool,
    epoch: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Below {
    llm: Rank,
    embedding: Rank,
}

impl Below {
    fn of(self, kind: Kind) -> Rank {
        match kind {
            Kind::Llm => self.llm,
            Kind::Embedding => self.embedding,
        }
    }

    fn raise(&mut self, kind: Kind, rank: Rank) {
        match kind {
            Kind::Llm => self.llm = self.llm.max(rank),
            Kind::Embedding => self.embedding = self.embedding.max(rank),
        }
    }
}

impl Node {
    fn call_of(&self, kind: Kind) -> Option<&Call> {
        self.call.as_ref().filter(|call| call.kind == kind)
    }

    fn counts(&self, kind: Kind) -> bool {
        self.call_of(kind).is_some_and(|call| call.counts)
    }
}

impl Nesting {
    pub(crate) fn new() -> Self {
        Self::with_limit(EVENTS)
    }

    fn with_limit(events: usize) -> Self {
        Self { nodes: Generations::new(events), epoch: 0 }
    }

    /// What is counted so far counts on its own: no change concerns it any more.
    pub(crate) fn settle(&mut self) {
        self.epoch += 1;
    }

    /// The best rank of the calls of this kind below the event.
    pub(crate) fn below(&self, key: Key, kind: Kind) -> Rank {
        self.nodes.get(key).map_or(Rank::None, |node| node.below.of(kind))
    }

    /// An event and the event above it, of any type.
    pub(crate) fn link(&mut self, key: Key, parent: Option<Key>) -> Vec<Change> {
        let mut changes = Vec::new();
        let node = self.nodes.entry(key);
        if node.linked {
            return changes;
        }
        node.linked = true;
        node.parent = parent;
        let (below, call) = (node.below, node.call.clone());
        let Some(parent) = parent else { return changes };
        self.add_child(parent, key);

        // What is known of below, since children were linked or ended before.
        for kind in Kind::ALL {
            let own = call.as_ref().filter(|call| call.kind == kind).map(|call| call.rank);
            let rank = below.of(kind).max(own.unwrap_or_default());
            if rank > Rank::None {
                self.raise(parent, kind, rank, &mut changes);
                if self.is_under_one_that_counts(key, kind) {
                    self.clear(vec![key], kind, &mut changes);
                }
            }
        }
        changes
    }

    /// A call has ended.
    pub(crate) fn end(
        &mut self,
        key: Key,
        parent: Option<Key>,
        kind: Kind,
        record: Arc<TokenRecord>,
    ) -> Vec<Change> {
        let mut changes = self.link(key, parent);
        let rank = Rank::of(&record.usage);
        let node = self.nodes.entry(key);
        node.call = Some(Call { kind, rank, record, counts: false, epoch: self.epoch });
        let (below, parent) = (node.below.of(kind), node.parent);
        if let Some(parent) = parent {
            self.raise(parent, kind, rank, &mut changes);
        }
        let decided = self.nodes.get(key).is_some_and(|node| node.counts(kind));
        if !decided && below < rank && !self.is_under_one_that_counts(key, kind) {
            self.clear(self.children(key), kind, &mut changes);
            self.set(key, true, &mut changes);
        }
        changes
    }

    /// Forgets all events below and at this one.
    pub(crate) fn forget(&mut self, top: Key) {
        let mut stack = vec![top];
        while let Some(key) = stack.pop() {
            stack.extend(self.nodes.remove(key).into_iter().flat_map(|node| node.children));
        }
    }

    /// Adds a child to the list of its parent. Before the list grows it loses those that are
    /// forgotten: a parent may live for as long as the program.
    fn add_child(&mut self, parent: Key, child: Key) {
        let mut children = std::mem::take(&mut self.nodes.entry(parent).children);
        if children.len() == children.capacity() {
            children.retain(|child| self.nodes.get(*child).is_some());
            children.reserve(children.len() + 1);
        }
        children.push(child);
        self.nodes.entry(parent).children = children;
    }

    /// Tells the events from here upward of a call below them. One that is no
    /// better than that call counts no longer, and those below it may.
    fn raise(&mut self, from: Key, kind: Kind, rank: Rank, changes: &mut Vec<Change>) {
        let mut next = Some(from);
        while let Some(key) = next {
            let node = self.nodes.entry(key);
            if node.below.of(kind) >= rank {
                return;
            }
            node.below.raise(kind, rank);
            next = node.parent;
            if node.call_of(kind).is_some_and(|call| call.counts && call.rank <= rank) {
                self.set(key, false, changes);
                self.count_again(self.children(key), kind, changes);
            }
        }
    }

    /// Nothing at or below these counts any more.
    fn clear(&mut self, tops: Vec<Key>, kind: Kind, changes: &mut Vec<Change>) {
        self.walk(tops, kind, changes, |node| {
            if node.counts(kind) { Step::Set(false) } else { Step::Below }
        });
    }

    /// At and below these, the rule decides anew.
    fn count_again(&mut self, tops: Vec<Key>, kind: Kind, changes: &mut Vec<Change>) {
        self.walk(tops, kind, changes, |node| match node.call_of(kind) {
            Some(call) if call.counts => Step::Stop,
            Some(call) if node.below.of(kind) < call.rank => Step::Set(true),
            _ => Step::Below,
        });
    }

    fn walk(
        &mut self,
        tops: Vec<Key>,
        kind: Kind,
        changes: &mut Vec<Change>,
        step: impl Fn(&Node) -> Step,
    ) {
        // As many steps as there are events: parents that form a circle end here.
        let mut steps = self.nodes.len();
        let mut stack = tops;
        while let Some(key) = stack.pop() {
            let Some(node) = self.nodes.get(key) else { continue };
            match step(node) {
                Step::Set(counts) => self.set(key, counts, changes),
                Step::Below if node.below.of(kind) > Rank::None && steps > 0 => {
                    stack.extend(&node.children);
                }
                Step::Below | Step::Stop => {}
            }
            steps = steps.saturating_sub(1);
        }
    }

    fn set(&mut self, key: Key, counts: bool, changes: &mut Vec<Change>) {
        let epoch = self.epoch;
        let Some(call) = self.nodes.entry(key).call.as_mut() else { return };
        call.counts = counts;
        if call.epoch == epoch {
            let record = Arc::clone(&call.record);
            changes.push(if counts { Change::Add(record) } else { Change::Remove(record) });
        }
    }

    fn is_under_one_that_counts(&self, key: Key, kind: Kind) -> bool {
        let parent = |key: &Key| self.nodes.get(*key).and_then(|node| node.parent);
        std::iter::successors(parent(&key), parent)
            .take(DEPTH)
            .any(|above| self.nodes.get(above).is_some_and(|node| node.counts(kind)))
    }

    fn children(&self, key: Key) -> Vec<Key> {
        self.nodes.get(key).map(|node| node.children.clone()).unwrap_or_default()
    }
}

/// What a walk does at a node.
enum Step {
    /// Its call counts from now on, or no longer; what is below stays as it is.
    Set(bool),
    /// Goes on below.
    Below,
    /// What is below stays as it is.
    Stop,
}

#[cfg(test)]
mod tests;
