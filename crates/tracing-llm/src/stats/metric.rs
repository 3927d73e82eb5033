//! The one table of our own health as metrics.

use super::{HandlerStats, OutputStats, Stats};

/// One of the numbers in [`Stats`], as a metric: what it is called, and how it is read.
///
/// All renderings are made from [`HealthMetric::ALL`]: the text for Prometheus
/// ([`Stats::to_prometheus`]) and the instruments of `tracing-llm-otel`.
///
/// ```
/// use tracing_llm::{HealthMetric, Stats};
///
/// let waiting = HealthMetric::ALL.iter().find(|m| m.name == "tracing_llm.queue.messages").unwrap();
/// assert_eq!(waiting.unit, "{message}");
/// assert_eq!(waiting.points(&Stats::default())[0].value, 0);
/// ```
#[non_exhaustive]
#[derive(Debug)]
pub struct HealthMetric {
    /// Its name, in the style of OpenTelemetry: `tracing_llm.handler.dropped`.
    pub name: &'static str,
    /// Its unit in UCUM, as OpenTelemetry writes it: `By` for bytes, `{event}` for what is counted.
    pub unit: &'static str,
    /// What it tells.
    pub description: &'static str,
    /// Whether it only grows (a counter), or goes up and down.
    pub monotonic: bool,
    read: Read,
}

/// The value of a [`HealthMetric`] for one set of labels.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthPoint {
    /// Labels and their values: `handler` and `output` are names, `kind` is `event` or `scope`.
    pub labels: Vec<(&'static str, String)>,
    /// The value, in the metric's unit.
    pub value: u64,
}

#[derive(Debug)]
enum Read {
    Whole(fn(&Stats) -> u64),
    Kinds(fn(&Stats) -> [(&'static str, u64); 2]),
    Handler(fn(&HandlerStats) -> u64),
    Output(fn(&OutputStats) -> u64),
}

impl HealthMetric {
    /// All of them.
    pub const ALL: &'static [Self] = ALL;

    /// The values: one for all, or one for each kind, handler or output.
    #[must_use]
    pub fn points(&self, stats: &Stats) -> Vec<HealthPoint> {
        let point = |labels: &[(&'static str, &str)], value| HealthPoint {
            labels: labels.iter().map(|(name, label)| (*name, (*label).to_owned())).collect(),
            value,
        };
        let handlers = stats.handlers.iter();
        match self.read {
            Read::Whole(read) => vec![point(&[], read(stats))],
            Read::Kinds(read) => read(stats)
                .into_iter()
                .map(|(kind, value)| point(&[("kind", kind)], value))
                .collect(),
            Read::Handler(read) => handlers
                .map(|handler| point(&[("handler", &handler.name)], read(handler)))
                .collect(),
            Read::Output(read) => handlers
                .flat_map(|handler| handler.outputs.iter().map(move |output| (handler, output)))
                .map(|(handler, output)| {
                    point(&[("handler", &handler.name), ("output", &output.name)], read(output))
                })
                .collect(),
        }
    }
}

const fn counter(
    name: &'static str,
    unit: &'static str,
    read: Read,
    description: &'static str,
) -> HealthMetric {
    HealthMetric { name, unit, description, monotonic: true, read }
}

const fn gauge(
    name: &'static str,
    unit: &'static str,
    read: Read,
    description: &'static str,
) -> HealthMetric {
    HealthMetric { name, unit, description, monotonic: false, read }
}

/// Names are in the singular, as OpenTelemetry has them, but for what waits or fails.
const ALL: &[HealthMetric] = &[
    counter(
        "tracing_llm.event.started",
        "{event}",
        Read::Whole(|stats| stats.starts),
        "Starts of events that were delivered to the handlers.",
    ),
    counter(
        "tracing_llm.event.ended",
        "{event}",
        Read::Whole(|stats| stats.ends),
        "Ends of events that were delivered to the handlers.",
    ),
    counter(
        "tracing_llm.trace.ended",
        "{trace}",
        Read::Whole(|stats| stats.traces),
        "Traces whose end was delivered to the handlers.",
    ),
    counter(
        "tracing_llm.dropped",
        "{item}",
        Read::Kinds(|stats| [("event", stats.dropped_events), ("scope", stats.dropped_scopes)]),
        "Events and scopes of traces that were dropped whole since the queue was full.",
    ),
    counter(
        "tracing_llm.late",
        "{item}",
        Read::Whole(|stats| stats.late),
        "Fields and parts that came after their event, and events that began after their trace.",
    ),
    counter(
        "tracing_llm.lost_text",
        "By",
        Read::Whole(|stats| stats.lost_bytes),
        "Texts that were left out of events since the budget was spent.",
    ),
    counter(
        "tracing_llm.unreadable",
        "{value}",
        Read::Whole(|stats| stats.unreadable),
        "Values that could not be read as what their name says.",
    ),
    counter(
        "tracing_llm.unknown_tag",
        "{callsite}",
        Read::Whole(|stats| stats.unknown_tags),
        "Callsites whose tag names no event type.",
    ),
    counter(
        "tracing_llm.failures",
        "{failure}",
        Read::Whole(|stats| stats.failures),
        "Failures of enrichers, redactors, closures and of the worker itself.",
    ),
    counter(
        "tracing_llm.unenriched",
        "{event}",
        Read::Whole(|stats| stats.unenriched),
        "Events that were delivered without what an enricher adds, since it panicked.",
    ),
    gauge(
        "tracing_llm.queue.messages",
        "{message}",
        Read::Whole(|stats| stats.queued as u64),
        "Messages that wait for the worker.",
    ),
    gauge(
        "tracing_llm.queue.text",
        "By",
        Read::Whole(|stats| stats.queued_bytes as u64),
        "Texts that wait for their delivery, those of open spans included.",
    ),
    counter(
        "tracing_llm.handler.delivered",
        "{delivery}",
        Read::Handler(|handler| handler.delivered),
        "Deliveries that a handler took, those included that it failed at.",
    ),
    counter(
        "tracing_llm.handler.failed",
        "{delivery}",
        Read::Handler(|handler| handler.failed),
        "Deliveries that a handler failed at.",
    ),
    counter(
        "tracing_llm.handler.dropped",
        "{delivery}",
        Read::Handler(|handler| handler.dropped),
        "Deliveries that a handler lost since its queue was full.",
    ),
    gauge(
        "tracing_llm.handler.waiting",
        "{delivery}",
        Read::Handler(|handler| handler.waiting),
        "Deliveries that wait for a handler.",
    ),
    counter(
        "tracing_llm.handler.failures",
        "{failure}",
        Read::Handler(|handler| handler.failures),
        "Errors and panics of a handler, those of its flush and shutdown included.",
    ),
    counter(
        "tracing_llm.output.exported",
        "{item}",
        Read::Output(|output| output.exported),
        "Items that a handler sent or wrote, and that arrived.",
    ),
    counter(
        "tracing_llm.output.failed",
        "{item}",
        Read::Output(|output| output.failed),
        "Items that were refused for good, or could not be written.",
    ),
    counter(
        "tracing_llm.output.dropped",
        "{item}",
        Read::Output(|output| output.dropped),
        "Items that were given up: too many were waiting, or the program ended.",
    ),
    gauge(
        "tracing_llm.output.waiting",
        "{item}",
        Read::Output(|output| output.waiting),
        "Items that wait in memory, or are on their way.",
    ),
    gauge(
        "tracing_llm.output.spooled",
        "{item}",
        Read::Output(|output| output.spooled),
        "Items that wait in a spool.",
    ),
    gauge(
        "tracing_llm.output.spool",
        "By",
        Read::Output(|output| output.spool_bytes),
        "The size of a spool's files.",
    ),
    counter(
        "tracing_llm.output.failures",
        "{failure}",
        Read::Output(|output| output.failures),
        "Attempts to send, write or spool that failed.",
    ),
];
