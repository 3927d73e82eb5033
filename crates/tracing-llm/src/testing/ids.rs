//! Ids that count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::id_source::IdSource;
use crate::{SpanId, TraceId};

/// Ids that count from one, so that golden files match to the byte. Clones share the count.
///
/// ```
/// use tracing_llm::testing::SequentialIds;
///
/// let (layer, callbacks) = tracing_llm::layer().id_source(SequentialIds::new()).build();
/// # drop((layer, callbacks));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SequentialIds(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    traces: AtomicU64,
    spans: AtomicU64,
}

impl SequentialIds {
    /// Ids whose first is one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl IdSource for SequentialIds {
    fn trace_id(&self) -> TraceId {
        let number = self.0.traces.fetch_add(1, SeqCst) + 1;
        TraceId::new(number.into()).unwrap_or(TraceId::FIRST)
    }

    fn span_id(&self) -> SpanId {
        SpanId::new(self.0.spans.fetch_add(1, SeqCst) + 1).unwrap_or(SpanId::FIRST)
    }
}
