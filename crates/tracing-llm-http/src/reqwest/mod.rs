//! Requests and responses of reqwest.

#[cfg(feature = "reqwest-middleware")]
mod middleware;
#[cfg(feature = "reqwest")]
mod service;

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Body as _;
use reqwest::{Body, Request, Response};

#[cfg(feature = "reqwest")]
pub use self::service::ReqwestFuture;
use crate::LlmHttp;
use crate::body::{RequestBody, ResponseBody};
use crate::call::Call;

/// Begins the event of a request; none if it is not ours. The request stays what it was.
fn begin(http: &LlmHttp, request: &mut Request) -> Option<Call> {
    let url = request.url();
    let host = url.host_str().unwrap_or_default();
    let at_hand = request.body().and_then(Body::as_bytes);
    let is_at_hand = at_hand.is_some();
    let decision = http.decide(request.method(), host, url.path(), request.headers(), at_hand)?;
    let propagate = decision.propagate;
    let mut call = Call::begin(http, decision)?;
    call.asks(host, url.port_or_known_default());
    call.opened_with(request.headers(), url.query());
    if propagate {
        call.propagate(http, request.headers_mut());
    }
    match is_at_hand.then(|| shared(request)).flatten() {
        Some(body) => call.request(body),
        None => {
            if let Some(body) = request.body_mut().take() {
                let watched = RequestBody::new(body, Some(call.watch_request()));
                *request.body_mut() = Some(Body::wrap(watched));
            }
        }
    }
    Some(call)
}

/// The bytes of a body that is at hand, shared with it: nothing is copied.
fn shared(request: &mut Request) -> Option<Bytes> {
    let mut body = request.body_mut().take()?;
    // A body of bytes gives all of them at once, and needs nobody to wake.
    let mut context = Context::from_waker(Waker::noop());
    let bytes = match Pin::new(&mut body).poll_frame(&mut context) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    };
    *request.body_mut() = Some(Body::from(bytes.clone()));
    Some(bytes)
}

/// The same response, whose body is watched.
fn watched(response: Response, mut call: Call) -> Response {
    call.answered(response.status(), response.headers());
    let url = response.url().clone();
    let response: http::Response<Body> = response.into();
    let (mut parts, body) = response.into_parts();
    let body = Body::wrap(ResponseBody::new(body, Some(call)));
    // The address is none of the parts: reqwest takes it out of a response that is built with it.
    let builder = reqwest::ResponseBuilderExt::url(http::response::Builder::new(), url);
    if let Ok(addressed) = builder.body(()) {
        parts.extensions.extend(addressed.into_parts().0.extensions);
    }
    Response::from(http::Response::from_parts(parts, body))
}

/// What an error says, with its causes: reqwest tells them apart from the error itself.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}
