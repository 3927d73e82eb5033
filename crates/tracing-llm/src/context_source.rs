//! Ids from a tracer that is there already.

use tracing::{Dispatch, span};

use crate::{SpanId, TraceId};

/// Lets the top events of this layer continue the traces of another tracer.
///
/// Called on the pipeline's thread when the span of a top event is first entered, with no lock
/// of ours held. It must be quick, and must not create spans.
///
/// ```
/// use tracing::{Dispatch, span};
/// use tracing_llm::{ContextSource, SpanId, TraceId};
///
/// /// Every trace continues the same one.
/// struct Fixed;
///
/// impl ContextSource for Fixed {
///     fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<(TraceId, SpanId)> {
///         Some((TraceId::new(1)?, SpanId::new(2)?))
///     }
/// }
///
/// let (layer, callbacks) = tracing_llm::layer().context_source(Fixed).build();
/// # drop((layer, callbacks));
/// ```
pub trait ContextSource: Send + Sync + 'static {
    /// The trace and the span in it that this span continues; none to stand alone.
    fn parent(&self, span: &span::Id, dispatch: &Dispatch) -> Option<(TraceId, SpanId)>;
}
