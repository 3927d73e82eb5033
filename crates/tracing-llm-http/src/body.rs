//! Bodies that are watched while they pass.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::call::{Call, RequestWatch};
use crate::capture::bytes_of;

pin_project! {
    /// The body of a request, which passes unchanged: what goes by is copied up to a bound.
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        watch: Option<RequestWatch>,
    }
}

impl<B> RequestBody<B> {
    pub(crate) fn new(inner: B, watch: Option<RequestWatch>) -> Self {
        Self { inner, watch }
    }
}

impl<B: Body<Data: 'static>> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(watch), Some(data)) = (this.watch.as_mut(), frame.data_ref()) {
                    watch.push(&bytes_of(data));
                }
            }
            // Read now, while the event is open: the body may outlive the call.
            Some(Err(_)) | None => *this.watch = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

pin_project! {
    /// The body of an answer, which passes unchanged, piece by piece as it comes. The event of the
    /// call ends with it: as cancelled, if it is dropped before.
    pub struct ResponseBody<B> {
        // Dropped first: what it does when it is dropped still belongs to the event.
        #[pin]
        inner: B,
        call: Option<Call>,
    }
}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn new(inner: B, mut call: Option<Call>) -> Self {
        if inner.is_end_stream() {
            call.iter_mut().for_each(Call::ended);
            call = None;
        }
        Self { inner, call }
    }
}

impl<B: Body<Data: 'static, Error: Display>> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(call) = this.call.as_mut() else { return this.inner.poll_frame(context) };
        let frame = {
            let _entered = call.span().enter();
            ready!(this.inner.as_mut().poll_frame(context))
        };
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref().filter(|data| data.has_remaining()) {
                    call.piece(&bytes_of(data));
                }
                // Many readers stop where the length says that nothing more comes.
                if this.inner.is_end_stream() {
                    call.ended();
                    *this.call = None;
                }
            }
            Some(Err(error)) => {
                call.failed(&format!("{error:#}"));
                *this.call = None;
            }
            None => {
                call.ended();
                *this.call = None;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> std::fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody").field("watched", &self.watch.is_some()).finish()
    }
}

impl<B> std::fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").field("watched", &self.call.is_some()).finish()
    }
}
