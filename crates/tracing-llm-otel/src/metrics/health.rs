//! Our own health as observable instruments.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use tracing_llm::{HealthMetric, StatsReader};

use super::instruments::meter;

/// Observes how we are ourselves: what was dropped by kind, texts that were left out, what waits in
/// the queue, and of each handler its losses, failures and spool.
///
/// The metrics are those of [`HealthMetric::ALL`], under their names (`tracing_llm.dropped`,
/// `tracing_llm.queue.messages`, `tracing_llm.output.spool` …) and with their units: counters, and
/// up-down counters for what waits. They are read when the provider collects, at no cost before, and
/// for as long as the provider lives, also after the layer's shutdown.
///
/// ```
/// use opentelemetry_sdk::metrics::SdkMeterProvider;
///
/// let provider = SdkMeterProvider::builder().build();
/// let (layer, callbacks) = tracing_llm::layer().build();
/// tracing_llm_otel::observe_health(callbacks.stats_reader(), &provider);
/// # drop(layer);
/// ```
pub fn observe_health(reader: StatsReader, provider: &dyn MeterProvider) {
    let (meter, reader) = (meter(provider, None), Arc::new(reader));
    for metric in HealthMetric::ALL {
        let reader = Arc::clone(&reader);
        let points = move || {
            metric.points(&reader.read()).into_iter().map(|point| {
                let labels = point.labels.into_iter();
                let labels: Vec<KeyValue> =
                    labels.map(|(name, value)| KeyValue::new(name, value)).collect();
                (point.value, labels)
            })
        };
        if metric.monotonic {
            meter
                .u64_observable_counter(metric.name)
                .with_unit(metric.unit)
                .with_description(metric.description)
                .with_callback(move |observer| {
                    points().for_each(|(value, labels)| observer.observe(value, &labels));
                })
                .build();
        } else {
            meter
                .i64_observable_up_down_counter(metric.name)
                .with_unit(metric.unit)
                .with_description(metric.description)
                .with_callback(move |observer| {
                    points().for_each(|(value, labels)| {
                        observer.observe(i64::try_from(value).unwrap_or(i64::MAX), &labels);
                    });
                })
                .build();
        }
    }
}
