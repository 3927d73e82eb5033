//! Metrics of real spans: what many tasks and machines record adds up, and our own health shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;
use tracing_llm::prelude::*;
use tracing_llm::{Builder, Callbacks, Health, OutputStats};
use tracing_llm_otel::{Metrics, observe_health};
use tracing_subscriber::prelude::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// A process: a provider of its own, and a subscriber with our layer.
struct Machine {
    provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
    dispatch: Dispatch,
    callbacks: Callbacks,
}

impl Machine {
    fn new(build: impl FnOnce(Builder, &SdkMeterProvider) -> Builder) -> Self {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
        let (layer, callbacks) = build(tracing_llm::layer(), &provider).build();
        observe_health(callbacks.stats_reader(), &provider);
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer.filtered()));
        Self { provider, exporter, dispatch, callbacks }
    }

    fn on(&self, scene: impl FnOnce()) {
        tracing::dispatcher::with_default(&self.dispatch, scene);
    }

    /// The sums of all series of now: by name, then attribute values.
    fn sums(&self) -> BTreeMap<String, u64> {
        self.provider.force_flush().unwrap();
        let mut sums = BTreeMap::new();
        let last = self.exporter.get_finished_metrics().unwrap().pop().unwrap();
        for metric in last.scope_metrics().flat_map(ScopeMetrics::metrics) {
            let mut add = |attributes: Vec<String>, value: u64| {
                let mut attributes = attributes;
                attributes.sort();
                let name = format!("{} {}", metric.name(), attributes.join(" "));
                *sums.entry(name.trim_end().to_owned()).or_default() += value;
            };
            let pair = |pair: &opentelemetry::KeyValue| format!("{}={}", pair.key, pair.value);
            match metric.data() {
                AggregatedMetrics::U64(MetricData::Histogram(histogram)) => histogram
                    .data_points()
                    .for_each(|point| add(point.attributes().map(pair).collect(), point.sum())),
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
                    .data_points()
                    .for_each(|point| add(point.attributes().map(pair).collect(), point.count())),
                AggregatedMetrics::U64(MetricData::Sum(sum)) => sum
                    .data_points()
                    .for_each(|point| add(point.attributes().map(pair).collect(), point.value())),
                AggregatedMetrics::I64(MetricData::Sum(sum)) => {
                    assert!(!sum.is_monotonic(), "{}", metric.name());
                    sum.data_points().for_each(|point| {
                        let value = point.value().try_into().unwrap();
                        add(point.attributes().map(pair).collect(), value);
                    });
                }
                other => panic!("{}: {other:?}", metric.name()),
            }
        }
        sums
    }
}

fn metered() -> Machine {
    Machine::new(|builder, provider| builder.handler(Metrics::new(provider)))
}

/// A question: below an agent, a call of a wrapper with two attempts, and the wrapper's sum.
async fn ask() {
    let agent = event_span!(AGENT_STEP, "agent");
    async {
        let wrapper = event_span!(LLM, "router", model = "m", provider = "openai");
        async {
            for _ in 0..2 {
                let attempt = event_span!(LLM, "chat", model = "m", provider = "openai");
                tokio::task::yield_now().traced(&attempt).await;
                attempt.llm().usage(Usage::new(10, 3));
            }
        }
        .traced(&wrapper)
        .await;
        wrapper.llm().usage(Usage::new(20, 6));
    }
    .traced(&agent)
    .await;
    agent.llm().usage(Usage::new(20, 6));
}

const MODEL: &str = "gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=m";

async fn ask_many(machine: &Machine, tasks: usize, questions: usize) {
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let questions = async move {
                for _ in 0..questions {
                    ask().await;
                }
            };
            tokio::spawn(questions.with_subscriber(machine.dispatch.clone()))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_tasks_give_exact_totals_and_nothing_counts_twice() {
    let machine = metered();
    ask_many(&machine, 64, 25).await;
    machine.callbacks.shutdown().await.unwrap();
    let sums = machine.sums();
    let attempts = 64 * 25 * 2;
    let tokens =
        |kind| sums[&format!("gen_ai.client.token.usage {MODEL} gen_ai.token.type={kind}")];
    assert_eq!((tokens("input"), tokens("output")), (attempts * 10, attempts * 3));
    assert_eq!(sums[&format!("gen_ai.client.operation.duration {MODEL}")], attempts);
    assert_eq!(sums["tracing_llm.event.ended"], 64 * 25 * 4);
    assert_eq!(sums["tracing_llm.dropped kind=event"], 0);
    assert_eq!(sums["tracing_llm.handler.delivered handler=Metrics"], 64 * 25 * 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_machines_record_adds_up() {
    let machines = [metered(), metered()];
    ask_many(&machines[0], 4, 10).await;
    ask_many(&machines[1], 2, 5).await;
    let mut total = 0;
    for machine in &machines {
        machine.callbacks.shutdown().await.unwrap();
        total +=
            machine.sums()[&format!("gen_ai.client.token.usage {MODEL} gen_ai.token.type=input")];
    }
    assert_eq!(total, (4 * 10 + 2 * 5) * 20);
}

/// Stops the worker at the first event, until it is let go on.
fn gate() -> (Sender<()>, Receiver<()>, impl FnMut(&mut Event) + Send + 'static) {
    let (arrived, arrivals) = channel();
    let (go, wait) = channel();
    let mut first = true;
    let stop = move |_: &mut Event| {
        if std::mem::take(&mut first) {
            let _ = arrived.send(());
            let _ = wait.recv();
        }
    };
    (go, arrivals, stop)
}

/// Sends nothing, and keeps it all.
struct Dead;

impl Handler for Dead {
    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        Err("connection refused".into())
    }

    fn health(&self) -> Health {
        Health::reading(|| {
            let mut output = OutputStats::new("otlp");
            (output.spooled, output.spool_bytes, output.failures) = (3, 4_096, 2);
            vec![output]
        })
    }
}

#[test]
fn dropped_events_a_full_queue_and_a_dead_exporter_show_in_our_health() {
    let (go, arrivals, stop) = gate();
    let machine = Machine::new(|builder, _| builder.queue(4).enricher(stop).handler(Dead));
    machine.on(|| {
        drop(event_span!(CHAIN, "blocker"));
        arrivals.recv_timeout(PATIENCE).unwrap();
        for _ in 0..50 {
            event_span!(LLM, "chat").in_scope(|| {});
        }
    });
    let sums = machine.sums();
    assert_eq!(sums["tracing_llm.queue.messages"], 4, "while the worker stands still");
    let dropped = sums["tracing_llm.dropped kind=event"];
    assert!(dropped > 0);
    go.send(()).unwrap();
    machine.callbacks.shutdown_blocking(PATIENCE).unwrap_err();

    let sums = machine.sums();
    assert_eq!(sums["tracing_llm.queue.messages"], 0);
    assert_eq!(sums["tracing_llm.event.ended"] + dropped, 51);
    assert_eq!(sums["tracing_llm.handler.failed handler=Dead"], sums["tracing_llm.event.ended"]);
    assert_eq!(sums["tracing_llm.output.failures handler=Dead output=otlp"], 2);
    assert_eq!(sums["tracing_llm.output.spooled handler=Dead output=otlp"], 3);
    assert_eq!(sums["tracing_llm.output.spool handler=Dead output=otlp"], 4_096);
}

#[test]
fn texts_that_were_left_out_show_by_their_bytes() {
    let machine = Machine::new(|builder, _| builder.queue_bytes(1_000));
    machine.on(|| {
        let span = event_span!(LLM, "chat");
        span.llm().prompt("x".repeat(5_000));
        drop(span);
    });
    machine.callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    assert_eq!(machine.sums()["tracing_llm.lost_text"], 5_000);
}
