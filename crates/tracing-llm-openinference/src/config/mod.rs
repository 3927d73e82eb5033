//! Settings: by code, and by the environment for what the code does not set.

mod environment;
mod limits;
mod settings;
mod transport;
mod variables;
mod words;

use std::path::PathBuf;

use tracing_llm::Context;

use self::limits::LimitsSet;
pub(crate) use self::settings::{Limits, OtlpSettings, Protocol, Settings, SpoolSettings};
use self::transport::Transport;
pub(crate) use self::variables::Variables;
use self::words::Words;
use crate::backends::{Backend, Quirks};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::handler::OpenInference;
use crate::resource::Origin;
use crate::secret::Secret;
use crate::selection::{Selection, When};

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
    backend: Option<Backend>,
    headers: Vec<(String, Secret)>,
    transport: Transport,
    file: Option<PathBuf>,
    origin: Origin,
    words: Words,
    limits: LimitsSet,
    selection: Selection,
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

    /// A backend by name: its address, headers and project, and what it reads differently.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// A header of every request, such as an API key. Its value is never shown.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret::from(value.into())));
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

    /// Takes only the events whose context this answers with true: one project a tenant, with an
    /// exporter for each. The root of a named trace follows the context of its scope, so what is
    /// asked for should be set there or above.
    ///
    /// It is asked once for each event, on the handler's thread. [`feedback`] is not asked for:
    /// it goes where its handle was got.
    ///
    /// ```
    /// use tracing_llm_openinference::{Backend, OpenInference};
    ///
    /// let exporter = |tenant: &'static str| {
    ///     OpenInference::builder()
    ///         .backend(Backend::phoenix())
    ///         .project(tenant)
    ///         .when(move |context| {
    ///             context.keys.get("tenant").and_then(|key| key.as_str()) == Some(tenant)
    ///         })
    ///         .build()
    /// };
    /// let (layer, callbacks) = tracing_llm::layer()
    ///     .context_key("tenant") // a field of any span around
    ///     .handler(exporter("acme")?)
    ///     .handler(exporter("umbrella")?)
    ///     .build();
    /// # drop((layer, callbacks));
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    ///
    /// [`feedback`]: crate::OpenInference::feedback
    pub fn when(mut self, predicate: impl Fn(&Context) -> bool + Send + Sync + 'static) -> Self {
        self.selection.when = Some(When::new(predicate));
        self
    }

    /// The exporter.
    ///
    /// # Errors
    ///
    /// If a setting cannot be used, or the file cannot be opened.
    pub fn build(self) -> Result<OpenInference, Error> {
        OpenInference::new(self.resolve()?)
    }

    /// What it resolves to in an environment that has these variables.
    #[cfg(test)]
    pub(crate) fn settings_of(
        self,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Settings, Error> {
        self.fill(Variables::new(lookup))?.resolve()
    }

    /// The settings with all defaults in place.
    pub(crate) fn resolve(self) -> Result<Settings, Error> {
        let Self { backend, transport, mut origin, disabled, .. } = self;
        let quirks = backend.as_ref().map_or_else(Quirks::default, Backend::quirks);
        if let Some(backend) = &backend {
            origin.attributes.extend(backend.resource());
            origin.project = origin.project.or_else(|| backend.project().map(str::to_owned));
        }
        let limits = self.limits.settle(transport.batch_bytes());
        let otlp = place(self.endpoint.as_ref(), backend.as_ref())?
            .map(|place| {
                transport.settle(OtlpSettings {
                    headers: headers(backend.as_ref(), self.headers),
                    ..place
                })
            })
            .transpose()?;
        Ok(Settings {
            otlp: otlp.filter(|_| !disabled),
            file: self.file.filter(|_| !disabled),
            origin,
            unread: self.words.unread(),
            options: self.words.settle(),
            quirks,
            selection: self.selection,
            limits,
            disabled,
        })
    }
}

/// The address in code, else that of the backend.
fn place(
    endpoint: Option<&Secret>,
    backend: Option<&Backend>,
) -> Result<Option<OtlpSettings>, Error> {
    let protocol = backend.map_or(Protocol::HttpProtobuf, Backend::protocol);
    let endpoint = match (endpoint, backend) {
        (Some(url), _) => Endpoint::parse(url.expose())?,
        (None, Some(backend)) => backend.endpoint()?,
        (None, None) => return Ok(None),
    };
    Ok(Some(OtlpSettings { protocol, ..OtlpSettings::new(endpoint) }))
}

/// The headers of the backend, but for those that the code sets.
fn headers(backend: Option<&Backend>, code: Vec<(String, Secret)>) -> Vec<(String, Secret)> {
    let backend = backend.map(Backend::headers).unwrap_or_default().iter();
    let mut headers: Vec<_> = backend
        .filter(|(name, _)| !code.iter().any(|(set, _)| set.eq_ignore_ascii_case(name)))
        .cloned()
        .collect();
    headers.extend(code);
    headers
}

#[cfg(test)]
mod tests;
