//! Requests over HTTP, by a blocking client that needs no async runtime.

use std::time::Duration;

use serde_json::Value;
use ureq::http::Response;
use ureq::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::Failure;
use super::deadline::Deadline;
use crate::settings::Address;

/// Answers are a few bytes; no more than this is read.
const ANSWER_BYTES: u64 = 1024 * 1024;
/// The server closes a connection that was idle for five seconds, and a request that is written
/// into the closing is lost: so ours is given up before.
const IDLE: Duration = Duration::from_secs(4);
/// So much of what a server says is told.
const TOLD_CHARACTERS: usize = 200;

pub(super) struct Http {
    agent: ureq::Agent,
    address: Address,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Http {
    pub(super) fn new(address: Address, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take the headers to a place that nobody named.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_age(IDLE)
            // By default that of the environment, which the websocket does not know.
            .proxy(None)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().new_agent(), address, headers }
    }

    pub(super) fn get(&self, path: &str, deadline: Deadline) -> Result<Vec<u8>, Failure> {
        let mut get = self.agent.get(self.address.url("http", path));
        for (name, value) in &self.headers {
            get = get.header(name, value);
        }
        answer(get.config().timeout_global(Some(deadline.left())).build().call())
    }

    pub(super) fn post(
        &self,
        path: &str,
        body: &Value,
        deadline: Deadline,
    ) -> Result<Vec<u8>, Failure> {
        let mut post = self.agent.post(self.address.url("http", path));
        for (name, value) in &self.headers {
            post = post.header(name, value);
        }
        let post = post.header(CONTENT_TYPE, "application/json").config();
        answer(post.timeout_global(Some(deadline.left())).build().send(body.to_string()))
    }
}

fn answer(answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<Vec<u8>, Failure> {
    let mut answer = answer.map_err(|error| Failure::Away(error.to_string()))?;
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
    let status = answer.status();
    if status.is_success() {
        return body.map_err(|error| Failure::Away(error.to_string()));
    }
    let why = format!("{status}: {}", exception(&body.unwrap_or_default()));
    // Aim says 400 with its exception; all else is a proxy's word, or not Aim's.
    if status.as_u16() == 400 { Err(Failure::Refused(why)) } else { Err(Failure::Away(why)) }
}

/// What an answer says of an exception of the server's, else its beginning.
fn exception(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let exception = json.as_ref().and_then(|json| json.get("exception"));
    let part = |name| exception.and_then(|exception| exception.get(name)?.as_str());
    match (part("class_name"), part("message")) {
        (Some(class), Some(message)) => told(&format!("{class}: {message}")),
        _ => told(&String::from_utf8_lossy(body)),
    }
}

/// A text of the server's, in one line and not too long.
pub(super) fn told(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(TOLD_CHARACTERS).collect()
}
