#![doc = include_str!("../README.md")]

mod color;
mod config;
mod escape;
#[cfg(test)]
mod fixture;
mod format;
mod handler;
mod log;
mod queries;
mod record;
mod simple_llm;
mod sink;
mod stats;
mod weight;

pub use self::color::Color;
pub use self::format::Format;
pub use self::format::compat::compat_text;
pub use self::handler::DebugHandler;
pub use self::record::{EventPair, Phase, Record};
pub use self::simple_llm::SimpleLlmHandler;
pub use self::sink::TARGET;
pub use self::stats::TimeInfo;
