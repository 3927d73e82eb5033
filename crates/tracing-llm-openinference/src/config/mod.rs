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
use crate::genai::GenAiVersion;
use crate::handler::OpenInference;
use crate::mask::TraceConfig;
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
    parsed_texts: bool,
    content_characters: Option<usize>,
    trace_config: TraceConfig,
    genai: GenAi,
    disabled: bool,
}

/// Whether GenAI attributes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum GenAi {
    #[default]
    Default,
    Chosen(GenAiVersion),
    /// The environment says something that cannot be read.
    Unread,
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

    /// Whether CHUNKING and NODE_PARSING spans show the texts that go in and come out, as
    /// `input.documents` and `output.documents`. By default they show how many there are: the
    /// texts are whole corpora.
    pub fn parsed_texts(mut self, export: bool) -> Self {
        self.parsed_texts = export;
        self
    }

    /// How many characters of each document stand in the `output.value` of RETRIEVER and RERANKER
    /// spans; 500 by default. The whole is in `retrieval.documents`.
    pub fn retrieved_characters(mut self, characters: usize) -> Self {
        self.content_characters = Some(characters);
        self
    }

    /// What is hidden.
    pub fn trace_config(mut self, config: TraceConfig) -> Self {
        self.trace_config = config;
        self
    }

    /// Writes the same spans in the words of OpenTelemetry's GenAI conventions too: `gen_ai.*`
    /// attributes, made after masking of what is left, and never over one that is there.
    pub fn genai(mut self, version: GenAiVersion) -> Self {
        self.genai = GenAi::Chosen(version);
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
    /// | `OPENINFERENCE_HIDE_*`, `OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH`, `TRACING_LLM_MASK_STRICT` | what is hidden: see [`TraceConfig`] |
    /// | `OPENINFERENCE_ENABLE_GENAI_SEMCONV` | `true`: [`genai`](Self::genai) with [`GenAiVersion::V1_41`] |
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
    fn resolve(self) -> Result<Settings, Error> {
        let Self {
            endpoint,
            headers,
            timeout,
            file,
            origin,
            embedding_vectors,
            parsed_texts,
            content_characters,
            trace_config,
            genai,
            disabled,
        } = self;
        let options = Options::default();
        let mut unread = trace_config.unread().to_vec();
        unread.extend((genai == GenAi::Unread).then_some(environment::GENAI));
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
            options: Options {
                embedding_vectors,
                parsed_texts,
                content_characters: content_characters.unwrap_or(options.content_characters),
                masks: trace_config.resolve(),
                genai: match genai {
                    GenAi::Chosen(version) => Some(version),
                    GenAi::Default | GenAi::Unread => None,
                },
            },
            unread,
            limits: Limits::default(),
            disabled,
        })
    }
}

#[cfg(test)]
mod tests;
