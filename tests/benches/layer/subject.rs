//! What is measured: our layer and its peers, each as a subscriber of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;
use tracing_llm::{Builder, CallbackLayer, Callbacks, Event, Handler, HandlerResult};
use tracing_llm_debug::DebugHandler;
use tracing_llm_openinference::{ExportStats, OpenInference};
use tracing_llm_otel::Linked;
use tracing_llm_tokens::TokenCounter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

const LIMIT: Duration = Duration::from_secs(30);

/// A subscriber, and what is to be done for it between bursts.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    dispatch: Dispatch,
    behind: Behind,
    /// How many spans have been made that are to arrive behind.
    spans: u64,
}

/// What works in the background.
enum Behind {
    Nothing,
    Ours { callbacks: Callbacks, taken: Taken },
    Otel { provider: SdkTracerProvider, exported: Arc<AtomicU64> },
}

impl Subject {
    /// The peers; the first is what the others stand to.
    pub(crate) const PEERS: &[fn() -> Self] =
        &[Self::registry, Self::filtered_nothing, Self::fmt, Self::opentelemetry, Self::forest];
    pub(crate) const OURS: &[fn() -> Self] = &[
        Self::filtered_no_handler,
        Self::filtered,
        Self::filtered_all_handlers,
        Self::plain,
        Self::plain_all_handlers,
    ];

    fn new(name: &'static str, dispatch: impl Into<Dispatch>) -> Self {
        Self { name, dispatch: dispatch.into(), behind: Behind::Nothing, spans: 0 }
    }

    /// Runs one burst that makes so many tagged spans, then lets the background catch up.
    pub(crate) fn burst<T>(&mut self, spans: u32, work: impl FnOnce() -> T) -> T {
        let result = tracing::dispatcher::with_default(&self.dispatch, work);
        self.spans += u64::from(spans);
        match &self.behind {
            Behind::Nothing => {}
            Behind::Ours { callbacks, .. } => callbacks.flush_blocking(LIMIT).unwrap(),
            Behind::Otel { provider, .. } => provider.force_flush().unwrap(),
        }
        result
    }

    /// Shuts down, and makes sure that all the work was done: nothing was dropped.
    pub(crate) fn finish(self) {
        let Self { name, dispatch, behind, spans } = self;
        drop(dispatch);
        match behind {
            Behind::Nothing => {}
            Behind::Ours { callbacks, taken } => {
                let stats = callbacks.stats();
                callbacks.shutdown_blocking(LIMIT).unwrap();
                assert_eq!((stats.starts, stats.ends), (spans, spans), "{name}: {stats:?}");
                assert_eq!((stats.dropped_events, stats.lost_bytes), (0, 0), "{name}: {stats:?}");
                for handler in &stats.handlers {
                    assert_eq!((handler.dropped, handler.failures), (0, 0), "{name}: {stats:?}");
                }
                taken.check(name, spans);
            }
            Behind::Otel { provider, exported } => {
                provider.shutdown().unwrap();
                assert_eq!(exported.load(Relaxed), spans, "{name}");
            }
        }
    }
}

/// Peers.
impl Subject {
    pub(crate) fn none() -> Self {
        Self::new("no subscriber", NoSubscriber::new())
    }

    pub(crate) fn registry() -> Self {
        Self::new("Registry with a no-op layer", registry().with(Nothing))
    }

    /// What it costs that there is any per-layer filter: `tracing-subscriber` asks it each time.
    pub(crate) fn registry_filtered_nothing() -> Self {
        let nobody = Nothing.with_filter(filter_fn(|_| false));
        Self::new("and a filtered no-op layer", registry().with(nobody).with(Nothing))
    }

    /// What a tagged span costs a layer that does nothing but have a filter.
    pub(crate) fn filtered_nothing() -> Self {
        let everything = Nothing.with_filter(filter_fn(|_| true));
        Self::new("a filtered no-op layer", registry().with(everything))
    }

    pub(crate) fn fmt() -> Self {
        let fmt = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::io::sink);
        Self::new("fmt to a sink", registry().with(fmt))
    }

    pub(crate) fn opentelemetry() -> Self {
        let exporter = Count::default();
        let exported = Arc::clone(&exporter.0);
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
        Self {
            behind: Behind::Otel { provider, exported },
            ..Self::new("tracing-opentelemetry, batch processor", registry().with(layer))
        }
    }

    pub(crate) fn forest() -> Self {
        #[allow(clippy::result_large_err, reason = "the type is tracing-forest's")]
        let layer =
            tracing_forest::ForestLayer::from(tracing_forest::processor::from_fn(|_| Ok(())));
        Self::new("tracing-forest, no-op processor", registry().with(layer))
    }
}

/// Ours.
impl Subject {
    fn ours(
        name: &'static str,
        (builder, taken): (Builder, Taken),
        subscriber: impl FnOnce(CallbackLayer) -> Dispatch,
    ) -> Self {
        let (layer, callbacks) = builder.build();
        Self { behind: Behind::Ours { callbacks, taken }, ..Self::new(name, subscriber(layer)) }
    }

    pub(crate) fn plain() -> Self {
        Self::ours("ours, plain", no_op_handler(), |layer| registry().with(layer).into())
    }

    pub(crate) fn plain_all_handlers() -> Self {
        Self::ours("ours, plain, all handlers", all_handlers(), |layer| {
            registry().with(layer).into()
        })
    }

    pub(crate) fn filtered() -> Self {
        Self::ours("ours, filtered", no_op_handler(), |layer| {
            registry().with(layer.filtered()).into()
        })
    }

    pub(crate) fn filtered_no_handler() -> Self {
        let nothing = (tracing_llm::layer(), Taken::Unknown);
        Self::ours("ours, filtered, no handler", nothing, |layer| {
            registry().with(layer.filtered()).into()
        })
    }

    pub(crate) fn filtered_all_handlers() -> Self {
        Self::ours("ours, filtered, all handlers", all_handlers(), |layer| {
            registry().with(layer.filtered()).into()
        })
    }

    pub(crate) fn registry_plain() -> Self {
        Self::ours("and ours, plain", no_op_handler(), |layer| {
            registry().with(layer).with(Nothing).into()
        })
    }

    pub(crate) fn registry_filtered() -> Self {
        Self::ours("and ours, filtered", no_op_handler(), |layer| {
            registry().with(layer.filtered()).with(Nothing).into()
        })
    }

    /// Beside a tracer that keeps what is not tagged: two traces.
    pub(crate) fn beside_opentelemetry() -> Self {
        Self::ours("ours beside tracing-opentelemetry", no_op_handler(), beside_tracer)
    }

    /// The same in one trace.
    pub(crate) fn linked() -> Self {
        let (builder, taken) = no_op_handler();
        let builder = builder.context_source(Linked::new());
        Self::ours("ours, linked to tracing-opentelemetry", (builder, taken), beside_tracer)
    }

    pub(crate) fn filtered_fmt() -> Self {
        Self::ours("ours, filtered, and fmt", no_op_handler(), |layer| {
            let fmt = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::io::sink);
            registry().with(layer.filtered()).with(fmt).into()
        })
    }
}

/// The tracer samples nothing away and exports nothing: what ours costs is asked.
fn beside_tracer(layer: CallbackLayer) -> Dispatch {
    let tracer = SdkTracerProvider::builder().build().tracer("bench");
    let theirs = tracing_opentelemetry::layer().with_tracer(tracer);
    registry().with(theirs.with_filter(layer.untagged())).with(layer.filtered()).into()
}

fn no_op_handler() -> (Builder, Taken) {
    let ends = Ends::default();
    let taken = Taken::Counted(Arc::clone(&ends.0));
    (tracing_llm::layer().handler(ends), taken)
}

/// Every handler there is, each with a real output: a printer to a sink, a token counter that
/// also fills missing counts, an exporter to a file.
fn all_handlers() -> (Builder, Taken) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layer-bench-spans.jsonl");
    let _ = std::fs::remove_file(&path);
    let debug = DebugHandler::writer(std::io::sink());
    let tokens = TokenCounter::new();
    let spans = OpenInference::builder().file(&path).build().unwrap();
    let taken = Taken::Written { stats: spans.stats(), path };
    let builder = tracing_llm::layer().enricher(tokens.clone());
    (builder.handler(debug).handler(tokens).handler(spans), taken)
}

/// What the handlers of ours took.
enum Taken {
    Unknown,
    Counted(Arc<AtomicU64>),
    Written { stats: ExportStats, path: PathBuf },
}

impl Taken {
    fn check(self, name: &str, spans: u64) {
        match self {
            Self::Unknown => {}
            Self::Counted(ends) => assert_eq!(ends.load(Relaxed), spans, "{name}"),
            Self::Written { stats, path } => {
                let counts = stats.file();
                assert_eq!(counts.exported, spans, "{name}: {counts}");
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

/// A layer that does nothing.
struct Nothing;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Nothing {}

/// A handler that counts ends and does nothing else.
#[derive(Default)]
struct Ends(Arc<AtomicU64>);

impl Handler for Ends {
    fn on_end(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.0.fetch_add(1, Relaxed);
        Ok(())
    }
}

/// An exporter that counts spans and does nothing else.
#[derive(Debug, Default)]
struct Count(Arc<AtomicU64>);

impl SpanExporter for Count {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.fetch_add(batch.len() as u64, Relaxed);
        Ok(())
    }
}
