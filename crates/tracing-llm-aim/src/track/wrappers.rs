//! Which calls repeat the usage of a call inside them.

use std::collections::HashMap;

use tracing_llm::{Event, EventType, SpanId, TraceId};

type Id = (TraceId, SpanId);

/// How many open events are remembered. Beyond, all are forgotten: what is open then and wraps
/// another call counts like that one.
const EVENTS: usize = 65_536;

/// Kinds of models, as a set: a call does not repeat the usage of a call of another kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kinds(u8);

impl Kinds {
    /// What an event repeats, or is repeated as. A stage that is no call of a model, an agent say,
    /// repeats calls of any kind.
    fn of(event_type: EventType) -> Self {
        match event_type {
            EventType::LLM => Self(0b01),
            EventType::EMBEDDING => Self(0b10),
            _ => Self(0b11),
        }
    }

    fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    fn meet(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

/// Remembers the events that are open, and in which of them a call has ended that knows its usage.
///
/// Tokens and cost belong to the innermost call: a retry, a router or a client library around it
/// repeats them. What Aim has it keeps: a call whose wrapper ends first is counted beside it, and a
/// wrapper that knows from the provider what was estimated for the call inside comes too late.
#[derive(Debug, Default)]
pub(super) struct Wrappers {
    parents: HashMap<Id, Option<SpanId>>,
    above_calls: HashMap<Id, Kinds>,
}

impl Wrappers {
    pub(super) fn start(&mut self, event: &Event) {
        if self.parents.len() >= EVENTS || self.above_calls.len() >= EVENTS {
            *self = Self::default();
        }
        self.parents.insert((event.trace_id, event.span_id), event.parent_id);
    }

    /// An event has ended; whether it wraps a call that was counted. It is itself one if
    /// `is_call`.
    pub(super) fn end(&mut self, event: &Event, is_call: bool) -> bool {
        let id = (event.trace_id, event.span_id);
        self.parents.remove(&id);
        let mut calls = self.above_calls.remove(&id).unwrap_or_default();
        let kinds = Kinds::of(event.event_type);
        let wraps = calls.meet(kinds);
        if is_call && !wraps {
            calls = calls.and(kinds);
        }
        if calls != Kinds::default() {
            self.mark_above(event, calls);
        }
        wraps
    }

    fn mark_above(&mut self, event: &Event, calls: Kinds) {
        let mut next = event.parent_id;
        while let Some(above) = next {
            let id = (event.trace_id, above);
            // What is not open any more, or marked, needs no mark; so a circle ends, too.
            let Some(parent) = self.parents.get(&id) else { return };
            let marks = self.above_calls.entry(id).or_default();
            let marked = marks.and(calls);
            if std::mem::replace(marks, marked) == marked {
                return;
            }
            next = *parent;
        }
    }
}
