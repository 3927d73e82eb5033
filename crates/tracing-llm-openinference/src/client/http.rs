//! OTLP over HTTP, by a blocking client that needs no async runtime.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use ureq::Timeout;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};

use super::answer::{self, Answer};
use super::words::Words;
use super::{Transport, tls};
use crate::config::OtlpSettings;
use crate::error::Error;

/// A collector's answer is a few bytes; no more than this is read.
const ANSWER_BYTES: u64 = 1024 * 1024;
/// Many servers close a connection that was idle for five seconds (uvicorn, so Phoenix): a
/// request that is written into the closing is lost, so ours is given up before.
const IDLE: Duration = Duration::from_secs(4);

pub(super) struct Client {
    agent: ureq::Agent,
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    gzip: bool,
    words: Words,
}

impl Client {
    pub(super) fn new(settings: &OtlpSettings) -> Result<Self, Error> {
        let headers = settings.headers.iter();
        let headers =
            headers.map(|(name, value)| header(name, value.expose())).collect::<Result<_, _>>()?;
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(settings.timeout))
            .http_status_as_error(false)
            // A redirect would take the keys to a place that nobody named.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_age(IDLE)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        if settings.endpoint.is_https() {
            config = config.tls_config(tls::config(settings)?);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            url: settings.endpoint.to_url(),
            headers,
            gzip: settings.gzip,
            words: Words::new(&settings.headers),
        })
    }

    fn post(&self, body: &[u8], limit: Duration) -> Result<Answer, ureq::Error> {
        let mut post = self
            .agent
            .post(&self.url)
            .config()
            .timeout_global(Some(limit))
            .build()
            .header(CONTENT_TYPE, "application/x-protobuf");
        for (name, value) in &self.headers {
            post = post.header(name, value);
        }
        let mut response = if self.gzip {
            post.header(CONTENT_ENCODING, "gzip").send(&zip(body)?[..])
        } else {
            post.send(body)
        }?;
        let status = response.status().as_u16();
        // The status has decided: a body that breaks off must not send the spans twice.
        let reader = response.body_mut().with_config().limit(ANSWER_BYTES);
        let body = reader.read_to_vec().unwrap_or_default();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|text| text.to_str().ok());
        Ok(answer::read(status, retry_after, &body, &self.words, SystemTime::now()))
    }
}

impl Transport for Client {
    fn send(&mut self, body: &[u8], limit: Duration) -> Answer {
        self.post(body, limit).unwrap_or_else(|error| Answer::Later {
            why: self.words.clean(&error.to_string()),
            after: None,
            perhaps_taken: perhaps_taken(&error),
        })
    }
}

/// Whether the request may have reached the collector. What cannot be told counts as yes.
fn perhaps_taken(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::Tls(_)
        | ureq::Error::Rustls(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => false,
        ureq::Error::Io(error) => {
            let refused = matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::AddrNotAvailable
            );
            let source = error.get_ref().and_then(|inner| inner.downcast_ref());
            // The handshake comes with the first byte that is written.
            !refused && !matches!(source, Some(rustls::Error::InvalidCertificate(_)))
        }
        _ => true,
    }
}

/// Fast rather than small: the collector is near, and prompts compress well at any level.
fn zip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let name: HeaderName = name
        .parse()
        .map_err(|_| Error::setting("a header", "has a name that HTTP does not allow"))?;
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::setting(format!("the header {name}"), "has a value that HTTP does not allow")
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}
