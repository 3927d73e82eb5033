//! What a counter is set up with.

use std::io;
use std::sync::Arc;

use tracing_llm::{Cost, Text};

use crate::budget::Budget;
use crate::counter::TokenCounter;
use crate::guard::{Panicked, guarded};
use crate::price::{GenaiPrices, Prices, is_sound};
use crate::record::TokenRecord;
use crate::tiktoken::Tiktoken;
use crate::tokenizer::{CountedWith, Tokenizer};
use crate::verbose::Printer;

/// What each clone of a counter has for itself.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tokenizer: Arc<dyn Tokenizer>,
    /// Asked one after the other.
    pub(crate) prices: Vec<Arc<dyn Prices>>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) on_record: Vec<Arc<OnRecord>>,
    pub(crate) printer: Option<Printer>,
    pub(crate) keeps_texts: bool,
}

type OnRecord = dyn Fn(&TokenRecord) + Send + Sync;

impl Default for Settings {
    fn default() -> Self {
        Self {
            tokenizer: Arc::new(Tiktoken::new()),
            prices: vec![Arc::new(GenaiPrices::new())],
            budgets: Vec::new(),
            on_record: Vec::new(),
            printer: None,
            keeps_texts: false,
        }
    }
}

impl Settings {
    /// What a call cost, and who says so; none if nobody knows.
    ///
    /// Where prices panic those behind them are not asked: they might say something else.
    pub(crate) fn price(&self, call: &TokenRecord) -> Result<Option<(Cost, Text)>, Panicked> {
        if call.usage.is_empty() {
            return Ok(None);
        }
        for prices in &self.prices {
            let price = || {
                let cost = prices.price(call).filter(is_sound)?;
                Some((cost, prices.source()))
            };
            if let Some(priced) = guarded("prices", price)? {
                return Ok(Some(priced));
            }
        }
        Ok(None)
    }
}

impl Settings {
    /// What the tokenizer counts with for this model.
    pub(crate) fn counts_with(&self, model: Option<&str>) -> Result<Option<CountedWith>, Panicked> {
        guarded("the tokenizer", || self.tokenizer.counts_with(model))
    }
}

/// Settings. The clones of a counter share their sums; each has its own settings: set them before
/// it is cloned.
impl TokenCounter {
    /// What counts texts.
    ///
    /// If it panics, that is as if it had given an error: the call is counted by what is reported,
    /// and the handler's failure names the tokenizer.
    #[must_use]
    pub fn tokenizer(mut self, tokenizer: impl Tokenizer) -> Self {
        self.settings.tokenizer = Arc::new(tokenizer);
        self
    }

    /// Asks these prices first. Those that were there before are asked where these know none.
    ///
    /// If they panic, the call is counted without a price, and the handler's failure names them.
    #[must_use]
    pub fn prices(mut self, prices: impl Prices) -> Self {
        self.settings.prices.insert(0, Arc::new(prices));
        self
    }

    /// Asks no prices, not those of [`GenaiPrices`] either: costs are those that events report, or
    /// of [prices](Self::prices) that are set afterwards.
    #[must_use]
    pub fn no_prices(mut self) -> Self {
        self.settings.prices.clear();
        self
    }

    /// Charges every call to this budget. As many as one likes.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        budget.begin_counting();
        self.settings.budgets.push(budget);
        self
    }

    /// Calls this with each call that is counted, priced if its price is known: for a ledger.
    ///
    /// It is called on the handler's thread, once a call ends. Rarely a call that was counted
    /// counts no longer, since a call around it turns out to know more: then it comes
    /// again, as [`taken_back`](TokenRecord::taken_back), with the same number.
    ///
    /// If it panics, the handler's failure says so; the call is counted, and all others that are to
    /// be told of it are told.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// use std::sync::Arc;
    /// use tracing_llm::{Event, EventType, Handler, Usage};
    /// use tracing_llm_tokens::{TokenCounter, TokenRecord};
    ///
    /// let ledger = Arc::new(AtomicU64::new(0));
    /// let entries = Arc::clone(&ledger);
    /// let mut tokens = TokenCounter::new().on_record(move |call: &TokenRecord| {
    ///     let used = call.usage.total().unwrap_or(0);
    ///     if call.taken_back { entries.fetch_sub(used, Relaxed) } else { entries.fetch_add(used, Relaxed) };
    /// });
    /// let mut call = Event::new(EventType::LLM, "chat");
    /// call.payload.usage = Some(Usage::new(11, 7));
    /// tokens.on_end(&Arc::new(call)).unwrap();
    /// assert_eq!(ledger.load(Relaxed), 18);
    /// ```
    #[must_use]
    pub fn on_record(mut self, call: impl Fn(&TokenRecord) + Send + Sync + 'static) -> Self {
        self.settings.on_record.push(Arc::new(call));
        self
    }

    /// Prints the tokens of each call that is counted, in LlamaIndex's words:
    /// `LLM Prompt Token Usage: 11`, `LLM Completion Token Usage: 7` on two lines, and
    /// `Embedding Token Usage: 8`.
    ///
    /// ```
    /// use tracing_llm_tokens::TokenCounter;
    ///
    /// let tokens = TokenCounter::new().verbose(std::io::stderr());
    /// ```
    #[must_use]
    pub fn verbose(mut self, writer: impl io::Write + Send + 'static) -> Self {
        self.settings.printer = Some(Printer::writer(writer));
        self
    }

    /// Logs the same by `tracing`, at INFO with the target `tracing_llm_tokens`.
    #[must_use]
    pub fn verbose_tracing(mut self) -> Self {
        self.settings.printer = Some(Printer::Tracing);
        self
    }

    /// How many records of calls are kept, the last ones; 1,000 if nothing else is said.
    #[must_use]
    pub fn record_limit(self, limit: usize) -> Self {
        self.state().tally.ring.limit(limit);
        self
    }

    /// Keeps prompts and completions with the records, as many bytes of them in all; the oldest
    /// texts are dropped first. Without this none are kept.
    ///
    /// They are the texts that handlers see: what a redactor masks is masked.
    #[must_use]
    pub fn keep_texts(mut self, bytes: usize) -> Self {
        self.settings.keeps_texts = bytes > 0;
        self.state().tally.ring.limit_bytes(bytes);
        self
    }

    /// How many models, sessions, users … have sums of their own at least, those that were used
    /// last; 1,000 if nothing else is said. Twice as many can be kept.
    #[must_use]
    pub fn row_limit(self, limit: usize) -> Self {
        self.state().tally.limit_rows(limit);
        self
    }
}
