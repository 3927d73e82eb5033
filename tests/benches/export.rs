//! What it costs to export spans over OTLP, beside the exporter of OpenTelemetry.
//!
//! `cargo bench -p tracing-llm-tests --bench export` measures everything and prints the table that
//! `benches/export/README.md` records.

#[path = "export/receiver.rs"]
mod receiver;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use criterion::Criterion;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;
use rustix::time::{ClockId, clock_gettime};
use tracing::{Dispatch, info_span};
use tracing_llm::{Callbacks, Handler};
use tracing_llm_openinference::{ExportStats, OpenInference};
use tracing_llm_tests::measure::Table;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

use self::receiver::Receiver;

static PROCESSORS: Table = Table::new();
static WALL: Table = Table::new();
const LIMIT: Duration = Duration::from_secs(30);
/// Spans of a burst below one that is above all: fewer than any queue holds.
const CHILDREN: u32 = 1_000;

static PROMPT: LazyLock<String> =
    LazyLock::new(|| "Why is the sky blue? ".repeat(39)[..800].into());

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    let subjects: [fn() -> Subject; 4] = [
        Subject::opentelemetry_nothing,
        Subject::opentelemetry,
        Subject::ours_nothing,
        Subject::ours,
    ];
    let mut group = criterion.benchmark_group("export");
    for subject in subjects {
        let mut subject = subject();
        let name = subject.name;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|spans| {
                let burst = u64::from(CHILDREN) + 1;
                let bursts: Vec<(f64, f64)> =
                    (0..spans.div_ceil(burst).clamp(1, 50)).map(|_| subject.burst()).collect();
                let (walls, processors): (Vec<f64>, Vec<f64>) = bursts.into_iter().unzip();
                PROCESSORS.note(
                    "processor time of a span, without the receiver's",
                    name,
                    &processors,
                );
                let median = WALL.note("time on the wall, to the end of the flush", name, &walls);
                Duration::from_nanos((median * spans as f64) as u64)
            });
        });
        subject.finish();
    }
    group.finish();
    criterion.final_summary();
    println!("{}{}", PROCESSORS.to_markdown(), WALL.to_markdown());
}

/// The same spans for every subject.
fn spans() {
    let answer = info_span!("answer", llm.event_type = "QUERY", query_str = "Why is the sky blue?");
    let _inside = answer.enter();
    for _ in 0..CHILDREN {
        let chat = info_span!(
            "chat",
            llm.event_type = "LLM",
            model = "gpt-5-mini",
            formatted_prompt = PROMPT.as_str()
        );
        chat.in_scope(|| {});
    }
}

struct Subject {
    name: &'static str,
    dispatch: Dispatch,
    behind: Behind,
    receiver: Receiver,
    spans: u64,
}

enum Behind {
    Ours(Callbacks, Option<ExportStats>),
    Otel(SdkTracerProvider),
}

impl Subject {
    fn opentelemetry() -> Self {
        let receiver = Receiver::start();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(receiver.url())
            .build()
            .unwrap();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
        Self::otel("tracing-opentelemetry, batch exporter", provider, receiver)
    }

    fn opentelemetry_nothing() -> Self {
        let provider = SdkTracerProvider::builder().with_batch_exporter(Nothing).build();
        Self::otel("tracing-opentelemetry, no-op exporter", provider, Receiver::start())
    }

    fn otel(name: &'static str, provider: SdkTracerProvider, receiver: Receiver) -> Self {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
        let dispatch = registry().with(layer).into();
        Self { name, dispatch, behind: Behind::Otel(provider), receiver, spans: 0 }
    }

    fn ours() -> Self {
        let receiver = Receiver::start();
        let handler = OpenInference::builder().endpoint(receiver.url()).build().unwrap();
        let stats = handler.stats();
        Self::with_handler("ours, OpenInference over OTLP", handler, Some(stats), receiver)
    }

    fn ours_nothing() -> Self {
        Self::with_handler("ours, no-op handler", Nothing, None, Receiver::start())
    }

    fn with_handler(
        name: &'static str,
        handler: impl Handler,
        stats: Option<ExportStats>,
        receiver: Receiver,
    ) -> Self {
        let (layer, callbacks) = tracing_llm::layer().handler(handler).build();
        let dispatch = registry().with(layer.filtered()).into();
        Self { name, dispatch, behind: Behind::Ours(callbacks, stats), receiver, spans: 0 }
    }

    /// One burst and its flush: nanoseconds of a span, on the wall and of processors.
    fn burst(&mut self) -> (f64, f64) {
        let (wall, processors, theirs) = (Instant::now(), process_time(), self.receiver.time());
        tracing::dispatcher::with_default(&self.dispatch, spans);
        match &self.behind {
            Behind::Ours(callbacks, _) => callbacks.flush_blocking(LIMIT).unwrap(),
            Behind::Otel(provider) => provider.force_flush().unwrap(),
        }
        let wall = wall.elapsed();
        let processors = process_time() - processors - (self.receiver.time() - theirs);
        let count = CHILDREN + 1;
        self.spans += u64::from(count);
        [wall, processors].map(|time| time.as_nanos() as f64 / f64::from(count)).into()
    }

    /// Makes sure that all of it arrived.
    fn finish(self) {
        let Self { name, dispatch, behind, receiver, spans } = self;
        drop(dispatch);
        let (requests, bytes) = receiver.seen();
        let sends = match behind {
            Behind::Ours(callbacks, stats) => {
                let dropped = callbacks.stats().dropped_events;
                callbacks.shutdown_blocking(LIMIT).unwrap();
                assert_eq!(dropped, 0, "{name}");
                if let Some(stats) = &stats {
                    assert_eq!(stats.otlp().exported, spans, "{name}: {}", stats.otlp());
                }
                stats.is_some()
            }
            Behind::Otel(provider) => {
                provider.shutdown().unwrap();
                name.ends_with("batch exporter")
            }
        };
        if sends && spans > 0 {
            // All but the parents hold the prompt.
            assert!(bytes > 800 * (spans - spans / u64::from(CHILDREN)), "{name}: {bytes} bytes");
            println!("{name}: {} B a span, {} spans a request", bytes / spans, spans / requests);
        }
    }
}

/// What the whole process has used of processors until now.
fn process_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Takes spans and events, and does nothing.
#[derive(Debug)]
struct Nothing;

impl Handler for Nothing {}

impl opentelemetry_sdk::trace::SpanExporter for Nothing {
    async fn export(
        &self,
        _: Vec<opentelemetry_sdk::trace::SpanData>,
    ) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
}
