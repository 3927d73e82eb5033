//! Foreign exporters as an output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::time::Duration;

use common::*;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Sampler, SpanData, SpanExporter};
use tracing::info_span;
use tracing_llm::prelude::*;
use tracing_llm::{Builder, CallbackLayer, Failure, OutputStats};
use tracing_llm_otel::{Linked, SpanExport};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

fn pipeline() {
    info_span!("request").in_scope(|| {
        query_span!("answer").in_scope(|| llm_span!("chat", model = "m").in_scope(|| {}));
    });
}

/// Keeps its spans, also after the shutdown.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<std::sync::Mutex<Vec<SpanData>>>);

impl Memory {
    fn spans(&self) -> Spans {
        Spans(self.0.lock().unwrap().clone())
    }
}

impl SpanExporter for Memory {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

fn alone(layer: CallbackLayer) -> tracing::Dispatch {
    registry().with(layer.filtered()).into()
}

#[test]
fn a_scope_and_its_events_are_spans_of_one_trace() {
    let sent = Memory::default();
    let made = sent.clone();
    let build = |builder: Builder| builder.handler(SpanExport::blocking(move || made));
    run_with(build, alone, |_| {
        info_span!("all", trace_name = "job").in_scope(pipeline);
    });
    let spans = sent.spans();
    assert_eq!(spans.names(), ["answer", "chat m", "job"]);
    let (job, answer, chat) = (spans.named("job"), spans.named("answer"), spans.named("chat m"));
    assert_eq!(answer.parent_span_id, job.span_context.span_id());
    assert_eq!(chat.parent_span_id, answer.span_context.span_id());
    assert_eq!(trace_of(chat), trace_of(job));
}

#[test]
fn together_with_the_users_tracer_each_call_is_one_span_of_one_trace() {
    let otel = Otel::new();
    for (_, place) in places!(otel.layer()) {
        let sent = Memory::default();
        let made = sent.clone();
        let export = SpanExport::blocking(move || made);
        let build = |builder: Builder| builder.context_source(Linked::new()).handler(export);
        run_with(build, place, |_| pipeline());
        let (theirs, ours) = (otel.spans(), sent.spans());
        assert_eq!((theirs.names(), ours.names()), (vec!["request"], vec!["answer", "chat m"]));
        let (request, answer) = (theirs.named("request"), ours.named("answer"));
        assert_eq!(answer.parent_span_id, request.span_context.span_id());
        assert_eq!(trace_of(answer), trace_of(request));
    }
}

#[test]
fn what_the_tracer_does_not_sample_and_what_is_suppressed_is_not_exported() {
    let otel = Otel::with(Sampler::AlwaysOff);
    let sent = Memory::default();
    let made = sent.clone();
    let export = SpanExport::blocking(move || made);
    let build = |builder: Builder| builder.context_source(Linked::new()).handler(export);
    let place = |layer: CallbackLayer| {
        let theirs = otel.layer().with_filter(layer.untagged());
        registry().with(theirs).with(layer.filtered()).into()
    };
    run_with(build, place, |_| {
        pipeline();
        tracing_llm::suppress().in_scope(|| llm_span!("quiet").in_scope(|| {}));
    });
    assert!(sent.spans().0.is_empty());
}

/// Needs a reactor and a timer, when it is made and at each export.
#[derive(Debug)]
struct NeedsTokio {
    sent: Arc<AtomicUsize>,
    is_shut_down: Arc<AtomicBool>,
    service: String,
}

impl SpanExporter for NeedsTokio {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        tokio::task::spawn(tokio::time::sleep(Duration::from_millis(1))).await.unwrap();
        assert!(opentelemetry::Context::is_current_telemetry_suppressed());
        self.sent.fetch_add(batch.len(), SeqCst);
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        let _needed = tokio::runtime::Handle::current();
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        let _needed = tokio::runtime::Handle::current();
        assert_eq!(self.service, "of the test");
        self.is_shut_down.store(true, SeqCst);
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        let service = resource.get(&"service.name".into());
        self.service = service.map(|name| name.to_string()).unwrap_or_default();
    }
}

#[test]
fn an_exporter_that_needs_a_runtime_has_one_from_where_it_is_made_to_where_it_ends() {
    let (sent, is_shut_down) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (sends, shuts) = (Arc::clone(&sent), Arc::clone(&is_shut_down));
    let export = SpanExport::on_tokio(move || {
        let _needed = tokio::runtime::Handle::current();
        NeedsTokio { sent: sends, is_shut_down: shuts, service: String::new() }
    });
    let resource = Resource::builder_empty().with_service_name("of the test").build();
    let build = |builder: Builder| builder.handler(export.resource(resource));
    run_with(build, alone, |_| (0..1000).for_each(|_| pipeline()));
    assert_eq!(sent.load(SeqCst), 2000);
    assert!(is_shut_down.load(SeqCst));
}

/// Fails, or panics.
#[derive(Debug)]
struct Fails {
    panics: bool,
}

impl SpanExporter for Fails {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        assert!(!self.panics, "as asked for");
        Err(OTelSdkError::InternalFailure("no route".into()))
    }
}

#[test]
fn an_exporter_that_fails_or_panics_is_told_of_at_the_flush_with_the_spans_that_were_lost() {
    for (panics, what) in [(false, "no route"), (true, "the exporter panicked")] {
        let export = SpanExport::blocking(move || Fails { panics });
        let (layer, callbacks) = tracing_llm::layer().handler(export).build();
        tracing::dispatcher::with_default(&alone(layer), pipeline);
        let told = callbacks.flush_blocking(PATIENCE).unwrap_err().to_string();
        assert!(told.contains("2 spans were not exported") && told.contains(what), "{told}");
        callbacks.shutdown_blocking(PATIENCE).unwrap();
    }
}

#[test]
fn a_program_that_never_flushes_hears_of_an_exporter_that_fails() {
    let (told, heard) = channel();
    let export = SpanExport::blocking(|| Fails { panics: false });
    let trap = move |failure: &Failure| told.send(failure.clone()).unwrap();
    let (layer, callbacks) = tracing_llm::layer().handler(export).trap(trap).build();
    let dispatch = alone(layer);
    let failure = (0..1000).find_map(|_| {
        tracing::dispatcher::with_default(&dispatch, pipeline);
        heard.recv_timeout(Duration::from_millis(60)).ok()
    });
    let failure = failure.unwrap();
    assert!(failure.message.contains("not exported: Operation failed: no route"), "{failure:?}");
    assert_eq!((failure.during, failure.first), ("on_end", true));
    let output = &callbacks.stats().handlers[0].outputs[0];
    assert!(output.failed > 0 && output.failures > 0, "{output:?}");
    callbacks.shutdown_blocking(PATIENCE).unwrap_err();
}

#[test]
fn what_became_of_the_spans_is_in_the_layers_statistics() {
    for (make, exported) in [(Some(Memory::default()), 2), (None, 0)] {
        let export = match make {
            Some(memory) => SpanExport::blocking(move || memory),
            None => SpanExport::blocking(|| Fails { panics: true }),
        };
        let (layer, callbacks) = tracing_llm::layer().handler(export).build();
        tracing::dispatcher::with_default(&alone(layer), pipeline);
        let _ = callbacks.flush_blocking(PATIENCE);
        let mut expected = OutputStats::new("exporter");
        (expected.exported, expected.failed) = (exported, 2 - exported);
        expected.failures = u64::from(exported == 0);
        assert_eq!(callbacks.stats().handlers[0].outputs, [expected]);
        let _ = callbacks.shutdown_blocking(PATIENCE);
    }
}

#[test]
fn spans_of_a_thread_that_has_ended_are_counted_as_dropped() {
    let export = SpanExport::blocking(|| -> Memory { panic!("as asked for") });
    let (layer, callbacks) = tracing_llm::layer().handler(export).build();
    tracing::dispatcher::with_default(&alone(layer), pipeline);
    callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    let output = &callbacks.stats().handlers[0].outputs[0];
    assert_eq!((output.dropped, output.waiting), (2, 0), "{output:?}");
}

#[test]
fn attributes_may_be_of_another_vocabulary() {
    let sent = Memory::default();
    let made = sent.clone();
    let export = SpanExport::blocking(move || made)
        .attributes_by(|event| vec![KeyValue::new("my.type", event.event_type.name())]);
    run_with(|builder| builder.handler(export), alone, |_| pipeline());
    let spans = sent.spans();
    assert_eq!(spans.named("chat m").attributes, [KeyValue::new("my.type", "LLM")]);
}
