//! [Langfuse](https://langfuse.com/integrations/native/opentelemetry): reads OpenInference, and
//! names of its own first.

mod time;
mod usage;

use opentelemetry::KeyValue;
use tracing_llm::Event;

use super::Backend;
use super::choose::ByName;
use super::quirks::{Quirks, is_root, put};
use crate::config::Variables;
use crate::error::Error;
use crate::kind::Kind;

pub(super) const BY_NAME: ByName =
    ByName { name: "langfuse", chosen_by: &[PUBLIC_KEY, SECRET_KEY], from_variables };

const PUBLIC_KEY: &str = "LANGFUSE_PUBLIC_KEY";
const SECRET_KEY: &str = "LANGFUSE_SECRET_KEY";

/// Which span of a trace stands for it in the tables, even below a span that was never sent.
const IS_APP_ROOT: &str = "langfuse.internal.is_app_root";
/// When the first token came.
const COMPLETION_START_TIME: &str = "langfuse.observation.completion_start_time";
/// What kind of observation a span is, before any other rule.
const OBSERVATION_TYPE: &str = "langfuse.observation.type";

impl Backend {
    /// Langfuse, in its cloud in Europe unless a [`server`](Self::server) is named
    /// (`https://us.cloud.langfuse.com`, or one of your own). The keys name the project.
    ///
    /// ```
    /// use tracing_llm_openinference::{Backend, OpenInference};
    ///
    /// let langfuse = Backend::langfuse("pk-lf-1", "sk-lf-2").server("https://us.cloud.langfuse.com");
    /// let spans = OpenInference::builder().backend(langfuse).build()?;
    /// assert_eq!(
    ///     spans.destination(),
    ///     "https://us.cloud.langfuse.com/api/public/otel/v1/traces"
    /// );
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    pub fn langfuse(public_key: impl AsRef<str>, secret_key: impl AsRef<str>) -> Self {
        let mut backend =
            Self::new(BY_NAME.name, "https://cloud.langfuse.com", |_| "/api/public/otel/v1/traces")
                .with_basic(public_key.as_ref(), secret_key.as_ref())
                // Else a direct exporter's spans are shown up to ten minutes late.
                .with_header("x-langfuse-ingestion-version", "4");
        backend.quirks = Quirks::Langfuse;
        backend
    }
}

fn from_variables(variables: Variables<'_>) -> Result<Backend, Error> {
    let public_key = variables.needed(PUBLIC_KEY, BY_NAME.name)?;
    let secret_key = variables.needed(SECRET_KEY, BY_NAME.name)?;
    // By its clients' three names for the variable; the first is the newest.
    let server = variables.first(["LANGFUSE_BASE_URL", "LANGFUSE_HOST", "LANGFUSE_BASEURL"]);
    let mut backend = Backend::langfuse(public_key, secret_key).with_server_of(server);
    backend.resource = [
        ("langfuse.environment", variables.get("LANGFUSE_TRACING_ENVIRONMENT")),
        ("langfuse.release", variables.get("LANGFUSE_RELEASE")),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect();
    Ok(backend)
}

pub(super) fn span(event: &Event, attributes: &mut Vec<KeyValue>) {
    if is_root(event) {
        root(attributes);
    }
    if let Some(observation) = observation(Kind::of(event)) {
        put(attributes, OBSERVATION_TYPE, observation);
    }
    if let Some(after) = event.payload.stream.as_ref().and_then(|stream| stream.first_token) {
        put(attributes, COMPLETION_START_TIME, time::iso8601(event.start + after));
    }
    usage::settle(attributes);
}

pub(super) fn root(attributes: &mut Vec<KeyValue>) {
    put(attributes, IS_APP_ROOT, true);
}

/// The type of those kinds that Langfuse does not map: the name of a model among the attributes
/// would make them a generation.
fn observation(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Reranker => Some("retriever"),
        Kind::Prompt | Kind::Decision | Kind::Other => Some("span"),
        _ => None,
    }
}
