#![allow(clippy::unwrap_used, reason = "a test may")]

use tracing_llm::{Exception, Link as EventLink};

use super::*;

fn event() -> Event {
    let trace = tracing_llm::TraceId::new(0xa).unwrap();
    let mut event =
        Event::with_ids(EventType::LLM, "chat", trace, tracing_llm::SpanId::new(0xb).unwrap());
    event.start = Timestamp::from_unix_nanos(1_000);
    event.elapsed = Duration::from_nanos(500);
    event.payload.model = Some("gpt-5-mini".into());
    event
}

#[test]
fn ids_times_kind_and_name_are_those_of_the_event() {
    let mut event = event();
    event.parent_id = tracing_llm::SpanId::new(0xc);
    let span = of_event(&event, vec![KeyValue::new("a", 1)]);
    assert_eq!(span.span_context.trace_id(), TraceId::from(0xa));
    assert_eq!(span.span_context.span_id(), SpanId::from(0xb));
    assert_eq!((span.parent_span_id, span.parent_span_is_remote), (SpanId::from(0xc), false));
    assert_eq!(span.start_time, SystemTime::UNIX_EPOCH + Duration::from_nanos(1_000));
    assert_eq!(span.end_time, SystemTime::UNIX_EPOCH + Duration::from_nanos(1_500));
    assert_eq!((span.span_kind, &*span.name), (SpanKind::Client, "chat gpt-5-mini"));
    assert_eq!(span.attributes, [KeyValue::new("a", 1)]);
}

#[test]
fn the_parent_is_the_event_above_else_the_scope_else_the_span_of_another_tracer() {
    let mut event = event();
    event.remote_parent = tracing_llm::SpanId::new(3);
    let span = of_event(&event, Vec::new());
    assert_eq!((span.parent_span_id, span.parent_span_is_remote), (SpanId::from(3), true));
    event.scope_id = tracing_llm::SpanId::new(2);
    let span = of_event(&event, Vec::new());
    assert_eq!((span.parent_span_id, span.parent_span_is_remote), (SpanId::from(2), false));
    event.parent_id = tracing_llm::SpanId::new(1);
    assert_eq!(of_event(&event, Vec::new()).parent_span_id, SpanId::from(1));
}

#[test]
fn a_name_that_was_given_stays() {
    let mut event = event();
    event.renamed = true;
    assert_eq!(of_event(&event, Vec::new()).name, "chat");
    event.event_type = EventType::SYNTHESIZE;
    event.renamed = false;
    assert_eq!(of_event(&event, Vec::new()).name, "chat");
}

#[test]
fn the_outcome_is_the_status_and_an_errors_text_is_no_part_of_it() {
    let mut event = event();
    event.payload.exception = Some(Exception::new("the prompt was: …").with_kind("Timeout"));
    for (outcome, status) in [
        (Outcome::Ok, Status::Ok),
        (Outcome::Error, Status::error("Timeout")),
        (Outcome::Cancelled, Status::error("cancelled")),
        (Outcome::Unset, Status::Unset),
        (Outcome::Incomplete, Status::Unset),
    ] {
        event.outcome = outcome;
        assert_eq!(of_event(&event, Vec::new()).status, status);
    }
}

#[test]
fn links_stay_and_a_scope_is_a_span_at_the_root() {
    let mut event = event();
    event.links = vec![EventLink {
        trace_id: tracing_llm::TraceId::new(7).unwrap(),
        span_id: tracing_llm::SpanId::new(8).unwrap(),
    }];
    let span = of_event(&event, Vec::new());
    assert_eq!(span.links[0].span_context.span_id(), SpanId::from(8));

    let mut trace = Trace::new(event.trace_id, "index_construction", event.start);
    assert!(of_trace(&trace).is_none());
    trace.scope_id = tracing_llm::SpanId::new(9);
    let span = of_trace(&trace).unwrap();
    assert_eq!((&*span.name, span.span_context.span_id()), ("index_construction", SpanId::from(9)));
}

#[test]
fn what_the_callers_trace_says_of_sampling_and_vendors_is_on_its_spans() {
    let mut event = event();
    event.links = [(0xa, 7), (8, 9)]
        .map(|(trace, span)| EventLink {
            trace_id: tracing_llm::TraceId::new(trace).unwrap(),
            span_id: tracing_llm::SpanId::new(span).unwrap(),
        })
        .to_vec();
    let mut trace = Trace::new(event.trace_id, "ask", event.start);
    trace.scope_id = tracing_llm::SpanId::new(2);
    for (told, flag, list) in
        [(Some(false), false, "rojo=1"), (Some(true), true, ""), (None, true, "")]
    {
        (event.sampled, trace.sampled) = (told, told);
        event.tracestate = Some(list).filter(|list| !list.is_empty()).map(Into::into);
        trace.tracestate.clone_from(&event.tracestate);
        let (span, root) = (of_event(&event, Vec::new()), of_trace(&trace).unwrap());
        for context in [&span.span_context, &root.span_context, &span.links[0].span_context] {
            assert_eq!((context.is_sampled(), &*context.trace_state().header()), (flag, list));
        }
        // Of another trace nothing is known.
        let other = &span.links[1].span_context;
        assert_eq!((other.is_sampled(), &*other.trace_state().header()), (true, ""));
    }
}
