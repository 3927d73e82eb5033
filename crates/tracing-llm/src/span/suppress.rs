//! A scope in which nothing is exported.

use tracing::Span;

/// A span below which nothing is exported: no event inside it becomes a span of OpenInference.
///
/// It is a span like any other, so it reaches what is below across `.await`, threads and `spawn`
/// where it is instrumented with. Handlers that stay in the process, such as a token counter, see
/// the events all the same, with [`Context::suppressed`](crate::Context::suppressed). Nothing
/// below can undo it. A span of your own does the same with the field
/// `tracing_llm.suppress = true`; on an event's own span, that event is left out too.
///
/// It has the level ERROR, so that filters let it through, and the target `tracing_llm`: with a
/// filter that switches this target off it does nothing.
///
/// ```
/// use tracing_llm::prelude::*;
/// use tracing_llm::testing::Capture;
/// use tracing_subscriber::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tracing_llm::Error> {
/// use tracing::Instrument as _;
///
/// let events = Capture::new();
/// let (layer, callbacks) = tracing_llm::layer().handler(events.clone()).build();
/// # let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer.filtered()));
/// async {
///     let _diagnosis = event_span!(LLM, "diagnosis").entered();
/// }
/// .instrument(tracing_llm::suppress())
/// .await;
/// callbacks.shutdown().await?;
/// assert!(events.captured().event("diagnosis").context.suppressed);
/// # Ok(())
/// # }
/// ```
#[must_use = "the span does nothing until something runs in it"]
pub fn suppress() -> Span {
    tracing::error_span!(target: "tracing_llm", "suppress", tracing_llm.suppress = true)
}
