//! Fewer bytes: the longest texts are cut to one length, so that short ones stay whole. Pure.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::text::{self, MARK_BYTES};
use super::{Cut, add, count, count_on, no_longer_json, visit};
use crate::names::{self, own};

/// Texts are not cut below this, as long as there is something else to leave out.
const FLOOR: usize = 256;
/// A value that says what a span is stays whole up to this.
const PROTECTED_BYTES: usize = 1_024;
/// Of attributes, so many stay when texts alone do not help.
const LEAST_ATTRIBUTES: usize = 32;
/// … and so many when all texts are cut as far as they can be: what the span is.
const FEWEST_ATTRIBUTES: usize = 16;
/// What the count of cut bytes takes itself.
const OWN_BYTES: usize = 48;

/// Cuts texts; if that is not enough, leaves out lists of numbers (vectors), then items of
/// lists, then cuts what is left.
pub(super) fn shrink(span: &mut Span, bytes: usize) -> Cut {
    let mut cut = Cut::default();
    while let Some(excess) = excess(span, bytes) {
        if let Some(level) = level(lengths(span, true), excess, FLOOR) {
            cut.bytes += cut_to(span, level, true);
            break;
        }
        if drop_numbers(span) {
            cut.attributes += 1;
        } else if span.attributes.len() > LEAST_ATTRIBUTES {
            let half = (span.attributes.len() / 2).max(LEAST_ATTRIBUTES);
            cut.attributes += count::limit(span, half);
        } else if let Some(level) = level(lengths(span, false), excess, 0) {
            cut.bytes += cut_to(span, level, false);
            break;
        } else {
            cut.bytes += cut_to(span, 0, false);
            if span.attributes.len() <= FEWEST_ATTRIBUTES {
                break;
            }
            let fewer = (span.attributes.len() * 3 / 4).max(FEWEST_ATTRIBUTES);
            cut.attributes += count::limit(span, fewer);
        }
    }
    if cut.bytes > 0 {
        count_on(span, own::CUT_BYTES, cut.bytes);
    }
    cut
}

/// The bytes that are too many, if there are any.
fn excess(span: &Span, bytes: usize) -> Option<usize> {
    let excess = (span.encoded_len() + OWN_BYTES).checked_sub(bytes)?;
    (excess > 0).then_some(excess)
}

/// The length to which the longest texts must be cut, marks included, to save so much; none if
/// it is below the floor.
fn level(mut lengths: Vec<usize>, excess: usize, floor: usize) -> Option<usize> {
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let mut sum = 0;
    for (index, length) in lengths.iter().enumerate() {
        sum += length;
        let next = lengths.get(index + 1).copied().unwrap_or_default();
        // Cut to one length, the texts up to here take what is left of their sum.
        let each = sum.checked_sub(excess).map(|left| left / (index + 1));
        if let Some(each) = each.filter(|each| *each >= next) {
            return each.checked_sub(MARK_BYTES).filter(|level| *level >= floor);
        }
    }
    None
}

fn lengths(span: &mut Span, protect: bool) -> Vec<usize> {
    let mut lengths = Vec::new();
    texts(span, &mut |key, text| {
        if !(protect && is_protected(key, text)) {
            lengths.push(text.len());
        }
    });
    lengths
}

fn cut_to(span: &mut Span, level: usize, protect: bool) -> u64 {
    let (mut bytes, mut keys) = (0, Vec::new());
    texts(span, &mut |key, text| {
        if !(protect && is_protected(key, text)) {
            let cut = text::cut_bytes(text, level);
            bytes += cut;
            if cut > 0 {
                keys.push(key.to_owned());
            }
        }
    });
    no_longer_json(span, &keys);
    bytes
}

/// Each text of the span that may be cut, with the key that it stands under.
fn texts(span: &mut Span, change: &mut dyn FnMut(&str, &mut String)) {
    change(names::OPENINFERENCE_SPAN_KIND, &mut span.name);
    if let Some(status) = &mut span.status {
        change("", &mut status.message);
    }
    let events = span.events.iter_mut().flat_map(|event| &mut event.attributes);
    for pair in span.attributes.iter_mut().chain(events) {
        visit(pair.value.as_mut(), &mut |text| change(&pair.key, text));
    }
}

/// Leaves out the attribute with the longest list of numbers, if there is one.
fn drop_numbers(span: &mut Span) -> bool {
    let numbers = |value: &Option<Value>| match value {
        Some(Value::ArrayValue(array)) => {
            let number = array.values.first().is_some_and(|value| {
                matches!(value.value, Some(Value::DoubleValue(_) | Value::IntValue(_)))
            });
            if number { array.values.len() } else { 0 }
        }
        _ => 0,
    };
    let longest = (0..span.attributes.len())
        .map(|at| (span.attributes[at].value.as_ref().map_or(0, |any| numbers(&any.value)), at))
        .max()
        // A short list is not worth it.
        .filter(|(length, _)| *length > 32);
    let Some((_, at)) = longest else { return false };
    span.attributes.remove(at);
    span.dropped_attributes_count = add(span.dropped_attributes_count, 1);
    true
}

/// Whether a value says what the span is: its kind, ids, model, roles, media types.
fn is_protected(key: &str, text: &str) -> bool {
    text.len() <= PROTECTED_BYTES
        && (key == names::OPENINFERENCE_SPAN_KIND
            || key == names::LLM_PROVIDER
            || key == names::LLM_SYSTEM
            || [".id", "_id", ".name", "_name", ".role", "mime_type", "_type", "event_type"]
                .iter()
                .any(|end| key.ends_with(end)))
}
