//! Budgets: how much may be spent, by whom.

mod account;
mod accounts;
mod pending;
mod reservation;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tracing_llm::{SpanId, Text};

use self::account::{Account, Charge};
use self::accounts::Accounts;
use self::pending::Pending;
pub use self::reservation::Reservation;
use crate::by::By;
use crate::error::{Error, Exceeded};
use crate::guard::{Failures, guarded};
use crate::money::Money;
use crate::pricing::Pricing;
use crate::record::TokenRecord;

/// An amount that is spent or may be: tokens, or US dollars.
///
/// ```
/// use tracing_llm_tokens::{Amount, Budget};
///
/// assert_eq!(Budget::tokens(1_000).spent(), Amount::Tokens(0));
/// assert_eq!(Budget::usd(2.5).limit(), Amount::Usd(2.5));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Tokens of all kinds: of LLM and EMBEDDING calls, in and out.
    Tokens(u64),
    /// US dollars.
    Usd(f64),
}

/// How much may be spent: tokens or money, in all or for each session, user, model …
///
/// Give it to a [counter](crate::TokenCounter::budget), which charges each call to it. What it is
/// good for is up to the program:
///
/// - As it is, it is **soft**: when the limit is reached, one warning is logged (by `tracing`,
///   target `tracing_llm_tokens::budget`), and [`on_exceeded`](Self::on_exceeded) is called.
/// - [`check`](Self::check) before a call makes it **hard**, at the price of an atomic read. A call
///   is charged when its event is delivered, some milliseconds after its end: calls in flight are
///   not seen, so those that are begun at the same time can all pass.
/// - [`reserve`](Self::reserve) before a call makes it **exact**: what is reserved counts as spent
///   until the call's own usage is known, so calls at the same time cannot pass together.
///
/// Errors go to the one who asks. Nothing is thrown into a call, and a call that costs more than
/// was estimated is charged in full.
///
/// ```
/// use tracing_llm::prelude::*;
/// use tracing_llm_tokens::{Amount, Budget, TokenCounter};
/// # async fn call() -> Result<String, std::io::Error> { Ok("hi".into()) }
///
/// # async fn answer() -> Result<(), Box<dyn std::error::Error>> {
/// let budget = Budget::tokens(1_000_000);
/// let tokens = TokenCounter::new().budget(budget.clone());
/// // … the layer gets the counter …
///
/// let span = event_span!(LLM, "chat", model = "gpt-5-mini");
/// let reserved = budget.reserve(Amount::Tokens(4_000))?.tie(&span);
/// let reply = call().traced(&span).await?;
/// drop(reserved); // the event of the span settles it
/// # Ok(())
/// # }
/// ```
///
/// A budget for each session, say:
///
/// ```
/// use tracing_llm_tokens::{Budget, By};
///
/// let budgets = Budget::usd(0.50)
///     .per(By::Session)
///     .on_exceeded(|error| eprintln!("{}", error));
/// let of_session = budgets.key("s-1");
/// assert!(of_session.check().is_ok());
/// ```
///
/// Money is charged where a price is known; calls without one are [counted](Self::unpriced_calls).
#[derive(Clone)]
pub struct Budget {
    limit: u64,
    money: bool,
    by: Option<By>,
    on_exceeded: Option<Arc<OnExceeded>>,
    shared: Arc<Shared>,
    /// Whose budget it is: everybody's, or one key's. None for a budget by a key as a whole.
    own: Option<Own>,
}

type OnExceeded = dyn Fn(&Error) + Send + Sync;

/// Whose limit is reached.
pub(crate) type Reached = Own;

#[derive(Clone, Debug)]
pub(crate) struct Own {
    account: Arc<Account>,
    key: Option<Text>,
}

/// What the clones share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    accounts: Accounts,
    pending: Pending,
    /// Whether a counter settles what is reserved.
    counted: AtomicBool,
}

impl Budget {
    /// A budget of so many tokens.
    #[must_use]
    pub fn tokens(limit: u64) -> Self {
        Self::new(limit, false)
    }

    /// A budget of so many US dollars.
    ///
    /// A limit that is negative or not a number is a [limit](Self::limit) of nothing: it lets no
    /// call pass. The highest is some 18 million dollars, also where infinity is said.
    ///
    /// ```
    /// use tracing_llm_tokens::{Amount, Budget};
    ///
    /// let budget = Budget::usd(f64::NAN);
    /// assert_eq!(budget.limit(), Amount::Usd(0.0));
    /// assert!(budget.check().is_err());
    /// ```
    #[must_use]
    pub fn usd(limit: f64) -> Self {
        Self::new(Money::from_usd(limit).pico(), true)
    }

    fn new(limit: u64, money: bool) -> Self {
        let shared = Arc::<Shared>::default();
        let own = Some(Own { account: shared.accounts.overall(), key: None });
        Self { limit, money, by: None, on_exceeded: None, shared, own }
    }

    /// Keeps a budget for each value of this, all with the same limit. Set it before the budget is
    /// cloned.
    ///
    /// Only calls that have such a value are charged. The last 16,384 values or more are kept,
    /// and all whose [handle](Self::key) or reservation is held.
    #[must_use]
    pub fn per(mut self, by: By) -> Self {
        (self.by, self.own) = (Some(by), None);
        self
    }

    /// Called once when the limit is reached, for each key that reaches it, on a thread of the
    /// layer's. Set it before the budget is given to a counter.
    ///
    /// Once more if calls that turn out to be [parts of
    /// another](crate::TokenCounter#what-is-not-counted-twice) are taken back, less is spent than
    /// the limit, and it is reached again.
    ///
    /// The call that reaches it is spent then and no longer reserved. If the closure panics, the
    /// counter's failure says so, and all else goes on.
    #[must_use]
    pub fn on_exceeded(mut self, call: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_exceeded = Some(Arc::new(call));
        self
    }

    /// The budget of one value: of this session, user, model …
    #[must_use]
    pub fn key(&self, key: impl fmt::Display) -> Self {
        let key = Text::from(key.to_string());
        let account = self.shared.accounts.of(&key);
        Self { own: Some(Own { account, key: Some(key) }), ..self.clone() }
    }

    /// Whether something is left: an atomic read.
    ///
    /// # Errors
    ///
    /// If the limit is reached, with what is reserved ([`Error::is_exceeded`]); if this is a
    /// budget by a key and no [key](Self::key) was named ([`Error::is_invalid`]).
    pub fn check(&self) -> Result<(), Error> {
        let own = self.own()?;
        if own.account.is_below(self.limit) {
            return Ok(());
        }
        self.shared.pending.release_lost();
        if own.account.is_below(self.limit) { Ok(()) } else { Err(self.exceeded(own, 0)) }
    }

    /// Sets an estimate aside for a call that is about to begin, if so much is left.
    ///
    /// [Tie](Reservation::tie) it to the call's span: the event that the span is settles it. It
    /// takes a few atomic operations, and any number of threads at once never reserve more than
    /// there is.
    ///
    /// # Errors
    ///
    /// If less is left ([`Error::is_exceeded`]); if the estimate is in the other unit, negative,
    /// infinite or not a number, or this is a budget by a key and no [key](Self::key) was named
    /// ([`Error::is_invalid`]).
    pub fn reserve(&self, estimate: Amount) -> Result<Reservation, Error> {
        let own = self.own()?;
        let amount = match (estimate, self.money) {
            (Amount::Tokens(tokens), false) => tokens,
            (Amount::Usd(usd), true) if !usd.is_finite() || usd < 0.0 => {
                return Err(Error::invalid("an estimate that is no amount of money"));
            }
            (Amount::Usd(usd), true) => Money::from_usd(usd).pico(),
            (Amount::Tokens(_), true) => {
                return Err(Error::invalid("an estimate in tokens for a budget in US dollars"));
            }
            (Amount::Usd(_), false) => {
                return Err(Error::invalid("an estimate in US dollars for a budget in tokens"));
            }
        };
        if !own.account.try_reserve(amount, self.limit) {
            // What belongs to calls that never came may be in the way.
            self.shared.pending.release_lost();
            if !own.account.try_reserve(amount, self.limit) {
                return Err(self.exceeded(own, amount));
            }
        }
        Ok(Reservation::new(Arc::clone(&self.shared), Arc::clone(&own.account), amount))
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Amount {
        self.amount(self.limit)
    }

    /// What was spent so far: of a budget by a key, of the key that was named.
    #[must_use]
    pub fn spent(&self) -> Amount {
        self.amount(self.own.as_ref().map_or(0, |own| own.account.spent()))
    }

    /// What is reserved for calls whose usage is not known yet.
    #[must_use]
    pub fn reserved(&self) -> Amount {
        self.amount(self.own.as_ref().map_or(0, |own| own.account.reserved()))
    }

    /// How many calls were not charged, or only in part, since no price is known for all of them.
    /// Zero for a budget in tokens.
    #[must_use]
    pub fn unpriced_calls(&self) -> u64 {
        self.own.as_ref().map_or(0, |own| own.account.unpriced())
    }

    /// Begins anew: nothing is spent, by nobody. What is reserved stays so.
    ///
    /// A counter's own [reset](crate::TokenCounter::reset) does not touch its budgets.
    pub fn reset(&self) {
        self.shared.accounts.reset();
    }

    fn own(&self) -> Result<&Own, Error> {
        self.own.as_ref().ok_or_else(|| Error::invalid("a budget by a key is asked without a key"))
    }

    fn amount(&self, amount: u64) -> Amount {
        if self.money {
            Amount::Usd(Money::from_pico(amount).usd())
        } else {
            Amount::Tokens(amount)
        }
    }

    fn exceeded(&self, own: &Own, asked: u64) -> Error {
        Error::exceeded(Exceeded {
            money: self.money,
            key: self.by.clone().zip(own.key.clone()),
            limit: self.limit,
            spent: own.account.spent(),
            reserved: own.account.reserved(),
            asked,
        })
    }
}

/// What the counter does with it.
impl Budget {
    /// From now on a counter settles what is tied to events.
    pub(crate) fn begin_counting(&self) {
        self.shared.counted.store(true, Relaxed);
    }

    /// Charges calls, or takes them back where it is said so: for each account in one step. Gives
    /// back whose limit is reached by them, and was not before.
    pub(crate) fn charge<'a>(
        &self,
        calls: impl IntoIterator<Item = (&'a TokenRecord, bool)>,
    ) -> Vec<Reached> {
        let mut accounts = BTreeMap::<Option<Text>, Vec<Charge>>::new();
        for (record, taken_back) in calls {
            let charge = self.charge_of(record, taken_back);
            let keys: Vec<Option<Text>> = match &self.by {
                None => vec![None],
                Some(by) => by.values(record).into_iter().map(Some).collect(),
            };
            for key in keys {
                accounts.entry(key).or_default().push(charge);
            }
        }
        let reached = accounts.into_iter().filter_map(|(key, charges)| {
            let account = self.shared.accounts.charge(key.as_ref(), charges, self.limit)?;
            Some(Own { account, key })
        });
        reached.collect()
    }

    fn charge_of(&self, record: &TokenRecord, taken_back: bool) -> Charge {
        let (amount, unpriced) = if self.money {
            let pricing = Pricing::of(record);
            let unpriced = !pricing.is_whole() && !record.usage.is_empty();
            (pricing.cost.unwrap_or_default().pico(), unpriced)
        } else {
            (record.usage.total().unwrap_or_default(), false)
        };
        Charge { amount, unpriced, taken_back, number: record.number }
    }

    /// The event has ended and is charged: what was reserved for it is free.
    pub(crate) fn settle(&self, event: SpanId) {
        self.shared.pending.settle(event);
    }

    /// Tells that the limit is reached. The call is to be settled before: it would be both spent
    /// and reserved else.
    pub(crate) fn tell(&self, reached: &Reached, failures: &mut Failures) {
        let error = self.exceeded(reached, 0);
        // Where the warning goes is the program's affair.
        let warn = || tracing::warn!(target: "tracing_llm_tokens::budget", "{error}");
        failures.note(guarded("the log of a budget", warn));
        if let Some(call) = &self.on_exceeded {
            failures.note(guarded("on_exceeded", || call(&error)));
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("limit", &self.limit())
            .field("by", &self.by)
            .field("spent", &self.spent())
            .field("reserved", &self.reserved())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
