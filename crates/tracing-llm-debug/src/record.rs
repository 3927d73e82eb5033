//! What the log gives out.

use std::sync::Arc;
use std::time::Duration;

use tracing_llm::Event;

/// Whether a record was made at the start of an event or at its end.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler};
/// use tracing_llm_debug::{DebugHandler, Phase};
///
/// let mut debug = DebugHandler::stdout();
/// debug.on_start(&Arc::new(Event::new(EventType::LLM, "chat")))?;
/// assert_eq!(debug.events(None)[0].phase, Phase::Start);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The event began.
    Start,
    /// The event ended.
    End,
}

/// One record that the log keeps: an event as it was at its start, or at its end.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler};
/// use tracing_llm_debug::DebugHandler;
///
/// let mut debug = DebugHandler::stdout();
/// let event = Arc::new(Event::new(EventType::LLM, "chat"));
/// debug.on_start(&event)?;
/// debug.on_end(&event)?;
/// for record in debug.events(EventType::LLM) {
///     println!("{:?} of {}", record.phase, record.event.name);
/// }
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Which of the two.
    pub phase: Phase,
    /// The event; at its end it is complete.
    pub event: Arc<Event>,
}

/// The start and the end of one event, as far as the log keeps them.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tracing_llm::{Event, EventType, Handler};
/// use tracing_llm_debug::DebugHandler;
///
/// let mut debug = DebugHandler::stdout();
/// let mut event = Event::new(EventType::LLM, "chat");
/// debug.on_start(&Arc::new(event.clone()))?;
/// event.elapsed = Duration::from_millis(250);
/// event.payload.completion = Some("A period of time.".into());
/// debug.on_end(&Arc::new(event))?;
///
/// let pairs = debug.event_pairs(EventType::LLM);
/// assert_eq!(pairs[0].elapsed(), Some(Duration::from_millis(250)));
/// assert!(pairs[0].start().is_some_and(|start| start.payload.completion.is_none()));
/// assert!(pairs[0].end().is_some_and(|end| end.payload.completion.is_some()));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EventPair {
    start: Option<Arc<Event>>,
    end: Option<Arc<Event>>,
    latest: Arc<Event>,
}

impl EventPair {
    pub(crate) fn new(record: Record) -> Self {
        let Record { phase, event } = record;
        let (start, end) = match phase {
            Phase::Start => (Some(event.clone()), None),
            Phase::End => (None, Some(event.clone())),
        };
        Self { start, end, latest: event }
    }

    /// Takes over the other record of the event, or a newer one of the same phase.
    pub(crate) fn add(&mut self, record: Record) {
        let Record { phase, event } = record;
        match phase {
            Phase::Start => self.start = Some(event),
            Phase::End => {
                self.latest = event.clone();
                self.end = Some(event);
            }
        }
    }

    /// The record of its start: missing if starts of its type are ignored, or it was dropped.
    #[must_use]
    pub fn start(&self) -> Option<&Arc<Event>> {
        self.start.as_ref()
    }

    /// The record of its end: missing while it runs, or if ends of its type are ignored.
    #[must_use]
    pub fn end(&self) -> Option<&Arc<Event>> {
        self.end.as_ref()
    }

    /// The more complete of the two records.
    #[must_use]
    pub fn event(&self) -> &Arc<Event> {
        &self.latest
    }

    /// How long it took; none if it has not ended.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        self.end.as_ref().map(|event| event.elapsed)
    }
}
