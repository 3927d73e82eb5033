//! The tower layer around `reqwest::Client`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use reqwest::{Request, Response};
use tower_service::Service;

use super::{begin, told, watched};
use crate::call::Call;
use crate::tower::LlmService;

impl<S> Service<Request> for LlmService<S>
where
    S: Service<Request, Response = Response>,
    S::Error: std::error::Error + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ReqwestFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let call = begin(&self.http, &mut request);
        let inner = match &call {
            Some(call) => call.span().in_scope(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        ReqwestFuture { inner, call }
    }
}

pin_project! {
    /// The future of [`LlmService`] around a client of reqwest.
    #[must_use = "futures do nothing unless polled"]
    pub struct ReqwestFuture<F> {
        #[pin]
        inner: F,
        call: Option<Call>,
    }
}

impl<F, E> Future for ReqwestFuture<F>
where
    F: Future<Output = Result<Response, E>>,
    E: std::error::Error + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = {
            let _entered = this.call.as_ref().map(|call| call.span().enter());
            this.inner.poll(context)
        };
        let answered = ready!(polled);
        let Some(mut call) = this.call.take() else { return Poll::Ready(answered) };
        Poll::Ready(match answered {
            Ok(response) => Ok(watched(response, call)),
            Err(error) => {
                call.failed(&told(&error));
                Err(error)
            }
        })
    }
}

impl<F> std::fmt::Debug for ReqwestFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReqwestFuture").field("watched", &self.call.is_some()).finish()
    }
}
