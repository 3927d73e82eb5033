//! How much one span may hold: what is left out first, and how it is marked. Pure.
//!
//! Attributes come important ones first (kind, ids, model, tokens), lists last. Of too many
//! attributes, items of lists go whole; of messages the first and the last stay. Of too many
//! bytes, the longest texts are cut.

mod count;
mod size;
mod text;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::config::Limits;
use crate::names;

/// What a span lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Bytes of texts.
    pub(crate) bytes: u64,
    pub(crate) attributes: u64,
}

impl Cut {
    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.attributes += other.attributes;
    }
}

/// Holds a span to its limits. The cuts that a user asked for by `value_characters` are in the
/// text's own mark, and do not count as lost bytes.
pub(crate) fn apply(span: &mut Span, limits: &Limits) -> Cut {
    let mut cut = Cut::default();
    if let Some(characters) = limits.value_characters {
        limit_values(span, characters);
    }
    if span.attributes.len() > limits.attributes {
        cut.attributes += count::limit(span, limits.attributes);
    }
    cut.attributes += limit_events(span, limits) + limit_links(span, limits);
    cut.add(shrink(span, limits.span_bytes));
    cut
}

/// Makes a span fit into so many encoded bytes. Far below a kibibyte that cannot be promised.
pub(crate) fn shrink(span: &mut Span, bytes: usize) -> Cut {
    if span.encoded_len() <= bytes { Cut::default() } else { size::shrink(span, bytes) }
}

fn limit_values(span: &mut Span, characters: usize) {
    let events = span.events.iter_mut().flat_map(|event| &mut event.attributes);
    let links = span.links.iter_mut().flat_map(|link| &mut link.attributes);
    let mut cut = Vec::new();
    for pair in span.attributes.iter_mut().chain(events).chain(links) {
        let mut lost = 0;
        visit(pair.value.as_mut(), &mut |text| lost += text::cut_characters(text, characters));
        if lost > 0 {
            cut.push(pair.key.clone());
        }
    }
    no_longer_json(span, &cut);
}

/// Exceptions stay before others, and early events before late ones.
fn limit_events(span: &mut Span, limits: &Limits) -> u64 {
    let mut excess = span.events.len().saturating_sub(limits.events);
    span.dropped_events_count = add(span.dropped_events_count, excess);
    for keep_exceptions in [true, false] {
        let mut at = span.events.len();
        while excess > 0 && at > 0 {
            at -= 1;
            if !keep_exceptions || span.events[at].name != "exception" {
                span.events.remove(at);
                excess -= 1;
            }
        }
    }
    let events = span.events.iter_mut();
    events
        .map(|event| {
            let dropped = truncate(&mut event.attributes, limits.event_attributes);
            event.dropped_attributes_count = add(event.dropped_attributes_count, dropped);
            dropped as u64
        })
        .sum()
}

fn limit_links(span: &mut Span, limits: &Limits) -> u64 {
    let excess = truncate(&mut span.links, limits.links);
    span.dropped_links_count = add(span.dropped_links_count, excess);
    let links = span.links.iter_mut();
    links
        .map(|link| {
            let dropped = truncate(&mut link.attributes, limits.link_attributes);
            link.dropped_attributes_count = add(link.dropped_attributes_count, dropped);
            dropped as u64
        })
        .sum()
}

/// Says how many were too many.
fn truncate<T>(list: &mut Vec<T>, limit: usize) -> usize {
    let excess = list.len().saturating_sub(limit);
    list.truncate(limit);
    excess
}

fn add(count: u32, more: usize) -> u32 {
    count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
}

/// Each text of a value.
fn visit(value: Option<&mut AnyValue>, change: &mut dyn FnMut(&mut String)) {
    match value.and_then(|value| value.value.as_mut()) {
        Some(Value::StringValue(text)) => change(text),
        Some(Value::ArrayValue(array)) => {
            array.values.iter_mut().for_each(|value| visit(Some(value), change));
        }
        Some(Value::KvlistValue(list)) => {
            list.values.iter_mut().for_each(|pair| visit(pair.value.as_mut(), change));
        }
        _ => {}
    }
}

/// JSON that was cut is text that a person can read: its media type says so.
fn no_longer_json(span: &mut Span, cut: &[String]) {
    for (value, media_type) in [
        (names::INPUT_VALUE, names::INPUT_MIME_TYPE),
        (names::OUTPUT_VALUE, names::OUTPUT_MIME_TYPE),
    ] {
        if cut.iter().any(|key| key == value) {
            if let Some(pair) = span.attributes.iter_mut().find(|pair| pair.key == media_type) {
                pair.value =
                    Some(AnyValue { value: Some(Value::StringValue("text/plain".into())) });
            }
        }
    }
}

/// Sets a count of ours; one that is there already grows.
fn count_on(span: &mut Span, key: &str, more: u64) {
    let more = i64::try_from(more).unwrap_or(i64::MAX);
    let there = span.attributes.iter_mut().find(|pair| pair.key == key);
    match there.and_then(|pair| pair.value.as_mut()).and_then(|value| value.value.as_mut()) {
        Some(Value::IntValue(count)) => *count = count.saturating_add(more),
        _ => span.attributes.push(KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(Value::IntValue(more)) }),
            ..KeyValue::default()
        }),
    }
}

#[cfg(test)]
mod tests;
