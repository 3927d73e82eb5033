//! [Phoenix](https://arize.com/docs/phoenix), 20.26: reads OpenInference as it is.

use super::Backend;
use super::choose::ByName;
use crate::config::Variables;
use crate::error::Error;

pub(super) const BY_NAME: ByName =
    ByName { name: "phoenix", chosen_by: &[COLLECTOR_ENDPOINT], from_variables };

const COLLECTOR_ENDPOINT: &str = "PHOENIX_COLLECTOR_ENDPOINT";

impl Backend {
    /// Arize Phoenix, at `http://127.0.0.1:6006` unless a [`server`](Self::server) is named.
    ///
    /// Spans go to the project that [`Builder::project`](crate::Builder::project) names, else to
    /// `default`. Where Phoenix asks for a key, it is the [`api_key`](Self::api_key).
    ///
    /// ```
    /// use tracing_llm_openinference::{Backend, OpenInference};
    ///
    /// let phoenix = Backend::phoenix().server("https://app.phoenix.arize.com/s/team").api_key("…");
    /// let spans = OpenInference::builder().backend(phoenix).project("handbook").build()?;
    /// assert_eq!(spans.destination(), "https://app.phoenix.arize.com/s/team/v1/traces");
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    pub fn phoenix() -> Self {
        Self::new(BY_NAME.name, "http://127.0.0.1:6006", |_| "/v1/traces")
    }
}

fn from_variables(variables: Variables<'_>) -> Result<Backend, Error> {
    let mut backend = Backend::phoenix().with_server_of(variables.first([COLLECTOR_ENDPOINT]));
    backend.headers = variables.headers("PHOENIX_CLIENT_HEADERS")?;
    backend.project = project(variables);
    Ok(match variables.get("PHOENIX_API_KEY") {
        Some(key) => backend.api_key(key),
        None => backend,
    })
}

/// The project, by Phoenix's two names for the variable; the first is the newer one.
pub(crate) fn project(variables: Variables<'_>) -> Option<String> {
    variables.first(["PHOENIX_PROJECT", "PHOENIX_PROJECT_NAME"]).map(|(_, name)| name)
}
