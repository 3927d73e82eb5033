//! Parts that are read on the worker out of something that is only kept here.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use serde::de::Error as _;

use crate::CaptureContent;
use crate::Payload;
use crate::event::leave_out_content;
use crate::span::EventHandle;
use crate::span::attach::with_open;

/// For those who watch a call from outside, such as a client's middleware.
impl EventHandle {
    /// Parts that are read on the worker: out of the bytes of a response, say, that the closure
    /// holds. What it sets replaces what was attached before.
    ///
    /// The bytes that it holds are asked for with [`room_for`](Self::room_for) first. Where only
    /// metadata is captured the closure runs all the same, and what it reads of content is left
    /// out behind it. An error is counted as [unreadable](crate::Stats::unreadable); its text is
    /// not kept. An exception that it sets fails the event, unless the event has one of its own.
    ///
    /// ```
    /// use tracing_llm::prelude::*;
    ///
    /// let span = event_span!(LLM, "chat");
    /// let body: std::sync::Arc<[u8]> = b"{\"usage\":{\"input_tokens\":3}}"[..].into();
    /// if span.llm().room_for(body.len()) {
    ///     span.llm().read_later(move |payload| {
    ///         let json: serde_json::Value = serde_json::from_slice(&body)?;
    ///         payload.usage = Usage::from_json(&json);
    ///         Ok::<(), serde_json::Error>(())
    ///     });
    /// } else {
    ///     span.llm().lost_bytes(body.len());
    /// }
    /// ```
    pub fn read_later<E: Display>(
        &self,
        read: impl FnOnce(&mut Payload) -> Result<(), E> + Clone + Send + 'static,
    ) -> &Self {
        for record in self.records.all() {
            let read = read.clone();
            with_open(record, |state, now, shared| {
                state.touch(now);
                let metadata_only = shared.capture == CaptureContent::Metadata;
                state.attach(Box::new(move |payload| {
                    // What it has read before it panics is left out too.
                    let done = catch_unwind(AssertUnwindSafe(|| read(payload)));
                    if metadata_only {
                        leave_out_content(payload);
                    }
                    done.unwrap_or_else(|panic| resume_unwind(panic))
                        .map_err(serde_json::Error::custom)
                }));
            });
        }
        self
    }

    /// Whether so many bytes more may be held for this event until the worker reads them
    /// ([`read_later`](Self::read_later)). If so they count in the budget of the
    /// [queue](crate::Builder::queue_bytes); if not, they must be let go. Whoever asked knows what
    /// is lost by that and counts it with [`lost_bytes`](Self::lost_bytes).
    #[must_use = "without room the bytes must not be held"]
    pub fn room_for(&self, bytes: usize) -> bool {
        let mut room = false;
        for record in self.records.all() {
            with_open(record, |state, _, shared| {
                if shared.queue.charge(bytes) {
                    state.charged += bytes;
                    room = true;
                }
            });
        }
        room
    }

    /// So many bytes of its texts were left out, since they are more than whoever watches keeps:
    /// counted in [`Event::lost_bytes`](crate::Event::lost_bytes) and
    /// [`Stats::lost_bytes`](crate::Stats::lost_bytes).
    pub fn lost_bytes(&self, bytes: usize) -> &Self {
        if bytes > 0 {
            for record in self.records.all() {
                with_open(record, |state, _, shared| {
                    state.rare().lost += bytes as u64;
                    shared.counters.lost_bytes(bytes);
                });
            }
        }
        self
    }

    /// How long the event has been running, by the layer's clock; none on a disabled span.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        let record = self.records.first()?;
        let now = record.shared()?.clock.now();
        let start = record.lock().start;
        Some(now.since(start))
    }
}
