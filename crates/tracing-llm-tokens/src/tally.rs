//! The sums by all keys, and the last records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tracing_llm::{EventType, Text};

use crate::by::By;
use crate::prometheus::Series;
use crate::record::TokenRecord;
use crate::report::Row;
use crate::ring::{Ring, Texts};
use crate::rows::Rows;
use crate::sums::Sums;

/// How many values of each key have sums of their own at least, if nothing else is said.
const ROWS: usize = 1_000;

/// What every call is summed by, beside its model.
const FIXED: [By; 6] = [By::EventType, By::Provider, By::Trace, By::Session, By::User, By::Tag];

/// How many context keys have sums. Their names are those that the program registers.
const CONTEXT_KEYS: usize = 16;

/// How many sources of prices are named.
const SOURCES: usize = 16;

/// Sums by kind of call and by key, and the last records.
#[derive(Debug)]
pub(crate) struct Tally {
    llm: Sums,
    embedding: Sums,
    models: Rows<(EventType, Option<Text>)>,
    series: Rows<Series>,
    resets: u64,
    by: BTreeMap<By, Rows<Option<Text>>>,
    row_limit: usize,
    /// Where the prices that were used are from.
    sources: BTreeSet<String>,
    /// How many calls were counted with an encoding that is not their model's, by its name.
    fallbacks: BTreeMap<String, u64>,
    /// Some context keys have no sums, since there are too many.
    has_refused: bool,
    pub(crate) ring: Ring,
}

impl Tally {
    /// Nothing counted; keeps the last `record_limit` records.
    pub(crate) fn new(record_limit: usize) -> Self {
        Self {
            llm: Sums::default(),
            embedding: Sums::default(),
            models: Rows::new(ROWS),
            series: Rows::new(ROWS),
            resets: 0,
            by: BTreeMap::new(),
            row_limit: ROWS,
            sources: BTreeSet::new(),
            fallbacks: BTreeMap::new(),
            has_refused: false,
            ring: Ring::new(record_limit),
        }
    }

    /// Counts a call.
    pub(crate) fn add(&mut self, record: &Arc<TokenRecord>, texts: Texts) {
        let keys = self.keys(record);
        self.begin(&keys, record);
        self.kind(record.event_type).add(record);
        self.models.add((record.event_type, record.model.clone()), record);
        self.series.add(series(record), record);
        for by in &keys {
            if let Some(rows) = self.by.get_mut(by) {
                values(by, record).into_iter().for_each(|value| rows.add(value, record));
            }
        }
        if let Some(name) = fallback(record) {
            if self.fallbacks.contains_key(name) || self.fallbacks.len() < SOURCES {
                *self.fallbacks.entry(name.to_owned()).or_default() += 1;
            }
        }
        self.ring.push(record, texts);
    }

    /// Takes back a call that was counted.
    pub(crate) fn remove(&mut self, record: &TokenRecord) {
        self.kind(record.event_type).remove(record);
        self.models.remove(&(record.event_type, record.model.clone()), record);
        self.series.remove(&series(record), record);
        for by in self.keys(record) {
            if let Some(rows) = self.by.get_mut(&by) {
                for value in values(&by, record) {
                    rows.remove(&value, record);
                }
            }
        }
        if let Some(calls) = fallback(record).and_then(|name| self.fallbacks.get_mut(name)) {
            *calls = calls.saturating_sub(1);
        }
        self.ring.remove(record.number);
    }

    /// Keeps sums for at least so many values of each key from now on.
    pub(crate) fn limit_rows(&mut self, limit: usize) {
        self.row_limit = limit;
        self.models.set_limit(limit);
        self.series.set_limit(limit);
        self.by.values_mut().for_each(|rows| rows.set_limit(limit));
    }

    /// A price of this source was used.
    pub(crate) fn priced_by(&mut self, source: &str) {
        if !self.sources.contains(source) && self.sources.len() < SOURCES {
            self.sources.insert(source.to_owned());
        }
    }

    /// Forgets all.
    pub(crate) fn reset(&mut self) {
        self.llm = Sums::default();
        self.embedding = Sums::default();
        self.models = Rows::new(self.row_limit);
        self.series = Rows::new(self.row_limit);
        self.resets += 1;
        self.by.clear();
        self.sources.clear();
        self.fallbacks.clear();
        self.has_refused = false;
        self.ring.clear();
    }

    pub(crate) fn llm(&self) -> &Sums {
        &self.llm
    }

    pub(crate) fn embedding(&self) -> &Sums {
        &self.embedding
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = &String> {
        self.sources.iter()
    }

    /// How many calls were counted with a fallback, by its name.
    pub(crate) fn fallbacks(&self) -> BTreeMap<String, u64> {
        let used = self.fallbacks.iter().filter(|(_, calls)| **calls > 0);
        used.map(|(name, calls)| (name.clone(), *calls)).collect()
    }

    /// The sums by type, provider and model.
    pub(crate) fn series(&self) -> &Rows<Series> {
        &self.series
    }

    /// How often all was forgotten.
    pub(crate) fn resets(&self) -> u64 {
        self.resets
    }

    /// The sums by this, in no order.
    pub(crate) fn rows(&self, by: &By) -> Vec<Row> {
        if *by == By::Model {
            let rows = self.models.iter().map(|((event_type, model), sums)| Row {
                event_type: Some(*event_type),
                ..Row::new(model.clone(), sums.clone())
            });
            return rows.chain(self.models.others().map(Row::of_others)).collect();
        }
        let Some(rows) = self.by.get(by) else {
            // No call had this key, unless it is one of those that have no sums.
            let all = Some(self.all()).filter(|all| all.calls > 0 && !self.has_refused);
            return all.map(|all| Row::new(None, all)).into_iter().collect();
        };
        let own = rows.iter().map(|(value, sums)| Row::new(value.clone(), sums.clone()));
        own.chain(rows.others().map(Row::of_others)).collect()
    }

    fn kind(&mut self, event_type: EventType) -> &mut Sums {
        if event_type == EventType::EMBEDDING { &mut self.embedding } else { &mut self.llm }
    }

    /// All calls.
    fn all(&self) -> Sums {
        let mut all = self.llm.clone();
        all.merge(&self.embedding);
        all
    }

    /// Makes rows by what had none until this call. The calls before it had no such key.
    fn begin(&mut self, keys: &[By], record: &TokenRecord) {
        for by in keys.iter().filter(|by| !self.by.contains_key(by)).cloned().collect::<Vec<_>>() {
            let mut rows = Rows::new(self.row_limit);
            let before = self.all();
            if before.calls > 0 {
                rows.begin(None, before, record.number.saturating_sub(1));
            }
            self.by.insert(by, rows);
        }
        let has_sums = |name: &Text| self.by.contains_key(&By::Key(name.clone()));
        self.has_refused |= !record.context.keys.keys().all(has_sums);
    }

    /// What a call is summed by, beside its model: context keys that it does not have too, as far as
    /// they are known. The same when it is taken back: a context key that has sums keeps them.
    fn keys(&self, record: &TokenRecord) -> Vec<By> {
        let mut keys = FIXED.to_vec();
        keys.extend(self.by.keys().filter(|by| matches!(by, By::Key(_))).cloned());
        let mut free = CONTEXT_KEYS.saturating_sub(self.by.len().saturating_sub(FIXED.len()));
        for name in record.context.keys.keys() {
            let by = By::Key(name.clone());
            if free > 0 && !self.by.contains_key(&by) {
                free -= 1;
                keys.push(by);
            }
        }
        keys
    }
}

/// The encoding that a call was counted with in place of its model's own.
fn fallback(record: &TokenRecord) -> Option<&str> {
    let counted = record.counted_with.as_ref().filter(|counted| counted.is_fallback)?;
    Some(&counted.encoding)
}

fn series(record: &TokenRecord) -> Series {
    (record.event_type, record.provider.clone(), record.model.clone())
}

/// The rows that a call is in: one for each value that it has, or the one of calls without any.
fn values(by: &By, record: &TokenRecord) -> Vec<Option<Text>> {
    let values = by.values(record);
    if values.is_empty() { vec![None] } else { values.into_iter().map(Some).collect() }
}

#[cfg(test)]
mod tests;
