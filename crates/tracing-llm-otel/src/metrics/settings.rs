//! What the metrics are recorded with.

use opentelemetry::global;
use opentelemetry::metrics::MeterProvider;

use super::{GenAiVersion, Metrics};

/// Settings of [`Metrics`]. Begun by [`Metrics::builder`].
///
/// ```
/// use tracing_llm_otel::{GenAiVersion, Metrics};
///
/// let metrics = Metrics::builder()
///     .version(GenAiVersion::Latest)
///     .by_key("tenant") // registered with the layer's `context_key("tenant")`
///     .build_global();
/// let (layer, callbacks) = tracing_llm::layer().context_key("tenant").handler(metrics).build();
/// # drop((layer, callbacks));
/// ```
#[must_use = "a builder does nothing until it is built"]
#[derive(Clone, Debug, Default)]
pub struct MetricsBuilder {
    settings: Settings,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) version: GenAiVersion,
    pub(super) by_session: bool,
    pub(super) by_user: bool,
    pub(super) by_keys: Vec<String>,
    pub(super) estimated: bool,
}

impl MetricsBuilder {
    /// Which names are used. Default: semantic conventions 1.41.1.
    pub fn version(mut self, version: GenAiVersion) -> Self {
        self.settings.version = version;
        self
    }

    /// Tells sessions apart (`session.id`). There may be any number of them, and each costs memory
    /// in the SDK and in the backend; OpenTelemetry's SDK puts those beyond 2,000 into one.
    pub fn by_session(mut self) -> Self {
        self.settings.by_session = true;
        self
    }

    /// Tells users apart (`user.id`). What is said of sessions holds for them.
    pub fn by_user(mut self) -> Self {
        self.settings.by_user = true;
        self
    }

    /// Tells the values of a context key apart, such as a tenant: the attribute has the key's name.
    pub fn by_key(mut self, name: impl Into<String>) -> Self {
        self.settings.by_keys.push(name.into());
        self
    }

    /// Records tokens, too, that were counted or estimated here and not reported by the provider:
    /// with the attribute `tracing_llm.usage.estimated = true`. Default: no, as the conventions ask
    /// it of who counts tokens himself.
    pub fn estimated_usage(mut self, record: bool) -> Self {
        self.settings.estimated = record;
        self
    }

    /// Records with the instruments of this provider.
    pub fn build(self, provider: &dyn MeterProvider) -> Metrics {
        Metrics::with(self.settings, provider)
    }

    /// Records with the provider that is the global one now.
    pub fn build_global(self) -> Metrics {
        Metrics::with(self.settings, &*global::meter_provider())
    }
}
