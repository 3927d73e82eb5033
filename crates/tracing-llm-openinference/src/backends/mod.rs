//! Backends by name: what each asks of an exporter, one file for each.

mod address;
mod arize;
mod choose;
mod collector;
mod langfuse;
mod mlflow;
mod phoenix;
mod quirks;
mod weave;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(crate) use self::choose::choose;
pub(crate) use self::phoenix::project as phoenix_project;
pub(crate) use self::quirks::Quirks;
use crate::config::Protocol;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::secret::Secret;

/// A backend by name: its address, the headers and the project that it asks for, and what it
/// reads differently from others.
///
/// For any other place that takes OTLP, [`Builder::endpoint`](crate::Builder::endpoint) is
/// enough. What is set on the builder beside a backend wins over it: its `endpoint` replaces the
/// whole address, a `header` the one of the same name.
///
/// Phoenix is tested as a running server. Arize, Langfuse, Weave and MLflow are not: their
/// presets are held to what their documentation asks for, by the requests that are made.
///
/// ```
/// use tracing_llm_openinference::{Backend, OpenInference};
///
/// let spans = OpenInference::builder()
///     .backend(Backend::langfuse("pk-lf-1", "sk-lf-2"))
///     .build()?;
/// assert_eq!(spans.destination(), "https://cloud.langfuse.com/api/public/otel/v1/traces");
/// # Ok::<(), tracing_llm_openinference::Error>(())
/// ```
#[must_use = "a backend does nothing until it is given to a builder"]
#[derive(Clone)]
pub struct Backend {
    /// As `TRACING_LLM_BACKEND` has it.
    name: &'static str,
    server: Server,
    /// Where a server takes traces.
    path: fn(&str) -> &'static str,
    headers: Vec<(String, Secret)>,
    /// Attributes of the resource, beside the project.
    resource: Vec<(&'static str, String)>,
    project: Option<String>,
    protocol: Protocol,
    quirks: Quirks,
}

/// An address that is not read yet, with what an error calls it.
#[derive(Clone)]
struct Server {
    url: Secret,
    origin: &'static str,
}

impl Backend {
    fn new(name: &'static str, url: &str, path: fn(&str) -> &'static str) -> Self {
        Self {
            name,
            server: Server { url: url.to_owned().into(), origin: "the server" },
            path,
            headers: Vec::new(),
            resource: Vec::new(),
            project: None,
            protocol: Protocol::HttpProtobuf,
            quirks: Quirks::None,
        }
    }

    /// The address of a server that is not the usual one: a self-hosted one, or another region.
    /// The path for traces is added, unless it is there.
    ///
    /// ```
    /// use tracing_llm_openinference::{Backend, OpenInference};
    ///
    /// let phoenix = Backend::phoenix().server("https://phoenix.example/team");
    /// let spans = OpenInference::builder().backend(phoenix).build()?;
    /// assert_eq!(spans.destination(), "https://phoenix.example/team/v1/traces");
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Server { url: Secret::from(url.into()), origin: "the server" };
        self
    }

    /// A key that is sent as a bearer token: Phoenix and MLflow ask for one where they are
    /// protected. The others take theirs when they are made. It is never shown.
    pub fn api_key(self, key: impl AsRef<str>) -> Self {
        self.with_header("authorization", format!("Bearer {}", key.as_ref()))
    }

    fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), Secret::from(value.into())));
        self
    }

    fn with_basic(self, user: &str, password: &str) -> Self {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        self.with_header("authorization", format!("Basic {pair}"))
    }

    /// The address that a variable names, if it is set.
    fn with_server_of(mut self, found: Option<(&'static str, String)>) -> Self {
        if let Some((origin, url)) = found {
            self.server = Server { url: url.into(), origin };
        }
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The address for traces.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Error> {
        let url = self.server.url.expose().trim();
        let address = address::join(url, (self.path)(url));
        Endpoint::parse_as(self.server.origin, &address)
    }

    pub(crate) fn headers(&self) -> &[(String, Secret)] {
        &self.headers
    }

    pub(crate) fn resource(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.resource.iter().map(|(key, value)| ((*key).to_owned(), value.clone()))
    }

    pub(crate) fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(crate) fn quirks(&self) -> Quirks {
        self.quirks
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("name", &self.name)
            .field("endpoint", &self.endpoint().ok())
            .field("headers", &self.headers)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
