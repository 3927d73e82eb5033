//! A trace that goes on in another process, without OpenTelemetry.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use common::*;
use tracing::{Dispatch, Span, info_span, span};
use tracing_llm::prelude::*;
use tracing_llm::{ContextSource, ForeignSpan, Propagation, SpanId, TraceId};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-";

type Headers = Vec<(&'static str, String)>;

/// What an event below this span sends along.
fn sent_below(span: &Span, propagation: &Propagation) -> Headers {
    let mut headers = Headers::new();
    span.in_scope(|| {
        event_span!(QUERY, "answer").in_scope(|| {
            propagation.inject(|name, value| headers.push((name, value)));
        });
    });
    headers
}

fn names(headers: &Headers) -> Vec<&'static str> {
    headers.iter().map(|(name, _)| *name).collect()
}

#[test]
fn flags_and_state_go_on_as_they_came() {
    in_both_forms(|stage| {
        let plain = Propagation::new();
        for flags in ["00", "01", "02", "03"] {
            let parent = format!("{PARENT}{flags}");
            let span = plain.extract([
                ("Tracestate", "rojo=1"),
                ("TraceParent", &parent),
                ("tracestate", "congo=2"),
            ]);
            let sent = sent_below(&span, &plain);
            assert_eq!(names(&sent), ["traceparent", "tracestate"]);
            let parts: Vec<_> = sent[0].1.split('-').collect();
            assert_eq!((parts[0], parts[3]), ("00", flags));
            assert_eq!(parts[1], "4bf92f3577b34da6a3ce929d0e0e4736");
            assert_ne!(parts[2], "00f067aa0ba902b7", "the parent is the event here");
            assert_eq!(sent[1].1, "rojo=1,congo=2");
        }
        let captured = stage.flushed();
        let sampled: Vec<_> = captured.ends.iter().map(|event| event.sampled).collect();
        assert_eq!(sampled, [Some(false), Some(true), Some(false), Some(true)]);
        let list = Some("rojo=1,congo=2");
        assert!(captured.ends.iter().all(|event| event.tracestate.as_deref() == list));
        assert!(captured.traces.iter().all(|trace| trace.tracestate.as_deref() == list));
    });
}

#[test]
fn a_trace_that_begins_here_is_sampled_and_has_no_state() {
    in_both_forms(|stage| {
        let sent = sent_below(&Span::none(), &Propagation::new());
        let captured = stage.flushed();
        let event = captured.event("answer");
        let header = format!("00-{}-{}-01", event.trace_id, event.span_id);
        assert_eq!(sent, [("traceparent", header)]);
        assert_eq!((&event.tracestate, &captured.traces[0].tracestate), (&None, &None));
    });
}

#[test]
fn outside_of_all_events_nothing_is_sent() {
    in_both_forms(|_stage| {
        let mut sent = 0;
        info_span!("request", session.id = "s").in_scope(|| {
            Propagation::new().inject(|_, _| sent += 1);
        });
        assert_eq!(sent, 0);
    });
}

#[test]
fn headers_that_are_invalid_are_ignored_and_counted() {
    in_both_forms(|stage| {
        let plain = Propagation::new();
        let good = format!("{PARENT}01");
        let good = good.as_str();
        let unreadable = |headers: &[(&str, &str)]| {
            let before = stage.settled().unreadable;
            let sent = sent_below(&plain.extract(headers.iter().copied()), &plain);
            (stage.settled().unreadable - before, sent)
        };
        let (counted, sent) = unreadable(&[("traceparent", "00-nonsense"), ("tracestate", "a=1")]);
        assert_eq!((counted, names(&sent)), (1, vec!["traceparent"]), "its state goes with it");
        assert!(!sent[0].1.contains("4bf92f"));
        let (counted, _) = unreadable(&[("traceparent", good), ("traceparent", good)]);
        assert_eq!(counted, 1, "two are none");
        let (counted, sent) = unreadable(&[("traceparent", good), ("tracestate", "no list")]);
        assert_eq!((counted, names(&sent)), (1, vec!["traceparent"]));
        assert!(sent[0].1.contains("4bf92f"), "the trace goes on without its state");
        assert!(stage.captured().ends.iter().all(|event| event.tracestate.is_none()));
        let (counted, _) = unreadable(&[("traceparent", "")]);
        assert_eq!(counted, 0, "an empty one says nothing");
    });
}

#[test]
fn baggage_is_read_and_sent_for_what_is_asked_for_alone() {
    in_both_forms(|stage| {
        let parent = format!("{PARENT}01");
        let headers = [("traceparent", &*parent), ("baggage", "sid=s%201,uid=u-1,secret=x")];
        let sent = sent_below(&Propagation::new().extract(headers), &Propagation::new());
        assert_eq!(names(&sent), ["traceparent"]);
        let asked = Propagation::new().session_baggage("sid");
        let sent = sent_below(&asked.extract(headers), &asked);
        assert_eq!(sent[1], ("baggage", "sid=s%201".to_owned()));
        let captured = stage.flushed();
        let known: Vec<_> = captured
            .ends
            .iter()
            .map(|event| (event.context.session_id.as_deref(), event.context.user_id.as_deref()))
            .collect();
        assert_eq!(known, [(None, None), (Some("s 1"), None)]);
    });
}

/// Another tracer that has made a span of every span, all in one trace with this vendors' list.
struct Elsewhere(&'static str);

impl ContextSource for Elsewhere {
    fn parent(&self, _: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
        let span = ForeignSpan::new(TraceId::new(0xabc)?, SpanId::new(0xdef)?);
        Some(span.sampled(false).tracestate(self.0))
    }

    fn twin(&self, id: &span::Id, _: &Dispatch) -> Option<ForeignSpan> {
        Some(ForeignSpan::new(TraceId::new(0xabc)?, SpanId::new(id.into_u64() | 1 << 63)?))
    }
}

#[test]
fn what_is_sent_before_the_event_is_entered_names_the_ids_that_it_will_have() {
    with_builder(
        |builder| builder.context_source(Elsewhere("")),
        |stage| {
            let query = event_span!(QUERY, "answer");
            let call = event_span!(parent: &query, LLM, "chat");
            let mut sent = Headers::new();
            Propagation::new().inject_from(&call, |name, value| sent.push((name, value)));
            query.in_scope(|| call.in_scope(|| {}));
            drop((call, query));
            let captured = stage.flushed();
            let event = captured.event("chat");
            assert_eq!(event.trace_id, TraceId::new(0xabc).unwrap());
            let header = format!("00-{}-{}-00", event.trace_id, event.span_id);
            assert_eq!(sent, [("traceparent", header)]);
        },
    );
}

#[test]
fn the_vendors_list_of_another_tracer_goes_on_with_its_trace_if_it_is_one() {
    for (list, goes_on) in [("vendor=1,w=2", Some("vendor=1,w=2")), ("a=1\r\nx: y", None)] {
        with_builder(
            |builder| builder.context_source(Elsewhere(list)),
            |stage| {
                // What came in belongs to another trace.
                let came = Propagation::new()
                    .extract([("traceparent", &*format!("{PARENT}01")), ("tracestate", "rojo=1")]);
                let sent = sent_below(&came, &Propagation::new());
                let state = sent.iter().find(|(name, _)| *name == "tracestate");
                assert_eq!(state.map(|(_, list)| &**list), goes_on);
                let captured = stage.flushed();
                assert_eq!(captured.event("answer").tracestate.as_deref(), goes_on);
                assert_eq!(captured.traces[0].tracestate.as_deref(), goes_on);
            },
        );
    }
}
