//! What is watched, and how.

use std::sync::Arc;

use http::{HeaderMap, Method, header};
use tracing_llm::{Propagation, Text};

use crate::rule::Rule;
use crate::{Api, host, partial};

/// Watches the calls of an HTTP client: those to a model are events, all others pass untouched
/// and unread.
///
/// It is a tower layer around a client of `http` requests or around a `reqwest::Client`, and a
/// middleware of `reqwest-middleware`, as the features say. A clone watches as well.
///
/// What is a call of a model is decided by method, path and host, before anything is read: a
/// `POST` of JSON to `…/chat/completions`, or to `…/completions`, `…/embeddings`, `…/responses` or
/// `…/messages` of a known provider. At a host that nobody knows the last four count if the body
/// is at hand and looks like it (a `model`, and an `input`, `prompt` or `messages`), or if there
/// is the header `anthropic-version`. A [`Rule`] says it of other hosts and paths.
///
/// ```
/// use tracing_llm_http::{LlmHttp, Rule};
///
/// let http = LlmHttp::new().rule(Rule::host("llm.internal").provider("vllm"));
/// ```
#[must_use = "it watches nothing until a client has it"]
#[derive(Clone, Debug, Default)]
pub struct LlmHttp {
    config: Arc<Config>,
}

#[derive(Clone, Debug)]
struct Config {
    rules: Vec<Rule>,
    only_rules: bool,
    limit: usize,
    propagate: bool,
    propagation: Propagation,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            only_rules: false,
            limit: 8 * 1024 * 1024,
            propagate: false,
            propagation: Propagation::new(),
        }
    }
}

/// What a request turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) api: Api,
    pub(crate) provider: Option<Text>,
    pub(crate) system: Option<Text>,
    pub(crate) propagate: bool,
}

impl LlmHttp {
    /// Watches the providers that are known by their hosts, and whoever is asked as they are.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, set: impl FnOnce(&mut Config)) -> Self {
        set(Arc::make_mut(&mut self.config));
        self
    }

    /// Adds a rule, behind those that are there: the first that matches decides.
    pub fn rule(self, rule: Rule) -> Self {
        self.with(|config| config.rules.push(rule))
    }

    /// Whether only hosts with a rule are watched: an allow-list. Default: no.
    pub fn only_rules(self, on: bool) -> Self {
        self.with(|config| config.only_rules = on)
    }

    /// How many bytes are kept of a body until the worker reads it, and of what is beyond them the
    /// last 4 KiB. Default: 8 MiB. The body itself passes whole.
    ///
    /// A longer body has a gap. Of a stream what lies in it is counted as
    /// [lost](tracing_llm::Event::lost_bytes), and the events before and behind it are read. A body
    /// of JSON is lost as a whole then, but for the model, the id and the usage.
    ///
    /// All bodies together are bounded by the layer
    /// ([`Builder::queue_bytes`](tracing_llm::Builder::queue_bytes)); without room there, only the
    /// last 4 KiB are kept.
    pub fn limit(self, bytes: usize) -> Self {
        self.with(|config| config.limit = bytes)
    }

    /// Whether requests carry the trace (`traceparent`, `tracestate`), where they do not already.
    /// Default: no. A model provider has no use for it, and it tells him which calls are one task.
    /// A [`Rule`] says otherwise for single hosts.
    pub fn propagate(self, on: bool) -> Self {
        self.with(|config| config.propagate = on)
    }

    /// What else goes along where the trace does: session and user in the baggage, if asked.
    pub fn propagation(self, propagation: Propagation) -> Self {
        self.with(|config| config.propagation = propagation)
    }

    pub(crate) fn limit_bytes(&self) -> usize {
        self.config.limit
    }

    pub(crate) fn headers(&self) -> &Propagation {
        &self.config.propagation
    }

    /// What the request is; none if it is not ours. The body is looked at last, and only where all
    /// else leaves it open.
    pub(crate) fn decide(
        &self,
        method: &Method,
        host: &str,
        path: &str,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Option<Decision> {
        if method != Method::POST || !may_be_json(headers) {
            return None;
        }
        let rule = self.config.rules.iter().find(|rule| rule.covers(host, path));
        if rule.map_or(self.config.only_rules, |rule| rule.ignore) {
            return None;
        }
        let api = rule.and_then(|rule| rule.api).or_else(|| Api::at(path))?;
        let known = host::known(host);
        let is_sure = rule.is_some() || known.is_some() || api == Api::Chat;
        if !is_sure && !looks_like(api, headers, body) {
            return None;
        }
        let (provider, system) = match known {
            Some((provider, system)) => (Some(provider), system),
            None => (None, Some(spoken(api))),
        };
        let told = |of: fn(&Rule) -> &Option<Text>| rule.and_then(|rule| of(rule).clone());
        Some(Decision {
            api,
            provider: told(|rule| &rule.provider).or(provider.map(Text::literal)),
            system: told(|rule| &rule.system).or(system.map(Text::literal)),
            propagate: rule.and_then(|rule| rule.propagate).unwrap_or(self.config.propagate),
        })
    }
}

/// Whose API it is that is spoken.
fn spoken(api: Api) -> &'static str {
    if api == Api::Messages { "anthropic" } else { "openai" }
}

/// A body of another type is none of ours; most clients say which it is.
fn may_be_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let coded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    !coded && kind.is_none_or(|kind| memchr::memmem::find(kind, b"json").is_some())
}

fn looks_like(api: Api, headers: &HeaderMap, body: Option<&[u8]>) -> bool {
    if api == Api::Messages {
        return headers.contains_key("anthropic-version");
    }
    body.is_some_and(|body| partial::looks_like(body, api.asks_with()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(http: &LlmHttp, host: &str, path: &str, body: &str) -> Option<Decision> {
        http.decide(&Method::POST, host, path, &HeaderMap::new(), Some(body.as_bytes()))
    }

    const EMBED: &str = r#"{"model":"m","input":["a"]}"#;

    #[test]
    fn a_known_host_needs_no_look_at_the_body() {
        let http = LlmHttp::new();
        let found = decide(&http, "api.openai.com", "/v1/embeddings", "").unwrap();
        assert_eq!((found.api, found.provider.as_deref()), (Api::Embedding, Some("openai")));
        assert!(!found.propagate);
    }

    #[test]
    fn at_another_host_the_body_decides() {
        let http = LlmHttp::new();
        assert!(decide(&http, "localhost", "/v1/embeddings", EMBED).is_some());
        assert_eq!(decide(&http, "shop.example", "/v1/embeddings", r#"{"input":1}"#), None);
        assert_eq!(
            decide(&http, "shop.example", "/messages", r#"{"model":1,"messages":[]}"#),
            None
        );
        assert_eq!(decide(&http, "shop.example", "/v1/models", EMBED), None);
        let chat = decide(&http, "localhost", "/v1/chat/completions", "").unwrap();
        assert_eq!((chat.provider, chat.system.as_deref()), (None, Some("openai")));
        let unseen = http.decide(&Method::POST, "h", "/embeddings", &HeaderMap::new(), None);
        assert_eq!(unseen, None);
    }

    #[test]
    fn what_is_no_post_of_json_is_not_ours() {
        let http = LlmHttp::new();
        let ask = |method: Method, kind: &'static str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
            http.decide(&method, "api.openai.com", "/v1/responses", &headers, None).is_some()
        };
        assert!(ask(Method::POST, "application/json; charset=utf-8"));
        assert!(!ask(Method::GET, "application/json"));
        assert!(!ask(Method::POST, "multipart/form-data"));
    }

    #[test]
    fn a_rule_goes_before_what_is_known() {
        let http = LlmHttp::new()
            .rule(Rule::host("api.openai.com").path("/embeddings").ignore())
            .rule(Rule::host(".corp.example").api(Api::Messages).provider("p").propagate(true));
        assert_eq!(decide(&http, "api.openai.com", "/v1/embeddings", EMBED), None);
        assert!(decide(&http, "api.openai.com", "/v1/responses", "").is_some());
        let found = decide(&http, "llm.corp.example", "/generate", "").unwrap();
        assert_eq!((found.api, found.propagate), (Api::Messages, true));
        assert_eq!(found.provider.as_deref(), Some("p"));
        let only = http.only_rules(true);
        assert_eq!(decide(&only, "api.anthropic.com", "/v1/messages", ""), None);
        assert!(decide(&only, "llm.corp.example", "/x", "").is_some());
    }
}
