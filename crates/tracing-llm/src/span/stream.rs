//! A stream whose course and end are seen.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tracing::Span;
use tracing::instrument::{Instrument, Instrumented};

use super::EventHandle;
use super::traced::Finisher;
use crate::state::Verdict;

/// Polls streams inside the span of an event and tells the event their course.
pub trait StreamExt: Stream + Sized {
    /// Polls the stream inside the span. The closure sees every item with a handle to the event:
    /// it hands over what the item brings, such as a piece of the answer or the usage.
    ///
    /// The event ends when the stream does: [`Ok`](crate::Outcome::Ok) at its end,
    /// [`Cancelled`](crate::Outcome::Cancelled) when it is dropped before — with the output so far
    /// — and [`Error`](crate::Outcome::Error) when it panics or the closure hands over an error.
    ///
    /// ```
    /// use tracing_llm::prelude::*;
    /// # use futures_core::Stream;
    ///
    /// struct Chunk { text: String }
    ///
    /// fn observe(chunks: impl Stream<Item = Result<Chunk, std::io::Error>>) -> impl Stream {
    ///     let span = event_span!(LLM, "chat", model = "gpt-5-mini");
    ///     chunks.traced_stream(&span, |chunk, llm| match chunk {
    ///         Ok(chunk) => { llm.chunk(&chunk.text); }
    ///         Err(error) => { llm.error(error); }
    ///     })
    /// }
    /// ```
    fn traced_stream<F>(self, span: &Span, on_item: F) -> TracedStream<Self, F>
    where
        F: FnMut(&Self::Item, &EventHandle),
    {
        TracedStream { inner: self.instrument(span.clone()), on_item, watch: Watch::new(span) }
    }

    /// The same for a stream of `Result`s: the closure sees what is `Ok`, and an `Err` fails the
    /// event with the error's text.
    ///
    /// ```
    /// use tracing_llm::prelude::*;
    /// # use futures_core::Stream;
    ///
    /// fn observe(chunks: impl Stream<Item = Result<String, std::io::Error>>) -> impl Stream {
    ///     let span = event_span!(LLM, "chat", model = "gpt-5-mini");
    ///     chunks.try_traced_stream(&span, |chunk, llm| { llm.chunk(chunk); })
    /// }
    /// ```
    fn try_traced_stream<T, E, F>(self, span: &Span, on_item: F) -> TryTracedStream<Self, F>
    where
        Self: Stream<Item = Result<T, E>>,
        E: Display,
        F: FnMut(&T, &EventHandle),
    {
        TryTracedStream { inner: self.instrument(span.clone()), on_item, watch: Watch::new(span) }
    }
}

impl<S: Stream> StreamExt for S {}

pin_project! {
    /// The stream of [`StreamExt::traced_stream`].
    #[must_use = "streams do nothing unless polled"]
    pub struct TracedStream<S, F> {
        #[pin]
        inner: Instrumented<S>,
        on_item: F,
        // Dropped after the stream: what that does when it is dropped still belongs to the event.
        watch: Watch,
    }
}

pin_project! {
    /// The stream of [`StreamExt::try_traced_stream`].
    #[must_use = "streams do nothing unless polled"]
    pub struct TryTracedStream<S, F> {
        #[pin]
        inner: Instrumented<S>,
        on_item: F,
        watch: Watch,
    }
}

impl<S: Stream, F: FnMut(&S::Item, &EventHandle)> Stream for TracedStream<S, F> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        this.watch.poll(this.inner, context, this.on_item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.inner().size_hint()
    }
}

impl<T, E: Display, S: Stream<Item = Result<T, E>>, F: FnMut(&T, &EventHandle)> Stream
    for TryTracedStream<S, F>
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        this.watch.poll(this.inner, context, |item, event| match item {
            Ok(item) => (this.on_item)(item, event),
            Err(error) => {
                event.error(error);
            }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.inner().size_hint()
    }
}

/// The event that a stream belongs to.
struct Watch {
    handle: EventHandle,
    finisher: Finisher,
    // Last: the event is told before its span may close.
    span: Span,
}

impl Watch {
    fn new(span: &Span) -> Self {
        let finisher = Finisher::new(span);
        Self { handle: finisher.handle(), finisher, span: span.clone() }
    }

    fn poll<S: Stream>(
        &mut self,
        inner: Pin<&mut Instrumented<S>>,
        context: &mut Context<'_>,
        on_item: impl FnOnce(&S::Item, &EventHandle),
    ) -> Poll<Option<S::Item>> {
        let polled = self.finisher.listening(|| {
            let _entered = self.span.enter();
            let polled = inner.inner_pin_mut().poll_next(context);
            // Inside, too: an exit that unwinds tells a panic from a stream that is left.
            if let Poll::Ready(Some(item)) = &polled {
                on_item(item, &self.handle);
            }
            polled
        });
        match &polled {
            Poll::Ready(Some(_)) | Poll::Pending => {}
            Poll::Ready(None) => {
                self.handle.stream_finished();
                self.finisher.finish(Verdict::Finished);
            }
        }
        polled
    }
}

impl EventHandle {
    fn stream_finished(&self) {
        self.update(|state, _| state.rare().stream.get_or_insert_default().finished = true);
    }
}
