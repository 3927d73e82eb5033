#![doc = include_str!("../README.md")]
//! # Map
//!
//! - [`Wandb`] is the handler, [`Builder`] its settings, [`Mode`] whether it writes at all.
//! - [`Run`] is where it writes to, and a way to log values of one's own; [`RunCounts`] what was
//!   written.

mod calls;
mod convert;
mod error;
mod forest;
mod handler;
mod history;
mod journal;
mod log;
mod record;
mod run;
mod settings;
mod span;
mod table;
#[cfg(test)]
mod testing;
mod time;
mod tree;
mod writer;

pub use self::error::Error;
pub use self::handler::Wandb;
pub use self::run::{Run, RunCounts};
pub use self::settings::{Builder, Mode};
