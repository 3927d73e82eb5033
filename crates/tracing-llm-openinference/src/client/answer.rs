//! What an answer means, by the OTLP specification. Pure.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>

use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use super::words::Words;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The collector took the request, but this many spans of it not.
    Accepted { rejected: u64, message: String },
    /// The request is too large; smaller ones may be taken.
    TooLarge { why: String },
    /// The request cannot be read; it may be the fault of a single span.
    Malformed { why: String },
    /// The request is refused, and so it will be the next time.
    Refused { why: String },
    /// Not now: there was no answer, or one that asks to come again.
    Later {
        why: String,
        /// The least time to wait, if the collector said one.
        after: Option<Duration>,
        /// The request may have been taken all the same: only its answer was lost.
        perhaps_taken: bool,
    },
}

/// Reads the answer to a request over HTTP. `retry_after` is the header's value.
///
/// 408 is not repeated, since the specification names 429, 502, 503 and 504 and forbids all
/// others.
pub(super) fn read(
    status: u16,
    retry_after: Option<&str>,
    body: &[u8],
    words: &Words,
    now: SystemTime,
) -> Answer {
    if (200..300).contains(&status) {
        return accepted(body, words);
    }
    let said = words.clean(&String::from_utf8_lossy(body));
    let why = format!("status {status} {said}").trim_end().to_owned();
    match status {
        413 => Answer::TooLarge { why },
        // Phoenix and others answer 422 where the specification has 400.
        400 | 422 => Answer::Malformed { why },
        429 | 502 | 503 | 504 => Answer::Later {
            why,
            after: retry_after.and_then(|text| rest(text, now)),
            // A gateway that lost the answer from behind it.
            perhaps_taken: matches!(status, 502 | 504),
        },
        _ => Answer::Refused { why },
    }
}

/// Reads the body of a success. One that is no protobuf (some collectors send none) rejects
/// nothing.
pub(super) fn accepted(body: &[u8], words: &Words) -> Answer {
    let decoded = ExportTraceServiceResponse::decode(body);
    let partial = decoded.ok().and_then(|answer| answer.partial_success).unwrap_or_default();
    Answer::Accepted {
        rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
        message: words.clean(&partial.error_message),
    }
}

/// `Retry-After`: seconds, or a date.
fn rest(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: Duration = Duration::from_secs(784_111_777);

    fn answer(status: u16, retry_after: Option<&str>, body: &[u8]) -> Answer {
        read(status, retry_after, body, &Words::default(), UNIX_EPOCH + NOW)
    }

    #[test]
    fn a_partial_success_is_read() {
        let partial = ExportTracePartialSuccess { rejected_spans: 3, error_message: "old".into() };
        let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        let accepted =
            |rejected, message: &str| Answer::Accepted { rejected, message: message.into() };
        assert_eq!(answer(200, None, &body), accepted(3, "old"));
        assert_eq!(answer(200, None, b""), accepted(0, ""));
        assert_eq!(answer(202, None, b"{\"no\": \"protobuf\"}"), accepted(0, ""));
    }

    #[test]
    fn only_the_statuses_of_the_specification_are_repeated() {
        for status in 100..600 {
            let later = matches!(answer(status, None, b""), Answer::Later { .. });
            assert_eq!(later, [429, 502, 503, 504].contains(&status), "{status}");
        }
        assert_eq!(answer(413, None, b"no"), Answer::TooLarge { why: "status 413 no".into() });
        assert_eq!(answer(401, None, b""), Answer::Refused { why: "status 401".into() });
    }

    #[test]
    fn the_rest_that_is_asked_for_is_read_as_seconds_or_as_a_date() {
        let rest = |text: &str| match answer(503, Some(text), b"") {
            Answer::Later { after, .. } => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(rest(" 17 "), Some(Duration::from_secs(17)));
        assert_eq!(rest("Sun, 06 Nov 1994 08:50:00 GMT"), Some(Duration::from_secs(23)));
        assert_eq!(rest("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(rest("soon"), None);
        assert_eq!(rest("-1"), None);
    }
}
