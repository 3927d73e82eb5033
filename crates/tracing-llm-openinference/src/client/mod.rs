//! Sends requests to a collector, and says what became of each.

mod answer;
#[cfg(feature = "grpc")]
mod grpc;
mod http;
mod quiet;
mod tls;
mod words;

use std::time::Duration;

pub(crate) use self::answer::Answer;
use self::quiet::Quiet;
use crate::config::{OtlpSettings, Protocol};
use crate::error::Error;

/// Takes an encoded `ExportTraceServiceRequest` to a collector and blocks for the answer.
///
/// It tries once and keeps nothing: when to try, and what an answer means for the spans, is
/// decided by who calls.
pub(crate) trait Transport: Send {
    /// Sends the body; gives up after the limit.
    fn send(&mut self, body: &[u8], limit: Duration) -> Answer;
}

/// The transport that the settings ask for.
pub(crate) fn connect(settings: &OtlpSettings) -> Result<Box<dyn Transport>, Error> {
    Ok(Box::new(Quiet(loud(settings)?)))
}

fn loud(settings: &OtlpSettings) -> Result<Box<dyn Transport>, Error> {
    match settings.protocol {
        Protocol::HttpProtobuf => Ok(Box::new(http::Client::new(settings)?)),
        #[cfg(feature = "grpc")]
        Protocol::Grpc => Ok(Box::new(grpc::Client::new(settings)?)),
        #[cfg(not(feature = "grpc"))]
        Protocol::Grpc => Err(Error::setting(
            "the protocol grpc",
            "is not built in: it needs the cargo feature `grpc` of tracing-llm-openinference",
        )),
    }
}

#[cfg(test)]
mod tests;
