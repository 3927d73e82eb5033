#![doc = include_str!("../README.md")]

mod metrics;

pub use self::metrics::{GenAiVersion, Metrics, MetricsBuilder, observe_health};
