#![doc = include_str!("../README.md")]

mod backoff;
mod client;
mod encode;
mod error;
mod handler;
mod queue;
mod run;
mod sender;
mod settings;
mod stats;
#[cfg(test)]
mod testing;
mod track;
mod unique;

pub use self::error::Error;
pub use self::handler::Aim;
pub use self::settings::Builder;
pub use self::stats::{AimStats, Counts};
