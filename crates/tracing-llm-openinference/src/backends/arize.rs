//! [Arize AX](https://arize.com/docs/ax): reads OpenInference as it is.

use super::Backend;
use super::choose::ByName;
use crate::config::Variables;
use crate::error::Error;

pub(super) const BY_NAME: ByName = ByName { name: "arize", chosen_by: &[SPACE_ID], from_variables };

const SPACE_ID: &str = "ARIZE_SPACE_ID";

impl Backend {
    /// Arize AX, in the United States unless a [`server`](Self::server) is named; the one in
    /// Europe is `https://otlp.eu-west-1a.arize.com`.
    ///
    /// Spans go to the project that [`Builder::project`](crate::Builder::project) names, else to
    /// `default`.
    ///
    /// ```
    /// use tracing_llm_openinference::{Backend, OpenInference};
    ///
    /// let spans = OpenInference::builder()
    ///     .backend(Backend::arize("U3BhY2U6MQ==", "ak-1"))
    ///     .project("handbook")
    ///     .build()?;
    /// assert_eq!(spans.destination(), "https://otlp.arize.com/v1/traces");
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    pub fn arize(space_id: impl AsRef<str>, api_key: impl AsRef<str>) -> Self {
        let mut backend = Self::new(BY_NAME.name, "https://otlp.arize.com", |_| "/v1/traces")
            .with_header("authorization", api_key.as_ref())
            .with_header("arize-space-id", space_id.as_ref())
            .with_header("arize-interface", "otel");
        // It takes no spans without one.
        backend.project = Some("default".to_owned());
        backend
    }
}

fn from_variables(variables: Variables<'_>) -> Result<Backend, Error> {
    let space_id = variables.needed(SPACE_ID, BY_NAME.name)?;
    let api_key = variables.needed("ARIZE_API_KEY", BY_NAME.name)?;
    let mut backend = Backend::arize(space_id, api_key)
        .with_server_of(variables.first(["ARIZE_COLLECTOR_ENDPOINT"]));
    backend.project = variables.get("ARIZE_PROJECT_NAME").or(backend.project);
    Ok(backend)
}
