//! Enrich: one span a call, the user's, with our attributes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::atomic::Ordering::Relaxed;

use common::*;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, InMemorySpanExporter, SdkTracerProvider, SpanData,
};
use tracing::{Dispatch, info_span};
use tracing_llm::prelude::*;
use tracing_llm::{CallbackLayer, Cost};
use tracing_llm_otel::{Enrich, attributes_with_content};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

/// A tracer whose spans are enriched, in batches that only a flush ends.
fn tracer(enrich: &Enrich, sent: &InMemorySpanExporter) -> SdkTracerProvider {
    let never = std::time::Duration::from_secs(3600);
    let config = BatchConfigBuilder::default().with_scheduled_delay(never).build();
    let exporter = enrich.exporter(sent.clone());
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
    SdkTracerProvider::builder().with_span_processor(processor).build()
}

fn pipeline() {
    info_span!("request").in_scope(|| {
        query_span!("answer", query_str = "why?").in_scope(|| {
            let chat = llm_span!("chat", model = "gpt-5-mini");
            chat.in_scope(|| {
                chat.llm().messages(vec![Message::user("why?")]).usage(Usage::new(12, 5));
            });
        });
    });
}

/// What went out, once our layer has delivered everything.
fn enriched(enrich: Enrich, is_inside: bool, scene: impl FnOnce()) -> (Run, Vec<SpanData>) {
    let sent = InMemorySpanExporter::default();
    let provider = tracer(&enrich, &sent);
    let tracer = provider.tracer("test");
    let place = |layer: CallbackLayer| -> Dispatch {
        if is_inside {
            let theirs = tracing_opentelemetry::layer().with_tracer(tracer);
            registry().with(layer.filtered()).with(theirs).into()
        } else {
            let theirs = tracing_opentelemetry::layer().with_tracer(tracer);
            registry().with(theirs).with(layer.filtered()).into()
        }
    };
    let build = |builder: tracing_llm::Builder| {
        builder
            .enricher(|event: &mut Event| {
                if event.payload.usage.is_some() {
                    event.payload.cost.get_or_insert(Cost::default());
                    event.payload.response_model = Some("priced".into());
                }
            })
            .context_source(enrich.clone())
            .handler(enrich.clone())
    };
    let run = run_with(build, place, |_| scene());
    provider.force_flush().unwrap();
    (run, sent.get_finished_spans().unwrap())
}

#[track_caller]
fn named<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    spans.iter().find(|span| span.name == name).unwrap()
}

fn value(span: &SpanData, key: &str) -> Option<Value> {
    let mut found = span.attributes.iter().filter(|pair| pair.key.as_str() == key);
    let value = found.next().map(|pair| pair.value.clone());
    assert!(found.next().is_none(), "{key} stands twice");
    value
}

#[test]
fn the_users_span_carries_what_we_know_and_the_event_has_its_ids() {
    for is_inside in [true, false] {
        let (run, spans) = enriched(Enrich::new(), is_inside, pipeline);
        assert_eq!(spans.len(), 3);
        let chat = named(&spans, "chat");
        assert_eq!(value(chat, "gen_ai.usage.input_tokens"), Some(12.into()));
        assert_eq!(value(chat, "gen_ai.request.model"), Some("gpt-5-mini".into()));
        // What enrichers add is in it.
        assert_eq!(value(chat, "gen_ai.response.model"), Some("priced".into()));
        assert_eq!(value(named(&spans, "request"), "tracing_llm.event_type"), None);
        for name in ["answer", "chat"] {
            let (event, span) = (run.captured.event(name), named(&spans, name));
            assert_eq!((event.span_id.get(), event.trace_id.get()), (id_of(span), trace_of(span)));
            let is_ours = |pair: &&KeyValue| pair.key.as_str() == "tracing_llm.waits";
            assert_eq!(span.attributes.iter().find(is_ours), None);
        }
        let (answer, chat) = (run.captured.event("answer"), run.captured.event("chat"));
        assert_eq!(chat.parent_id, Some(answer.span_id));
        assert_eq!(answer.remote_parent.unwrap().get(), id_of(named(&spans, "request")));
    }
}

#[test]
fn content_goes_along_where_it_is_asked_for_and_the_sdks_limit_does_not_cut_it() {
    let wide = |event: &Event| {
        let mut attributes = attributes_with_content(event);
        attributes.extend((0..500).map(|n| KeyValue::new(format!("n.{n}"), n)));
        attributes
    };
    let (_, spans) = enriched(Enrich::with(wide), true, pipeline);
    let chat = named(&spans, "chat");
    assert!(value(chat, "gen_ai.input.messages").is_some());
    assert_eq!(value(chat, "n.499"), Some(499.into()));
}

#[test]
fn an_attribute_that_the_tracer_wrote_otherwise_is_replaced() {
    // As a number of a plain field, tracing-opentelemetry writes it as text.
    let (_, spans) = enriched(Enrich::new(), true, || {
        info_span!("chat", llm.event_type = "LLM", gen_ai.usage.input_tokens = 12_u64)
            .in_scope(|| {});
    });
    assert_eq!(value(named(&spans, "chat"), "gen_ai.usage.input_tokens"), Some(12.into()));
}

#[test]
fn an_event_that_is_never_entered_is_enriched_where_our_layer_stands_inside() {
    for is_inside in [true, false] {
        let (_, spans) = enriched(Enrich::new(), is_inside, || drop(llm_span!("chat")));
        let told = value(named(&spans, "chat"), "tracing_llm.event_type");
        assert_eq!(told.is_some(), is_inside);
    }
}

#[test]
fn a_span_whose_event_does_not_come_goes_at_the_shutdown_and_is_counted() {
    let (enrich, sent) = (Enrich::new(), InMemorySpanExporter::default());
    let exporter = enrich.exporter(sent.clone());
    let unanswered = exporter.unanswered();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).build();
    let theirs = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // The handler is not there: nobody makes the attributes.
    let (layer, callbacks) = tracing_llm::layer().context_source(enrich).build();
    let subscriber = registry().with(layer.filtered()).with(theirs);
    tracing::subscriber::with_default(subscriber, pipeline);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    let names = || sent.get_finished_spans().unwrap().len();
    assert_eq!(names(), 1, "the request has nothing to wait for");
    provider.shutdown().unwrap();
    assert_eq!(unanswered.load(Relaxed), 2);
}

#[test]
fn below_a_suppressed_span_nothing_is_added() {
    let (_, spans) = enriched(Enrich::new(), true, || {
        tracing_llm::suppress().in_scope(pipeline);
    });
    assert_eq!(value(named(&spans, "chat"), "gen_ai.usage.input_tokens"), None);
}
