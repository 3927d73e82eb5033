#![doc = include_str!("../README.md")]

mod backends;
mod client;
mod config;
mod convert;
mod endpoint;
mod error;
mod feedback;
mod fold;
mod genai;
mod handler;
mod json;
mod kind;
mod mask;
mod names;
mod otlp;
mod queue;
mod resource;
mod roots;
mod sampler;
mod secret;
mod selection;
mod stats;
#[cfg(test)]
mod testing;
mod writer;

pub use self::backends::Backend;
pub use self::config::Builder;
pub use self::error::Error;
pub use self::feedback::Feedback;
pub use self::genai::GenAiVersion;
pub use self::handler::OpenInference;
pub use self::mask::TraceConfig;
pub use self::stats::{Counts, ExportStats};
