#![doc = include_str!("../README.md")]
//! # Map
//!
//! - [`TokenCounter`] is all that most programs need; its [`Report`] prints itself.
//! - [`Tokenizer`] is what counts where nothing is reported; [`Tiktoken`] is the default.
//! - [`TokenRecord`] is one counted call.

mod bounded;
mod call;
mod counter;
mod cut;
mod encoding;
mod estimate;
mod generations;
mod handler;
mod nesting;
mod record;
mod report;
mod tally;
mod tiktoken;
mod tokenizer;

pub use self::counter::TokenCounter;
pub use self::encoding::Encoding;
pub use self::record::TokenRecord;
pub use self::report::{ModelSums, Report};
pub use self::tally::TokenSums;
pub use self::tiktoken::Tiktoken;
pub use self::tokenizer::{CountResult, Tokenizer};
