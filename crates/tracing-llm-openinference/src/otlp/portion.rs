//! A part of what is to be sent: one request. Pure.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use crate::encode::{self, Origin, Packed};
use crate::stats::Place;

/// Spans of one origin that go into one request.
pub(super) struct Portion {
    pub(super) origin: Arc<Origin>,
    pub(super) spans: Vec<Packed>,
    /// Where they are, until they are sent.
    pub(super) place: Place,
    /// An earlier attempt may have been taken.
    pub(super) perhaps_taken: bool,
    /// The span was refused alone as too large, and made smaller.
    pub(super) shrunk: bool,
}

impl Portion {
    pub(super) fn new(origin: Arc<Origin>, spans: Vec<Packed>, place: Place) -> Self {
        Self { origin, spans, place, perhaps_taken: false, shrunk: false }
    }

    /// What the spool gave, by origin. Their order stays.
    pub(super) fn of_spool(packet: Vec<ResourceSpans>) -> Vec<Self> {
        let mut portions = Vec::new();
        for mut resource in packet {
            for scope in std::mem::take(&mut resource.scope_spans) {
                let spans: Vec<Packed> = scope.spans.iter().map(Packed::new).collect();
                if !spans.is_empty() {
                    let origin = Arc::new(Origin::new(resource.clone(), scope));
                    portions.push(Self::new(origin, spans, Place::Spooled));
                }
            }
        }
        portions
    }

    pub(super) fn count(&self) -> u64 {
        self.spans.len() as u64
    }

    pub(super) fn bytes(&self) -> usize {
        self.spans.iter().map(Packed::size).sum()
    }

    pub(super) fn body(&self) -> Vec<u8> {
        encode::request(&self.origin, &self.spans)
    }

    /// Two halves, in order; itself back if there is but one span.
    pub(super) fn split(mut self) -> Result<[Self; 2], Self> {
        if self.spans.len() < 2 {
            return Err(self);
        }
        let later = self.spans.split_off(self.spans.len() / 2);
        let Self { ref origin, place, perhaps_taken, shrunk, .. } = self;
        let origin = Arc::clone(origin);
        let second = Self { origin, spans: later, place, perhaps_taken, shrunk };
        Ok([self, second])
    }
}
