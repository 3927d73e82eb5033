//! The last records, and their texts if they are wanted.

use std::collections::VecDeque;
use std::sync::Arc;

use tracing_llm::{Payload, Text};

use crate::record::TokenRecord;

/// What was sent and what came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    pub(crate) prompt: Option<Text>,
    pub(crate) completion: Option<Text>,
}

impl Texts {
    pub(crate) fn of(payload: &Payload) -> Self {
        Self { prompt: payload.input_text(), completion: payload.output_text() }
    }

    fn bytes(&self) -> usize {
        [&self.prompt, &self.completion].into_iter().flatten().map(|text| text.len()).sum()
    }

    /// The record with the texts in it.
    pub(crate) fn put_into(&self, mut record: TokenRecord) -> TokenRecord {
        record.prompt.clone_from(&self.prompt);
        record.completion.clone_from(&self.completion);
        record
    }
}

/// The last records. They are bounded by their number, and their texts by bytes: the oldest texts
/// are dropped first.
#[derive(Debug)]
pub(crate) struct Ring {
    kept: VecDeque<Kept>,
    limit: usize,
    bytes: usize,
    bytes_limit: usize,
}

#[derive(Debug)]
struct Kept {
    record: Arc<TokenRecord>,
    texts: Texts,
}

impl Ring {
    /// Keeps the last `limit` records, and no texts.
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: VecDeque::new(), limit, bytes: 0, bytes_limit: 0 }
    }

    pub(crate) fn push(&mut self, record: &Arc<TokenRecord>, texts: Texts) {
        let bytes = texts.bytes();
        // Texts that do not fit even alone are not kept: all others would have to go for them.
        let texts = if bytes <= self.bytes_limit { texts } else { Texts::default() };
        self.bytes += texts.bytes();
        self.kept.push_back(Kept { record: Arc::clone(record), texts });
        self.fit();
    }

    /// Takes back a record. It is likely one of the last.
    pub(crate) fn remove(&mut self, number: u64) {
        let at = self.kept.iter().rposition(|kept| kept.record.number == number);
        if let Some(kept) = at.and_then(|at| self.kept.remove(at)) {
            self.bytes -= kept.texts.bytes();
        }
    }

    pub(crate) fn limit(&mut self, records: usize) {
        self.limit = records;
        self.fit();
    }

    pub(crate) fn limit_bytes(&mut self, bytes: usize) {
        self.bytes_limit = bytes;
        self.fit();
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.bytes = 0;
    }

    /// The records with their texts, the oldest first.
    pub(crate) fn records(&self) -> impl Iterator<Item = TokenRecord> {
        self.kept.iter().map(|kept| kept.texts.put_into((*kept.record).clone()))
    }

    fn fit(&mut self) {
        while self.kept.len() > self.limit {
            if let Some(kept) = self.kept.pop_front() {
                self.bytes -= kept.texts.bytes();
            }
        }
        if self.bytes > self.bytes_limit {
            for kept in &mut self.kept {
                self.bytes -= std::mem::take(&mut kept.texts).bytes();
                if self.bytes <= self.bytes_limit {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
