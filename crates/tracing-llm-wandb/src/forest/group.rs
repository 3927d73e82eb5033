//! The events that share a trace id.

use std::collections::HashMap;
use std::time::Duration;

use tracing_llm::{Event, SpanId, Text, Timestamp};

use super::nesting::Place;
use super::{Bounds, Held, parent_of};
use crate::calls::{Counts, Figures};
use crate::convert::{self, Clip};
use crate::span::Span;

pub(super) struct Group {
    /// Traces of this id that have begun and not ended.
    pub(super) open: usize,
    /// Its place in the order of all.
    pub(super) number: u64,
    pub(super) nodes: HashMap<SpanId, Node>,
    /// The trace that its first event belongs to.
    pub(super) name: Text,
    /// Events with a span, and the bytes of those.
    spans: usize,
    bytes: usize,
}

#[derive(Default)]
pub(super) struct Node {
    pub(super) number: u64,
    pub(super) parent: Option<SpanId>,
    pub(super) scope: Option<SpanId>,
    pub(super) children: Vec<SpanId>,
    pub(super) known: Known,
    /// Of its span as JSON.
    bytes: usize,
    pub(super) figures: Figures,
    /// What stage it was and how long it took; none until its end.
    pub(super) stage: Option<(&'static str, Duration)>,
    pub(super) begun: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) place: Place,
}

/// What is known of an event.
#[derive(Default)]
pub(super) enum Known {
    /// Only that others are below it.
    #[default]
    Nothing,
    /// What is written of it if its end never comes.
    Begun(Box<Span>),
    Ended(Box<Span>),
    /// There was no room for it.
    LeftOut,
}

impl Known {
    fn has_span(&self) -> bool {
        matches!(self, Self::Begun(_) | Self::Ended(_))
    }
}

impl Group {
    pub(super) fn new(number: u64) -> Self {
        Self { open: 0, number, nodes: HashMap::new(), name: Text::default(), spans: 0, bytes: 0 }
    }

    pub(super) fn held(&self) -> Held {
        Held { events: self.nodes.len(), bytes: self.bytes }
    }

    pub(super) fn begin(&mut self, event: &Event, number: u64, bounds: Bounds, clip: Clip) {
        if self.link(event, number, bounds) {
            let span = self.fitted(event.span_id, convert::unended(event, clip), bounds);
            self.nodes.entry(event.span_id).or_default().known = Known::Begun(span);
        }
    }

    /// Gives back what the event counts as, and the tokens that it takes the place of.
    pub(super) fn end(
        &mut self,
        event: &Event,
        number: u64,
        bounds: Bounds,
        clip: Clip,
    ) -> (Counts, Figures) {
        let has_room = self.link(event, number, bounds);
        let (counts, replaced) = self.counts(event);
        let known = if has_room {
            Known::Ended(self.fitted(event.span_id, convert::span(event, clip), bounds))
        } else {
            Known::LeftOut
        };
        let node = self.nodes.entry(event.span_id).or_default();
        node.known = known;
        node.figures = Figures::of(event, counts);
        node.stage = Some((event.event_type.value(), event.elapsed));
        node.ended = event.end();
        (counts, replaced)
    }

    /// Takes an event out; there is room for others then.
    pub(super) fn take(&mut self, id: SpanId) -> Node {
        let node = self.nodes.remove(&id).unwrap_or_default();
        self.spans -= usize::from(node.known.has_span());
        self.bytes -= node.bytes;
        node
    }

    /// Puts the event into its place; says whether the tree has room for it.
    fn link(&mut self, event: &Event, number: u64, bounds: Bounds) -> bool {
        if self.name.is_empty() {
            self.name = event.trace_name.clone();
        }
        let parent = parent_of(event);
        let node = self.nodes.entry(event.span_id).or_default();
        match node.known {
            Known::Begun(_) | Known::Ended(_) => return true,
            Known::LeftOut => return false,
            Known::Nothing => {}
        }
        node.number = number;
        node.parent = parent;
        node.scope = event.scope_id;
        node.begun = event.start;
        node.ended = event.end();
        if let Some(parent) = parent {
            self.nodes.entry(parent).or_default().children.push(event.span_id);
        }
        self.raise_known(event);
        let has_room = self.spans < bounds.tree_spans;
        if has_room {
            self.spans += 1;
        } else {
            self.nodes.entry(event.span_id).or_default().known = Known::LeftOut;
        }
        has_room
    }

    /// The event's span in the place of the one it had, without its content if the tree has no room
    /// for that.
    fn fitted(&mut self, id: SpanId, mut span: Span, bounds: Bounds) -> Box<Span> {
        let mut bytes = span.json_bytes();
        let node = self.nodes.entry(id).or_default();
        self.bytes -= node.bytes;
        if self.bytes + bytes > bounds.tree_bytes {
            span.leave_out_content();
            bytes = span.json_bytes();
        }
        node.bytes = bytes;
        self.bytes += bytes;
        Box::new(span)
    }
}
