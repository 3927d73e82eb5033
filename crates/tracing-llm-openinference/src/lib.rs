#![doc = include_str!("../README.md")]

mod backends;
mod backoff;
mod client;
mod config;
mod convert;
mod encode;
mod endpoint;
mod error;
mod feedback;
mod fold;
mod genai;
mod handler;
mod json;
mod kind;
mod limits;
mod lines;
mod mask;
mod names;
mod otlp;
mod queue;
mod resend;
mod resource;
mod resource_spans;
mod roots;
mod sampler;
mod secret;
mod selection;

mod spool;
mod stats;
mod table;
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
pub use self::resend::ResendReport;
pub use self::stats::{Counts, ExportStats};
pub use self::table::{NodeRow, OpenInferenceTable, QueryRow, TableCounts};
