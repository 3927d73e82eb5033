//! How spans are sent, whatever the place.

use std::path::PathBuf;
use std::time::Duration;

use super::environment::millis;
use super::{Builder, OtlpSettings, Protocol, SpoolSettings, Variables};
use crate::error::Error;
use crate::secret::Secret;

/// What is set of it; the rest are defaults.
#[derive(Clone, Debug, Default)]
pub(super) struct Transport {
    grpc: bool,
    timeout: Option<Duration>,
    gzip: Option<bool>,
    certificate: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    batch_bytes: Option<usize>,
    spool: Option<PathBuf>,
    spool_max_bytes: Option<u64>,
    spool_max_age: Option<Duration>,
}

/// What a folder of spans holds by default: a day or a week of a busy program …
const SPOOL_BYTES: u64 = 1024 * 1024 * 1024;
/// … and what is older tells nobody anything.
const SPOOL_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Builder {
    /// How long one request may take; 10 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.transport.timeout = Some(timeout);
        self
    }

    /// Speaks gRPC to the [`endpoint`](Self::endpoint), which then has no path:
    /// `http://127.0.0.1:4317`.
    ///
    /// With the cargo feature `grpc`.
    #[cfg(feature = "grpc")]
    pub fn grpc(mut self) -> Self {
        self.transport.grpc = true;
        self
    }

    /// Whether requests are compressed with gzip; they are not by default.
    pub fn gzip(mut self, compress: bool) -> Self {
        self.transport.gzip = Some(compress);
        self
    }

    /// A file of certificates (PEM) that are trusted instead of those that the machine trusts.
    pub fn certificate(mut self, path: impl Into<PathBuf>) -> Self {
        self.transport.certificate = Some(path.into());
        self
    }

    /// The files (PEM) of the certificate by which we prove who we are, with its chain, and of
    /// its key.
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.transport.identity = Some((certificate.into(), key.into()));
        self
    }

    /// How many bytes of spans one request may hold, before compression; 3.5 MiB by default,
    /// since a collector's usual limit is 4 MiB.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.transport.batch_bytes = Some(bytes);
        self
    }

    /// A folder where spans wait while the collector is away, also over restarts of the program;
    /// without one they wait in memory. It is made if it is missing, and must be this exporter's
    /// own.
    pub fn spool(mut self, folder: impl Into<PathBuf>) -> Self {
        self.transport.spool = Some(folder.into());
        self
    }

    /// How many bytes the [`spool`](Self::spool) may hold, and how old its spans may get; 1 GiB
    /// and 7 days by default. Beyond, the oldest go, and are counted.
    pub fn spool_limits(mut self, bytes: u64, age: Duration) -> Self {
        self.transport.spool_max_bytes = Some(bytes);
        self.transport.spool_max_age = Some(age);
        self
    }
}

impl Transport {
    /// Takes from the environment what is not set in code.
    pub(super) fn fill(&mut self, variables: Variables<'_>) -> Result<(), Error> {
        let otlp = |setting| variables.otlp(setting);
        if let (None, Some((name, value))) = (self.timeout, otlp("TIMEOUT")) {
            self.timeout = Some(millis(&name, &value)?);
        }
        if let (None, Some((name, value))) = (self.gzip, otlp("COMPRESSION")) {
            self.gzip = Some(match value.as_str() {
                "gzip" => true,
                "none" => false,
                _ => return Err(Error::setting(name, "is neither gzip nor none")),
            });
        }
        if self.certificate.is_none() {
            self.certificate = otlp("CERTIFICATE").map(|(_, path)| path.into());
        }
        if self.identity.is_none() {
            self.identity = identity(variables)?;
        }
        if self.spool.is_none() {
            self.spool = variables.get("TRACING_LLM_SPOOL_DIR").map(Into::into);
        }
        if self.spool_max_bytes.is_none() {
            self.spool_max_bytes = variables.number("TRACING_LLM_SPOOL_MAX_BYTES")?;
        }
        if self.spool_max_age.is_none() {
            let seconds = variables.number("TRACING_LLM_SPOOL_MAX_AGE")?;
            self.spool_max_age = seconds.map(Duration::from_secs);
        }
        Ok(())
    }

    pub(super) fn batch_bytes(&self) -> Option<usize> {
        self.batch_bytes
    }

    /// Puts what is set in the place of the defaults.
    pub(super) fn settle(self, settings: OtlpSettings) -> Result<OtlpSettings, Error> {
        if self.batch_bytes == Some(0) {
            return Err(Error::setting("batch_bytes", "is zero: no span fits"));
        }
        Ok(OtlpSettings {
            protocol: if self.grpc { Protocol::Grpc } else { settings.protocol },
            timeout: self.timeout.unwrap_or(settings.timeout),
            gzip: self.gzip.unwrap_or(settings.gzip),
            certificate: self.certificate,
            identity: self.identity,
            batch_bytes: self.batch_bytes.unwrap_or(settings.batch_bytes),
            spool: self.spool.map(|folder| SpoolSettings {
                folder,
                max_bytes: self.spool_max_bytes.unwrap_or(SPOOL_BYTES),
                max_age: self.spool_max_age.unwrap_or(SPOOL_AGE),
            }),
            ..settings
        })
    }
}

/// Certificate and key: neither is of use without the other.
fn identity(variables: Variables<'_>) -> Result<Option<(PathBuf, PathBuf)>, Error> {
    match (variables.otlp("CLIENT_CERTIFICATE"), variables.otlp("CLIENT_KEY")) {
        (None, None) => Ok(None),
        (Some((_, certificate)), Some((_, key))) => Ok(Some((certificate.into(), key.into()))),
        (Some((name, _)), None) => Err(Error::setting(name, "is set without its CLIENT_KEY")),
        (None, Some((name, _))) => {
            Err(Error::setting(name, "is set without its CLIENT_CERTIFICATE"))
        }
    }
}

/// The headers for a collector.
pub(super) fn headers(variables: Variables<'_>) -> Result<Vec<(String, Secret)>, Error> {
    variables.otlp("HEADERS").map_or_else(|| Ok(Vec::new()), |(name, _)| variables.headers(&name))
}
