//! Where new ids come from.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::{SpanId, TraceId};

/// Makes the ids of new traces and events, on the pipeline's thread. If it panics, the id is random.
///
/// The default is random, as W3C Trace Context asks for. Tests use
/// [`SequentialIds`](crate::testing::SequentialIds).
pub trait IdSource: Send + Sync + 'static {
    /// The id of a new trace.
    fn trace_id(&self) -> TraceId;

    /// The id of a new event.
    fn span_id(&self) -> SpanId;
}

#[derive(Clone)]
pub(crate) enum Ids {
    Random,
    Source(Arc<dyn IdSource>),
}

impl Ids {
    /// None if the source panics: that must not reach the pipeline.
    #[inline]
    pub(crate) fn trace_id(&self) -> Option<TraceId> {
        match self {
            Self::Random => Some(Self::random_trace()),
            Self::Source(source) => catch_unwind(AssertUnwindSafe(|| source.trace_id())).ok(),
        }
    }

    /// None if the source panics.
    #[inline]
    pub(crate) fn span_id(&self) -> Option<SpanId> {
        match self {
            Self::Random => Some(Self::random_span()),
            Self::Source(source) => catch_unwind(AssertUnwindSafe(|| source.span_id())).ok(),
        }
    }

    pub(crate) fn random_trace() -> TraceId {
        let bits = u128::from(random()) << 64 | u128::from(random());
        TraceId::new(bits).unwrap_or(TraceId::FIRST)
    }

    pub(crate) fn random_span() -> SpanId {
        SpanId::new(random()).unwrap_or(SpanId::FIRST)
    }
}

/// SplitMix64 over a counter of this thread's own, seeded by the operating system through
/// [`RandomState`]: unique and well spread, not secret.
fn random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
    }
    STATE
        .try_with(|state| {
            let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            state.set(next);
            let mut bits = next;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^ (bits >> 31)
        })
        .unwrap_or_else(|_| RandomState::new().build_hasher().finish())
}
