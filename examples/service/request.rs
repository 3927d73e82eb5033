//! What a request brings along.

use axum::http::Request;
use tracing::field::Empty;
use tracing::{Span, info_span};

/// Headers, and the fields that they become. All are plain fields: what begins below the span
/// belongs to that session and user, and goes on with the caller's trace.
///
/// It also follows the caller's word on sampling: of a request whose `traceparent` says *not
/// sampled* (its last field is `00`) no span is exported, as OpenInference's sampler is
/// `parentbased_always_on` unless `OTEL_TRACES_SAMPLER` says otherwise (`always_on` exports such a
/// request, too). Tokens and costs on `/metrics` count it all the same: sampling is the exporter's.
const HEADERS: [(&str, &str); 4] = [
    ("x-session-id", "session.id"),
    ("x-user-id", "user.id"),
    ("traceparent", "traceparent"),
    ("tracestate", "tracestate"),
];

/// The span of a request. It is no event itself; every line that is logged inside of it shows its
/// fields, the trace id among them once it is known.
pub fn span<B>(request: &Request<B>) -> Span {
    let span = info_span!(
        "request",
        method = %request.method(),
        path = request.uri().path(),
        trace_id = Empty,
        session.id = Empty,
        user.id = Empty,
        traceparent = Empty,
        tracestate = Empty,
    );
    for (header, field) in HEADERS {
        let value = request.headers().get(header).and_then(|value| value.to_str().ok());
        if let Some(value) = value {
            span.record(field, value);
        }
    }
    span
}
