//! The sums, to read: as text, as Markdown, as JSON.

mod notes;
mod table;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tracing_llm::{EventType, Text};

use self::notes::{headline, notes};
use self::table::Table;
use crate::by::By;
use crate::sums::Sums;

/// All sums of a [`TokenCounter`](crate::TokenCounter) at one moment.
///
/// It prints as a table, with what was estimated and what has no price marked. Columns where all
/// is nothing (errors, costs, times) are left out.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tracing_llm::{Event, EventType, Handler, Message, Usage};
/// use tracing_llm_tokens::{PriceTable, Rates, TokenCounter};
///
/// let prices = PriceTable::new("2026-11-01").model("house-model", Rates::new(0.5, 2.0));
/// let mut counter = TokenCounter::new().no_prices().prices(prices);
/// let mut call = Event::new(EventType::LLM, "chat");
/// call.elapsed = Duration::from_millis(1_210);
/// call.payload.model = Some("house-model".into());
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
/// $0.0012, without 14 tokens of no known price
///
/// model        calls  prompt  completion  total      cost    p50    p95
/// house-model      1   1,204         310  1,514   $0.0012  1.2 s  1.2 s
/// llama-3.3        1      12           2     14~        ?  1.2 s  1.2 s
///
/// ~ estimated, not reported by the provider: 14 tokens in 1 of 2 calls
/// counted with o200k_base for want of their own encoding: 1 call
/// ? no price is known: 14 tokens in 1 of 2 calls
/// prices: own table of 2026-11-01
/// ");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What the rows are by.
    #[serde(serialize_with = "as_text")]
    pub by: By,
    /// All LLM calls.
    pub llm: Sums,
    /// All EMBEDDING calls.
    pub embedding: Sums,
    /// The same in rows: the most tokens first (by model: LLM calls before EMBEDDING calls), the
    /// rest that shares a row last.
    pub rows: Vec<Row>,
    /// Where the prices that were used are from, and of which date.
    pub prices: Vec<String>,
    /// How many calls were counted with an encoding that stands in for that of their model, by its
    /// name.
    pub fallbacks: BTreeMap<String, u64>,
}

/// The sums of one model, session, user …: a row of a [`Report`].
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler, Usage};
/// use tracing_llm_tokens::{By, TokenCounter};
///
/// let mut counter = TokenCounter::new();
/// let mut event = Event::new(EventType::EMBEDDING, "embed");
/// event.payload.model = Some("text-embedding-3-small".into());
/// event.payload.usage = Some(Usage::of_input(8));
/// counter.on_end(&Arc::new(event)).unwrap();
///
/// let row = &counter.sums(By::Model)[0];
/// assert_eq!(row.event_type, Some(EventType::EMBEDDING));
/// assert_eq!(row.key.as_deref(), Some("text-embedding-3-small"));
/// assert_eq!((row.sums.calls, row.sums.total), (1, 8));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// LLM or EMBEDDING, in rows by model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventType>,
    /// The model, the session, the user …; none for calls that have none.
    pub key: Option<Text>,
    /// How many keys share this row, since there were too many; none for a row of its own. Some of
    /// them may have a row again for what came later. Beyond 65,536 they are no longer told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<u64>,
    /// The sums.
    pub sums: Sums,
}

impl Row {
    pub(crate) fn new(key: Option<Text>, sums: Sums) -> Self {
        Self { event_type: None, key, others: None, sums }
    }

    /// The row that the rest shares.
    pub(crate) fn of_others((keys, sums): (u64, &Sums)) -> Self {
        Self { event_type: None, key: None, others: Some(keys), sums: sums.clone() }
    }

    fn order(&self) -> impl Ord {
        let embedding = self.event_type == Some(EventType::EMBEDDING);
        (self.others.is_some(), embedding, !self.sums.total, !self.sums.calls)
    }
}

/// Sorts rows as they are read: the most tokens first.
pub(crate) fn sort(rows: &mut [Row]) {
    rows.sort_by(|left, right| {
        left.order()
            .cmp(&right.order())
            .then_with(|| left.key.as_deref().cmp(&right.key.as_deref()))
    });
}

impl Report {
    pub(crate) fn new(
        by: By,
        llm: Sums,
        embedding: Sums,
        mut rows: Vec<Row>,
        prices: Vec<String>,
        fallbacks: BTreeMap<String, u64>,
    ) -> Self {
        sort(&mut rows);
        Self { by, llm, embedding, rows, prices, fallbacks }
    }

    /// The report as GitHub-flavoured Markdown: a pull request's comment, a page of a wiki.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        if self.is_empty() {
            return format!("{NOTHING}\n");
        }
        let (head, notes) = (headline(self), notes(self));
        let lines = |lines: &[String]| lines.join("  \n"); // two spaces break a line
        let mut text = format!("{}\n", lines(&head));
        if !self.rows.is_empty() {
            text.push_str(&format!("\n{}", Table::of(self).markdown()));
        }
        if !notes.is_empty() {
            text.push_str(&format!("\n{}\n", lines(&notes)));
        }
        text
    }

    /// The report as JSON: all sums, money in US dollars, times in seconds.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.llm.calls == 0 && self.embedding.calls == 0
    }
}

const NOTHING: &str = "no LLM or embedding calls";

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "{NOTHING}");
        }
        for line in headline(self) {
            writeln!(f, "{line}")?;
        }
        if !self.rows.is_empty() {
            write!(f, "\n{}", Table::of(self).text())?;
        }
        let notes = notes(self);
        if !notes.is_empty() {
            writeln!(f)?;
        }
        notes.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn as_text<S: serde::Serializer>(by: &By, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(by)
}

#[cfg(test)]
mod tests;
