//! [W&B Weave](https://docs.wandb.ai/weave/guides/tracking/otel): shows `input.value` and
//! `output.value`, and groups traces to threads by names of its own.

use opentelemetry::KeyValue;
use tracing_llm::{Event, Text, Trace};

use super::Backend;
use super::choose::ByName;
use super::quirks::{Quirks, is_root, put};
use crate::config::Variables;
use crate::error::Error;

/// By name alone: its variables stand on many machines for training runs.
pub(super) const BY_NAME: ByName = ByName { name: "weave", chosen_by: &[], from_variables };

/// On servers of one's own, Weave stands below a path; in W&B's cloud, on a host of its own.
const CLOUD: &str = "https://trace.wandb.ai";
const CLOUD_PATH: &str = "/otel/v1/traces";
const SERVER_PATH: &str = "/traces/otel/v1/traces";
/// The cloud's address for everything else, as `WANDB_BASE_URL` may have it.
const CLOUD_API: &str = "https://api.wandb.ai";

/// The conversation; Weave does not read `session.id`.
const THREAD_ID: &str = "wandb.thread_id";
/// Whether the span is a whole turn of its conversation, not a step of one.
const IS_TURN: &str = "wandb.is_turn";

impl Backend {
    /// W&B Weave, in W&B's cloud unless a [`server`](Self::server) is named
    /// (`https://team.wandb.io`).
    ///
    /// Sessions are its threads, and a trace with a session is a turn.
    ///
    /// ```
    /// use tracing_llm_openinference::{Backend, OpenInference};
    ///
    /// let spans = OpenInference::builder()
    ///     .backend(Backend::weave("team", "handbook", "key"))
    ///     .build()?;
    /// assert_eq!(spans.destination(), "https://trace.wandb.ai/otel/v1/traces");
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    pub fn weave(
        entity: impl Into<String>,
        project: impl Into<String>,
        api_key: impl AsRef<str>,
    ) -> Self {
        let mut backend =
            Self::new(BY_NAME.name, CLOUD, path).with_header("wandb-api-key", api_key.as_ref());
        backend.resource = vec![("wandb.entity", entity.into()), ("wandb.project", project.into())];
        backend.quirks = Quirks::Weave;
        backend
    }
}

fn from_variables(variables: Variables<'_>) -> Result<Backend, Error> {
    let needed = |name| variables.needed(name, BY_NAME.name);
    let (entity, project) = (needed("WANDB_ENTITY")?, needed("WANDB_PROJECT")?);
    let own = variables
        .first(["WANDB_BASE_URL"])
        .filter(|(_, url)| url.trim_end_matches('/') != CLOUD_API);
    Ok(Backend::weave(entity, project, needed("WANDB_API_KEY")?).with_server_of(own))
}

/// Where a server takes traces.
fn path(server: &str) -> &'static str {
    if server.trim_end_matches('/') == CLOUD { CLOUD_PATH } else { SERVER_PATH }
}

pub(super) fn span(event: &Event, attributes: &mut Vec<KeyValue>) {
    thread(event.context.session_id.as_ref(), is_root(event), attributes);
}

pub(super) fn root(trace: &Trace, top: Option<&Event>, attributes: &mut Vec<KeyValue>) {
    let session = trace.context.session_id.as_ref();
    thread(session.or_else(|| top?.context.session_id.as_ref()), true, attributes);
}

fn thread(session: Option<&Text>, is_turn: bool, attributes: &mut Vec<KeyValue>) {
    let Some(session) = session else { return };
    put(attributes, THREAD_ID, session.as_str().to_owned());
    if is_turn {
        put(attributes, IS_TURN, true);
    }
}
