//! The sums.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tracing_llm::{EventType, Text};

use crate::record::TokenRecord;
use crate::report::{ModelSums, Report};

/// How many models have sums of their own; the rest share one.
///
/// A model's name comes from the program's data: in a gateway it may be anything.
const MODELS: usize = 256;

/// Tokens of several calls, added up.
///
/// ```
/// use tracing_llm_tokens::TokenCounter;
///
/// let report = TokenCounter::new().report();
/// assert_eq!(report.llm.calls, 0);
/// assert_eq!(report.llm.total, 0);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenSums {
    /// How many calls.
    pub calls: u64,
    /// Tokens of the prompts, or of the embedded texts.
    pub input: u64,
    /// Tokens of the answers.
    pub output: u64,
    /// All tokens: of each call the reported total, else input and output.
    pub total: u64,
    /// Part of the input that was read from a cache.
    pub cache_read: u64,
    /// Part of the input that was written to a cache.
    pub cache_write: u64,
    /// Part of the output that was spent on reasoning.
    pub reasoning: u64,
    /// How many of the calls are estimated, at least in part.
    pub estimated_calls: u64,
    /// All tokens of the calls that are estimated.
    pub estimated: u64,
    /// How many of the calls are not counted, since nothing is known of them.
    pub unknown_calls: u64,
}

impl TokenSums {
    /// Applies `change` (an addition or a subtraction) to each sum that the record has a part in.
    fn apply(&mut self, record: &TokenRecord, change: fn(u64, u64) -> u64) {
        let usage = &record.usage;
        let total = usage.total().unwrap_or_default();
        for (sum, part) in [
            (&mut self.calls, 1),
            (&mut self.input, usage.input.unwrap_or_default()),
            (&mut self.output, usage.output.unwrap_or_default()),
            (&mut self.total, total),
            (&mut self.cache_read, usage.cache_read.unwrap_or_default()),
            (&mut self.cache_write, usage.cache_write.unwrap_or_default()),
            (&mut self.reasoning, usage.reasoning.unwrap_or_default()),
            (&mut self.estimated_calls, u64::from(usage.estimated)),
            (&mut self.estimated, if usage.estimated { total } else { 0 }),
            (&mut self.unknown_calls, u64::from(usage.is_empty())),
        ] {
            *sum = change(*sum, part);
        }
    }
}

/// Sums by kind of call and by model, and the last records.
#[derive(Debug)]
pub(crate) struct Tally {
    llm: TokenSums,
    embedding: TokenSums,
    models: BTreeMap<Row, TokenSums>,
    records: VecDeque<Arc<TokenRecord>>,
    record_limit: usize,
}

/// A row of the report: the model may not be known, or be one of too many.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Model(EventType, Option<Text>),
    Others(EventType),
}

impl Tally {
    /// Nothing counted; keeps the last `record_limit` records.
    pub(crate) fn new(record_limit: usize) -> Self {
        Self {
            llm: TokenSums::default(),
            embedding: TokenSums::default(),
            models: BTreeMap::new(),
            records: VecDeque::new(),
            record_limit,
        }
    }

    /// Counts a call.
    pub(crate) fn add(&mut self, record: &Arc<TokenRecord>) {
        self.apply(record, u64::saturating_add);
        self.records.push_back(Arc::clone(record));
        self.limit_records(self.record_limit);
    }

    /// Takes back a call that was counted.
    pub(crate) fn remove(&mut self, record: &Arc<TokenRecord>) {
        self.apply(record, u64::saturating_sub);
        if let Some(at) = self.records.iter().rposition(|kept| Arc::ptr_eq(kept, record)) {
            self.records.remove(at);
        }
    }

    /// Keeps only the last `limit` records from now on.
    pub(crate) fn limit_records(&mut self, limit: usize) {
        self.record_limit = limit;
        let surplus = self.records.len().saturating_sub(limit);
        self.records.drain(..surplus);
    }

    /// Forgets all.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.record_limit);
    }

    pub(crate) fn llm(&self) -> &TokenSums {
        &self.llm
    }

    pub(crate) fn embedding(&self) -> &TokenSums {
        &self.embedding
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Arc<TokenRecord>> {
        self.records.iter()
    }

    pub(crate) fn report(&self) -> Report {
        let models = self.models.iter().filter(|(_, sums)| sums.calls > 0).map(|(row, sums)| {
            let (event_type, model) = match row {
                Row::Model(event_type, model) => (*event_type, model.clone()),
                Row::Others(event_type) => (*event_type, Some(Text::literal("(others)"))),
            };
            ModelSums { event_type, model, sums: *sums }
        });
        Report::new(self.llm, self.embedding, models.collect())
    }

    fn apply(&mut self, record: &TokenRecord, change: fn(u64, u64) -> u64) {
        let embedding = record.event_type == EventType::EMBEDDING;
        let sums = if embedding { &mut self.embedding } else { &mut self.llm };
        sums.apply(record, change);

        let mut row = Row::Model(record.event_type, record.model.clone());
        if self.models.len() >= MODELS && !self.models.contains_key(&row) {
            row = Row::Others(record.event_type);
        }
        self.models.entry(row).or_default().apply(record, change);
    }
}

#[cfg(test)]
mod tests;
