//! Our own health as text for Prometheus.

use super::{HealthMetric, Stats};
use crate::prometheus::{Exposition, Kind};

impl Stats {
    /// All numbers in Prometheus' text format, version 0.0.4, for a `/metrics` endpoint (its
    /// content type is `text/plain; version=0.0.4`).
    ///
    /// The names are those of [`HealthMetric::ALL`] as OpenTelemetry writes them for Prometheus
    /// (specification 1.56: `_` for `.`, the unit `bytes` behind, `_total` behind a counter). All
    /// begin with `tracing_llm_`, so that the text can stand beside others in one answer.
    ///
    /// ```
    /// let (layer, callbacks) = tracing_llm::layer().build();
    /// let text = callbacks.stats_reader().read().to_prometheus();
    /// assert!(text.contains("\n# TYPE tracing_llm_dropped_total counter\n"));
    /// assert!(text.contains("\ntracing_llm_dropped_total{kind=\"event\"} 0\n"));
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = Exposition::new();
        for metric in HealthMetric::ALL {
            let points = metric.points(self);
            if points.is_empty() {
                continue;
            }
            let kind = if metric.monotonic { Kind::Counter } else { Kind::Gauge };
            text.family(&name(metric), kind, metric.description);
            for point in points {
                let labels: Vec<(&str, &str)> =
                    point.labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
                text.sample(&labels, point.value);
            }
        }
        text.finish()
    }
}

/// The name without what the kind puts behind it.
fn name(metric: &HealthMetric) -> String {
    let unit = if metric.unit == "By" { "_bytes" } else { "" };
    format!("{}{unit}", metric.name.replace('.', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HandlerStats, OutputStats};

    #[test]
    fn every_number_is_told_once_with_its_help_and_type() {
        let mut stats = Stats { dropped_events: 3, lost_bytes: 40, ..Stats::default() };
        let mut otlp = OutputStats::new("otlp");
        (otlp.spooled, otlp.spool_bytes, otlp.failures) = (5, 6_000, 2);
        let handler = |name: &str, outputs| HandlerStats {
            name: name.to_owned(),
            delivered: 7,
            outputs,
            ..HandlerStats::default()
        };
        stats.handlers = vec![handler("Export \"a\"\\", vec![otlp]), handler("Capture", vec![])];
        let text = stats.to_prometheus();
        for line in [
            "tracing_llm_dropped_total{kind=\"event\"} 3",
            "tracing_llm_dropped_total{kind=\"scope\"} 0",
            "tracing_llm_lost_text_bytes_total 40",
            "# TYPE tracing_llm_queue_text_bytes gauge",
            "tracing_llm_queue_text_bytes 0",
            "tracing_llm_handler_delivered_total{handler=\"Capture\"} 7",
            "tracing_llm_handler_delivered_total{handler=\"Export \\\"a\\\"\\\\\"} 7",
            "tracing_llm_output_spool_bytes{handler=\"Export \\\"a\\\"\\\\\",output=\"otlp\"} 6000",
            "tracing_llm_output_failures_total{handler=\"Export \\\"a\\\"\\\\\",output=\"otlp\"} 2",
        ] {
            assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line}\n{text}");
        }
        let mut names: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let all = names.len();
        names.dedup();
        assert_eq!((all, names.len()), (HealthMetric::ALL.len(), HealthMetric::ALL.len()));
    }

    #[test]
    fn what_no_handler_tells_has_no_family() {
        let text = Stats::default().to_prometheus();
        assert!(!text.contains("tracing_llm_handler") && !text.contains("tracing_llm_output"));
    }
}
