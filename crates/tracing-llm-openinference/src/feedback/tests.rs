use std::sync::Arc;

use opentelemetry::trace::{SpanId as OtelSpanId, TraceId as OtelTraceId};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tracing_llm::{EventType, Handler as _};

use super::*;
use crate::testing::{Collector, event_with_id};
use crate::{Builder, OpenInference};

fn target() -> (TraceId, SpanId) {
    (TraceId::new(0xa).unwrap(), SpanId::new(0xb).unwrap())
}

fn good() -> Annotation {
    Annotation::new("correctness").with_score(0.9).with_annotator_kind("HUMAN")
}

fn exporter(collector: &Collector) -> OpenInference {
    builder(collector).build().unwrap()
}

fn builder(collector: &Collector) -> Builder {
    OpenInference::builder().endpoint(collector.url())
}

fn value<'a>(span: &'a Span, key: &str) -> Option<&'a Value> {
    let pair = span.attributes.iter().find(|pair| pair.key == key)?;
    pair.value.as_ref()?.value.as_ref()
}

#[test]
fn a_judgement_is_a_span_with_one_link_to_what_it_judges() {
    let collector = Collector::start(Vec::new());
    let mut spans = exporter(&collector);
    let (trace_id, span_id) = target();
    let feedback = spans.feedback();
    std::thread::spawn(move || feedback.annotate(trace_id, span_id, good()))
        .join()
        .unwrap()
        .unwrap();
    spans.flush().unwrap();

    let sent = collector.spans();
    let [span] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(span.name, "correctness annotation");
    let [link] = span.links.as_slice() else { panic!("{:?}", span.links) };
    assert_eq!(link.trace_id, OtelTraceId::from(0xa).to_bytes());
    assert_eq!(link.span_id, OtelSpanId::from(0xb).to_bytes());
    assert!(span.parent_span_id.is_empty());
    assert_ne!(span.trace_id, link.trace_id, "a trace of its own");
    let text = |text: &str| Some(Value::StringValue(text.to_owned()));
    assert_eq!(value(span, "openinference.span.kind").cloned(), text("EVALUATOR"));
    let field = |name: &str| value(span, &format!("annotations.0.annotation.{name}")).cloned();
    assert_eq!(field("name"), text("correctness"));
    assert_eq!(field("score"), Some(Value::DoubleValue(0.9)));
    assert_eq!(field("annotator_kind"), text("HUMAN"));
    assert_eq!(field("label"), None);
    let counts = spans.stats().otlp();
    assert_eq!((counts.produced, counts.exported), (1, 1));
}

#[test]
fn feedback_goes_out_with_the_next_event_at_the_latest_at_shutdown() {
    let collector = Collector::start(Vec::new());
    let mut spans = exporter(&collector);
    let feedback = spans.feedback();
    let (trace, span) = target();
    feedback.annotate(trace, span, good()).unwrap();
    assert_eq!(spans.stats().otlp().produced, 0);
    spans.on_end(&Arc::new(event_with_id(EventType::QUERY, "ask", 1))).unwrap();
    assert_eq!(spans.stats().otlp().produced, 2);
    feedback.annotate(trace, span, good()).unwrap();
    spans.shutdown().unwrap();
    assert_eq!(collector.spans().len(), 3);
    let ids: std::collections::HashSet<_> =
        collector.spans().into_iter().map(|span| span.span_id).collect();
    assert_eq!(ids.len(), 3, "each judgement has ids of its own");
}

#[test]
fn what_is_no_annotation_is_refused() {
    let collector = Collector::start(Vec::new());
    let spans = exporter(&collector);
    let (trace, span) = target();
    let error = spans.feedback().annotate(trace, span, Annotation::new("empty")).unwrap_err();
    assert!(error.is_setting());
}

#[test]
fn feedback_beyond_the_bound_and_after_the_end_is_counted_as_dropped() {
    let collector = Collector::start(Vec::new());
    let mut spans = exporter(&collector);
    let (feedback, stats) = (spans.feedback(), spans.stats());
    let (trace, span) = target();
    for _ in 0..1_000 {
        feedback.annotate(trace, span, good()).unwrap();
    }
    assert!(feedback.annotate(trace, span, good()).unwrap_err().is_send());
    assert_eq!((stats.otlp().produced, stats.otlp().dropped), (1, 1));
    spans.shutdown().unwrap();
    assert_eq!((stats.otlp().produced, stats.otlp().exported), (1_001, 1_000));
    let error = feedback.annotate(trace, span, good()).unwrap_err();
    assert_eq!(error.to_string(), "feedback dropped: the exporter is shut down");
    assert_eq!(stats.otlp().dropped, 2);
}

#[test]
fn feedback_that_waits_when_the_exporter_goes_is_counted_as_dropped() {
    let collector = Collector::start(Vec::new());
    let spans = exporter(&collector);
    let (feedback, stats) = (spans.feedback(), spans.stats());
    let (trace, span) = target();
    feedback.annotate(trace, span, good()).unwrap();
    drop(spans);
    assert_eq!((stats.otlp().produced, stats.otlp().dropped), (1, 1));
}

#[test]
fn an_exporter_that_is_off_takes_feedback_and_sends_nothing() {
    let mut spans = OpenInference::builder().build().unwrap();
    let (trace, span) = target();
    spans.feedback().annotate(trace, span, good()).unwrap();
    spans.shutdown().unwrap();
    assert_eq!(spans.stats().otlp().produced, 0);
}

#[test]
fn feedback_on_a_trace_that_was_not_sampled_is_not_sent() {
    let collector = Collector::start(Vec::new());
    let sampled = |name: &'static str| {
        builder(&collector).settings_of(&move |variable: &str| {
            let value = match variable {
                "OTEL_TRACES_SAMPLER" => name,
                "OTEL_TRACES_SAMPLER_ARG" => "0.5",
                _ => return None,
            };
            Some(value.to_owned())
        })
    };
    let high = TraceId::new((1 << 56) - 1).unwrap();
    let (low, span) = target();
    let mut produced = Vec::new();
    for name in ["traceidratio", "parentbased_traceidratio"] {
        let mut spans = OpenInference::new(sampled(name).unwrap()).unwrap();
        for trace in [low, high] {
            spans.feedback().annotate(trace, span, good()).unwrap();
        }
        spans.shutdown().unwrap();
        produced.push(spans.stats().otlp().produced);
    }
    // Whether another process had the second one sampled is not known here.
    assert_eq!(produced, [1, 2]);
}
