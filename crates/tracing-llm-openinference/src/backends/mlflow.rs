//! [MLflow](https://mlflow.org/docs/latest/genai/tracing/opentelemetry/ingest/), from 3.6 with
//! an SQL store: shows `input.value` and `output.value`, and tokens where all three counts are.

use super::Backend;
use super::choose::ByName;
use crate::config::Variables;
use crate::error::Error;

/// By name alone: its variables stand on many machines for training runs.
pub(super) const BY_NAME: ByName = ByName { name: "mlflow", chosen_by: &[], from_variables };

impl Backend {
    /// An MLflow server, at `http://127.0.0.1:5000` unless a [`server`](Self::server) is named,
    /// and the experiment to which the traces go.
    ///
    /// ```
    /// use tracing_llm_openinference::{Backend, OpenInference};
    ///
    /// let spans = OpenInference::builder().backend(Backend::mlflow("3")).build()?;
    /// assert_eq!(spans.destination(), "http://127.0.0.1:5000/v1/traces");
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    pub fn mlflow(experiment_id: impl AsRef<str>) -> Self {
        Self::new(BY_NAME.name, "http://127.0.0.1:5000", |_| "/v1/traces")
            .with_header("x-mlflow-experiment-id", experiment_id.as_ref())
    }
}

fn from_variables(variables: Variables<'_>) -> Result<Backend, Error> {
    let experiment_id = variables.needed("MLFLOW_EXPERIMENT_ID", BY_NAME.name)?;
    let backend =
        Backend::mlflow(experiment_id).with_server_of(variables.first(["MLFLOW_TRACKING_URI"]));
    let of = |name| variables.get(name);
    // In the order in which its own client looks.
    Ok(match (of("MLFLOW_TRACKING_USERNAME"), of("MLFLOW_TRACKING_PASSWORD")) {
        (Some(user), Some(password)) => backend.with_basic(&user, &password),
        _ => match of("MLFLOW_TRACKING_TOKEN") {
            Some(token) => backend.api_key(token),
            None => backend,
        },
    })
}
