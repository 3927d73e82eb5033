//! Takes the events: fills in what is missing, and counts.

use std::panic::resume_unwind;
use std::sync::Arc;

use tracing_llm::{Cost, Enricher, Event, Handler, HandlerResult, SpanId, Text, Trace, Usage};

use crate::budget::Budget;
use crate::call::{Kind, Rank, key, parent};
use crate::counter::{TokenCounter, Wrapper};
use crate::effects::Effects;
use crate::estimate;
use crate::guard::{Failures, Panicked};
use crate::record::{TokenRecord, model, next_number};
use crate::ring::Texts;
use crate::tokenizer::CountedWith;

/// Fills in the usage of LLM and EMBEDDING events where it is missing in whole or in part, and their
/// cost where none is reported and a price is known.
///
/// An event around calls that have a usage is left as it came: a number there would be theirs. (Only
/// calls that end before it are known then; the sums of the handler know all.)
impl Enricher for TokenCounter {
    fn enrich(&mut self, event: &mut Event) {
        let mut failures = Failures::default();
        let mut below = self.wrappers.remove(key(event)).unwrap_or_default();
        if let Some(kind) = Kind::of(event.event_type) {
            if !below.has(kind) {
                // An error has no way out of here. Where the counter is a handler too, it tries
                // again and tells the trap; anyway the count stays absent.
                let (usage, counted_with) = self.complete(event, kind, &mut failures);
                if !usage.is_empty() {
                    event.payload.usage = Some(usage);
                }
                if counted_with.is_some() {
                    self.state().counted_with.entry(key(event)).clone_from(&counted_with);
                }
                if event.payload.cost.is_none() {
                    let mut record = TokenRecord::new(event, usage);
                    record.counted_with = counted_with;
                    event.payload.cost = failures.note(self.price(&record)).flatten();
                }
            }
            if event.payload.usage.is_some_and(|usage| !usage.is_empty()) {
                below.add(kind);
            }
        }
        if let Some(parent) = parent(event).filter(|_| below.has_any()) {
            self.wrappers.entry(parent).extend(below);
        }
        if let Some(panics) = failures.panics() {
            // The event is complete; the core is to know of the enricher's failure, and counts it.
            resume_unwind(Box::new(panics));
        }
    }
}

/// Adds up the usage and the cost of LLM and EMBEDDING events.
impl Handler for TokenCounter {
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        let mut failures = Failures::default();
        self.link(event).tell(&self.settings, &mut failures);
        failures.into_result()
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        let mut failures = Failures::default();
        let settle = Settle { budgets: &self.settings.budgets, event: event.span_id };
        let effects = match Kind::of(event.event_type) {
            Some(kind) => self.count(event, kind, &mut failures),
            None => self.link(event),
        };
        // After the charge: what a call has used is never out of sight. Before anybody is told: it
        // would be spent and reserved in what they read.
        drop(settle);
        effects.tell(&self.settings, &mut failures);
        failures.into_result()
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let mut state = self.state();
        for top in trace.map.roots() {
            state.nesting.forget((trace.id, *top));
        }
        Ok(())
    }
}

impl TokenCounter {
    /// Counts a call that has ended, by what can be found out of it.
    fn count(&self, event: &Event, kind: Kind, failures: &mut Failures) -> Effects {
        // The lock is free while texts are counted and prices looked up.
        let (below, by_enricher) = {
            let mut state = self.state();
            let by_enricher = state.counted_with.remove(key(event)).flatten();
            (state.nesting.below(key(event), kind), by_enricher)
        };
        let reported = event.payload.usage.unwrap_or_default();
        let (usage, counted_with) = if is_decided(below, &reported) {
            (reported, None)
        } else {
            self.complete(event, kind, failures)
        };
        let mut record = TokenRecord::new(event, usage);
        record.counted_with = counted_with.or(by_enricher).filter(|_| usage.estimated);
        if record.cost.is_none() && below < Rank::of(&usage) {
            record.cost = failures.note(self.price(&record)).flatten();
        }
        let texts =
            if self.settings.keeps_texts { Texts::of(&event.payload) } else { Texts::default() };
        let mut state = self.state();
        record.number = next_number();
        let changes = state.nesting.end(key(event), parent(event), kind, Arc::new(record));
        state.apply(changes, &texts, &self.settings)
    }

    /// What a call has used, and what that was counted with, if it was counted here.
    fn complete(
        &self,
        event: &Event,
        kind: Kind,
        failures: &mut Failures,
    ) -> (Usage, Option<CountedWith>) {
        let completed = estimate::complete(event, kind, &*self.settings.tokenizer);
        failures.note(completed.result);
        let counts_with = || self.settings.counts_with(model(event).map(Text::as_str));
        let counted_with = completed.is_counted.then(|| failures.note(counts_with()).flatten());
        (completed.usage, counted_with.flatten())
    }

    /// Remembers where the event lies: calls below it may repeat those above.
    fn link(&self, event: &Event) -> Effects {
        let mut state = self.state();
        let changes = state.nesting.link(key(event), parent(event));
        state.apply(changes, &Texts::default(), &self.settings)
    }

    fn price(&self, call: &TokenRecord) -> Result<Option<Cost>, Panicked> {
        let Some((cost, source)) = self.settings.price(call)? else { return Ok(None) };
        self.state().tally.priced_by(&source);
        Ok(Some(cost))
    }
}

/// Settles what is reserved for an event once it is dropped, so that nothing keeps it from that.
struct Settle<'a> {
    budgets: &'a [Budget],
    event: SpanId,
}

impl Drop for Settle<'_> {
    fn drop(&mut self) {
        self.budgets.iter().for_each(|budget| budget.settle(self.event));
    }
}

/// Whether an estimate could not make the call count, since calls below it know as much.
fn is_decided(below: Rank, reported: &Usage) -> bool {
    below == Rank::Reported || (below == Rank::Estimated && reported.is_empty())
}

impl Wrapper {
    fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Llm => self.llm,
            Kind::Embedding => self.embedding,
        }
    }

    fn has_any(self) -> bool {
        Kind::ALL.into_iter().any(|kind| self.has(kind))
    }

    fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Llm => self.llm = true,
            Kind::Embedding => self.embedding = true,
        }
    }

    fn extend(&mut self, other: Self) {
        self.llm |= other.llm;
        self.embedding |= other.embedding;
    }
}

#[cfg(test)]
mod tests {
    use tracing_llm::{EventType, Timestamp, TraceId};

    use super::*;

    #[test]
    fn a_trace_that_has_ended_is_forgotten() {
        let mut counter = TokenCounter::new();
        let mut inner = Event::new(EventType::LLM, "chat");
        (inner.span_id, inner.parent_id) = (SpanId::new(2).unwrap(), Some(SpanId::FIRST));
        inner.payload.usage = Some(Usage::new(11, 7));
        counter.on_end(&Arc::new(inner)).unwrap();

        let top = (TraceId::FIRST, SpanId::FIRST);
        assert_eq!(counter.state().nesting.below(top, Kind::Llm), Rank::Reported);
        let mut trace = Trace::new(TraceId::FIRST, "query", Timestamp::default());
        trace.map.insert(None, SpanId::FIRST);
        counter.on_trace_end(&Arc::new(trace)).unwrap();
        assert_eq!(counter.state().nesting.below(top, Kind::Llm), Rank::None);
        assert_eq!(counter.calls(), 1);
    }
}
