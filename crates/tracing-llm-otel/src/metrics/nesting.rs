//! Which calls count, where calls lie in one another. Pure.

use std::collections::{BTreeMap, HashMap};

use tracing_llm::{Event, EventType, SpanId, TraceId};

/// How many events are remembered at most: those of traces that have not ended.
const EVENTS: usize = 65_536;

/// Holds calls back for as long as calls around or below them are open, and then tells which of
/// them count. Of a call that has ended it keeps what will be recorded of it, `T`, not the event.
///
/// What a metric has recorded it cannot take back. So a call that lies alone is told when it
/// ends; calls that lie in one another are told when all of them have ended. The rule, from the top
/// down: a call counts if it knows more of its usage than each call of its kind below it (reported
/// is more than estimated, estimated more than nothing), and then nothing below it counts. So the
/// usage that a wrapper, a retry or a router repeats counts once, where it was used.
///
/// Where too many events are open, the oldest trace is decided as it is. Of its open calls it stays
/// known what was told around and below them, unless the trace is all but made of such calls.
pub(super) struct Nesting<T> {
    traces: HashMap<TraceId, Open<T>>,
    /// The traces by their age.
    order: BTreeMap<u64, TraceId>,
    last: u64,
    events: usize,
}

/// A trace that has not ended.
struct Open<T> {
    spots: HashMap<SpanId, Spot>,
    groups: HashMap<u32, Group<T>>,
    last: u32,
    age: u64,
}

/// Where an event lies: the nearest call at or above it, by kind.
#[derive(Clone, Copy, Default)]
struct Spot {
    places: [Option<Place>; 2],
    ended: bool,
}

#[derive(Clone, Copy)]
struct Place {
    group: u32,
    call: usize,
}

/// Calls of one kind in one another, each behind those above it.
struct Group<T> {
    calls: Vec<Call<T>>,
    open: usize,
}

struct Call<T> {
    above: Option<usize>,
    rank: Rank,
    /// From its end until it is told.
    record: Option<T>,
    /// It was told early, or one above it.
    covered: bool,
    /// One below it was told early.
    taken: bool,
}

/// How much a call knows of its usage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It has not ended.
    Open,
    Unknown,
    Estimated,
    Reported,
}

impl<T> Default for Nesting<T> {
    fn default() -> Self {
        Self { traces: HashMap::new(), order: BTreeMap::new(), last: 0, events: 0 }
    }
}

impl<T> Nesting<T> {
    /// Which kind of call an event is, if it is one.
    pub(super) fn is_call(event: &Event) -> bool {
        kind(event.event_type).is_some()
    }

    /// An event begins. Gives back calls that are told early, since too many events are open.
    pub(super) fn start(&mut self, event: &Event) -> Vec<T> {
        let early = self.make_room();
        let open = self.traces.entry(event.trace_id).or_insert_with(|| {
            self.last += 1;
            self.order.insert(self.last, event.trace_id);
            Open { spots: HashMap::new(), groups: HashMap::new(), last: 0, age: self.last }
        });
        if !open.spots.contains_key(&event.span_id) {
            open.start(event);
            self.events += 1;
        }
        early
    }

    /// A call has ended, of which this is to be recorded. Gives back those that count, of all that
    /// are decided now.
    pub(super) fn end(&mut self, event: &Event, record: T) -> Vec<T> {
        // Of a handler that was added late, or that gets no starts.
        let mut told = self.start(event);
        if let Some(open) = self.traces.get_mut(&event.trace_id) {
            told.extend(open.end(event, record));
        }
        told
    }

    /// An event that is no call has ended. Where no call is open around it, it has nothing to say
    /// of what may still begin below it.
    pub(super) fn end_stage(&mut self, event: &Event) {
        let Some(open) = self.traces.get_mut(&event.trace_id) else { return };
        let Some(spot) = open.spots.get_mut(&event.span_id) else { return };
        spot.ended = true;
        let mut places = spot.places.iter().flatten();
        if !places.any(|place| open.groups.contains_key(&place.group)) {
            open.spots.remove(&event.span_id);
            self.events -= 1;
        }
    }

    /// A trace has ended. Gives back the calls that count among those whose end is missing somewhere.
    pub(super) fn end_trace(&mut self, trace: TraceId) -> Vec<T> {
        let Some(open) = self.traces.remove(&trace) else { return Vec::new() };
        self.order.remove(&open.age);
        self.events -= open.spots.len();
        open.settle()
    }

    /// Everything is decided as it is now.
    pub(super) fn settle_all(&mut self) -> Vec<T> {
        std::mem::take(self).traces.into_values().flat_map(Open::settle).collect()
    }

    /// Decides the oldest traces until there is room for one event more.
    fn make_room(&mut self) -> Vec<T> {
        let mut told = Vec::new();
        while self.events >= EVENTS {
            let Some((_, trace)) = self.order.pop_first() else { break };
            let Some(open) = self.traces.get_mut(&trace) else { continue };
            let before = open.spots.len();
            told.extend(open.settle_ended());
            let gone = before - open.spots.len();
            // What is looked through must bring something, else each event would pay for all.
            if open.spots.is_empty() || gone * 16 < before {
                self.traces.remove(&trace);
                self.events -= before;
            } else {
                self.last += 1;
                open.age = self.last;
                self.order.insert(self.last, trace);
                self.events -= gone;
            }
        }
        told
    }
}

impl<T> Open<T> {
    fn start(&mut self, event: &Event) {
        let parent = event.parent_id.and_then(|parent| self.spots.get(&parent));
        let mut places = parent.map(|spot| spot.places).unwrap_or_default();
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
            let calls =
                self.groups.entry(group).or_insert_with(|| Group { calls: Vec::new(), open: 0 });
            calls.open += 1;
            calls.calls.push(Call {
                above: above.map(|place| place.call),
                rank: Rank::Open,
                record: None,
                covered: false,
                taken: false,
            });
            places[kind] = Some(Place { group, call: calls.calls.len() - 1 });
        }
        self.spots.insert(event.span_id, Spot { places, ended: false });
    }

    fn end(&mut self, event: &Event, record: T) -> Vec<T> {
        let Some(spot) = self.spots.get_mut(&event.span_id) else { return Vec::new() };
        spot.ended = true;
        let place = kind(event.event_type).and_then(|kind| spot.places[kind]);
        let Some(Place { group: id, call }) = place else { return Vec::new() };
        let Some(group) = self.groups.get_mut(&id) else { return Vec::new() };
        let Some(call) = group.calls.get_mut(call).filter(|call| call.rank == Rank::Open) else {
            return Vec::new();
        };
        (call.rank, call.record) = (Rank::of(event), Some(record));
        group.open -= 1;
        if group.open > 0 {
            return Vec::new();
        }
        self.groups.remove(&id).map(|mut group| group.settle()).unwrap_or_default()
    }

    fn settle(self) -> Vec<T> {
        self.groups.into_values().flat_map(|mut group| group.settle()).collect()
    }

    /// Decides what has ended, and forgets it. What is open keeps its place.
    fn settle_ended(&mut self) -> Vec<T> {
        let (mut told, mut moved) = (Vec::new(), HashMap::new());
        for (id, group) in &mut self.groups {
            told.extend(group.settle());
            moved.insert(*id, group.keep_open());
        }
        self.spots.retain(|_, spot| !spot.ended);
        for place in self.spots.values_mut().flat_map(|spot| &mut spot.places) {
            *place = place.and_then(|Place { group, call }| {
                let call = *moved.get(&group)?.get(call)?;
                Some(Place { group, call: call? })
            });
        }
        told
    }
}

impl<T> Group<T> {
    /// Takes out those that count of what has ended.
    fn settle(&mut self) -> Vec<T> {
        // From the last to the first: whoever is below comes before whom it is below.
        let mut below = vec![Rank::Open; self.calls.len()];
        for (at, call) in self.calls.iter().enumerate().rev() {
            if let Some(above) = call.above {
                below[above] = below[above].max(below[at]).max(call.rank);
            }
        }
        // And back: whether it, or one above it, counts.
        let mut told = Vec::new();
        for (at, below) in below.into_iter().enumerate() {
            let above = self.calls[at].above;
            let is_covered = above.is_some_and(|above| self.calls[above].covered);
            let call = &mut self.calls[at];
            call.covered |= is_covered;
            if !call.covered && !call.taken && call.rank > below {
                call.covered = true;
                told.extend(call.record.take());
                self.take_from(above);
            }
        }
        told
    }

    /// A call was told: those above it do not count any more.
    fn take_from(&mut self, mut above: Option<usize>) {
        while let Some(call) = above.map(|above| &mut self.calls[above]).filter(|call| !call.taken)
        {
            call.taken = true;
            above = call.above;
        }
    }

    /// Forgets what has ended. Gives back where each call is now, or else the nearest above it.
    fn keep_open(&mut self) -> Vec<Option<usize>> {
        let (mut moved, mut kept): (Vec<Option<usize>>, Vec<Call<T>>) = (Vec::new(), Vec::new());
        for mut call in std::mem::take(&mut self.calls) {
            call.above = call.above.and_then(|above| moved[above]);
            if call.rank == Rank::Open {
                moved.push(Some(kept.len()));
                kept.push(call);
            } else {
                moved.push(call.above);
            }
        }
        self.calls = kept;
        moved
    }
}

impl Rank {
    fn of(event: &Event) -> Self {
        match event.payload.usage {
            Some(usage) if usage.is_empty() => Self::Unknown,
            Some(usage) if usage.estimated => Self::Estimated,
            Some(_) => Self::Reported,
            None => Self::Unknown,
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
mod tests;
