//! Our layer among other people's tracers and printers, with all our handlers: everyone sees what
//! they see alone. (With `fmt`, filters, `reload` and `Vec`: see the core's own tests.)

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracer, SdkTracerProvider, SpanData};
use tracing::{Dispatch, Level, Subscriber, debug, dispatcher, error, field, info, info_span};
use tracing_forest::tag::NoTag;
use tracing_forest::tree::Tree;
use tracing_forest::{ForestLayer, Processor, processor};
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured, ManualClock, SequentialIds};
use tracing_llm::{Builder, CallbackLayer};
use tracing_llm_debug::DebugHandler;
use tracing_llm_openinference::OpenInference;
use tracing_llm_tests::output::Output;
use tracing_llm_tokens::TokenCounter;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::filter::{EnvFilter, LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

const PATIENCE: Duration = Duration::from_secs(60);

/// Plain spans, parts, lines, a wrapper, an untagged span in between.
fn pipeline(clock: &ManualClock) {
    let tick = || clock.advance(Duration::from_millis(250));
    info_span!("request", session.id = "s-1").in_scope(|| {
        query_span!("answer", query_str = "why?").in_scope(|| {
            tick();
            info_span!("untagged").in_scope(|| {
                debug!("a line of the program");
                let retrieve = retrieve_span!("search", top_k = field::Empty);
                retrieve.record("top_k", 3);
                retrieve.in_scope(|| {
                    info!(target: "tracing_llm", query_str = "because?");
                    tick();
                });
                retrieve.llm().nodes(vec![Document::new("a node")]);
            });
            let chat = llm_span!("chat", model = "gpt-5-mini");
            chat.llm().messages(vec![Message::user("why?")]);
            let call = async {
                tick();
                error!("the first try failed");
                "because"
            };
            let reply = runtime().block_on(call.traced(&chat));
            chat.llm().reply(reply).usage(Usage::new(8, 2));
        });
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// What is delivered when the pipeline runs in this subscriber.
fn delivered(
    build: impl FnOnce(Builder) -> Builder,
    subscriber: impl FnOnce(CallbackLayer) -> Dispatch,
) -> Captured {
    let (clock, capture) = (ManualClock::new(), Capture::new());
    let builder = tracing_llm::layer().handler(capture.clone());
    let builder = builder.manual_clock(clock.clone()).id_source(SequentialIds::new());
    let (layer, callbacks) = build(builder).build();
    dispatcher::with_default(&subscriber(layer), || pipeline(&clock));
    callbacks.flush_blocking(PATIENCE).unwrap();
    let stats = callbacks.stats();
    assert_eq!((stats.silenced(), stats.late, stats.failures), (None, 0, 0));
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    capture.captured()
}

#[track_caller]
fn assert_same(together: &Captured, alone: &Captured) {
    assert_eq!(together.calls, alone.calls);
    assert_eq!(together.starts, alone.starts);
    assert_eq!(together.ends, alone.ends);
    assert_eq!(together.trace_starts, alone.trace_starts);
    assert_eq!(together.traces, alone.traces);
}

/// What is delivered with nobody else there.
fn alone() -> Captured {
    let captured = delivered(
        |builder| builder,
        |layer| Dispatch::new(tracing_subscriber::registry().with(layer.filtered())),
    );
    assert_eq!(
        captured.tree(),
        "query\n└─ QUERY answer\n   ├─ RETRIEVE search\n   └─ LLM chat [ok]\n"
    );
    assert_eq!(captured.event("chat").logs.len(), 1);
    assert_eq!(captured.event("chat").context.session_id.as_deref(), Some("s-1"));
    captured
}

/// The same without our layer: for what others see alone.
fn without_us(subscriber: impl Into<Dispatch>) {
    dispatcher::with_default(&subscriber.into(), || pipeline(&ManualClock::new()));
}

type Place<'a> = Box<dyn FnOnce(CallbackLayer) -> Dispatch + 'a>;

/// All four places beside another layer: inside and outside of it, plain and filtered.
macro_rules! places_beside {
    ($other:expr) => {{
        use tracing_subscriber::registry;
        let places: [Place<'_>; 4] = [
            Box::new(|layer| Dispatch::new(registry().with(layer).with($other))),
            Box::new(|layer| Dispatch::new(registry().with($other).with(layer))),
            Box::new(|layer| Dispatch::new(registry().with(layer.filtered()).with($other))),
            Box::new(|layer| Dispatch::new(registry().with($other).with(layer.filtered()))),
        ];
        places
    }};
}

/// A tracer of OpenTelemetry that keeps its spans.
#[derive(Clone)]
struct Otel {
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
}

impl Otel {
    fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        Self { exporter, provider }
    }

    fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer("test"))
    }

    /// Takes out what was exported.
    fn spans(&self) -> Vec<SpanData> {
        self.provider.force_flush().unwrap();
        let spans = self.exporter.get_finished_spans().unwrap();
        self.exporter.reset();
        spans
    }

    /// Each span with its parent's name, attributes and events, in the order of their ends.
    fn told(&self) -> Vec<String> {
        let spans = self.spans();
        let name = |id: SpanId| {
            spans.iter().find(|span| span.span_context.span_id() == id).map(|span| &*span.name)
        };
        let told = spans.iter().map(|span| {
            let timed = |key: &str| key.ends_with("_ns");
            let attributes = span.attributes.iter().filter(|pair| !timed(pair.key.as_str()));
            let attributes: Vec<String> =
                attributes.map(|pair| format!("{}={:?}", pair.key, pair.value)).collect();
            let events: Vec<&str> = span.events.iter().map(|event| &*event.name).collect();
            let parent = name(span.parent_span_id);
            format!("{} < {parent:?} {attributes:?} {events:?} {:?}", span.name, span.status)
        });
        told.collect()
    }
}

#[test]
fn tracing_opentelemetry_inside_and_outside_of_us() {
    let (ours, otel) = (alone(), Otel::new());
    without_us(tracing_subscriber::registry().with(otel.layer()));
    let theirs = otel.told();
    assert_eq!(theirs.len(), 5, "{theirs:#?}");

    for place in places_beside!(otel.layer()) {
        assert_same(&delivered(|builder| builder, place), &ours);
        assert_eq!(otel.told(), theirs);
    }
}

#[test]
fn tracing_opentelemetry_with_a_filter_of_its_own() {
    let (ours, otel) = (alone(), Otel::new());
    let filter = || Targets::new().with_target("composition", Level::INFO);
    without_us(tracing_subscriber::registry().with(otel.layer().with_filter(filter())));
    let theirs = otel.told();
    assert_eq!(theirs.len(), 5, "{theirs:#?}");

    for place in places_beside!(otel.layer().with_filter(filter())) {
        assert_same(&delivered(|builder| builder, place), &ours);
        assert_eq!(otel.told(), theirs);
    }
}

#[test]
fn the_parent_of_an_opentelemetry_span_can_still_be_set() {
    let otel = Otel::new();
    let trace_id = TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128);
    let remote = SpanContext::new(
        trace_id,
        SpanId::from(0xb7ad_6b71_6920_3331_u64),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    for place in places_beside!(otel.layer()) {
        let capture = Capture::new();
        let (ours, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
        dispatcher::with_default(&place(ours), || {
            let query = query_span!("answer", query_str = "why?");
            query.llm().query("because?");
            let parent = opentelemetry::Context::new().with_remote_span_context(remote.clone());
            query.set_parent(parent).unwrap();
            query.in_scope(|| llm_span!("chat").in_scope(|| {}));
        });
        callbacks.shutdown_blocking(PATIENCE).unwrap();
        assert_eq!(capture.captured().tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");

        let spans = otel.spans();
        assert_eq!(spans.len(), 2);
        assert!(spans.iter().all(|span| span.span_context.trace_id() == trace_id));
        assert_eq!((&*spans[1].name, spans[1].parent_span_id), ("answer", remote.span_id()));
    }
}

/// What tracing-forest was told, as lines.
#[derive(Clone, Default)]
struct Forest(Arc<Mutex<Vec<String>>>);

impl Processor for Forest {
    fn process(&self, tree: Tree) -> processor::Result {
        describe(&tree, 0, &mut self.0.lock().unwrap());
        Ok(())
    }
}

impl Forest {
    fn layer(&self) -> ForestLayer<Self, NoTag> {
        ForestLayer::from(self.clone())
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn describe(tree: &Tree, depth: usize, lines: &mut Vec<String>) {
    match tree {
        Tree::Event(event) => {
            lines.push(format!("{depth} {:?} {:?}", event.message(), event.fields()));
        }
        Tree::Span(span) => {
            lines.push(format!("{depth} {} {:?}", span.name(), span.fields()));
            for node in span.nodes() {
                describe(node, depth + 1, lines);
            }
        }
    }
}

#[test]
fn tracing_forest_inside_and_outside_of_us() {
    let (ours, forest) = (alone(), Forest::default());
    without_us(tracing_subscriber::registry().with(forest.layer()));
    let theirs = forest.told();
    assert_eq!(theirs.len(), 5 + 3, "{theirs:#?}");

    for place in places_beside!(forest.layer()) {
        assert_same(&delivered(|builder| builder, place), &ours);
        assert_eq!(forest.told(), theirs);
    }
}

/// Under a global filter: a printer and a tracer, each with a filter of its own, and a forest.
macro_rules! crowd {
    ($registry:expr, $printed:expr, $otel:expr, $forest:expr) => {{
        let printed = $printed.clone();
        let printer = fmt::layer().with_writer(move || printed.clone()).without_time();
        $registry
            .with(EnvFilter::new("info,composition=debug"))
            .with(printer.with_ansi(false).with_filter(EnvFilter::new("debug")))
            .with($otel.layer().with_filter(LevelFilter::INFO))
            .with($forest.layer())
    }};
}

#[test]
fn all_our_handlers_among_all_others() {
    let ours = alone();
    let (printed, otel, forest) = (Output::default(), Otel::new(), Forest::default());
    without_us(crowd!(tracing_subscriber::registry(), printed, otel, forest));
    let theirs = (printed.take(), otel.told(), forest.told());
    assert!(theirs.0.contains("the first try failed"), "{}", theirs.0);
    assert_eq!((theirs.1.len(), theirs.2.len()), (5, 8));

    let inside: Place<'_> = Box::new(|layer| {
        let registry = tracing_subscriber::registry().with(layer.filtered());
        Dispatch::new(crowd!(registry, printed, otel, forest))
    });
    let outside: Place<'_> = Box::new(|layer| {
        let crowd = crowd!(tracing_subscriber::registry(), printed, otel, forest);
        Dispatch::new(crowd.with(layer.filtered()))
    });
    let plain: Place<'_> = Box::new(|layer| {
        let crowd = crowd!(tracing_subscriber::registry(), printed, otel, forest);
        Dispatch::new(crowd.with(layer))
    });
    for (number, place) in [inside, outside, plain].into_iter().enumerate() {
        let file = format!("{}/composition-{number}.jsonl", env!("CARGO_TARGET_TMPDIR"));
        let _ = std::fs::remove_file(&file);
        // Without prices, which would put a cost on the call.
        let (tree, tokens) = (Output::default(), TokenCounter::new().no_prices());
        let with_all = |builder: Builder| {
            builder
                .enricher(tokens.clone())
                .handler(tokens.clone())
                .handler(DebugHandler::writer(tree.clone()))
                .handler(OpenInference::builder().file(&file).build().unwrap())
        };
        assert_same(&delivered(with_all, place), &ours);
        assert_eq!((printed.take(), otel.told(), forest.told()), theirs);

        assert_eq!((tokens.prompt_tokens(), tokens.completion_tokens()), (8, 2));
        let tree = tree.take();
        for stage in ["QUERY  answer", "RETRIEVE  search", "LLM  chat"] {
            assert!(tree.contains(stage), "{tree}");
        }
        let exported = std::fs::read_to_string(&file).unwrap();
        for name in ["answer", "search", "chat"] {
            let span = format!("\"name\":\"{name}\"");
            assert_eq!(exported.matches(&span).count(), 1, "{exported}");
        }
    }
}

#[test]
fn the_debug_printer_on_tracing_reaches_the_others_also_under_a_scoped_default() {
    let printed = Output::default();
    let writer = printed.clone();
    let printer = fmt::layer().with_writer(move || writer.clone()).with_ansi(false);
    let (clock, capture) = (ManualClock::new(), Capture::new());
    let builder = tracing_llm::layer().handler(capture.clone()).manual_clock(clock.clone());
    let (layer, callbacks) = builder.handler(DebugHandler::tracing()).build();
    let subscriber = tracing_subscriber::registry()
        .with(layer.filtered())
        .with(printer.with_filter(LevelFilter::DEBUG));
    let dispatch = Dispatch::new(subscriber);
    dispatcher::with_default(&dispatch, || pipeline(&clock));
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    assert_eq!(capture.captured().ends.len(), 3);
    let printed = printed.take();
    assert!(printed.contains("QUERY  answer"), "{printed}");
}
