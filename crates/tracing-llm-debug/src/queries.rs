//! Questions to the log, which may be asked at any time from any thread.

use std::collections::{BTreeMap, HashMap};
use std::io;

use tracing_llm::{EventType, SpanId, TraceId};

use crate::handler::DebugHandler;
use crate::record::{EventPair, Record};
use crate::stats::TimeInfo;

/// What is kept of the events, as LlamaIndex's `LlamaDebugHandler` tells it.
///
/// Where a type is asked for, `None` stands for all of them.
///
/// ```
/// use tracing_llm::EventType;
/// use tracing_llm_debug::DebugHandler;
///
/// let debug = DebugHandler::stderr();
/// assert!(debug.events(None).is_empty());
/// assert!(debug.event_pairs(EventType::RETRIEVE).is_empty());
/// ```
impl DebugHandler {
    /// All start and end records, in the order in which they came.
    #[must_use]
    pub fn events(&self, event_type: impl Into<Option<EventType>>) -> Vec<Record> {
        self.log().records(event_type.into())
    }

    /// The records, joined to pairs, in the order in which the events began.
    #[must_use]
    pub fn event_pairs(&self, event_type: impl Into<Option<EventType>>) -> Vec<EventPair> {
        self.log().pairs(event_type.into()).cloned().collect()
    }

    /// The pairs of each type that there is.
    #[must_use]
    pub fn event_pairs_by_type(&self) -> BTreeMap<EventType, Vec<EventPair>> {
        self.log().pairs_by_type()
    }

    /// The pairs by the ids of their events.
    #[must_use]
    pub fn event_pairs_by_id(&self) -> HashMap<(TraceId, SpanId), EventPair> {
        self.log().pairs_by_id()
    }

    /// What went into each call of a model, and what came out: the pairs of type LLM.
    #[must_use]
    pub fn llm_inputs_outputs(&self) -> Vec<EventPair> {
        self.event_pairs(EventType::LLM)
    }

    /// How long the events took.
    #[must_use]
    pub fn time_info(&self, event_type: impl Into<Option<EventType>>) -> TimeInfo {
        TimeInfo::of(self.log().pairs(event_type.into()).map(EventPair::elapsed))
    }

    /// How many events were dropped to keep within the bounds, since the last
    /// [`flush_event_logs`](Self::flush_event_logs).
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.log().dropped()
    }

    /// Forgets all records. A trace that is running shows those that come from now on.
    pub fn flush_event_logs(&self) {
        self.log().clear();
    }

    /// Prints the trace that ended last, if there was one: in the format of the handler, as a
    /// tree if that is [`Format::Live`](crate::Format::Live).
    ///
    /// # Errors
    ///
    /// If it could not be written.
    pub fn print_trace_map(&self) -> io::Result<()> {
        let view = self.log().last_trace();
        view.map_or(Ok(()), |view| self.print_trace(&view))
    }
}
