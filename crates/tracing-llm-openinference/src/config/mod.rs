//! Settings: by code, and by the environment for what the code does not set.

mod environment;
mod settings;

use std::path::PathBuf;
use std::time::Duration;

#[allow(unused_imports)]
pub(crate) use self::settings::{
    BATCH_BYTES, Limits, OtlpSettings, Protocol, Settings, SpoolSettings,
};
use crate::convert::Options;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::handler::OpenInference;
use crate::resource::Origin;
use crate::secret::Secret;

/// Settings of an [`OpenInference`] exporter, made by [`OpenInference::builder`].
///
/// It reads the environment only if [`environment`](Self::environment) is called;
/// what is set in code wins over it, whatever the order of the calls.
///
/// ```
/// use tracing_llm_openinference::OpenInference;
///
/// let spans = OpenInference::builder()
///     .endpoint("http://127.0.0.1:6006/v1/traces")
///     .header("authorization", "Bearer secret")
///     .project("docs")
///     .build()?;
/// assert_eq!(spans.destination(), "http://127.0.0.1:6006/v1/traces");
/// # Ok::<(), tracing_llm_openinference::Error>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
#[derive(Clone, Debug, Default)]
pub struct Builder {
    endpoint: Option<Secret>,
    headers: Option<Vec<(String, Secret)>>,
    timeout: Option<Duration>,
    file: Option<PathBuf>,
    origin: Origin,
    embedding_vectors: bool,
    disabled: bool,
}

impl Builder {
    /// The collector's address for traces, used as it is: `http://127.0.0.1:6006/v1/traces`.
    ///
    /// Spans are sent there as OTLP over HTTP in protobuf.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(Secret::from(url.into()));
        self
    }

    /// A header of every request, such as an API key. Its value is never shown.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let header = (name.into(), Secret::from(value.into()));
        self.headers.get_or_insert_default().push(header);
        self
    }

    /// How long one request may take; 10 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// A file to which each span is appended as one line of OTLP JSON.
    ///
    /// The file and its folder are made if they are missing.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// The project under which Phoenix and Arize show the spans (the resource attribute
    /// `openinference.project.name`).
    pub fn project(mut self, name: impl Into<String>) -> Self {
        self.origin.project = Some(name.into());
        self
    }

    /// The name of the program (the resource attribute `service.name`); by default
    /// `unknown_service:` and the name of the executable, as OpenTelemetry asks.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.origin.service_name = Some(name.into());
        self
    }

    /// Whether the vectors of embeddings are exported. They are not by default: a vector is
    /// ten times the size of its text, and backends have limits.
    pub fn embedding_vectors(mut self, export: bool) -> Self {
        self.embedding_vectors = export;
        self
    }

    /// Takes from the environment what is not set in code:
    ///
    /// | variable | what it sets |
    /// |---|---|
    /// | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | the endpoint, as it is |
    /// | `OTEL_EXPORTER_OTLP_ENDPOINT` | the endpoint, with `/v1/traces` added |
    /// | `OTEL_EXPORTER_OTLP_TRACES_HEADERS`, `OTEL_EXPORTER_OTLP_HEADERS` | headers: `name=value,name=value`, percent-encoded |
    /// | `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, `OTEL_EXPORTER_OTLP_TIMEOUT` | the timeout in milliseconds |
    /// | `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf` is the only one that is spoken |
    /// | `OTEL_TRACES_EXPORTER` | without `otlp` in it, such as `none`: no endpoint is taken from the environment |
    /// | `OTEL_SDK_DISABLED` | `true`: nothing is exported at all |
    /// | `OTEL_SERVICE_NAME` | the service's name |
    /// | `OTEL_RESOURCE_ATTRIBUTES` | more attributes of the resource |
    /// | `PHOENIX_PROJECT_NAME` | the project |
    /// | `TRACING_LLM_SPANS_FILE` | the file |
    ///
    /// A variable that is empty counts as not set. An endpoint that is not set means off,
    /// not `localhost`.
    ///
    /// `OTEL_EXPORTER_OTLP_[TRACES_]COMPRESSION` (`gzip`) is read by the OTLP exporter itself,
    /// whether this is called or not.
    ///
    /// # Errors
    ///
    /// If a variable has a value that cannot be read. A header's value is not in the error.
    pub fn environment(self) -> Result<Self, Error> {
        self.fill(&|name| std::env::var(name).ok())
    }

    /// The exporter.
    ///
    /// # Errors
    ///
    /// If a setting cannot be used, or the file cannot be opened.
    pub fn build(self) -> Result<OpenInference, Error> {
        OpenInference::new(self.resolve()?)
    }

    /// The settings with all defaults in place.
    pub(crate) fn resolve(self) -> Result<Settings, Error> {
        let Self { endpoint, headers, timeout, file, origin, embedding_vectors, disabled } = self;
        let endpoint = endpoint.map(|url| Endpoint::parse(url.expose())).transpose()?;
        let otlp = endpoint.map(|endpoint| {
            let defaults = OtlpSettings::new(endpoint);
            OtlpSettings {
                headers: headers.unwrap_or_default(),
                timeout: timeout.unwrap_or(defaults.timeout),
                ..defaults
            }
        });
        Ok(Settings {
            otlp: otlp.filter(|_| !disabled),
            file: file.filter(|_| !disabled),
            origin,
            options: Options { embedding_vectors },
            limits: Limits::default(),
            disabled,
        })
    }
}

#[cfg(test)]
mod tests;
