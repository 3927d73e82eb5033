//! Which calls repeat the usage of a call inside them.

use std::collections::{HashMap, HashSet};

use tracing_llm::{Event, SpanId, TraceId};

type Id = (TraceId, SpanId);

/// How many open events are remembered. Beyond, all are forgotten: what is open then and wraps
/// another call counts like that one.
const EVENTS: usize = 65_536;

/// Remembers the events that are open, and in which of them a call has ended that knows its usage.
///
/// Tokens and cost belong to the innermost call: a retry, a router or a client library around it
/// repeats them. A call whose wrapper ends first is counted beside it, for what Aim has it keeps.
#[derive(Debug, Default)]
pub(super) struct Wrappers {
    parents: HashMap<Id, Option<SpanId>>,
    above_calls: HashSet<Id>,
}

impl Wrappers {
    pub(super) fn start(&mut self, event: &Event) {
        if self.parents.len() >= EVENTS || self.above_calls.len() >= EVENTS {
            *self = Self::default();
        }
        self.parents.insert((event.trace_id, event.span_id), event.parent_id);
    }

    /// An event has ended; whether it wraps a call that was counted.
    pub(super) fn end(&mut self, event: &Event, is_call: bool) -> bool {
        let id = (event.trace_id, event.span_id);
        self.parents.remove(&id);
        let wraps = self.above_calls.remove(&id);
        if is_call || wraps {
            self.mark_above(event);
        }
        wraps
    }

    fn mark_above(&mut self, event: &Event) {
        let mut next = event.parent_id;
        while let Some(above) = next {
            let id = (event.trace_id, above);
            // What is not open any more, or marked, needs no mark; so a circle ends, too.
            let Some(parent) = self.parents.get(&id) else { return };
            if !self.above_calls.insert(id) {
                return;
            }
            next = *parent;
        }
    }
}
