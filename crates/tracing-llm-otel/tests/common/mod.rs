//! What the tests share: a tracer of OpenTelemetry that keeps its spans, and our layer beside it in
//! every place.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests only")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SdkTracer, SdkTracerProvider, SpanData,
};
use tracing::{Dispatch, Subscriber, dispatcher};
use tracing_llm::testing::{Capture, Captured};
use tracing_llm::{Builder, CallbackLayer, Callbacks, ContextSource, Event, Failure};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A tracer of OpenTelemetry that keeps its spans.
#[derive(Clone)]
pub(crate) struct Otel {
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
}

impl Otel {
    pub(crate) fn new() -> Self {
        Self::with(Sampler::AlwaysOn)
    }

    pub(crate) fn with(sampler: Sampler) -> Self {
        let exporter = InMemorySpanExporter::default();
        let builder = SdkTracerProvider::builder().with_sampler(sampler);
        let provider = builder.with_simple_exporter(exporter.clone()).build();
        Self { exporter, provider }
    }

    pub(crate) fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer("test"))
    }

    /// Takes out what was exported.
    pub(crate) fn spans(&self) -> Spans {
        let spans = self.exporter.get_finished_spans().unwrap();
        self.exporter.reset();
        Spans(spans)
    }
}

pub(crate) struct Spans(pub(crate) Vec<SpanData>);

impl Spans {
    #[track_caller]
    pub(crate) fn named(&self, name: &str) -> &SpanData {
        let mut found = self.0.iter().filter(|span| span.name == name);
        let span = found.next().unwrap_or_else(|| panic!("no {name} in {:?}", self.names()));
        assert!(found.next().is_none(), "{name} stands twice");
        span
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|span| &*span.name).collect();
        names.sort_unstable();
        names
    }
}

pub(crate) fn trace_of(span: &SpanData) -> u128 {
    u128::from_be_bytes(span.span_context.trace_id().to_bytes())
}

pub(crate) fn id_of(span: &SpanData) -> u64 {
    u64::from_be_bytes(span.span_context.span_id().to_bytes())
}

/// The event stands in the trace of this span, right below it.
#[track_caller]
pub(crate) fn assert_below(event: &Event, span: &SpanData) {
    assert_eq!(event.trace_id.get(), trace_of(span), "{}", event.name);
    assert_eq!(
        event.remote_parent.map(tracing_llm::SpanId::get),
        Some(id_of(span)),
        "{}",
        event.name
    );
}

/// A span of another process.
pub(crate) fn remote(flags: TraceFlags) -> SpanContext {
    SpanContext::new(
        TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128),
        SpanId::from(0xb7ad_6b71_6920_3331_u64),
        flags,
        true,
        TraceState::default(),
    )
}

/// What was told to the trap, without what the tests themselves provoke.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Failure>>>);

impl Told {
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|failure| failure.message.clone()).collect()
    }
}

/// A run with our layer: what it delivered, and what it told its trap.
pub(crate) struct Run {
    pub(crate) captured: Captured,
    pub(crate) told: Vec<String>,
}

/// Runs the scene with a layer that asks this source.
pub(crate) fn run(
    source: impl ContextSource,
    place: impl FnOnce(CallbackLayer) -> Dispatch,
    scene: impl FnOnce(&Dispatch),
) -> Run {
    run_with(|builder| builder.context_source(source), place, scene)
}

pub(crate) fn run_with(
    build: impl FnOnce(Builder) -> Builder,
    place: impl FnOnce(CallbackLayer) -> Dispatch,
    scene: impl FnOnce(&Dispatch),
) -> Run {
    let (capture, told) = (Capture::new(), Told::default());
    let trapped = told.clone();
    let builder = tracing_llm::layer()
        .handler(capture.clone())
        .trap(move |failure: &Failure| trapped.0.lock().unwrap().push(failure.clone()));
    let (layer, callbacks) = build(builder).build();
    let dispatch = place(layer);
    dispatcher::with_default(&dispatch, || scene(&dispatch));
    // What the worker tells of it, it tells between two looks.
    callbacks.flush_blocking(PATIENCE).unwrap();
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_eq!((callbacks.stats().failures, callbacks.stats().late), (0, 0));
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    Run { captured: capture.captured(), told: told.messages() }
}

pub(crate) type Place<'a> = (&'static str, Box<dyn Fn(CallbackLayer) -> Dispatch + 'a>);

/// All places beside a tracer's layer that does not see tagged spans: inside and outside of it,
/// plain and filtered.
macro_rules! places {
    ($other:expr) => {{
        use tracing_subscriber::prelude::*;
        use tracing_subscriber::registry;
        let places: [Place<'_>; 4] = [
            (
                "plain, inside",
                Box::new(|layer| {
                    let other = $other.with_filter(layer.untagged());
                    tracing::Dispatch::new(registry().with(layer).with(other))
                }),
            ),
            (
                "plain, outside",
                Box::new(|layer| {
                    let other = $other.with_filter(layer.untagged());
                    tracing::Dispatch::new(registry().with(other).with(layer))
                }),
            ),
            (
                "filtered, inside",
                Box::new(|layer| {
                    let other = $other.with_filter(layer.untagged());
                    tracing::Dispatch::new(registry().with(layer.filtered()).with(other))
                }),
            ),
            (
                "filtered, outside",
                Box::new(|layer| {
                    let other = $other.with_filter(layer.untagged());
                    tracing::Dispatch::new(registry().with(other).with(layer.filtered()))
                }),
            ),
        ];
        places
    }};
}

/// The same with a tracer's layer that sees all spans.
macro_rules! places_unfiltered {
    ($other:expr) => {{
        use tracing_subscriber::prelude::*;
        use tracing_subscriber::registry;
        let places: [Place<'_>; 4] = [
            (
                "plain, inside",
                Box::new(|layer| tracing::Dispatch::new(registry().with(layer).with($other))),
            ),
            (
                "plain, outside",
                Box::new(|layer| tracing::Dispatch::new(registry().with($other).with(layer))),
            ),
            (
                "filtered, inside",
                Box::new(|layer| {
                    tracing::Dispatch::new(registry().with(layer.filtered()).with($other))
                }),
            ),
            (
                "filtered, outside",
                Box::new(|layer| {
                    tracing::Dispatch::new(registry().with($other).with(layer.filtered()))
                }),
            ),
        ];
        places
    }};
}

pub(crate) use {places, places_unfiltered};
