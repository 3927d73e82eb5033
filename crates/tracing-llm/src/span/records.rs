//! From a `tracing` span to the records of our layers.

use std::sync::Arc;

use tracing::Span;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::state::{LayerId, Record, Slots, layers};

/// The records of one span, or of the events above it: one for each layer of ours, nearly always
/// one in all.
#[derive(Clone, Default)]
pub(super) struct Records {
    first: Option<Found>,
    rest: Vec<Found>,
}

#[derive(Clone)]
struct Found {
    layer: LayerId,
    record: Arc<Record>,
    /// It is the span's own, not that of a span above.
    own: bool,
}

impl Records {
    /// The event that the span is, or the nearest one above it, for each layer.
    pub(super) fn nearest(span: &Span) -> Self {
        Self::find(span, |span| {
            let mut found = Self::default();
            let mut own = true;
            let mut next = Some(span);
            while let Some(span) = next {
                found.collect(&span, own);
                if found.len() >= layers() {
                    break;
                }
                own = false;
                next = span.parent();
            }
            found
        })
    }

    /// The event that the span itself is.
    pub(super) fn own(span: &Span) -> Self {
        Self::find(span, |span| {
            let mut found = Self::default();
            found.collect(&span, true);
            found.own_only()
        })
    }

    /// The same without the records of spans above.
    pub(super) fn own_only(&self) -> Self {
        let mut own = Self::default();
        self.found().filter(|found| found.own).cloned().for_each(|found| own.push(found));
        own
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.found().map(|found| &found.record)
    }

    pub(super) fn first(&self) -> Option<&Arc<Record>> {
        self.first.as_ref().map(|found| &found.record)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn len(&self) -> usize {
        self.found().count()
    }

    fn found(&self) -> impl Iterator<Item = &Found> {
        self.first.iter().chain(&self.rest)
    }

    /// Adds what a span holds for layers that are not found yet.
    fn collect(&mut self, span: &SpanRef<'_, Registry>, own: bool) {
        let extensions = span.extensions();
        let Some(slots) = extensions.get::<Slots>() else { return };
        for (layer, record) in slots.all() {
            if self.found().any(|found| found.layer == *layer) {
                continue;
            }
            let state = record.lock();
            if state.node.is_in_tree() {
                drop(state);
                self.push(Found { layer: *layer, record: Arc::clone(record), own });
            } else if let Some(above) = state.above.0.clone() {
                self.push(Found { layer: *layer, record: above, own: false });
            }
        }
    }

    fn push(&mut self, found: Found) {
        if self.first.is_none() {
            self.first = Some(found);
        } else {
            self.rest.push(found);
        }
    }

    /// The registry is asked for the span, not our layer: a layer inside `reload`, `Vec` or
    /// `Option` cannot be found by its type.
    fn find(span: &Span, find: impl FnOnce(SpanRef<'_, Registry>) -> Self) -> Self {
        span.with_subscriber(|(id, dispatch)| {
            dispatch.downcast_ref::<Registry>()?.span(id).map(find)
        })
        .flatten()
        .unwrap_or_default()
    }
}
