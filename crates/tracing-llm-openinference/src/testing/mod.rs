//! Aids for our own tests: events by hand, and (in `collector`) a collector on loopback.

mod collector;
mod conventions;
pub(crate) mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;
use tracing_llm::{Event, EventType, Outcome, SpanId, Timestamp, TraceId};

pub(crate) use self::collector::{Collector, Reply, Request, nowhere};
pub(crate) use self::conventions::keys_of_the_conventions;
use crate::convert::{self, Options};

/// A moment in 2026, in whole seconds.
pub(crate) const START: Timestamp = Timestamp::from_unix_nanos(1_790_000_000_000_000_000);

/// An event that took a quarter of a second and was ok.
pub(crate) fn event(event_type: EventType, name: &'static str) -> Event {
    event_with_id(event_type, name, 0xb)
}

pub(crate) fn event_with_id(event_type: EventType, name: &'static str, id: u64) -> Event {
    let trace = TraceId::new(0xa).unwrap();
    let mut event = Event::with_ids(event_type, name, trace, SpanId::new(id).unwrap());
    event.start = START;
    event.elapsed = Duration::from_millis(250);
    event.outcome = Outcome::Ok;
    event
}

pub(crate) fn span(event: &Event) -> SpanData {
    convert::span(event, Options::default())
}

/// The attributes by key; fails if a key stands twice.
pub(crate) fn by_key(attributes: &[KeyValue]) -> BTreeMap<&str, &Value> {
    let map: BTreeMap<&str, &Value> =
        attributes.iter().map(|pair| (pair.key.as_str(), &pair.value)).collect();
    assert_eq!(map.len(), attributes.len(), "a key stands twice");
    map
}
