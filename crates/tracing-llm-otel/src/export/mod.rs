//! Our events through an exporter of OpenTelemetry's SDK.

mod books;
mod convert;
mod sink;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter;
use tracing_llm::{Event, Handler, HandlerResult, Health, Trace};

use self::books::Books;
use self::convert::{of_event, of_trace};
use self::sink::{Sink, Start};
use crate::genai;

/// What makes attributes of an event.
type Convert = Box<dyn Fn(&Event) -> Vec<KeyValue> + Send>;

/// How many spans make a batch that goes at once.
const BATCH: usize = 512;

/// A handler that sends events as spans through any
/// [`SpanExporter`] of OpenTelemetry's SDK (0.33): a vendor's, one of your own, `opentelemetry-otlp`'s.
///
/// Spans carry GenAI attributes without content ([`attributes`](crate::attributes)), unless
/// [`attributes_by`](Self::attributes_by) says otherwise. For OpenInference spans to an OTLP
/// collector there is the crate `tracing-llm-openinference`, with retries, limits and a spool; what this
/// handler's exporter fails to send is lost. It is told with the next span, at the latest at the flush or
/// the shutdown, so also to the [`Trap`](tracing_llm::Trap), and counted among the layer's
/// [`Stats`](tracing_llm::Stats), as the output `exporter`.
///
/// Events of traces that the tracer around does not sample are left out, as are those below
/// [`suppress`](tracing_llm::suppress).
///
/// # Which thread, which runtime
///
/// The exporter lives on a thread of ours, alone: it is made there, exports there, and nothing that it
/// does is recorded. It gets 512 spans at a time, or what there is after a second, at a flush and at the shutdown.
///
/// - [`blocking`](Self::blocking): no runtime, as on the thread of the SDK's batch processor. For exporters
///   that block, such as OTLP over HTTP with `reqwest-blocking-client`. These panic inside of tokio.
/// - [`on_tokio`](Self::on_tokio): a single-threaded tokio runtime, in which it is made as well. For
///   exporters that need a reactor, such as OTLP over gRPC (tonic), or with the async `reqwest`.
///   These panic without.
///
/// ```
/// use opentelemetry_sdk::trace::InMemorySpanExporter;
/// use tracing_llm::prelude::*;
/// use tracing_llm_otel::SpanExport;
/// use tracing_subscriber::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sent = InMemorySpanExporter::default();
/// let made = sent.clone();
/// let (layer, callbacks) =
///     tracing_llm::layer().handler(SpanExport::blocking(move || made)).build();
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer.filtered()), || {
///     llm_span!("chat", model = "gpt-5-mini").in_scope(|| {});
/// });
/// callbacks.flush().await?;
/// assert_eq!(sent.get_finished_spans()?[0].name, "chat gpt-5-mini");
/// # callbacks.shutdown().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a handler does nothing until it is given to a layer"]
pub struct SpanExport {
    convert: Convert,
    /// What the thread is made with, until it is.
    start: Option<Start>,
    sink: Option<Sink>,
    books: Books,
    resource: Option<Resource>,
}

impl fmt::Debug for SpanExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanExport").finish_non_exhaustive()
    }
}

impl SpanExport {
    /// Through an exporter that blocks, or that drives itself. `make` is called on the handler's thread.
    pub fn blocking<E: SpanExporter + 'static>(make: impl FnOnce() -> E + Send + 'static) -> Self {
        Self::new(sink::start(make, sink::alone))
    }

    /// Through an exporter that needs a tokio runtime. `make` is called inside of it.
    pub fn on_tokio<E: SpanExporter + 'static>(make: impl FnOnce() -> E + Send + 'static) -> Self {
        Self::new(sink::start(make, sink::tokio))
    }

    fn new(start: Start) -> Self {
        let convert = Box::new(genai::attributes);
        Self { convert, start: Some(start), sink: None, books: Books::default(), resource: None }
    }

    /// Sets what makes the attributes of an event: [`attributes_with_content`](crate::attributes_with_content),
    /// or a vocabulary of your own. It is called on the handler's thread.
    pub fn attributes_by(
        mut self,
        convert: impl Fn(&Event) -> Vec<KeyValue> + Send + 'static,
    ) -> Self {
        self.convert = Box::new(convert);
        self
    }

    /// Sets the resource. Default: what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.resource = Some(resource);
        self
    }

    /// The thread, begun with the first span.
    fn sink(&mut self) -> Result<&mut Sink, Box<dyn std::error::Error + Send + Sync>> {
        if let Some(start) = self.start.take() {
            let resource = self.resource.take();
            let resource = resource.unwrap_or_else(|| Resource::builder().build());
            self.sink = Some(Sink::start(start, resource, &self.books)?);
        }
        self.sink.as_mut().ok_or_else(|| "the exporter's thread could not be started".into())
    }
}

impl Handler for SpanExport {
    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        if event.sampled == Some(false) || event.context.suppressed {
            return Ok(());
        }
        let span = of_event(event, (self.convert)(event));
        self.sink()?.send(span)
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        if trace.sampled == Some(false) || trace.context.suppressed {
            return Ok(());
        }
        match of_trace(trace) {
            Some(span) => self.sink()?.send(span),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> HandlerResult {
        self.sink.as_mut().map_or(Ok(()), Sink::flush)
    }

    fn shutdown(&mut self) -> HandlerResult {
        self.start = None;
        self.sink.take().map_or(Ok(()), Sink::shutdown)
    }

    fn health(&self) -> Health {
        self.books.health()
    }
}

/// How long a span waits for others.
const DELAY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::trace::InMemorySpanExporter;
    use tracing_llm::EventType;

    use super::*;

    #[test]
    fn a_runtime_that_cannot_be_made_is_an_error_and_no_exporter_runs_without_it() {
        let none = || Err(std::io::Error::other("no descriptors left"));
        let make = || -> InMemorySpanExporter { panic!("made without a runtime") };
        let mut export = SpanExport::new(sink::start(make, none));
        let event = Arc::new(Event::new(EventType::LLM, "chat"));
        let told = export.on_end(&event).map_err(|error| error.to_string());
        assert_eq!(told, Err("no descriptors left".to_owned()));
        assert!(export.on_end(&event).is_err());
        assert!(export.shutdown().is_ok());
    }
}
