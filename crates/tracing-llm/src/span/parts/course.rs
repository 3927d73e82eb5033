//! The course of an event: errors, pieces of an answer, the end.

use std::sync::Arc;

use crate::CaptureContent;
use crate::event::Exception;
use crate::span::EventHandle;
use crate::span::attach::with_open;
use crate::state::{Phase, Verdict};

/// The course of an event.
impl EventHandle {
    /// It failed with this error, shown with `{:#}` (with its causes, where the error knows how); its event has [`Outcome::Error`](crate::Outcome::Error).
    pub fn error(&self, error: impl std::fmt::Display) -> &Self {
        self.exception_with(|| Exception::new(format!("{error:#}")))
    }

    /// It failed with this error, known in detail.
    pub fn exception(&self, exception: Exception) -> &Self {
        self.exception_with(|| exception)
    }

    pub(in crate::span) fn exception_with(&self, exception: impl FnOnce() -> Exception) -> &Self {
        if !self.is_enabled() {
            return self;
        }
        let exception = exception();
        for record in self.records.all() {
            with_open(record, |state, now, _| {
                state.touch(now);
                state.fail(Some(exception.clone()));
            });
        }
        self
    }

    /// It went well: its event has [`Outcome::Ok`](crate::Outcome::Ok), unless an error is recorded.
    pub fn ok(&self) -> &Self {
        self.update(|state, _| state.verdict = state.verdict.max(Verdict::Finished));
        self
    }

    /// It was given up: its event has [`Outcome::Cancelled`](crate::Outcome::Cancelled), unless an
    /// error is recorded.
    pub fn cancelled(&self) -> &Self {
        self.update(|state, _| state.verdict = state.verdict.max(Verdict::Cancelled));
        self
    }

    /// The first token of the answer has come. Later calls do nothing.
    ///
    /// That the stream ran to its end ([`StreamProgress::finished`](crate::StreamProgress::finished))
    /// is said by [`ok`](Self::ok), by a wrapper that saw it, or by the whole answer
    /// ([`reply`](Self::reply), [`completion`](Self::completion), [`replies`](Self::replies)) of an
    /// event that did not fail. Else it counts as broken off.
    pub fn first_token(&self) -> &Self {
        self.update(|state, now| {
            state.touch(now);
            state.rare().stream.get_or_insert_default().first.get_or_insert(now);
        });
        self
    }

    /// A piece of a streamed answer has come. The pieces make up the answer, unless
    /// [`reply`](Self::reply), [`completion`](Self::completion) or [`replies`](Self::replies)
    /// gives it. The first piece is the first token; an empty one is none.
    ///
    /// Pieces alone do not say which is the last: [`first_token`](Self::first_token) says what does.
    pub fn chunk(&self, text: &str) -> &Self {
        if text.is_empty() {
            return self;
        }
        for record in self.records.all() {
            with_open(record, |state, now, shared| {
                state.touch(now);
                let stream = state.rare().stream.get_or_insert_default();
                stream.first.get_or_insert(now);
                stream.chunks += 1;
                if shared.capture == CaptureContent::Metadata {
                    return;
                }
                if shared.queue.charge(text.len()) {
                    stream.text.push_str(text);
                    state.charged += text.len();
                } else {
                    state.rare().lost += text.len() as u64;
                    shared.counters.lost_bytes(text.len());
                }
            });
        }
        self
    }

    /// It ends now, and is delivered now: what comes after is late. Does nothing on a span that
    /// is no event itself.
    pub fn end(&self) {
        for record in self.records.own_only().all() {
            let Some(shared) = record.shared() else { continue };
            shared.settle(record);
            let now = shared.clock.now();
            let mut state = record.lock();
            if !state.is_open() {
                continue;
            }
            state.finish(now);
            state.phase = Phase::Ended;
            drop(state);
            shared.push_end(Arc::clone(record));
        }
    }
}
