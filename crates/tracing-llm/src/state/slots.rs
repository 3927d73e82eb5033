//! What our layers keep in a span's extensions.

use std::sync::Arc;

use super::record::Record;

/// Tells the layers of one program apart.
pub(crate) type LayerId = u64;

/// One record for each of our layers in the subscriber. The first lies in place, so that the
/// common case costs one allocation.
pub(crate) struct Slots {
    first: (LayerId, Arc<Record>),
    rest: Vec<(LayerId, Arc<Record>)>,
}

impl Slots {
    #[inline]
    pub(crate) fn new(layer: LayerId, record: Arc<Record>) -> Self {
        Self { first: (layer, record), rest: Vec::new() }
    }

    pub(crate) fn add(&mut self, layer: LayerId, record: Arc<Record>) {
        self.rest.push((layer, record));
    }

    /// All layers and their records.
    pub(crate) fn all(&self) -> impl Iterator<Item = &(LayerId, Arc<Record>)> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The record of this layer.
    pub(crate) fn of(&self, layer: LayerId) -> Option<&Arc<Record>> {
        self.all().find(|(owner, _)| *owner == layer).map(|(_, record)| record)
    }
}
