//! Settings, by code and by the environment.

mod address;
mod environment;

use std::time::Duration;

use serde_json::Value;
use ureq::http::header::{HeaderName, HeaderValue};

pub(crate) use self::address::Address;
use crate::error::Error;
use crate::handler::Aim;
use crate::run::About;

/// How long the server may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much waits at most while the server is away.
const KEPT_VALUES: usize = 100_000;
const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// Where and how to track.
///
/// ```
/// use serde_json::json;
/// use tracing_llm_aim::Aim;
///
/// let aim = Aim::builder()
///     .server("aim://127.0.0.1:53800")
///     .experiment("rag")
///     .name("with reranking")
///     .tag("nightly")
///     .parameter("retrieval", json!({ "top_k": 4, "rerank": true }))
///     .build()?;
/// assert_eq!(aim.destination(), "aim://127.0.0.1:53800");
/// # Ok::<(), tracing_llm_aim::Error>(())
/// ```
#[must_use = "it does nothing until it is built"]
#[derive(Clone, Debug)]
pub struct Builder {
    server: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The first header that cannot be sent.
    bad_header: Option<&'static str>,
    about: About,
    texts: bool,
    timeout: Duration,
    kept_values: usize,
    kept_bytes: usize,
}

/// What was settled.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) server: Option<Address>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) about: About,
    pub(crate) texts: bool,
    pub(crate) timeout: Duration,
    pub(crate) kept_values: usize,
    pub(crate) kept_bytes: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            server: None,
            headers: Vec::new(),
            bad_header: None,
            about: About::default(),
            texts: true,
            timeout: TIMEOUT,
            kept_values: KEPT_VALUES,
            kept_bytes: KEPT_BYTES,
        }
    }
}

impl Builder {
    /// The address of an `aim server`, as Aim writes it: `aim://host:port`, with a path after it
    /// if the server has one. Without a port it is 53800. `http://host:port` is the same.
    pub fn server(mut self, address: impl Into<String>) -> Self {
        self.server = Some(address.into());
        self
    }

    /// A header of every request, for a proxy before Aim, which knows no accounts itself. Its
    /// value is never shown.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                self.headers.push((name, value));
            }
            (Err(_), _) => self.bad_header = Some("has a name that HTTP does not allow"),
            (_, Err(_)) => self.bad_header = Some("has a value that HTTP does not allow"),
        }
        self
    }

    /// The experiment that the run belongs to.
    pub fn experiment(mut self, experiment: impl Into<String>) -> Self {
        self.about.experiment = Some(experiment.into());
        self
    }

    /// The name of the run; Aim makes one up if there is none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.about.name = Some(name.into());
        self
    }

    /// A tag of the run, beside those that it has.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.about.tags.push(tag.into());
        self
    }

    /// A parameter of the run, of any JSON value: what one compares runs by.
    pub fn parameter(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.about.parameters.push((key.into(), value.into()));
        self
    }

    /// Whether texts are tracked: prompts, answers, chunks and error messages. They are by
    /// default; without them numbers alone are.
    pub fn texts(mut self, track: bool) -> Self {
        self.texts = track;
        self
    }

    /// How long the server may take for an answer; 10 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many values are kept while the server is slow or away; 100,000 by default. Beyond, the
    /// oldest are dropped and counted.
    pub fn kept_values(mut self, values: usize) -> Self {
        self.kept_values = values;
        self
    }

    /// How many bytes they may take, as they go over the wire; 32 MiB by default.
    pub fn kept_bytes(mut self, bytes: usize) -> Self {
        self.kept_bytes = bytes;
        self
    }

    /// The handler. It connects when there is something to track, not before.
    ///
    /// # Errors
    ///
    /// If the address, a header or a parameter's name cannot be used, or no thread can be started.
    pub fn build(self) -> Result<Aim, Error> {
        Aim::new(self.settle()?)
    }

    fn settle(self) -> Result<Settings, Error> {
        if let Some(why) = self.bad_header {
            return Err(Error::setting("a header", why));
        }
        if self.timeout.is_zero() {
            return Err(Error::setting("the timeout", "is zero"));
        }
        if self.about.parameters.iter().any(|(name, _)| name.is_empty()) {
            return Err(Error::setting("a parameter", "has no name"));
        }
        Ok(Settings {
            server: self.server.as_deref().map(Address::parse).transpose()?,
            headers: self.headers,
            about: self.about,
            texts: self.texts,
            timeout: self.timeout,
            kept_values: self.kept_values,
            kept_bytes: self.kept_bytes,
        })
    }
}

#[cfg(test)]
mod tests;
