//! The events that share a trace id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tracing_llm::{Event, SpanId, Text, Timestamp};

use super::nesting::Place;
use super::{Bounds, parent_of};
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
    Begun(Arc<Event>),
    Ended(Box<Span>),
    /// There was no room for it.
    LeftOut,
}

impl Group {
    pub(super) fn new(number: u64) -> Self {
        Self { open: 0, number, nodes: HashMap::new(), name: Text::default(), spans: 0, bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many events are remembered more than before.
    pub(super) fn begin(&mut self, event: &Arc<Event>, number: u64, bounds: Bounds) -> usize {
        let before = self.len();
        if self.link(event, number, bounds) {
            let known = Known::Begun(Arc::clone(event));
            self.nodes.entry(event.span_id).or_default().known = known;
        }
        self.len() - before
    }

    /// The same, what the event counts as, and the tokens that it takes the place of.
    pub(super) fn end(
        &mut self,
        event: &Event,
        number: u64,
        bounds: Bounds,
        clip: Clip,
    ) -> (usize, Counts, Figures) {
        let before = self.len();
        let has_room = self.link(event, number, bounds);
        let (counts, replaced) = self.counts(event);
        let known = if has_room {
            Known::Ended(Box::new(self.fitted(convert::span(event, clip), bounds)))
        } else {
            Known::LeftOut
        };
        let node = self.nodes.entry(event.span_id).or_default();
        node.known = known;
        node.figures = Figures::of(event, counts);
        node.stage = Some((event.event_type.value(), event.elapsed));
        node.ended = event.end();
        (self.len() - before, counts, replaced)
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
        let has_room = self.spans < bounds.spans;
        if has_room {
            self.spans += 1;
        } else {
            self.nodes.entry(event.span_id).or_default().known = Known::LeftOut;
        }
        has_room
    }

    /// The span, without its content if the tree has no room for that.
    fn fitted(&mut self, mut span: Span, bounds: Bounds) -> Span {
        let bytes = |span: &Span| serde_json::to_vec(span).map_or(0, |json| json.len());
        let mut size = bytes(&span);
        if self.bytes + size > bounds.bytes {
            span.results = None;
            // What is content may stand here too.
            span.attributes.retain(|_, value| !value.is_object() && !value.is_array());
            span.attributes.insert("content_left_out".to_owned(), true.into());
            size = bytes(&span);
        }
        self.bytes += size;
        span
    }
}
