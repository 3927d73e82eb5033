//! Our attributes on the spans of the tracer that is there.

mod exporter;
mod table;

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::trace::TraceContextExt;
use tracing::{Dispatch, span};
use tracing_llm::{ContextSource, Event, ForeignSpan, Handler, HandlerResult};

pub use self::exporter::EnrichedExporter;
use self::table::Table;
use crate::genai;
use crate::linked::Linked;
use crate::outside::{foreign, own};

/// What makes attributes of an event.
type Convert = Arc<dyn Fn(&Event) -> Vec<KeyValue> + Send + Sync>;

/// Marks a span that waits for the attributes of its event. It is never exported.
pub(crate) const MARK: &str = "tracing_llm.waits";

/// Puts what our layer knows of a call onto the span that the user's own tracing-opentelemetry layer
/// (0.34) makes of it: one span a call, the user's.
///
/// It is three things, all of which are needed: the context source and a handler of our layer, and
/// what the tracer's exporter is wrapped in.
///
/// # What it costs
///
/// - On the caller's thread, at an event's first enter: the look at the span's context, and one attribute
///   on it. The attributes themselves are made on the handler's thread and join the span in the
///   exporter, so they are complete (counts and costs of enrichers are in them, masked texts are masked), and
///   the SDK's limit of 128 attributes does not cut them.
/// - A span waits in the exporter until its event is delivered, which takes milliseconds, and is
///   sent with the next batch after that. One that waited a second goes as it is, and is counted
///   ([`EnrichedExporter::unanswered`]). Shut down our layer before the tracer's provider.
/// - The span is what tracing-opentelemetry makes of it: with its name, its own reading of the
///   fields, and of an event that is never entered, nothing, unless our layer stands inside of (before) theirs.
/// - Do not filter the tagged spans out of the tracer's layer, and do not export the same events to
///   the same place with another handler: they have the same ids.
///
/// ```
/// use opentelemetry::trace::TracerProvider as _;
/// use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
/// use tracing_llm::prelude::*;
/// use tracing_llm_otel::Enrich;
/// use tracing_subscriber::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let enrich = Enrich::new();
/// let sent = InMemorySpanExporter::default();
/// let provider =
///     SdkTracerProvider::builder().with_batch_exporter(enrich.exporter(sent.clone())).build();
/// let (ours, callbacks) =
///     tracing_llm::layer().context_source(enrich.clone()).handler(enrich).build();
/// let theirs = tracing_opentelemetry::layer().with_tracer(provider.tracer("app"));
/// let subscriber = tracing_subscriber::registry().with(ours.filtered()).with(theirs);
/// tracing::subscriber::with_default(subscriber, || {
///     let chat = llm_span!("chat", model = "gpt-5-mini");
///     chat.in_scope(|| {
///         chat.llm().usage(Usage::new(12, 5));
///     });
/// });
/// callbacks.shutdown().await?;
/// provider.force_flush()?;
/// let spans = sent.get_finished_spans()?;
/// let tokens = spans[0].attributes.iter().find(|a| a.key.as_str() == "gen_ai.usage.input_tokens");
/// assert_eq!(tokens.map(|tokens| &tokens.value), Some(&12.into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Enrich {
    linked: Arc<Linked>,
    table: Arc<Table>,
    convert: Convert,
}

impl std::fmt::Debug for Enrich {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrich").finish_non_exhaustive()
    }
}

impl Default for Enrich {
    fn default() -> Self {
        Self::new()
    }
}

impl Enrich {
    /// Adds GenAI attributes without content: [`attributes`](crate::attributes).
    #[must_use]
    pub fn new() -> Self {
        Self::with(genai::attributes)
    }

    /// Adds what this function makes of an event: [`attributes_with_content`](crate::attributes_with_content),
    /// or a vocabulary of your own. It is called on the handler's thread.
    #[must_use]
    pub fn with(convert: impl Fn(&Event) -> Vec<KeyValue> + Send + Sync + 'static) -> Self {
        Self { linked: Arc::default(), table: Arc::default(), convert: Arc::new(convert) }
    }

    /// Wraps the exporter of the tracer whose spans are enriched.
    pub fn exporter<E>(&self, exporter: E) -> EnrichedExporter<E> {
        EnrichedExporter::new(exporter, Arc::clone(&self.table))
    }
}

impl ContextSource for Enrich {
    fn parent(&self, span: &span::Id, dispatch: &Dispatch) -> Option<ForeignSpan> {
        self.linked.around(span, dispatch, false)
    }

    fn twin(&self, span: &span::Id, dispatch: &Dispatch) -> Option<ForeignSpan> {
        let context = own(span, dispatch)?;
        let twin = context.span();
        if twin.is_recording() {
            twin.set_attribute(KeyValue::new(MARK, true));
        }
        foreign(twin.span_context())
    }

    fn trouble(&self) -> Option<String> {
        self.linked.trouble()
    }
}

impl Handler for Enrich {
    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        // A span that is not sampled is never exported: nobody would ask.
        if event.sampled != Some(false) {
            let attributes =
                if event.context.suppressed { Vec::new() } else { (self.convert)(event) };
            self.table.put(event.span_id.get(), attributes);
        }
        Ok(())
    }
}
