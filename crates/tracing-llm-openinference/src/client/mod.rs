//! Sends requests over HTTP, and remembers what became of the last one.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::config::OtlpSettings;
use crate::error::Error;

/// A collector's answer is a few bytes; no more than this is read.
const ANSWER_BYTES: u64 = 1024 * 1024;
/// How much of a collector's words stands in an error.
const MESSAGE_CHARACTERS: usize = 300;

/// A blocking client. It needs no async runtime, and may be used inside one.
///
/// The OTLP exporter encodes and calls it, but hides status and body of the answer; so the
/// answer is kept here, where the policy reads it after each attempt.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    agent: ureq::Agent,
    headers: Vec<(HeaderName, HeaderValue)>,
    last: Mutex<Option<Answer>>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The collector took the request, but this many spans of it not.
    Accepted { rejected: u64, message: String },
    /// The collector refused the request.
    Refused { status: u16, message: String },
    /// There was no answer.
    Unreachable { why: String },
}

impl Client {
    pub(crate) fn new(settings: &OtlpSettings) -> Result<Self, Error> {
        let headers = settings
            .headers
            .iter()
            .map(|(name, value)| header(name, value.expose()))
            .collect::<Result<_, _>>()?;
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(settings.timeout))
            .http_status_as_error(false)
            // A redirect would take the keys to a place that nobody named.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        if settings.endpoint.is_https() {
            config = config.tls_config(tls());
        }
        let agent = config.build().new_agent();
        Ok(Self { shared: Arc::new(Shared { agent, headers, last: Mutex::default() }) })
    }

    /// The answer to the last request, once.
    pub(crate) fn take_answer(&self) -> Option<Answer> {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn post(&self, request: Request<Bytes>) -> Result<(u16, Vec<u8>), ureq::Error> {
        let (parts, body) = request.into_parts();
        let mut post = self.shared.agent.post(parts.uri);
        // Of the exporter's headers only what describes the body: all others come from our
        // own settings, so that no variable of the environment adds to them unasked.
        for name in [CONTENT_TYPE, CONTENT_ENCODING] {
            if let Some(value) = parts.headers.get(&name) {
                post = post.header(name, value);
            }
        }
        for (name, value) in &self.shared.headers {
            post = post.header(name, value);
        }
        let mut response = post.send(&body[..])?;
        let status = response.status().as_u16();
        // The status has decided: a body that breaks off must not send the spans twice.
        let body = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        Ok((status, body.unwrap_or_default()))
    }

    fn answer(&self, status: u16, body: &[u8]) -> Answer {
        if !(200..300).contains(&status) {
            return Answer::Refused { status, message: self.words(&String::from_utf8_lossy(body)) };
        }
        // An answer that is no protobuf (some collectors send none) rejects nothing.
        let partial =
            ExportTraceServiceResponse::decode(body).ok().and_then(|answer| answer.partial_success);
        let (rejected, message) =
            partial.map_or((0, String::new()), |part| (part.rejected_spans, part.error_message));
        Answer::Accepted {
            rejected: u64::try_from(rejected).unwrap_or(0),
            message: self.words(&message),
        }
    }

    /// The collector's own words, on one line, without what was sent in headers.
    fn words(&self, text: &str) -> String {
        let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in self.shared.headers.iter().filter_map(|(_, value)| value.to_str().ok()) {
            // `Bearer KEY`: the key alone is secret, too.
            for part in [Some(secret), secret.rsplit_once(' ').map(|(_, key)| key)] {
                if let Some(part) = part.filter(|part| !part.is_empty()) {
                    words = words.replace(part, "***");
                }
            }
        }
        words.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARACTERS).collect()
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let result = self.post(request);
        let answer = match &result {
            Ok((status, body)) => self.answer(*status, body),
            Err(error) => Answer::Unreachable { why: error.to_string() },
        };
        *self.shared.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        let (status, body) = result?;
        Ok(Response::builder().status(status).body(Bytes::from(body))?)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers: Vec<&HeaderName> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Shared").field("headers", &headers).finish_non_exhaustive()
    }
}

/// The certificates that the machine trusts (or `SSL_CERT_FILE` names), and a crypto
/// library that is built without CMake.
fn tls() -> TlsConfig {
    let trusted = rustls_native_certs::load_native_certs().certs;
    let certificates = trusted.iter().map(|der| Certificate::from_der(der).to_owned());
    TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates.collect())))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let name: HeaderName = name
        .parse()
        .map_err(|_| Error::setting("a header", "has a name that HTTP does not allow"))?;
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::setting(format!("the header {name}"), "has a value that HTTP does not allow")
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests;
