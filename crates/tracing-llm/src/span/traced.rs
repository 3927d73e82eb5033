//! A future whose end is seen.

use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tracing::Span;
use tracing::instrument::{Instrument, Instrumented};

use super::EventHandle;
use super::attach::with_open;
use super::records::Records;
use crate::handler::panic_text;
use crate::state::{Phase, Verdict};
use crate::{CaptureContent, Exception, Text};

/// Runs futures inside the span of an event and tells the event how they end.
pub trait FutureExt: Future + Sized {
    /// Runs the future inside the span. The event ends when the future does:
    /// [`Ok`](crate::Outcome::Ok) when it is ready, [`Cancelled`](crate::Outcome::Cancelled) when
    /// it is dropped before, [`Error`](crate::Outcome::Error) with the panic's text when it panics.
    ///
    /// Parts can still be attached right after: the event is delivered when the span closes, at
    /// the latest [`hold`](crate::Builder::hold) after its last part. For a `Result`, use
    /// [`try_traced`](Self::try_traced).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use tracing_llm::prelude::*;
    ///
    /// let span = event_span!(LLM, "chat", model = "gpt-5-mini");
    /// let reply = async { "Hi!" }.traced(&span).await;
    /// span.llm().reply(reply);
    /// # }
    /// ```
    fn traced(self, span: &Span) -> Traced<Self> {
        Traced { inner: self.instrument(span.clone()), finisher: Finisher::new(span) }
    }

    /// The same for a `Result`: an `Err` fails the event with the error's text.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use tracing_llm::prelude::*;
    ///
    /// let span = event_span!(RETRIEVE, "search");
    /// let nodes: Result<Vec<String>, std::io::Error> = async { Ok(vec![]) }.try_traced(&span).await;
    /// # assert!(nodes.is_ok());
    /// # }
    /// ```
    fn try_traced<T, E>(self, span: &Span) -> TryTraced<Self>
    where
        Self: Future<Output = Result<T, E>>,
        E: Display,
    {
        TryTraced { inner: self.traced(span) }
    }
}

impl<F: Future> FutureExt for F {}

pin_project! {
    /// The future of [`FutureExt::traced`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Traced<F> {
        #[pin]
        inner: Instrumented<F>,
        // Dropped after the future: what that does when it is dropped still belongs to the event.
        finisher: Finisher,
    }
}

pin_project! {
    /// The future of [`FutureExt::try_traced`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TryTraced<F> {
        #[pin]
        inner: Traced<F>,
    }
}

impl<F: Future> Future for Traced<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let output = ready!(this.finisher.listening(|| this.inner.poll(context)));
        this.finisher.finish(Verdict::Finished);
        Poll::Ready(output)
    }
}

impl<T, E: Display, F: Future<Output = Result<T, E>>> Future for TryTraced<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project().inner.project();
        let output = ready!(this.finisher.listening(|| this.inner.poll(context)));
        match &output {
            Ok(_) => this.finisher.finish(Verdict::Finished),
            Err(error) => this.finisher.fail(|| Exception::new(format!("{error:#}"))),
        }
        Poll::Ready(output)
    }
}

/// Tells an event, once, how it ended; cancelled if nobody says otherwise.
pub(super) struct Finisher {
    /// Emptied when it was told.
    records: Records,
    /// Let go when it was told: the span must not close before.
    span: Span,
}

impl Finisher {
    /// A wrapper that follows another on the same span, such as a stream on the request that
    /// opens it, takes the end back that the first has told.
    pub(super) fn new(span: &Span) -> Self {
        let records = Records::own(span);
        for record in records.all() {
            if let Some(shared) = record.shared() {
                record.lock().reopen(shared.clock.now(), shared.capture);
            }
        }
        Self { records, span: span.clone() }
    }

    /// A handle to what is not told yet.
    pub(super) fn handle(&self) -> EventHandle {
        EventHandle { records: self.records.clone() }
    }

    pub(super) fn fail(&mut self, exception: impl FnOnce() -> Exception) {
        if !self.records.is_empty() {
            self.handle().exception_with(exception);
            self.finish(Verdict::Failed);
        }
    }

    /// Runs it. If it panics, the event is told what the panic says, and the panic goes on.
    ///
    /// Nothing looks at what the panic left behind, so nothing has to be unwind-safe.
    pub(super) fn listening<T>(&self, run: impl FnOnce() -> T) -> T {
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let text = Text::from(panic_text(&*panic));
            for record in self.records.all() {
                with_open(record, |state, _, shared| {
                    if shared.capture == CaptureContent::Full {
                        state.tell_panic(&text);
                    }
                });
            }
            resume_unwind(panic)
        })
    }

    pub(super) fn finish(&mut self, verdict: Verdict) {
        let records = std::mem::take(&mut self.records);
        for record in records.all() {
            let Some(shared) = record.shared() else { continue };
            shared.settle(record);
            let now = shared.clock.now();
            let mut state = record.lock();
            if state.phase != Phase::Open {
                continue;
            }
            state.verdict = state.verdict.max(verdict);
            state.finish(now);
            state.phase = Phase::Finishing;
            state.told += 1;
            drop(state);
            shared.push_finish(Arc::clone(record));
        }
        self.span = Span::none();
    }
}

impl Drop for Finisher {
    fn drop(&mut self) {
        self.finish(Verdict::Cancelled);
    }
}
