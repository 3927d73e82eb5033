#![doc = include_str!("../README.md")]

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
