#![doc = include_str!("../README.md")]

mod block_on;
mod carry;
mod enrich;
mod export;
mod genai;
mod linked;
mod metrics;
mod outside;

pub use self::carry::Carry;
pub use self::enrich::{Enrich, EnrichedExporter};
pub use self::export::SpanExport;
pub use self::genai::{attributes, attributes_with_content};
pub use self::linked::Linked;
pub use self::metrics::{GenAiVersion, Metrics, MetricsBuilder, observe_health};
