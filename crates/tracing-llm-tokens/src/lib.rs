#![doc = include_str!("../README.md")]
//! # Map
//!
//! - [`TokenCounter`] is all that most programs need; its [`Report`] prints itself.
//! - [`Sums`] are what it adds up, [`By`] what; a [`Row`] has the sums of one model, session …
//!   and a [`TokenRecord`] is one counted call.
//! - [`Prices`] know what calls cost: [`GenaiPrices`] by default, a [`PriceTable`] of one's own.
//! - A [`Budget`] says how much may be spent, a [`Reservation`] sets an [`Amount`] aside.
//! - [`Tokenizer`] is what counts where nothing is reported; [`Tiktoken`] is the default.

mod bounded;
mod budget;
mod by;
mod call;
mod counter;
mod cut;
mod durations;
mod effects;
mod encoding;
mod error;
mod estimate;
mod format;
mod generations;
mod guard;
mod handler;
mod money;
mod nesting;
mod price;
mod pricing;
mod prometheus;
mod record;
mod report;
mod ring;
mod rows;
mod settings;
mod sums;
mod tally;
mod tier;
mod tiktoken;
mod tokenizer;
mod verbose;

pub use self::budget::{Amount, Budget, Reservation};
pub use self::by::By;
pub use self::counter::TokenCounter;
pub use self::durations::Durations;
pub use self::encoding::Encoding;
pub use self::error::Error;
pub use self::price::{GenaiPrices, PriceTable, Prices, Rates};
pub use self::record::TokenRecord;
pub use self::report::{Report, Row};
pub use self::sums::Sums;
pub use self::tiktoken::Tiktoken;
pub use self::tokenizer::{CountResult, CountedWith, Tokenizer};
