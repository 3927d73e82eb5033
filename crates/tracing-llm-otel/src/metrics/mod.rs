//! Metrics of LLM calls, and of ourselves.

mod convert;
mod handler;
mod health;
mod instruments;
mod names;
mod nesting;
mod settings;
mod version;

pub use self::handler::Metrics;
pub use self::health::observe_health;
pub use self::settings::MetricsBuilder;
pub use self::version::GenAiVersion;

#[cfg(test)]
mod tests;
