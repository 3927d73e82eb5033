//! A handler that keeps everything in memory.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;

use super::tree;
use crate::{Event, EventType, Handler, HandlerResult, Trace};

/// Keeps all that is delivered, in order. Clones share it: one goes to the builder, one stays.
///
/// ```
/// use tracing_llm::testing::Capture;
///
/// let capture = Capture::new();
/// let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
/// // … spans …
/// # drop(layer);
/// callbacks.shutdown_blocking(std::time::Duration::from_secs(5))?;
/// assert!(capture.captured().ends.is_empty());
/// # Ok::<(), tracing_llm::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Capture(Arc<Mutex<Captured>>);

/// What was delivered to a [`Capture`].
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Captured {
    /// The records of starts.
    pub starts: Vec<Arc<Event>>,
    /// The records of ends.
    pub ends: Vec<Arc<Event>>,
    /// Traces as they began.
    pub trace_starts: Vec<Arc<Trace>>,
    /// Traces as they ended, with their maps.
    pub traces: Vec<Arc<Trace>>,
    /// All hooks in the order of their calls: `start_trace query`, `start QUERY answer`, `end …`.
    pub calls: Vec<String>,
}

impl Capture {
    /// A handler that has got nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What it has got so far.
    #[must_use]
    pub fn captured(&self) -> Captured {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Captured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Capture {
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        let mut captured = self.lock();
        captured.calls.push(format!("start {} {}", event.event_type, event.name));
        captured.starts.push(Arc::clone(event));
        Ok(())
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        let mut captured = self.lock();
        captured.calls.push(format!("end {} {}", event.event_type, event.name));
        captured.ends.push(Arc::clone(event));
        Ok(())
    }

    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let mut captured = self.lock();
        captured.calls.push(format!("start_trace {}", trace.name));
        captured.trace_starts.push(Arc::clone(trace));
        Ok(())
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let mut captured = self.lock();
        captured.calls.push(format!("end_trace {}", trace.name));
        captured.traces.push(Arc::clone(trace));
        Ok(())
    }

    fn flush(&mut self) -> HandlerResult {
        self.lock().calls.push(String::from("flush"));
        Ok(())
    }

    fn shutdown(&mut self) -> HandlerResult {
        self.lock().calls.push(String::from("shutdown"));
        Ok(())
    }
}

impl Captured {
    /// The end of the only event with this name.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one: the test says what it saw.
    #[must_use]
    #[track_caller]
    #[allow(clippy::panic, reason = "an assertion of a test")]
    pub fn event(&self, name: &str) -> &Event {
        let mut found = self.ends.iter().filter(|event| event.name == *name);
        match (found.next(), found.next()) {
            (Some(event), None) => event,
            (None, _) => panic!("no event {name:?} in\n{}", self.tree()),
            (Some(_), Some(_)) => panic!("more than one event {name:?} in\n{}", self.tree()),
        }
    }

    /// The ends of all events of this type, in the order of their delivery.
    #[must_use]
    pub fn of_type(&self, event_type: EventType) -> Vec<&Event> {
        self.ends
            .iter()
            .map(|event| &**event)
            .filter(|event| event.event_type == event_type)
            .collect()
    }

    /// All traces as trees, without ids and times, for snapshots: type, name, and the outcome
    /// where one is told.
    ///
    /// Traces come in the order in which they began, events in the order of the trace map.
    #[must_use]
    pub fn tree(&self) -> String {
        tree::draw(self)
    }
}

/// Runs a future under a subscriber of its own and gives back what it returned and what was
/// delivered. Works inside any test, also when tests run in parallel.
///
/// Tasks that the future spawns are not followed, unless they carry a subscriber or a span
/// ([`tracing::instrument::WithSubscriber`]).
pub async fn capture<F: Future>(future: F) -> (F::Output, Captured) {
    let capture = Capture::new();
    let (layer, callbacks) = crate::layer().handler(capture.clone()).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    let output = future.with_subscriber(Dispatch::new(subscriber)).await;
    // A dropped handle shuts down too; the limit only keeps a broken test from hanging.
    let _ = callbacks.shutdown_blocking(Duration::from_secs(30));
    (output, capture.captured())
}
