//! Stands for the client of a model: it streams an answer, piece by piece.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};

pub const NAME: &str = "parrot-1";

/// A piece for each word of the question, and then the time that a model takes for one.
pub fn chat(question: &str) -> impl Stream<Item = String> + Send + use<> {
    let words: Vec<String> = question.split_whitespace().map(|word| format!("{word} ")).collect();
    stream::iter(words).then(async |word| {
        tokio::time::sleep(Duration::from_millis(5)).await;
        word
    })
}
