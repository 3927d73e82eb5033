//! From a span's state to the records that handlers see.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::ending::Ending;
use super::{Begun, Worker, key};
use crate::clock::{Clock, Tick};
use crate::event::{Event, Exception, Outcome, Text};
use crate::handler::Delivery;
use crate::state::{Node, Phase, Record, Taken, TakenField};
use crate::vocabulary::{Draft, Role, Scalar, Tag};
use crate::{CaptureContent, Cost, Payload, SpanId, Usage};

/// An event in the making.
pub(super) struct Assembly {
    /// Collects fields into the payload.
    draft: Draft,
    /// All but the payload.
    event: Event,
    started: Tick,
    /// The error of an event below, which may be on its way up.
    error_below: Option<Exception>,
}

impl Worker {
    /// Delivers the start of an event or scope, and before it the starts above it, unless they
    /// were delivered.
    pub(super) fn begin(&mut self, record: &Arc<Record>) {
        let mut chain = Vec::new();
        let mut next = Some(Arc::clone(record));
        while let Some(record) = next {
            if self.begun.contains_key(&key(&record)) {
                break;
            }
            let state = record.lock();
            let (node, gone) = (state.node, state.phase == Phase::Gone);
            next = state.above.0.clone();
            drop(state);
            // A candidate that was not recognised is passed by, also when it is gone.
            if matches!(node, Node::Event(..) | Node::Scope) {
                if gone {
                    break;
                }
                chain.push(record);
            }
        }
        for record in chain.into_iter().rev() {
            self.begin_one(record);
        }
    }

    fn begin_one(&mut self, record: Arc<Record>) {
        let mut state = record.lock();
        let (Some(trace), Some(span_id)) = (state.trace.clone(), state.span_id) else { return };
        if state.phase == Phase::Gone {
            return;
        }
        // From now on its end cannot be given up.
        state.begun = true;
        if state.node == Node::Scope {
            drop(state);
            self.open_trace(&trace, None);
            self.begun.insert(key(&record), Begun { record, assembly: None });
            return;
        }
        let Node::Event(event_type, _) = state.node else { return };
        let context = state.resolve_context();
        let taken = if state.entered {
            let (fields, parts) = (state.fields_at_start, state.parts_at_start);
            state.take_first(fields, parts)
        } else {
            state.take_first(u32::MAX, u32::MAX)
        };
        let (start, remote_parent) = (state.start, state.remote_parent);
        let metadata = state.metadata;
        drop(state);

        let ids = trace.ids();
        let mut event = Event::with_ids(event_type, Text::default(), ids.trace_id, span_id);
        if let Some(metadata) = metadata {
            event.name = Text::literal(metadata.name());
            event.target = Text::literal(metadata.target());
        }
        event.start = self.shared.clock.timestamp(start);
        event.parent_id = event_above(&record);
        event.remote_parent = remote_parent;
        event.sampled = ids.sampled;
        event.scope_id = trace.scope_id;
        if let Some(context) = context {
            event.context = context;
        }
        (event.trace_name, event.tracestate) = self.open_trace(&trace, Some(event_type));
        self.place_in_trace(&trace, event.parent_id, span_id);

        let mut assembly =
            Box::new(Assembly { draft: Draft::new(), event, started: start, error_below: None });
        self.fill(&mut assembly, taken);
        if self.fanout.has_handlers() {
            let mut shown = assembly.show();
            self.keep(&mut shown);
            self.mask(&mut shown);
            self.fanout.push(Delivery::Start(Arc::new(shown)), 0);
        }
        self.shared.counters.starts.fetch_add(1, Relaxed);
        self.begun.insert(key(&record), Begun { record, assembly: Some(assembly) });
    }

    /// Delivers the end of an event or scope. `shutdown` is the time of the shutdown, if that may be
    /// what ends it.
    pub(super) fn end(&mut self, record: Arc<Record>, shutdown: Option<Tick>) {
        let node = {
            let state = record.lock();
            if state.phase == Phase::Gone {
                return;
            }
            state.node
        };
        match node {
            Node::Event(..) => {
                self.begin(&record);
                self.end_event(&record, shutdown);
            }
            Node::Scope => {
                self.begin(&record);
                self.end_scope(&record, shutdown);
            }
            Node::Candidate | Node::Carrier => {
                let mut state = record.lock();
                state.phase = Phase::Gone;
                let (trace, charged) = (state.trace.clone(), std::mem::take(&mut state.charged));
                drop(state);
                self.shared.queue.release(charged);
                if let Some(trace) = trace.filter(|_| node == Node::Candidate) {
                    self.leave_trace(&trace);
                }
            }
        }
        self.begun.remove(&key(&record));
        self.shared.pool.give_back(record);
    }

    fn end_event(&mut self, record: &Arc<Record>, shutdown: Option<Tick>) {
        let begun = self.begun.get_mut(&key(record));
        let Some(mut assembly) = begun.and_then(|begun| begun.assembly.take()) else { return };
        let (taken, ending) = {
            let mut state = record.lock();
            state.phase = Phase::Gone;
            // A tag that came after the start may have said better what it is.
            if let Node::Event(event_type, _) = state.node {
                assembly.event.event_type = event_type;
            }
            let taken = state.take_first(u32::MAX, u32::MAX);
            (taken, Ending::take(&mut state, shutdown))
        };
        self.fill(&mut assembly, taken);
        self.shared.counters.unreadable.fetch_add(assembly.draft.unreadable(), Relaxed);
        let (end, charged) = (ending.end, ending.charged);
        let (above, trace) = (ending.above.clone(), ending.trace.clone());
        let mut event = assembly.finish(ending, &self.shared.clock);
        if let (Some(exception), Some(above)) = (&event.payload.exception, above) {
            self.tell_above(above, exception);
        }
        self.keep(&mut event);
        self.enrich(&mut event);
        self.mask(&mut event);
        self.shared.counters.ends.fetch_add(1, Relaxed);
        self.shared.queue.release(charged);
        if let Some(trace) = trace {
            self.note_end(&trace, event.parent_id, end);
            self.fanout.push(Delivery::End(Arc::new(event)), charged);
            self.leave_trace(&trace);
        }
    }

    /// Leaves out what is content, where only metadata is captured and it could not be left out
    /// before.
    fn keep(&self, event: &mut Event) {
        if self.shared.capture == CaptureContent::Metadata {
            event.payload.attributes.clear();
            if let Some(exception) = &mut event.payload.exception {
                exception.message = Text::default();
                exception.stacktrace = None;
            }
        }
    }

    /// Brings fields and parts into the payload, in the order in which they came. A closure of
    /// the user's may panic.
    fn fill(&mut self, assembly: &mut Assembly, taken: Taken) {
        let mut fields = taken.fields.into_iter();
        let mut set = 0;
        for (before, part) in taken.parts {
            for field in fields.by_ref().take(before - set.min(before)) {
                assembly.set(field);
            }
            set = set.max(before);
            assembly.draft.settle();
            let payload = assembly.draft.payload_mut();
            match catch_unwind(AssertUnwindSafe(|| part(payload))) {
                Ok(Ok(())) => {}
                Ok(Err(_)) => {
                    self.shared.counters.unreadable.fetch_add(1, Relaxed);
                }
                Err(panic) => self.failed("closure", "attaching a part", &*panic),
            }
        }
        for field in fields {
            assembly.set(field);
        }
        assembly.draft.settle();
    }

    /// Tells the event above of an error that may pass up through it.
    fn tell_above(&mut self, above: Arc<Record>, exception: &Exception) {
        let mut next = Some(above);
        while let Some(record) = next {
            let begun = self.begun.get_mut(&key(&record));
            if let Some(assembly) = begun.and_then(|begun| begun.assembly.as_mut()) {
                assembly.error_below = Some(exception.clone());
                return;
            }
            next = record.lock().above.0.clone();
        }
    }

    /// Lets the enrichers add to an event. Of the numbers that they give, those that nobody would
    /// believe are left out.
    fn enrich(&mut self, event: &mut Event) {
        let mut panicked = false;
        for at in 0..self.enrichers.len() {
            let Some(enricher) = self.enrichers.get_mut(at) else { return };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| enricher.enrich(event))) {
                self.failed("enricher", "enrich", &*panic);
                panicked = true;
            }
        }
        if panicked {
            self.shared.counters.unenriched.fetch_add(1, Relaxed);
        }
        let Payload { usage, cost, .. } = &mut event.payload;
        let absurd = usage.as_mut().map_or(0, Usage::leave_out_absurd)
            + cost.as_mut().map_or(0, Cost::leave_out_absurd);
        self.shared.counters.unreadable.fetch_add(absurd, Relaxed);
    }
}

impl Assembly {
    fn set(&mut self, (role, name, value): TakenField) {
        // The tag that named the type says nothing more.
        let is_type =
            matches!(&value, Scalar::Text(text) if **text == *self.event.event_type.name());
        if !(is_type && matches!(role, Role::Tag(Tag::EventType | Tag::LlmEventType))) {
            self.draft.set(role, name, value);
        }
    }

    /// The record of the start: what is known so far.
    fn show(&self) -> Event {
        let mut event = self.event.clone();
        event.payload = self.draft.payload().clone();
        self.name(&mut event);
        event
    }

    /// The record of the end.
    fn finish(self, ending: Ending, clock: &Clock) -> Event {
        let (exception, told) = (self.draft.exception(), self.draft.outcome());
        let mut event = self.event.clone();
        self.name(&mut event);
        event.payload = self.draft.payload().clone();
        ending.complete(&mut event, exception, self.started, clock);
        if (event.outcome, told) == (Outcome::Unset, Outcome::Ok) {
            event.outcome = Outcome::Ok;
        }
        if let (Some(exception), Some(below)) = (&mut event.payload.exception, self.error_below) {
            // An error that came up from below is not counted again.
            let same_text =
                !below.message.is_empty() && exception.message.contains(&*below.message);
            // Of a panic, only a wrapper of ours knows the text.
            let same_panic = exception.is_untold_panic() && below.is_panic();
            exception.propagated |= same_text || same_panic;
        }
        event
    }

    fn name(&self, event: &mut Event) {
        if let Some(name) = self.draft.name() {
            event.name = name.clone();
            event.renamed = true;
        }
        event.kind = self.draft.kind().cloned();
    }
}

/// The event right above: candidates that were not recognised are passed over.
fn event_above(record: &Arc<Record>) -> Option<SpanId> {
    let mut next = record.lock().above.0.clone();
    while let Some(record) = next {
        let state = record.lock();
        if matches!(state.node, Node::Event(..)) {
            return state.span_id;
        }
        next = state.above.0.clone();
    }
    None
}
