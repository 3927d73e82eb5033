//! All that an exporter needs to know, with every default in place.

use std::path::PathBuf;
use std::time::Duration;

use crate::backends::Quirks;
use crate::convert::Options;
use crate::endpoint::Endpoint;
use crate::resource::Origin;
use crate::secret::Secret;
use crate::selection::Selection;

/// What [`Builder`](super::Builder) resolves to.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) otlp: Option<OtlpSettings>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) origin: Origin,
    pub(crate) options: Options,
    /// Variables whose values could not be read, and that count as not set.
    pub(crate) unread: Vec<&'static str>,
    pub(crate) quirks: Quirks,
    /// Which events are taken.
    pub(crate) selection: Selection,
    pub(crate) limits: Limits,
    /// Off on purpose (`OTEL_SDK_DISABLED`), not for want of an output.
    pub(crate) disabled: bool,
}

/// How spans are sent.
#[derive(Clone, Debug)]
pub(crate) struct OtlpSettings {
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: Vec<(String, Secret)>,
    /// For one request, from its first byte to the last of the answer.
    pub(crate) timeout: Duration,
    pub(crate) protocol: Protocol,
    /// Whether request bodies are compressed with gzip.
    pub(crate) gzip: bool,
    /// Certificates (PEM) that are trusted instead of those that the machine trusts.
    pub(crate) certificate: Option<PathBuf>,
    /// Certificate chain and key (PEM) by which we prove who we are.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// How many encoded bytes of spans, before compression, one request may hold.
    pub(crate) batch_bytes: usize,
    /// Where spans wait while the collector is away; without it, in memory.
    pub(crate) spool: Option<SpoolSettings>,
}

/// What is spoken to the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    HttpProtobuf,
    /// With the feature `grpc`.
    Grpc,
}

impl OtlpSettings {
    /// OTLP's defaults for this address.
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            protocol: Protocol::HttpProtobuf,
            gzip: false,
            certificate: None,
            identity: None,
            batch_bytes: BATCH_BYTES,
            spool: None,
        }
    }
}

/// A folder of spans that could not be sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpoolSettings {
    pub(crate) folder: PathBuf,
    /// How many bytes the folder may hold; beyond, the oldest segments go.
    pub(crate) max_bytes: u64,
    /// How old a segment may get before it goes.
    pub(crate) max_age: Duration,
}

/// How much one span may hold. OpenTelemetry's `OTEL_SPAN_*_LIMIT` and `OTEL_ATTRIBUTE_*_LIMIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Attributes of a span.
    pub(crate) attributes: usize,
    /// Characters of a text value; none: no limit.
    pub(crate) value_characters: Option<usize>,
    /// Span events, and attributes of each.
    pub(crate) events: usize,
    pub(crate) event_attributes: usize,
    /// Links, and attributes of each.
    pub(crate) links: usize,
    pub(crate) link_attributes: usize,
    /// Encoded bytes of a span; a larger one is shrunk.
    pub(crate) span_bytes: usize,
}

/// A collector's usual limit is 4 MiB for a request.
pub(crate) const BATCH_BYTES: usize = 3_500 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Flattened messages need more than OpenTelemetry's 128.
            attributes: 10_000,
            value_characters: None,
            events: 128,
            event_attributes: 128,
            links: 128,
            link_attributes: 128,
            span_bytes: BATCH_BYTES,
        }
    }
}
