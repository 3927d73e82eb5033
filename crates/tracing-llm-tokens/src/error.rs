//! The one error of this crate.

use std::fmt;

use tracing_llm::Text;

use crate::by::By;
use crate::format::{decimals, number, usd};
use crate::money::Money;

/// Why a budget refuses, or a price table cannot be read.
///
/// It goes to the one who asked; nothing is ever thrown into a call.
///
/// ```
/// use tracing_llm_tokens::{Amount, Budget};
///
/// let budget = Budget::tokens(1_000);
/// let error = budget.reserve(Amount::Tokens(1_200)).unwrap_err();
/// assert!(error.is_exceeded());
/// assert_eq!(
///     error.to_string(),
///     "token budget exceeded: of 1,000 tokens 0 are spent and 0 reserved, 1,200 more are asked for"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Exceeded(Exceeded),
    Invalid { what: String },
}

/// The state of a budget that refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) money: bool,
    pub(crate) key: Option<(By, Text)>,
    pub(crate) limit: u64,
    pub(crate) spent: u64,
    pub(crate) reserved: u64,
    pub(crate) asked: u64,
}

impl Error {
    pub(crate) fn exceeded(exceeded: Exceeded) -> Self {
        Self { kind: Kind::Exceeded(exceeded) }
    }

    /// Something that was given is not what it should be.
    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self { kind: Kind::Invalid { what: what.into() } }
    }

    /// A budget is spent, or what is left of it is less than what was asked for.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        matches!(self.kind, Kind::Exceeded(_))
    }

    /// What was given cannot be used: a price table that is none, an estimate in another unit than
    /// the budget's.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind, Kind::Invalid { .. })
    }

    /// Whose budget it is, if it is kept by something: the session's id, the user's, the model …
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match &self.kind {
            Kind::Exceeded(Exceeded { key: Some((_, key)), .. }) => Some(key),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Exceeded(exceeded) => exceeded.fmt(f),
            Kind::Invalid { what } => f.write_str(what),
        }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { money, key, limit, spent, reserved, asked } = self;
        let decimals = decimals(Money::from_pico(*limit).usd()).max(4);
        let show = |amount: u64| match money {
            true => usd(Money::from_pico(amount).usd(), decimals),
            false => number(amount),
        };
        let (unit, tokens) = if *money { ("cost", "") } else { ("token", " tokens") };
        write!(f, "{unit} budget exceeded")?;
        if let Some((by, key)) = key {
            write!(f, " by {by} {key:?}")?;
        }
        let (limit, spent, reserved) = (show(*limit), show(*spent), show(*reserved));
        write!(f, ": of {limit}{tokens} {spent} are spent and {reserved} reserved")?;
        if *asked > 0 {
            write!(f, ", {} more are asked for", show(*asked))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
