//! The newest events, bounded by number and by bytes.

mod view;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use tracing_llm::{Event, EventType, SpanId, Trace, TraceId};

pub(crate) use self::view::{Node, TraceView};
use crate::record::{EventPair, Phase, Record};
use crate::weight;

/// A span id is unique within its trace only.
type Key = (TraceId, SpanId);

/// Keeps the newest events, each in a place of its own, oldest first.
///
/// An event of an ignored type has a place too, without records: its children
/// find their depth there, and a trace can tell what was ignored from what was
/// dropped.
pub(crate) struct Log {
    max_events: usize,
    max_bytes: usize,
    places: VecDeque<Place>,
    /// Where each event is: its number, counted from the first event ever.
    numbers: HashMap<Key, u64>,
    /// The number of the oldest place.
    first: u64,
    /// The number of the next record.
    next_record: u64,
    bytes: usize,
    dropped: u64,
    last_trace: Option<Arc<Trace>>,
}

struct Place {
    key: Key,
    depth: usize,
    /// What the records hold, about.
    bytes: usize,
    kept: Option<Kept>,
    /// Its trace has ended.
    settled: bool,
}

struct Kept {
    pair: EventPair,
    /// The numbers of the start and end records, for their order among all.
    starts: u64,
    ends: u64,
}

impl Log {
    pub(crate) fn new(max_events: usize, max_bytes: usize) -> Self {
        Self {
            max_events,
            max_bytes,
            places: VecDeque::new(),
            numbers: HashMap::new(),
            first: 0,
            next_record: 0,
            bytes: 0,
            dropped: 0,
            last_trace: None,
        }
    }

    pub(crate) fn bound(&mut self, max_events: Option<usize>, max_bytes: Option<usize>) {
        self.max_events = max_events.unwrap_or(self.max_events);
        self.max_bytes = max_bytes.unwrap_or(self.max_bytes);
        self.drop_oldest();
    }

    /// Takes a record, or only the event's place if it is to be ignored; gives its depth back.
    pub(crate) fn add(&mut self, phase: Phase, event: &Arc<Event>, ignored: bool) -> usize {
        let key = (event.trace_id, event.span_id);
        if self.find(key).is_none() {
            self.open_place(key, event.parent_id);
        }
        let number = self.next_record;
        self.next_record += 1;
        let Some(place) = self.find_mut(key) else { return 0 };
        let depth = place.depth;
        if !ignored {
            let bytes = weight::bytes(event).max(place.bytes);
            let grown = bytes - place.bytes;
            place.bytes = bytes;
            place.take(Record { phase, event: event.clone() }, number);
            self.bytes += grown;
        }
        self.drop_oldest();
        depth
    }

    /// All records in the order in which they came.
    pub(crate) fn records(&self, event_type: Option<EventType>) -> Vec<Record> {
        let mut records: Vec<(u64, Record)> = Vec::new();
        for kept in self.kept(event_type) {
            for (number, phase, event) in [
                (kept.starts, Phase::Start, kept.pair.start()),
                (kept.ends, Phase::End, kept.pair.end()),
            ] {
                records.extend(event.map(|event| (number, Record { phase, event: event.clone() })));
            }
        }
        records.sort_unstable_by_key(|(number, _)| *number);
        records.into_iter().map(|(_, record)| record).collect()
    }

    /// All pairs in the order of their first records.
    pub(crate) fn pairs(&self, event_type: Option<EventType>) -> impl Iterator<Item = &EventPair> {
        self.kept(event_type).map(|kept| &kept.pair)
    }

    pub(crate) fn pairs_by_type(&self) -> BTreeMap<EventType, Vec<EventPair>> {
        let mut by_type: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for pair in self.pairs(None) {
            by_type.entry(pair.event().event_type).or_default().push(pair.clone());
        }
        by_type
    }

    pub(crate) fn pairs_by_id(&self) -> HashMap<Key, EventPair> {
        self.pairs(None)
            .map(|pair| ((pair.event().trace_id, pair.event().span_id), pair.clone()))
            .collect()
    }

    /// How many pairs were dropped to keep within the bounds.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets all records, but not which trace was the last.
    pub(crate) fn clear(&mut self) {
        let next_record = self.next_record;
        let last_trace = self.last_trace.take();
        *self = Self { next_record, last_trace, ..Self::new(self.max_events, self.max_bytes) };
    }

    fn kept(&self, event_type: Option<EventType>) -> impl Iterator<Item = &Kept> {
        self.places
            .iter()
            .filter_map(|place| place.kept.as_ref())
            .filter(move |kept| event_type.is_none_or(|t| kept.pair.event().event_type == t))
    }

    fn open_place(&mut self, key: Key, parent: Option<SpanId>) {
        let above = parent.and_then(|parent| self.find((key.0, parent)));
        let depth = above.map_or(0, |place| place.depth + 1);
        self.numbers.insert(key, self.first + self.places.len() as u64);
        self.places.push_back(Place { key, depth, bytes: 0, kept: None, settled: false });
    }

    /// The newest event stays even if it alone is over the bound of bytes.
    fn drop_oldest(&mut self) {
        while self.places.len() > self.max_events
            || (self.bytes > self.max_bytes && self.places.len() > 1)
        {
            let Some(place) = self.places.pop_front() else { return };
            self.numbers.remove(&place.key);
            self.first += 1;
            self.bytes -= place.bytes;
            self.dropped += u64::from(place.kept.is_some());
        }
    }

    fn position(&self, key: Key) -> Option<usize> {
        let number = self.numbers.get(&key)?;
        usize::try_from(number - self.first).ok()
    }

    fn find(&self, key: Key) -> Option<&Place> {
        self.places.get(self.position(key)?)
    }

    fn find_mut(&mut self, key: Key) -> Option<&mut Place> {
        let position = self.position(key)?;
        self.places.get_mut(position)
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("events", &self.places.len())
            .field("bytes", &self.bytes)
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

impl Place {
    fn take(&mut self, record: Record, number: u64) {
        let phase = record.phase;
        let kept = match &mut self.kept {
            Some(kept) => {
                kept.pair.add(record);
                kept
            }
            empty => {
                empty.insert(Kept { pair: EventPair::new(record), starts: number, ends: number })
            }
        };
        match phase {
            Phase::Start => kept.starts = number,
            Phase::End => kept.ends = number,
        }
    }
}

#[cfg(test)]
mod tests;
