//! The examples in memory.

use std::collections::VecDeque;

use crate::convert::Example;

/// The newest examples, within a bound of bytes.
#[derive(Debug)]
pub(crate) struct Kept {
    examples: VecDeque<Example>,
    bytes: usize,
    max_bytes: usize,
}

impl Kept {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { examples: VecDeque::new(), bytes: 0, max_bytes }
    }

    /// Keeps an example, and gives back how many older ones had to go. The newest is kept whatever
    /// its size.
    pub(crate) fn push(&mut self, example: Example) -> u64 {
        self.bytes += example.line.len();
        self.examples.push_back(example);
        let mut forgotten = 0;
        while self.bytes > self.max_bytes && self.examples.len() > 1 {
            if let Some(oldest) = self.examples.pop_front() {
                self.bytes -= oldest.line.len();
                forgotten += 1;
            }
        }
        forgotten
    }

    /// In the order in which the calls began.
    pub(crate) fn in_order(&self) -> Vec<Example> {
        let mut examples: Vec<Example> = self.examples.iter().cloned().collect();
        examples.sort_by_key(|example| example.event.start);
        examples
    }

    pub(crate) fn clear(&mut self) {
        self.examples.clear();
        self.bytes = 0;
    }
}
