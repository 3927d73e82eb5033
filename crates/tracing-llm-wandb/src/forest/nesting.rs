//! Which calls of a group count, where calls lie in one another.

use tracing_llm::{Event, SpanId};

use super::group::Group;
use super::parent_of;
use crate::calls::{Counts, Figures, Kind, Rank};

/// How far up a counted call is looked for above another.
const DEPTH: usize = 256;

/// What a call of a model is to the others of its kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The best rank of the calls below, by kind.
    below: [Option<Rank>; 2],
    /// Its own tokens are in the sums.
    holds: Option<(Kind, Rank)>,
}

impl Place {
    fn held(&self, kind: Kind) -> Option<Rank> {
        self.holds.filter(|(held, _)| *held == kind).map(|(_, rank)| rank)
    }
}

impl Group {
    /// A call counts if no call of its kind above or below it does. Of those that lie in one
    /// another the tokens count that are known best, and of equals those that were known first.
    ///
    /// Gives back what the event counts as, and the tokens that it takes the place of.
    pub(super) fn counts(&mut self, event: &Event) -> (Counts, Figures) {
        let Some(kind) = Kind::of(event.event_type) else {
            return (Counts::Nothing, Figures::default());
        };
        let rank = Rank::of(event.payload.usage.as_ref());
        let above = self.above(event);
        let held = |id: &SpanId| Some((*id, self.nodes.get(id)?.place.held(kind)?));
        let holder = above.iter().find_map(held);
        let below = self.nodes.entry(event.span_id).or_default().place.below[kind as usize];
        let nothing = Figures::default();
        let (counts, replaced) = match (holder, below) {
            (Some((holder, less)), _) if rank > less => (Counts::Tokens, self.give_up(holder)),
            (None, None) => (Counts::Call, nothing),
            (None, Some(less)) if rank > less => {
                (Counts::Tokens, self.give_up_below(event.span_id, kind))
            }
            _ => (Counts::Repeat, nothing),
        };
        let node = self.nodes.entry(event.span_id).or_default();
        node.place.holds = counts.has_row().then_some((kind, rank));
        self.raise(&above, kind as usize, rank);
        (counts, replaced)
    }

    /// Tells the events above of the calls below one that ended before it was known where it
    /// stands.
    pub(super) fn raise_known(&mut self, event: &Event) {
        let Some(below) = self.nodes.get(&event.span_id).map(|node| node.place.below) else {
            return;
        };
        for (kind, rank) in below.into_iter().enumerate() {
            if let Some(rank) = rank {
                self.raise(&self.above(event), kind, rank);
            }
        }
    }

    fn raise(&mut self, above: &[SpanId], kind: usize, rank: Rank) {
        for id in above {
            if let Some(node) = self.nodes.get_mut(id) {
                let below = &mut node.place.below[kind];
                *below = (*below).max(Some(rank));
            }
        }
    }

    /// The event's tokens count no longer.
    fn give_up(&mut self, id: SpanId) -> Figures {
        let Some(node) = self.nodes.get_mut(&id) else { return Figures::default() };
        node.place.holds = None;
        node.figures.take_tokens()
    }

    /// The tokens of the calls of a kind below an event count no longer.
    fn give_up_below(&mut self, top: SpanId, kind: Kind) -> Figures {
        let mut given_up = Figures::default();
        // As many steps as there are events: parents that form a circle end here.
        let mut steps = self.nodes.len();
        let mut stack = vec![top];
        while let Some(id) = stack.pop().filter(|_| steps > 0) {
            steps -= 1;
            let Some(node) = self.nodes.get(&id) else { continue };
            if id != top && node.place.held(kind).is_some() {
                given_up.add(&self.give_up(id));
            } else if node.place.below[kind as usize].is_some() {
                stack.extend(&node.children);
            }
        }
        given_up
    }

    fn above(&self, event: &Event) -> Vec<SpanId> {
        let mut next = parent_of(event);
        let mut above = Vec::new();
        while let Some(id) = next.filter(|_| above.len() < DEPTH) {
            above.push(id);
            next = self.nodes.get(&id).and_then(|node| node.parent);
        }
        above
    }
}
