//! The trace in the headers of `http`.

use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;
use tracing_llm::Propagation;

/// A span that continues the trace of whoever sent these headers
/// ([`Propagation::extract`]).
///
/// ```
/// use tracing_llm::Propagation;
///
/// let request = http::Request::get("/search").body(()).expect("a request");
/// let span = tracing_llm_http::extract(&Propagation::new(), request.headers());
/// // `handle(request).instrument(span).await`: what begins there belongs to the caller's trace.
/// # drop(span);
/// ```
#[must_use = "the span does nothing until something runs in it"]
pub fn extract(propagation: &Propagation, headers: &HeaderMap) -> Span {
    let pairs = ["traceparent", "tracestate", "baggage"].into_iter().flat_map(|name| {
        let values = headers.get_all(name).into_iter();
        // What is no text cannot be valid: it is handed on as something that is not either.
        values.map(move |value| (name, value.to_str().unwrap_or("?")))
    });
    propagation.extract(pairs)
}

/// Adds the trace of the innermost event around this span to the headers of a request
/// ([`Propagation::inject_from`]). Headers of these names are replaced.
///
/// ```
/// use tracing_llm::Propagation;
///
/// let mut headers = http::HeaderMap::new();
/// tracing_llm_http::inject(&Propagation::new(), &tracing::Span::current(), &mut headers);
/// assert!(headers.is_empty()); // outside of all events there is nothing to say
/// ```
pub fn inject(propagation: &Propagation, span: &Span, headers: &mut HeaderMap) {
    propagation.inject_from(span, |name, value| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    });
}
