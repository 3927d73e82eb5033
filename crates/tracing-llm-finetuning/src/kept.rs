//! The examples in memory.

use std::collections::VecDeque;
use std::io;

use crate::convert::Example;

/// The newest examples, within a bound of bytes.
#[derive(Debug)]
pub(crate) struct Kept {
    examples: VecDeque<(Example, usize)>,
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
        let bytes = bytes_of(&example);
        self.bytes += bytes;
        self.examples.push_back((example, bytes));
        let mut forgotten = 0;
        while self.bytes > self.max_bytes && self.examples.len() > 1 {
            if let Some((_, bytes)) = self.examples.pop_front() {
                self.bytes -= bytes;
                forgotten += 1;
            }
        }
        forgotten
    }

    /// In the order in which the calls began.
    pub(crate) fn in_order(&self) -> Vec<Example> {
        let mut examples: Vec<Example> =
            self.examples.iter().map(|(example, _)| example.clone()).collect();
        examples.sort_by_key(|example| example.event.start);
        examples
    }

    pub(crate) fn clear(&mut self) {
        self.examples.clear();
        self.bytes = 0;
    }
}

/// What an example holds: its line, and its messages with what is in no line, such as thoughts.
fn bytes_of(Example { event, line }: &Example) -> usize {
    let mut counted = Count(line.len());
    // Counting does not fail, and messages are plain data.
    let _ = serde_json::to_writer(&mut counted, &event.messages[..]);
    let _ = serde_json::to_writer(&mut counted, &event.response);
    counted.0
}

/// Only counts what is written.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
