#![doc = include_str!("../README.md")]

mod builder;
mod convert;
mod error;
mod handler;
mod json;
mod kept;
mod seen;
mod statistics;
mod stats;
mod validate;
mod writer;

pub use self::builder::Builder;
pub use self::convert::FineTuningEvent;
pub use self::error::Error;
pub use self::handler::FineTuning;
pub use self::statistics::{Lengths, Statistics};
pub use self::stats::Counts;
pub use self::validate::{Problem, Report, Rule, Validator};
