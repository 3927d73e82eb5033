//! The counter as its user sees it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::by::By;
use crate::call::Key;
use crate::generations::Generations;
use crate::nesting::Nesting;
use crate::prometheus::Shown;
use crate::record::TokenRecord;
use crate::report::{self, Report, Row};
use crate::settings::Settings;
use crate::tally::Tally;
use crate::tokenizer::CountedWith;

/// How many records are kept if nothing else is said.
const RECORDS: usize = 1_000;

/// How many events with calls below them an enricher remembers at least, until they end.
const WRAPPERS: usize = 4_096;

/// Of how many events it is remembered at least what an enricher has counted them with, until a
/// handler sees them.
const ENRICHED: usize = 4_096;

/// Counts the tokens of LLM and EMBEDDING events, and what they cost.
///
/// It is a [`Handler`](tracing_llm::Handler), which keeps the sums, and an
/// [`Enricher`](tracing_llm::Enricher), which fills in what the provider did
/// not report, for all handlers to see. Give a clone of it to each: clones
/// share their sums.
///
/// ```
/// use tracing_llm_tokens::TokenCounter;
///
/// let tokens = TokenCounter::new();
/// let (layer, callbacks) = tracing_llm::layer()
///     .enricher(tokens.clone())
///     .handler(tokens.clone())
///     .build();
/// // … the pipeline …
/// # drop(layer);
/// callbacks.flush_blocking(std::time::Duration::from_secs(5))?;
/// println!("{}", tokens.report());
/// # Ok::<(), tracing_llm::Error>(())
/// ```
///
/// Sums can be asked for at any time, while events come in:
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler, Usage};
/// use tracing_llm_tokens::TokenCounter;
///
/// let tokens = TokenCounter::new();
///
/// // What the layer does with each event that ends:
/// let mut event = Event::new(EventType::LLM, "chat");
/// event.payload.usage = Some(Usage::new(11, 7));
/// tokens.clone().on_end(&Arc::new(event)).unwrap();
///
/// assert_eq!(tokens.prompt_tokens(), 11);
/// assert_eq!(tokens.completion_tokens(), 7);
/// assert_eq!(tokens.total_llm_tokens(), 18);
/// ```
///
/// To leave out events of some types, or a handler's share of the traces, use
/// [`HandlerExt`](tracing_llm::HandlerExt): `tokens.clone().ignore_ends([EventType::EMBEDDING])`.
///
/// Given as a handler alone, it counts and prices what is missing by itself, from what it
/// gets to see (texts that a redactor has shortened, for instance), and the
/// events stay as they are.
///
/// # What is counted
///
/// The usage that the provider reported, where it did. What is missing is
/// counted with the [tokenizer](TokenCounter::tokenizer) and marked as
/// [estimated](tracing_llm::Usage::estimated):
///
/// - The input of an LLM event: its messages (each with 3 tokens around it and
///   3 before the answer, as OpenAI's cookbook says for its chat models), else
///   its prompt. Its output: the replies, else the completion or response.
/// - The input of an EMBEDDING event: its chunks, else the texts of its embeddings.
/// - Where a total is reported without its parts, the parts are made to add up to it.
/// - A stream that was left before its end: the output that was received, or
///   what was reported if that is more.
/// - A call that failed without an answer and without a report counts as a
///   call and has no tokens.
///
/// - In both: calls of tools, pictures (by their size where they are a `data:`
///   URI, else as 1,024 pixels square) and recordings that are a `data:` URI, by
///   the rules that OpenAI, Anthropic and Google publish for their models; for
///   those of others by GPT-4o's. In the input: the tools that are offered.
///   Films are not estimated.
///
/// # What is not counted twice
///
/// Tokens belong to the call that used them. An LLM event around other LLM
/// events (a retry, a router, an agent) counts only if it knows more than they
/// do: if it reports a usage and they have none. So for EMBEDDING events. All
/// other events count nothing, whatever they report.
#[derive(Clone)]
pub struct TokenCounter {
    pub(crate) settings: Settings,
    pub(crate) state: Arc<Mutex<State>>,
    /// Of the enricher: events with calls below them that have a usage.
    pub(crate) wrappers: Generations<Key, Wrapper>,
    /// What Prometheus was shown; never locked together with the state.
    pub(crate) shown: Arc<Mutex<Shown>>,
}

/// Of which kinds an event has calls below it that have a usage.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wrapper {
    pub(crate) llm: bool,
    pub(crate) embedding: bool,
}

/// What the clones share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) nesting: Nesting,
    pub(crate) tally: Tally,
    /// What the enricher has counted calls with that the handler has not seen yet.
    pub(crate) counted_with: Generations<Key, Option<CountedWith>>,
}

impl TokenCounter {
    /// A counter with the [default tokenizer](crate::Tiktoken) and the [default
    /// prices](crate::GenaiPrices). It loads neither: that is done on the layer's thread, when
    /// something has to be counted or priced.
    #[must_use]
    pub fn new() -> Self {
        let state = State {
            nesting: Nesting::new(),
            tally: Tally::new(RECORDS),
            counted_with: Generations::new(ENRICHED),
        };
        Self {
            settings: Settings::default(),
            state: Arc::new(Mutex::new(state)),
            wrappers: Generations::new(WRAPPERS),
            shown: Arc::default(),
        }
    }

    /// Tokens of the prompts of all LLM calls.
    #[must_use]
    pub fn prompt_tokens(&self) -> u64 {
        self.state().tally.llm().input
    }

    /// Tokens of the answers of all LLM calls.
    #[must_use]
    pub fn completion_tokens(&self) -> u64 {
        self.state().tally.llm().output
    }

    /// All tokens of all LLM calls. More than prompt and completion together
    /// where a provider's total says more than its parts.
    #[must_use]
    pub fn total_llm_tokens(&self) -> u64 {
        self.state().tally.llm().total
    }

    /// Tokens of all embedded texts.
    #[must_use]
    pub fn embedding_tokens(&self) -> u64 {
        self.state().tally.embedding().total
    }

    /// How many LLM and EMBEDDING calls were counted.
    #[must_use]
    pub fn calls(&self) -> u64 {
        let state = self.state();
        state.tally.llm().calls.saturating_add(state.tally.embedding().calls)
    }

    /// What all calls cost, in US dollars, without those of which no price is known; none if no
    /// price is known at all. [`Report`] says how much is without one.
    #[must_use]
    pub fn cost(&self) -> Option<f64> {
        let state = self.state();
        let mut sums = state.tally.llm().clone();
        sums.merge(state.tally.embedding());
        sums.cost()
    }

    /// The last calls that were counted, in the order in which they ended.
    #[must_use]
    pub fn records(&self) -> Vec<TokenRecord> {
        self.state().tally.ring.records().collect()
    }

    /// The sums by this at this moment: the most tokens first. Nothing is stopped for it.
    ///
    /// The 1,000 values that were used last, or more, have rows of their own
    /// ([a setting](Self::row_limit)); the rest shares [a row](field@Row::others) at the end. Calls
    /// without a value (without a session, say) have a row without a key; so all rows add up to all
    /// calls, but by [tag](By::Tag), of which a call may have several. Of [context
    /// keys](By::Key) the first 16 have rows.
    #[must_use]
    pub fn sums(&self, by: By) -> Vec<Row> {
        let mut rows = self.state().tally.rows(&by);
        report::sort(&mut rows);
        rows
    }

    /// All sums at this moment, by model.
    #[must_use]
    pub fn report(&self) -> Report {
        self.report_by(By::Model)
    }

    /// All sums at this moment, by session, user, tenant …
    #[must_use]
    pub fn report_by(&self, by: By) -> Report {
        self.state().report(by)
    }

    /// Begins anew with all sums at zero and no records, and gives back what the sums were, by model:
    /// each call is in the report of one reset, or in the sums of after.
    ///
    /// ```
    /// use tracing_llm_tokens::TokenCounter;
    ///
    /// let tokens = TokenCounter::new();
    /// let of_this_hour = tokens.reset();
    /// assert_eq!(of_this_hour.llm.calls, tokens.calls());
    /// ```
    ///
    /// A wrapper that ends afterwards does not bring back what was counted before. Budgets have a
    /// [reset of their own](crate::Budget::reset).
    pub fn reset(&self) -> Report {
        let mut state = self.state();
        let report = state.report(By::Model);
        state.nesting.settle();
        state.tally.reset();
        report
    }

    /// Nothing but sums is done under the lock; a panic there leaves them as sound as they can be.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn report(&self, by: By) -> Report {
        let (llm, embedding) = (self.tally.llm().clone(), self.tally.embedding().clone());
        let rows = self.tally.rows(&by);
        let prices = self.tally.sources().cloned().collect();
        Report::new(by, llm, embedding, rows, prices, self.tally.fallbacks())
    }
}

impl Default for TokenCounter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TokenCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCounter").field("report", &self.report()).finish_non_exhaustive()
    }
}
