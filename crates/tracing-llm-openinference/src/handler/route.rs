//! From events to spans: what is suppressed goes nowhere, templates are folded into the calls
//! they were filled for, and the rest is converted, masked, told in other words if asked, and
//! suited to its backend.
//!
//! Pure: it holds back what is not decided yet, and knows no output.

use std::borrow::Cow;
use std::sync::Arc;

use opentelemetry_sdk::trace::SpanData;
use tracing_llm::{Event, SpanId, Trace, TraceId};

use crate::backends::Quirks;
use crate::convert::{self, Options};
use crate::feedback::{self, Judgement};
use crate::fold::{Decided, Fold, template_of};
use crate::roots::Roots;
use crate::selection::{Choice, Selection};

/// The way of an event to its span.
#[derive(Default)]
pub(super) struct Route {
    options: Options,
    quirks: Quirks,
    selection: Selection,
    /// What the sampler left out, and was not told yet.
    unsampled: u64,
    fold: Fold,
    roots: Roots,
}

impl Route {
    pub(super) fn new(options: Options, quirks: Quirks, selection: Selection) -> Self {
        Self { options, quirks, selection, ..Self::default() }
    }

    /// An event has begun. Spans come of those that it shows to stand alone.
    pub(super) fn start(&mut self, event: &Arc<Event>) -> Vec<SpanData> {
        let mut decided = Vec::new();
        self.fold.start(event, &mut decided);
        self.spans(decided)
    }

    /// An event has ended.
    pub(super) fn end(&mut self, event: &Arc<Event>) -> Vec<SpanData> {
        let mut decided = Vec::new();
        let choice = self.selection.of_event(event);
        self.note(choice);
        self.fold.end(event, choice == Choice::Taken, &mut decided);
        self.spans(decided)
    }

    /// A trace has ended; its root is the last of its spans.
    pub(super) fn trace_end(&mut self, trace: &Trace) -> Vec<SpanData> {
        let mut decided = Vec::new();
        self.fold.trace_ended(trace.id, &mut decided);
        let mut spans = self.spans(decided);
        let top = self.roots.take(trace);
        if trace.scope_id.is_none() {
            return spans;
        }
        let choice = self.selection.of_trace(trace);
        self.note(choice);
        if choice == Choice::Taken {
            spans.extend(convert::root(trace, top.as_deref(), self.options).map(|mut root| {
                self.quirks.apply_to_root(trace, top.as_deref(), &mut root.attributes);
                root
            }));
        }
        spans
    }

    /// A judgement of an event that has ended, as a span with these ids; none if its trace was not
    /// taken.
    pub(super) fn judged(
        &self,
        judgement: Judgement,
        (trace, span): (TraceId, SpanId),
    ) -> Option<SpanData> {
        let sampler = self.selection.sampler;
        sampler.may_have_taken(judgement.target.trace_id).then(|| {
            let event = feedback::carrier(judgement, trace, span);
            self.converted(&event)
        })
    }

    /// All that is held back, as at a flush.
    pub(super) fn rest(&mut self) -> Vec<SpanData> {
        let mut decided = Vec::new();
        self.fold.release(&mut decided);
        self.spans(decided)
    }

    /// How many events and roots the sampler has left out since this was asked last.
    pub(super) fn take_unsampled(&mut self) -> u64 {
        std::mem::take(&mut self.unsampled)
    }

    fn note(&mut self, choice: Choice) {
        self.unsampled += u64::from(choice == Choice::Unsampled);
    }

    fn spans(&mut self, decided: Vec<Decided>) -> Vec<SpanData> {
        decided.into_iter().map(|decided| self.span(&decided)).collect()
    }

    fn span(&mut self, decided: &Decided) -> SpanData {
        let (event, whole) = match decided {
            Decided::Alone(event) => (event, Cow::Borrowed(&**event)),
            Decided::Folded { call, template } => (call, Cow::Owned(folded(call, template))),
        };
        self.roots.note(event);
        self.converted(&whole)
    }

    fn converted(&self, event: &Event) -> SpanData {
        let mut span = convert::span(event, self.options);
        self.quirks.apply(event, &mut span.attributes);
        span
    }
}

/// The call with the template that was filled for it.
fn folded(call: &Event, template: &Event) -> Event {
    let mut whole = call.clone();
    whole.payload.template = template_of(template).cloned();
    whole
}

#[cfg(test)]
mod tests;
