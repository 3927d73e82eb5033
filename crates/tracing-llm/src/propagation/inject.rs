//! What the innermost event gives along to another process.

use tracing::Span;

use super::{BAGGAGE, Propagation, TRACEPARENT, TRACESTATE, Traceparent, baggage};
use crate::span::innermost;
use crate::state::{Record, State};

impl Propagation {
    /// Gives the headers that let another process go on with the trace of the innermost event
    /// around the current span; none outside of all events.
    ///
    /// Called for `traceparent`, then for `tracestate` and `baggage` where there is something to
    /// say. The flag `sampled` goes on as it came; of a trace that began here it is set.
    pub fn inject(&self, set: impl FnMut(&'static str, String)) {
        self.inject_from(&Span::current(), set);
    }

    /// The same for the event that this span is, or the innermost one around it. A
    /// [`ContextSource`](crate::ContextSource) is asked for the event's place before, so that the
    /// headers name the ids that it keeps, also if its span is entered only later.
    pub fn inject_from(&self, span: &Span, mut set: impl FnMut(&'static str, String)) {
        let Some(record) = innermost(span) else { return };
        if let Some(shared) = record.shared() {
            shared.settle(&record);
        }
        let Some(outgoing) = Outgoing::of(&record) else { return };
        set(TRACEPARENT, outgoing.parent.to_string());
        if let Some(state) = outgoing.state {
            set(TRACESTATE, state);
        }
        if self.session.is_none() && self.user.is_none() {
            return;
        }
        let context = record.lock().resolve_context();
        let Some(context) = context else { return };
        let members = [(&self.session, &context.session_id), (&self.user, &context.user_id)];
        let members: Vec<String> = members
            .into_iter()
            .filter_map(|(name, value)| baggage::member(name.as_deref()?, value.as_deref()?))
            .collect();
        if !members.is_empty() {
            set(BAGGAGE, members.join(","));
        }
    }
}

struct Outgoing {
    parent: Traceparent,
    state: Option<String>,
}

impl Outgoing {
    fn of(record: &Record) -> Option<Self> {
        let state = record.lock();
        let State { span_id: Some(span_id), trace: Some(trace), .. } = &*state else { return None };
        let ids = trace.ids();
        Some(Self {
            parent: Traceparent {
                trace_id: ids.trace_id,
                parent: *span_id,
                sampled: ids.sampled.unwrap_or(true),
                random: trace.came().is_some_and(|parent| parent.random),
            },
            state: trace.tracestate().map(|list| list.to_string()),
        })
    }
}
