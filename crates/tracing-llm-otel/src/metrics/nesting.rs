//! Which calls count, where calls lie in one another. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use tracing_llm::{Event, EventType, SpanId, TraceId};

/// How many events are remembered at most: those of traces that have not ended.
const EVENTS: usize = 65_536;

/// Holds calls back for as long as calls around or below them are open, and then tells which of
/// them count.
///
/// What a metric has recorded it cannot take back. So a call that lies alone is told when it
/// ends; calls that lie in one another are told when all of them have ended. The rule, from the top
/// down: a call counts if it knows more of its usage than each call of its kind below it (reported
/// is more than estimated, estimated more than nothing), and then nothing below it counts. So the
/// usage that a wrapper, a retry or a router repeats counts once, where it was used.
#[derive(Default)]
pub(super) struct Nesting {
    traces: HashMap<TraceId, Open>,
    events: usize,
}

/// A trace that has not ended.
#[derive(Default)]
struct Open {
    places: HashMap<SpanId, Places>,
    groups: HashMap<u32, Group>,
    last: u32,
}

/// The nearest call at or above an event, by kind.
type Places = [Option<Place>; 2];

#[derive(Clone, Copy)]
struct Place {
    group: u32,
    call: usize,
}

/// Calls of one kind in one another, each behind those above it.
#[derive(Default)]
struct Group {
    calls: Vec<Call>,
    open: usize,
}

struct Call {
    above: Option<usize>,
    /// Once it has ended.
    event: Option<Arc<Event>>,
}

impl Nesting {
    /// Which kind of call an event is, if it is one.
    pub(super) fn is_call(event: &Event) -> bool {
        kind(event.event_type).is_some()
    }

    /// An event begins. Gives back calls that are told early, since too many events are open.
    pub(super) fn start(&mut self, event: &Event) -> Vec<Arc<Event>> {
        let early = if self.events >= EVENTS { self.settle_all() } else { Vec::new() };
        let open = self.traces.entry(event.trace_id).or_default();
        if !open.places.contains_key(&event.span_id) {
            open.start(event);
            self.events += 1;
        }
        early
    }

    /// A call has ended. Gives back those that count, of all that are decided now.
    pub(super) fn end(&mut self, event: &Arc<Event>) -> Vec<Arc<Event>> {
        // Of a handler that was added late, or that gets no starts.
        let mut told = self.start(event);
        if let Some(open) = self.traces.get_mut(&event.trace_id) {
            told.extend(open.end(event));
        }
        told
    }

    /// A trace has ended. Gives back the calls that count among those whose end is missing somewhere.
    pub(super) fn end_trace(&mut self, trace: TraceId) -> Vec<Arc<Event>> {
        let Some(open) = self.traces.remove(&trace) else { return Vec::new() };
        self.events = self.events.saturating_sub(open.places.len());
        open.settle()
    }

    /// Everything is decided as it is now.
    pub(super) fn settle_all(&mut self) -> Vec<Arc<Event>> {
        self.events = 0;
        std::mem::take(&mut self.traces).into_values().flat_map(Open::settle).collect()
    }
}

impl Open {
    fn start(&mut self, event: &Event) {
        let parent = event.parent_id.and_then(|parent| self.places.get(&parent));
        let mut places = parent.copied().unwrap_or_default();
        if let Some(kind) = kind(event.event_type) {
            // Below a group that is decided, a new one begins: what starts when they have ended is
            // no part of them.
            let above = places[kind].filter(|place| self.groups.contains_key(&place.group));
            let group = above.map_or_else(
                || {
                    self.last = self.last.wrapping_add(1);
                    self.last
                },
                |place| place.group,
            );
            let calls = self.groups.entry(group).or_default();
            calls.open += 1;
            calls.calls.push(Call { above: above.map(|place| place.call), event: None });
            places[kind] = Some(Place { group, call: calls.calls.len() - 1 });
        }
        self.places.insert(event.span_id, places);
    }

    fn end(&mut self, event: &Arc<Event>) -> Vec<Arc<Event>> {
        let places = self.places.get(&event.span_id);
        let place = kind(event.event_type).and_then(|kind| places?[kind]);
        let Some(Place { group: id, call }) = place else { return Vec::new() };
        let Some(group) = self.groups.get_mut(&id) else { return Vec::new() };
        let Some(call) = group.calls.get_mut(call).filter(|call| call.event.is_none()) else {
            return Vec::new();
        };
        call.event = Some(Arc::clone(event));
        group.open -= 1;
        if group.open > 0 {
            return Vec::new();
        }
        self.groups.remove(&id).map(Group::decide).unwrap_or_default()
    }

    fn settle(self) -> Vec<Arc<Event>> {
        self.groups.into_values().flat_map(Group::decide).collect()
    }
}

impl Group {
    fn decide(self) -> Vec<Arc<Event>> {
        let ranks: Vec<Rank> = self.calls.iter().map(Call::rank).collect();
        // From the last to the first: whoever is below comes before whom it is below.
        let mut below = vec![Rank::None; ranks.len()];
        for (at, call) in self.calls.iter().enumerate().rev() {
            if let Some(above) = call.above {
                below[above] = below[above].max(below[at]).max(ranks[at]);
            }
        }
        // And back: whether it, or one above it, counts.
        let mut covered = vec![false; ranks.len()];
        let mut told = Vec::new();
        for (at, call) in self.calls.into_iter().enumerate() {
            covered[at] = call.above.is_some_and(|above| covered[above]);
            if !covered[at] && ranks[at] > below[at] {
                covered[at] = true;
                told.extend(call.event);
            }
        }
        told
    }
}

/// How much a call knows of its usage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It has not ended, and never will.
    None,
    Unknown,
    Estimated,
    Reported,
}

impl Call {
    fn rank(&self) -> Rank {
        let Some(event) = &self.event else { return Rank::None };
        match event.payload.usage {
            Some(usage) if usage.is_empty() => Rank::Unknown,
            Some(usage) if usage.estimated => Rank::Estimated,
            Some(_) => Rank::Reported,
            None => Rank::Unknown,
        }
    }
}

/// The kinds of calls: they do not repeat each other's usage.
fn kind(event_type: EventType) -> Option<usize> {
    match event_type {
        EventType::LLM => Some(0),
        EventType::EMBEDDING => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tracing_llm::Usage;

    use super::*;

    const NONE: [u64; 0] = [];

    /// An event with its id, the one above it, and its usage.
    fn event(kind: EventType, id: u64, above: Option<u64>, usage: Option<Usage>) -> Arc<Event> {
        let mut event = Event::with_ids(kind, "e", TraceId::FIRST, SpanId::new(id).unwrap());
        event.parent_id = above.and_then(SpanId::new);
        event.payload.usage = usage;
        Arc::new(event)
    }

    fn llm(id: u64, above: Option<u64>, usage: Option<Usage>) -> Arc<Event> {
        event(EventType::LLM, id, above, usage)
    }

    fn reported() -> Option<Usage> {
        Some(Usage::new(5, 2))
    }

    fn estimated() -> Option<Usage> {
        let mut usage = Usage::new(4, 1);
        usage.estimated = true;
        Some(usage)
    }

    fn ids(told: &[Arc<Event>]) -> Vec<u64> {
        let mut ids: Vec<u64> =
            told.iter().map(|event| u64::from_be_bytes(event.span_id.to_bytes())).collect();
        ids.sort_unstable();
        ids
    }

    /// Starts all from the top down, and ends them in this order.
    fn told(events: &[Arc<Event>], ends: &[u64]) -> Vec<u64> {
        let mut nesting = Nesting::default();
        events.iter().for_each(|event| assert!(nesting.start(event).is_empty()));
        let mut all = Vec::new();
        for id in ends {
            let event = events.iter().find(|event| ids(std::slice::from_ref(event)) == [*id]);
            all.extend(nesting.end(event.unwrap()));
        }
        ids(&all)
    }

    #[test]
    fn what_a_wrapper_repeats_counts_once_whichever_ends_first() {
        let events = [
            llm(1, None, reported()),
            event(EventType::CHAIN, 2, Some(1), None),
            llm(3, Some(2), reported()),
            llm(4, Some(2), reported()),
        ];
        for ends in [[3, 4, 1], [1, 3, 4], [3, 1, 4]] {
            assert_eq!(told(&events, &ends), [3, 4], "{ends:?}");
        }
    }

    #[test]
    fn a_wrapper_that_knows_more_counts_for_those_below() {
        let events =
            [llm(1, None, reported()), llm(2, Some(1), estimated()), llm(3, Some(1), None)];
        assert_eq!(told(&events, &[2, 3, 1]), [1]);
        assert_eq!(told(&events, &[1, 2, 3]), [1]);
        let deep =
            [llm(1, None, estimated()), llm(2, Some(1), reported()), llm(3, Some(2), estimated())];
        assert_eq!(told(&deep, &[3, 2, 1]), [2]);
    }

    #[test]
    fn kinds_do_not_repeat_each_other_and_calls_of_nothing_count() {
        let events = [
            llm(1, None, reported()),
            event(EventType::EMBEDDING, 2, Some(1), reported()),
            event(EventType::QUERY, 3, None, None),
            llm(4, Some(3), None),
        ];
        assert_eq!(told(&events, &[2, 1, 4]), [1, 2, 4]);
    }

    #[test]
    fn a_call_alone_is_told_when_it_ends_and_one_below_another_when_that_has_ended() {
        let (outer, inner, alone) =
            (llm(1, None, None), llm(2, Some(1), reported()), llm(3, None, reported()));
        let mut nesting = Nesting::default();
        for event in [&outer, &inner, &alone] {
            nesting.start(event);
        }
        assert_eq!(ids(&nesting.end(&inner)), NONE);
        assert_eq!(ids(&nesting.end(&alone)), [3]);
        assert_eq!(ids(&nesting.end(&outer)), [2]);
        assert_eq!(ids(&nesting.end(&outer)), NONE, "an end that comes twice");
        assert_eq!(ids(&nesting.end_trace(TraceId::FIRST)), NONE);
        assert_eq!(nesting.events, 0);
    }

    #[test]
    fn a_call_whose_wrapper_never_ends_is_told_with_its_trace() {
        let mut nesting = Nesting::default();
        nesting.start(&llm(1, None, reported()));
        assert_eq!(ids(&nesting.end(&llm(2, Some(1), reported()))), NONE);
        assert_eq!(ids(&nesting.end_trace(TraceId::FIRST)), [2]);
    }

    #[test]
    fn traces_that_never_end_take_bounded_memory_and_lose_no_call() {
        let mut nesting = Nesting::default();
        let (outer, mut told) = (llm(u64::MAX, None, None), 0);
        nesting.start(&outer);
        let count = EVENTS as u64 + 10;
        for id in 1..=count {
            told += nesting.end(&llm(id, Some(u64::MAX), reported())).len() as u64;
            assert!(nesting.events <= EVENTS);
        }
        told += nesting.settle_all().len() as u64;
        assert_eq!(told, count);
    }
}
