//! The sums, to read.

use std::fmt;

use tracing_llm::{EventType, Text};

use crate::tally::TokenSums;

/// How much of a model's name is shown.
const NAME: usize = 48;

/// All sums of a [`TokenCounter`](crate::TokenCounter) at one moment.
///
/// It prints as a table by model, with what was estimated marked:
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler, Message, Usage};
/// use tracing_llm_tokens::TokenCounter;
///
/// let mut counter = TokenCounter::new();
/// let mut call = Event::new(EventType::LLM, "chat");
/// call.payload.model = Some("gpt-5-mini".into());
/// call.payload.usage = Some(Usage::new(1_204, 310));
/// counter.on_end(&Arc::new(call.clone())).unwrap();
///
/// call.payload.model = Some("llama-3.3".into());
/// call.payload.usage = None;
/// call.payload.messages = [Message::user("Say hello to the world")].into();
/// call.payload.replies = [Message::assistant("Hello world")].into();
/// counter.on_end(&Arc::new(call)).unwrap();
///
/// assert_eq!(counter.report().to_string(), "\
/// 1,528 tokens in 2 LLM calls: 1,216 prompt, 312 completion
///
/// model       calls  prompt  completion  total
/// gpt-5-mini      1   1,204         310  1,514
/// llama-3.3       1      12           2     14 ~
///
/// ~ estimated, not reported by the provider: 14 tokens in 1 of 2 calls
/// ");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All LLM calls.
    pub llm: TokenSums,
    /// All EMBEDDING calls.
    pub embedding: TokenSums,
    /// The same by model: LLM calls before EMBEDDING calls, the most tokens first.
    pub models: Vec<ModelSums>,
}

/// The sums of one model: a row of a [`Report`].
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler, Usage};
/// use tracing_llm_tokens::TokenCounter;
///
/// let mut counter = TokenCounter::new();
/// let mut event = Event::new(EventType::EMBEDDING, "embed");
/// event.payload.model = Some("text-embedding-3-small".into());
/// event.payload.usage = Some(Usage::of_input(8));
/// counter.on_end(&Arc::new(event)).unwrap();
///
/// let row = &counter.report().models[0];
/// assert_eq!(row.event_type, EventType::EMBEDDING);
/// assert_eq!(row.model.as_deref(), Some("text-embedding-3-small"));
/// assert_eq!((row.sums.calls, row.sums.total), (1, 8));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSums {
    /// LLM or EMBEDDING.
    pub event_type: EventType,
    /// The model's name, if the events told it.
    pub model: Option<Text>,
    /// Its sums.
    pub sums: TokenSums,
}

impl Report {
    pub(crate) fn new(llm: TokenSums, embedding: TokenSums, mut models: Vec<ModelSums>) -> Self {
        models.sort_by(|left, right| {
            let order = |row: &ModelSums| (row.event_type == EventType::EMBEDDING, !row.sums.total);
            order(left).cmp(&order(right)).then_with(|| left.model.cmp(&right.model))
        });
        Self { llm, embedding, models }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (llm, embedding) = (&self.llm, &self.embedding);
        if self.models.is_empty() {
            return writeln!(f, "no LLM or embedding calls");
        }
        if llm.calls > 0 {
            let (total, calls) = (number(llm.total), counted(llm.calls, "LLM call"));
            let (input, output) = (number(llm.input), number(llm.output));
            writeln!(f, "{total} tokens in {calls}: {input} prompt, {output} completion")?;
        }
        if embedding.calls > 0 {
            let calls = counted(embedding.calls, "embedding call");
            writeln!(f, "{} tokens in {calls}", number(embedding.total))?;
        }
        writeln!(f)?;
        self.write_table(f)?;
        self.write_notes(f)
    }
}

impl Report {
    fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["model", "calls", "prompt", "completion", "total"].map(str::to_owned);
        let rows: Vec<[String; 5]> =
            std::iter::once(head).chain(self.models.iter().map(ModelSums::cells)).collect();
        let width = |column: fn(&[String; 5]) -> &String| {
            rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default()
        };
        let widths = [
            width(|[cell, ..]| cell),
            width(|[_, cell, ..]| cell),
            width(|[_, _, cell, ..]| cell),
            width(|[_, _, _, cell, _]| cell),
            width(|[.., cell]| cell),
        ];
        let [w0, w1, w2, w3, w4] = widths;
        let marks = std::iter::once("").chain(self.models.iter().map(ModelSums::mark));
        for ([model, calls, input, output, total], mark) in rows.iter().zip(marks) {
            writeln!(
                f,
                "{model:w0$}  {calls:>w1$}  {input:>w2$}  {output:>w3$}  {total:>w4$}{mark}"
            )?;
        }
        Ok(())
    }

    /// What the table does not say: parts, estimates, and calls without a count.
    fn write_notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (llm, embedding) = (&self.llm, &self.embedding);
        let parts: Vec<String> = [
            (llm.cache_read, "of the prompts read from a cache"),
            (llm.cache_write, "of the prompts written to a cache"),
            (llm.reasoning, "of the completions spent on reasoning"),
        ]
        .into_iter()
        .filter(|(tokens, _)| *tokens > 0)
        .map(|(tokens, what)| format!("{} {what}", number(tokens)))
        .collect();

        let both = |sum: fn(&TokenSums) -> u64| sum(llm).saturating_add(sum(embedding));
        let estimated = both(|sums| sums.estimated_calls);
        let unknown = both(|sums| sums.unknown_calls);
        if !parts.is_empty() || estimated > 0 || unknown > 0 {
            writeln!(f)?;
        }
        if !parts.is_empty() {
            writeln!(f, "{}", parts.join(", "))?;
        }
        let calls = counted(both(|sums| sums.calls), "call");
        if estimated > 0 {
            let tokens = number(both(|sums| sums.estimated));
            writeln!(
                f,
                "~ estimated, not reported by the provider: {tokens} tokens in {} of {calls}",
                number(estimated)
            )?;
        }
        if unknown > 0 {
            writeln!(
                f,
                "not counted, for nothing is known of them: {} of {calls}",
                number(unknown)
            )?;
        }
        Ok(())
    }
}

impl ModelSums {
    fn cells(&self) -> [String; 5] {
        let sums = &self.sums;
        let output = match self.event_type {
            EventType::EMBEDDING => String::new(),
            _ => number(sums.output),
        };
        let model = self.model.as_ref().map_or_else(|| "(no model)".to_owned(), |name| shown(name));
        [model, number(sums.calls), number(sums.input), output, number(sums.total)]
    }

    fn mark(&self) -> &'static str {
        if self.sums.estimated_calls > 0 { " ~" } else { "" }
    }
}

/// A name as it can be shown in a terminal: not too long, and its control characters visible.
fn shown(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .take(NAME)
        .flat_map(|letter| {
            let hidden = letter.is_control().then(|| letter.escape_default());
            let plain = hidden.is_none().then_some(letter);
            hidden.into_iter().flatten().chain(plain)
        })
        .collect();
    if name.chars().nth(NAME).is_some() {
        shown.push('…');
    }
    shown
}

/// A number with commas: `1,234,567`.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number of things: `1 call`, `2 calls`.
fn counted(count: u64, thing: &str) -> String {
    format!("{} {thing}{}", number(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
