//! The server's books.

use std::iter::Sum;

use serde_json::Value;

/// One question and what became of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The path below the server's address: `/v1/chat/completions`.
    pub path: String,
    /// The body of the request, `Null` where there was none.
    pub request: Value,
    /// The status of the answer.
    pub status: u16,
    /// The usage that went out to the client; a stream that was not asked for it, or was dropped
    /// before its end, reports none.
    pub reported: Option<Reported>,
}

/// Tokens, as the server reported them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Tokens of prompts, those of a cache included.
    pub input: u64,
    /// Tokens of answers.
    pub output: u64,
}

impl Sum for Reported {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            input: sum.input + one.input,
            output: sum.output + one.output,
        })
    }
}
