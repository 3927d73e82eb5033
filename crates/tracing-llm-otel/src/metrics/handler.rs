//! The handler: routes events to the instruments.

use std::fmt;
use std::sync::Arc;

use opentelemetry::metrics::MeterProvider;
use tracing_llm::{Event, Handler, HandlerResult, Trace};

use super::instruments::Instruments;
use super::nesting::Nesting;
use super::record::Record;
use super::settings::{MetricsBuilder, Settings};

/// Records the OpenTelemetry metrics of GenAI clients: tokens, durations, time to the first chunk.
///
/// It follows semantic conventions 1.41.1, or newer ones ([`GenAiVersion`](crate::GenAiVersion)),
/// with their units and buckets (as advice: a view of the SDK goes before it). The instruments are
/// those of your own `MeterProvider`: its reader, exporter and resource. So what many machines
/// record adds up in the backend.
///
/// # What is recorded
///
/// - LLM and EMBEDDING events. Nothing twice: of calls that lie in one another, those count that
///   [`TokenCounter`](https://docs.rs/tracing-llm-tokens) counts too. A call is recorded when it has
///   ended, or when all calls around and below it have. For that the handler needs the starts of
///   events, and whole traces: `ignore_starts` and `sampled` make it count otherwise.
/// - With the newer conventions, also how long tools ran (FUNCTION_CALL) and agents' steps
///   (AGENT_STEP). Those of 1.41.1 have no metric for them.
/// - Usage as the provider reports it. What was counted or estimated here is
///   [left out](MetricsBuilder::estimated_usage) unless asked for.
/// - Not `time_per_output_chunk`: an event keeps the time of the first chunk only.
///
/// # Attributes
///
/// `gen_ai.operation.name`, `gen_ai.provider.name`, `gen_ai.request.model`, `gen_ai.response.model`,
/// `gen_ai.token.type` (or, newer, `gen_ai.token.modality`: `audio`, and `unknown` for all else),
/// `server.address` and `server.port` where the span has them, and on durations `error.type`: the
/// exception's type, `_OTHER` if it is not known, `cancelled` for a call that was dropped. What is
/// not known is left out. Of sessions, users, tenants and other keys there may be any number: they
/// are attributes only when asked for. Ids, names of spans and texts never are.
///
/// ```
/// use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
/// use tracing_llm_otel::Metrics;
///
/// let provider =
///     SdkMeterProvider::builder().with_periodic_exporter(InMemoryMetricExporter::default()).build();
/// let (layer, callbacks) = tracing_llm::layer().handler(Metrics::new(&provider)).build();
/// // … the pipeline; at the end first our layer, then the provider:
/// # drop(layer);
/// callbacks.shutdown_blocking(std::time::Duration::from_secs(5))?;
/// provider.shutdown()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Metrics {
    settings: Settings,
    instruments: Instruments,
    nesting: Nesting<Record>,
}

impl Metrics {
    /// Records with the instruments of this provider, by semantic conventions 1.41.1.
    #[must_use]
    pub fn new(provider: &dyn MeterProvider) -> Self {
        Self::builder().build(provider)
    }

    /// The same with the provider that is the global one now: set that before.
    #[must_use]
    pub fn global() -> Self {
        Self::builder().build_global()
    }

    /// Settings: the version of the conventions, what calls are told apart by.
    pub fn builder() -> MetricsBuilder {
        MetricsBuilder::default()
    }

    pub(super) fn with(settings: Settings, provider: &dyn MeterProvider) -> Self {
        let instruments = Instruments::new(settings.version, provider);
        Self { settings, instruments, nesting: Nesting::default() }
    }

    fn record(&self, calls: &[Record]) {
        for call in calls {
            self.instruments.call(call);
        }
    }
}

impl Handler for Metrics {
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        let told = self.nesting.start(event);
        self.record(&told);
        Ok(())
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        if Nesting::<Record>::is_call(event) {
            let told = self.nesting.end(event, Record::of_call(event, &self.settings));
            self.record(&told);
        } else {
            self.nesting.end_stage(event);
            self.instruments.stage(event, &self.settings);
        }
        Ok(())
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let told = self.nesting.end_trace(trace.id);
        self.record(&told);
        Ok(())
    }

    /// Records what is held back. The provider is the program's own: it is flushed and shut down by
    /// whom it belongs to, after this.
    fn shutdown(&mut self) -> HandlerResult {
        let told = self.nesting.settle_all();
        self.record(&told);
        Ok(())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("settings", &self.settings).finish_non_exhaustive()
    }
}
