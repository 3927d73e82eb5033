//! The guard of what is reserved.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tracing::Span;
use tracing_llm::{LlmSpan, SpanId};

use super::Shared;
use super::account::Account;
use crate::record::next_number;

/// What is set aside for one call. Made by [`Budget::reserve`](crate::Budget::reserve).
///
/// Dropped, it is free again. [Tied](Self::tie) to a span, it stays reserved until the span's event
/// has ended and the counter has charged what the call really used.
///
/// ```
/// use tracing_llm_tokens::{Amount, Budget};
///
/// let budget = Budget::tokens(1_000);
/// let reserved = budget.reserve(Amount::Tokens(800))?;
/// assert!(budget.reserve(Amount::Tokens(300)).is_err());
/// drop(reserved); // the call was not made
/// assert!(budget.reserve(Amount::Tokens(300)).is_ok());
/// # Ok::<(), tracing_llm_tokens::Error>(())
/// ```
#[must_use = "what is reserved is free again when the reservation is dropped"]
pub struct Reservation {
    shared: Arc<Shared>,
    account: Arc<Account>,
    amount: u64,
    number: u64,
    event: Option<SpanId>,
}

impl Reservation {
    pub(super) fn new(shared: Arc<Shared>, account: Arc<Account>, amount: u64) -> Self {
        Self { shared, account, amount, number: next_number(), event: None }
    }

    /// Ties it to the event that the span is, or that is nearest above it: the event's end
    /// settles it, however the call comes out. Keep the guard until the call is over.
    ///
    /// On a span that is disabled, or with a budget that no [counter](crate::TokenCounter::budget)
    /// has, it stays as it is: free when it is dropped.
    ///
    /// **The counter must get to see the end of the event.** An end that it is not given settles
    /// nothing: one that is left out by [`HandlerExt`](tracing_llm::HandlerExt) around the counter
    /// (`ignore_ends` with the event's type, `sampled`), or that is lost under pressure. What was
    /// reserved for it then counts as reserved until **five minutes after the guard is dropped**;
    /// from then on it is free as soon as a [`check`](crate::Budget::check) or
    /// [`reserve`](crate::Budget::reserve) would fail for it. So give a counter with a hard budget
    /// all events, or leave the reservation untied: its guard alone holds it then.
    ///
    /// Any event settles it, whatever its type; only LLM and EMBEDDING events are charged.
    pub fn tie(mut self, span: &Span) -> Self {
        if self.event.is_none() && self.shared.counted.load(Relaxed) {
            if let Some(ids) = span.llm().ids() {
                let account = Arc::clone(&self.account);
                self.shared.pending.insert(ids.span_id, self.number, account, self.amount);
                self.event = Some(ids.span_id);
            }
        }
        self
    }

    /// Whether it is tied to an event.
    #[must_use]
    pub fn is_tied(&self) -> bool {
        self.event.is_some()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        match self.event {
            Some(event) => self.shared.pending.expect(event, self.number),
            None => self.account.release(self.amount),
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("event", &self.event).finish_non_exhaustive()
    }
}
