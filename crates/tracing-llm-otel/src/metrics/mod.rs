//! Metrics of LLM calls, and of ourselves.

mod convert;
mod handler;
mod health;
mod instruments;
mod names;
mod nesting;
mod record;
mod settings;
mod version;

pub use self::handler::Metrics;
pub use self::health::observe_health;
pub use self::settings::MetricsBuilder;
pub use self::version::GenAiVersion;

#[cfg(test)]
mod tests;

/// All attributes of a call, as its duration has them.
#[cfg(test)]
pub(crate) fn of_call(event: &tracing_llm::Event) -> Vec<opentelemetry::KeyValue> {
    let mut list = convert::of_call(event, &settings::Settings::default());
    list.extend(convert::error(event));
    list
}
