//! A trace to test with: events that are told one by one, then replayed.

use std::sync::Arc;
use std::time::Duration;

use tracing_llm::{
    Event, EventType, Handler, HandlerResult, Outcome, SpanId, Timestamp, Trace, TraceId,
};

/// A trace whose events begin a millisecond after each other.
pub(crate) struct Story {
    pub(crate) trace: Trace,
    pub(crate) events: Vec<Event>,
}

pub(crate) fn span_id(number: u64) -> SpanId {
    SpanId::new(number).unwrap()
}

impl Story {
    /// The number is that of the trace; its spans are numbered from there.
    pub(crate) fn new(name: &str, number: u64) -> Self {
        let id = TraceId::new(u128::from(number)).unwrap();
        let mut trace = Trace::new(id, name, Timestamp::from_unix_nanos(1_000_000));
        trace.elapsed = Duration::from_millis(1_520);
        Self { trace, events: Vec::new() }
    }

    /// Adds an event below the one with this number, 0 for the top; gives its number back.
    pub(crate) fn event(
        &mut self,
        parent: u64,
        event_type: EventType,
        name: &str,
        fill: impl FnOnce(&mut Event),
    ) -> u64 {
        let number = self.events.len() as u64 + 1;
        let mut event = Event::with_ids(event_type, name, self.trace.id, span_id(number));
        event.parent_id = SpanId::new(parent);
        event.trace_name = self.trace.name.clone();
        event.start = self.trace.start + Duration::from_millis(number);
        event.elapsed = Duration::from_millis(120);
        fill(&mut event);
        self.trace.map.insert(event.parent_id, event.span_id);
        self.events.push(event);
        number
    }

    pub(crate) fn starts(&self) -> impl Iterator<Item = Arc<Event>> {
        self.events.iter().cloned().map(|mut event| {
            event.elapsed = Duration::ZERO;
            event.outcome = Outcome::Unset;
            Arc::new(event)
        })
    }

    pub(crate) fn ends(&self) -> impl Iterator<Item = Arc<Event>> {
        self.events.iter().rev().cloned().map(Arc::new)
    }

    pub(crate) fn trace(&self) -> Arc<Trace> {
        Arc::new(self.trace.clone())
    }

    /// All starts, all ends from the last to the first, then the end of the trace.
    pub(crate) fn tell(&self, handler: &mut impl Handler) -> HandlerResult {
        handler.on_trace_start(&self.trace())?;
        self.starts().try_for_each(|event| handler.on_start(&event))?;
        self.ends().try_for_each(|event| handler.on_end(&event))?;
        handler.on_trace_end(&self.trace())
    }
}

/// A writer that can be read.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<std::sync::Mutex<Vec<Vec<u8>>>>);

impl Shared {
    /// What was written, a text for each call of `write`.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self.0.lock().unwrap();
        writes.iter().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect()
    }

    pub(crate) fn text(&self) -> String {
        self.writes().concat()
    }
}

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
