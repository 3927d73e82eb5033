//! What an event inherits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Template, Text};

/// What an event inherits from the spans around it: session, user, tags …
///
/// Set by fields of any enclosing span, tagged or not; the nearest wins.
///
/// ```
/// use tracing_llm::Context;
///
/// let mut context = Context::default();
/// context.session_id = Some("s-1".into());
/// assert!(!context.is_empty());
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// The session or conversation (`session.id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Text>,
    /// The user (`user.id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Text>,
    /// Tags (`tag.tags`: a JSON list of texts).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Text>,
    /// Metadata (`metadata`: a JSON object).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// The prompt template in force (`llm.prompt_template.*`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// Keys that were registered with [`Builder::context_key`](crate::Builder::context_key).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<Text, Value>,
    /// Exporters leave this event out (`tracing_llm.suppress`; see [`suppress`](crate::suppress)).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub suppressed: bool,
}

impl Context {
    /// Whether nothing is inherited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
