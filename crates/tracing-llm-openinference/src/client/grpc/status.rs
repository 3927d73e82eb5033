//! What a status of gRPC means, by the OTLP specification. Pure.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-response>

use std::error::Error as _;
use std::time::Duration;

use prost::Message;
use tonic::{Code, ConnectError, Status};

use super::super::answer::Answer;
use super::super::words::Words;

/// Reads a status other than OK.
///
/// `RESOURCE_EXHAUSTED` without `RetryInfo` is not to be repeated by the specification. But
/// servers say it for two things: for a message that is too large, which is split, and for a
/// queue that is full (Phoenix), which passes. `OUT_OF_RANGE` is tonic's word for the first.
pub(super) fn read(status: &Status, words: &Words) -> Answer {
    let said = words.clean(status.message());
    let why = format!("{:?} {said}", status.code()).trim_end().to_owned();
    let after = rest(status.details());
    let too_large = said.contains("larger than max") || said.contains("too large");
    match status.code() {
        Code::ResourceExhausted | Code::OutOfRange if after.is_none() && too_large => {
            Answer::TooLarge { why }
        }
        Code::InvalidArgument => Answer::Malformed { why },
        Code::ResourceExhausted => Answer::Later { why, after, perhaps_taken: false },
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => {
            // Without details it is the connection's word, not the server's.
            let perhaps_taken = after.is_none() && !never_connected(status);
            Answer::Later { why, after, perhaps_taken }
        }
        // A connection that breaks comes as this, with the reason behind it.
        Code::Unknown | Code::Internal if status.source().is_some() => {
            Answer::Later { why, after, perhaps_taken: !never_connected(status) }
        }
        _ => Answer::Refused { why },
    }
}

fn never_connected(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// The delay of a `google.rpc.RetryInfo` in the details.
fn rest(details: &[u8]) -> Option<Duration> {
    let details = Details::decode(details).ok()?.details;
    let info = details.iter().find(|any| any.type_url.ends_with("google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(info.value.as_slice()).ok()?.delay?;
    let seconds = u64::try_from(delay.seconds).ok()?;
    Some(Duration::new(seconds, u32::try_from(delay.nanos).ok()?.min(999_999_999)))
}

/// `google.rpc.Status`, as far as it is needed.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Details {
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Any {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    pub(super) delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Delay {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}
