//! What is known of a host beyond its name.

use tracing_llm::Text;

use crate::Api;
use crate::host::matches;

/// What is known of a host: which API it speaks, who it is, whether it may see trace headers.
///
/// The first rule that matches a request decides; what it does not say is found as without it.
///
/// ```
/// use tracing_llm_http::{Api, LlmHttp, Rule};
///
/// let http = LlmHttp::new()
///     .rule(Rule::host("llm.internal").provider("vllm").propagate(true))
///     .rule(Rule::host(".corp.example").path("/generate").api(Api::Chat))
///     .rule(Rule::host("api.openai.com").path("/v1/embeddings").ignore());
/// ```
#[must_use = "a rule does nothing until it is added"]
#[derive(Clone, Debug)]
pub struct Rule {
    host: Text,
    path: Option<Text>,
    pub(crate) api: Option<Api>,
    pub(crate) provider: Option<Text>,
    pub(crate) system: Option<Text>,
    pub(crate) propagate: Option<bool>,
    pub(crate) ignore: bool,
}

impl Rule {
    /// A rule for this host, or, with a dot before it, for every host below it. The port is none
    /// of its name.
    pub fn host(name: impl Into<Text>) -> Self {
        Self {
            host: name.into(),
            path: None,
            api: None,
            provider: None,
            system: None,
            propagate: None,
            ignore: false,
        }
    }

    /// Only for paths that end so.
    pub fn path(mut self, end: impl Into<Text>) -> Self {
        self.path = Some(end.into());
        self
    }

    /// The API that is spoken there, whatever the path looks like.
    pub fn api(mut self, api: Api) -> Self {
        self.api = Some(api);
        self
    }

    /// Who hosts the model: `llm.provider`.
    pub fn provider(mut self, name: impl Into<Text>) -> Self {
        self.provider = Some(name.into());
        self
    }

    /// Whose API is spoken: `llm.system`.
    pub fn system(mut self, name: impl Into<Text>) -> Self {
        self.system = Some(name.into());
        self
    }

    /// Whether requests to it carry `traceparent` and `tracestate`. Default: what
    /// [`LlmHttp::propagate`](crate::LlmHttp::propagate) says.
    pub fn propagate(mut self, on: bool) -> Self {
        self.propagate = Some(on);
        self
    }

    /// Its requests pass untouched and unread.
    pub fn ignore(mut self) -> Self {
        self.ignore = true;
        self
    }

    pub(crate) fn covers(&self, host: &str, path: &str) -> bool {
        matches(&self.host, host) && self.path.as_ref().is_none_or(|end| path.ends_with(&**end))
    }
}
