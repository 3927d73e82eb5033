//! A handler that leaves out some types of events.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Handler, HandlerResult};
use crate::{Event, EventType, Health, Trace};

/// A handler that does not get the starts or ends of some event types.
///
/// Made by [`HandlerExt::ignore_starts`](super::HandlerExt::ignore_starts) and
/// [`HandlerExt::ignore_ends`](super::HandlerExt::ignore_ends). The trace map
/// still holds the events that are left out.
///
/// Each record is judged by the type that it has. Where a tag that comes late changes the type (see
/// [`on_end`](super::Handler::on_end)), the start may be let through and the end not, or the end alone.
#[derive(Clone, Debug)]
pub struct Ignore<H> {
    inner: H,
    starts: HashSet<EventType>,
    ends: HashSet<EventType>,
}

impl<H> Ignore<H> {
    pub(super) fn new(inner: H) -> Self {
        Self { inner, starts: HashSet::new(), ends: HashSet::new() }
    }

    /// Leaves out the starts of these event types too.
    #[must_use]
    pub fn and_starts(mut self, types: impl IntoIterator<Item = EventType>) -> Self {
        self.starts.extend(types);
        self
    }

    /// Leaves out the ends of these event types too.
    #[must_use]
    pub fn and_ends(mut self, types: impl IntoIterator<Item = EventType>) -> Self {
        self.ends.extend(types);
        self
    }

    /// The handler itself.
    pub fn into_inner(self) -> H {
        self.inner
    }
}

impl<H: Handler> Handler for Ignore<H> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        if self.starts.contains(&event.event_type) { Ok(()) } else { self.inner.on_start(event) }
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        if self.ends.contains(&event.event_type) { Ok(()) } else { self.inner.on_end(event) }
    }

    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        self.inner.on_trace_start(trace)
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        self.inner.on_trace_end(trace)
    }

    fn flush(&mut self) -> HandlerResult {
        self.inner.flush()
    }

    fn shutdown(&mut self) -> HandlerResult {
        self.inner.shutdown()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }
}
