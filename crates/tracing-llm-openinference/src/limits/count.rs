//! Fewer attributes: items of lists go whole, and of messages the first and the last stay. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use opentelemetry_proto::tonic::trace::v1::Span;

use super::{add, count_on};
use crate::names::{self, own};

/// What is kept together: one attribute, or an item of a list.
struct Unit<'a> {
    /// Small ones are kept first.
    rank: (u8, usize),
    /// The list and the index in it.
    item: Option<(&'a str, usize)>,
    attributes: Vec<usize>,
}

/// Keeps at most so many attributes, and says on the span how many messages are missing. Items
/// that stay are numbered without gaps, which some backends fill.
pub(super) fn limit(span: &mut Span, limit: usize) -> u64 {
    let before = span.attributes.len();
    let keys: Vec<String> = span.attributes.iter().map(|pair| pair.key.clone()).collect();
    // One place is for the count of messages.
    let (kept, messages) = choose(&keys, limit.saturating_sub(1));
    let renamed = renumber(&keys, &kept);
    let mut at = 0;
    span.attributes.retain_mut(|pair| {
        if let Some(key) = renamed.get(&at) {
            pair.key.clone_from(key);
        }
        at += 1;
        kept.contains(&(at - 1))
    });
    let dropped = before - span.attributes.len();
    span.dropped_attributes_count = add(span.dropped_attributes_count, dropped);
    if messages > 0 && limit > 0 {
        count_on(span, own::DROPPED_MESSAGES, messages);
    }
    dropped as u64
}

/// The attributes that stay, and how many messages do not.
fn choose(keys: &[String], mut room: usize) -> (BTreeSet<usize>, u64) {
    let mut units = units(keys);
    units.sort_by_key(|unit| unit.rank);
    let (mut kept, mut messages) = (BTreeSet::new(), 0);
    let (mut begun, mut full) = (HashSet::new(), HashSet::new());
    for unit in units {
        let list = unit.item.map(|(list, _)| list);
        let fits = unit.attributes.len() <= room && !list.is_some_and(|list| full.contains(list));
        // Of an item that is larger than all the room, its first attributes tell the most.
        let part = !fits && list.is_some_and(|list| !begun.contains(list)) && room > 0;
        if fits || part {
            let take = unit.attributes.len().min(room);
            room -= take;
            kept.extend(&unit.attributes[..take]);
            begun.extend(list);
        } else {
            messages += u64::from(list.is_some_and(is_messages));
        }
        if !fits {
            // What comes after would leave a hole.
            full.extend(list);
        }
    }
    (kept, messages)
}

fn units(keys: &[String]) -> Vec<Unit<'_>> {
    let items: Vec<_> = keys.iter().map(|key| item(key)).collect();
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (list, index, _) in items.iter().flatten() {
        let last = last.entry(list).or_default();
        *last = (*last).max(*index);
    }
    let mut units: Vec<Unit<'_>> = Vec::new();
    let mut places: HashMap<(&str, usize), usize> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        let Some((list, index, _)) = item else {
            units.push(Unit { rank: (0, at), item: None, attributes: vec![at] });
            continue;
        };
        let place = *places.entry((list, *index)).or_insert_with(|| {
            // The first message, then from the last one backwards.
            let age = if *index == 0 { 0 } else { 1 + last[list] - index };
            let rank = match *list {
                names::LLM_OUTPUT_MESSAGES => (1, age),
                names::LLM_INPUT_MESSAGES => (2, age),
                _ => (3, at),
            };
            units.push(Unit { rank, item: Some((list, *index)), attributes: Vec::new() });
            units.len() - 1
        });
        units[place].attributes.push(at);
    }
    units
}

/// The new keys of those that stay, by their place.
fn renumber(keys: &[String], kept: &BTreeSet<usize>) -> HashMap<usize, String> {
    let mut indexes: HashMap<&str, BTreeSet<usize>> = HashMap::new();
    let items = || kept.iter().filter_map(|at| Some((*at, item(&keys[*at])?)));
    for (_, (list, index, _)) in items() {
        indexes.entry(list).or_default().insert(index);
    }
    let places: HashMap<(&str, usize), usize> = indexes
        .iter()
        .flat_map(|(list, set)| set.iter().enumerate().map(|(new, old)| ((*list, *old), new)))
        .collect();
    items()
        .filter_map(|(at, (list, index, digits))| {
            let new = *places.get(&(list, index))?;
            let mut key = keys[at].clone();
            key.replace_range(digits, &new.to_string());
            (new != index).then_some((at, key))
        })
        .collect()
}

/// The list that a key belongs to, the index in it, and where the index stands:
/// `llm.input_messages.7.message.role`.
fn item(key: &str) -> Option<(&str, usize, Range<usize>)> {
    let mut start = 0;
    for word in key.split('.') {
        let digits = start..start + word.len();
        // `007` is no index of ours.
        if let Some(index) = word.parse::<usize>().ok().filter(|index| index.to_string() == word) {
            return (start > 0).then(|| (&key[..start - 1], index, digits));
        }
        start = digits.end + 1;
    }
    None
}

fn is_messages(list: &str) -> bool {
    matches!(list, names::LLM_INPUT_MESSAGES | names::LLM_OUTPUT_MESSAGES)
}
