//! A tower layer around a client.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response, Uri};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::LlmHttp;
use crate::body::{RequestBody, ResponseBody};
use crate::call::Call;

impl<S> Layer<S> for LlmHttp {
    type Service = LlmService<S>;

    fn layer(&self, inner: S) -> LlmService<S> {
        LlmService { inner, http: self.clone() }
    }
}

/// A client whose calls of models are events. Made by [`LlmHttp`], which is a tower layer.
///
/// Around a service of `http` requests it hands on a [`RequestBody`], which the client must take
/// as its body, and answers with a [`ResponseBody`]. Around a `reqwest::Client` (feature
/// `reqwest`) nothing changes but what is seen.
#[derive(Clone, Debug)]
pub struct LlmService<S> {
    pub(crate) inner: S,
    pub(crate) http: LlmHttp,
}

impl<S, B, R> Service<Request<B>> for LlmService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Error: Display,
    B: Body<Data: 'static>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let host = parts.uri.host().unwrap_or_default();
        let decided = self.http.decide(&parts.method, host, parts.uri.path(), &parts.headers, None);
        let call = decided.and_then(|decision| {
            let propagate = decision.propagate;
            let mut call = Call::begin(&self.http, decision)?;
            call.asks(host, port(&parts.uri));
            call.opened_with(&parts.headers, parts.uri.query());
            if propagate {
                call.propagate(&self.http, &mut parts.headers);
            }
            Some(call)
        });
        let watch = call.as_ref().map(Call::watch_request);
        let request = Request::from_parts(parts, RequestBody::new(body, watch));
        let inner = match &call {
            Some(call) => call.span().in_scope(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        ResponseFuture { inner, call }
    }
}

/// The port of an address: its own, or that of its scheme.
fn port(uri: &Uri) -> Option<u16> {
    let of_scheme = || match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    };
    uri.port_u16().or_else(of_scheme)
}

pin_project! {
    /// The future of [`LlmService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        call: Option<Call>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    E: Display,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = {
            let _entered = this.call.as_ref().map(|call| call.span().enter());
            this.inner.poll(context)
        };
        let answered = ready!(polled);
        let mut call = this.call.take();
        match (&answered, &mut call) {
            (Ok(response), Some(call)) => call.answered(response.status(), response.headers()),
            (Err(error), Some(call)) => call.failed(&format!("{error:#}")),
            _ => {}
        }
        Poll::Ready(answered.map(|response| response.map(|body| ResponseBody::new(body, call))))
    }
}

impl<F> std::fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").field("watched", &self.call.is_some()).finish()
    }
}
