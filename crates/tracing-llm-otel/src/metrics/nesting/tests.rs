#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;

use tracing_llm::Usage;

use super::*;

const NONE: [u64; 0] = [];

/// An event with its id, the one above it, and its usage.
fn event(kind: EventType, id: u64, above: Option<u64>, usage: Option<Usage>) -> Arc<Event> {
    let mut event = Event::with_ids(kind, "e", TraceId::FIRST, SpanId::new(id).unwrap());
    event.parent_id = above.and_then(SpanId::new);
    event.payload.usage = usage;
    Arc::new(event)
}

fn llm(id: u64, above: Option<u64>, usage: Option<Usage>) -> Arc<Event> {
    event(EventType::LLM, id, above, usage)
}

fn reported() -> Option<Usage> {
    Some(Usage::new(5, 2))
}

fn estimated() -> Option<Usage> {
    let mut usage = Usage::new(4, 1);
    usage.estimated = true;
    Some(usage)
}

fn end(nesting: &mut Nesting<Arc<Event>>, event: &Arc<Event>) -> Vec<Arc<Event>> {
    nesting.end(event, Arc::clone(event))
}

fn ids(told: &[Arc<Event>]) -> Vec<u64> {
    let mut ids: Vec<u64> =
        told.iter().map(|event| u64::from_be_bytes(event.span_id.to_bytes())).collect();
    ids.sort_unstable();
    ids
}

/// Starts all from the top down, and ends them in this order.
fn told(events: &[Arc<Event>], ends: &[u64]) -> Vec<u64> {
    let mut nesting = Nesting::default();
    events.iter().for_each(|event| assert!(nesting.start(event).is_empty()));
    let mut all = Vec::new();
    for id in ends {
        let event = events.iter().find(|event| ids(std::slice::from_ref(event)) == [*id]);
        all.extend(end(&mut nesting, event.unwrap()));
    }
    ids(&all)
}

#[test]
fn what_a_wrapper_repeats_counts_once_whichever_ends_first() {
    let events = [
        llm(1, None, reported()),
        event(EventType::CHAIN, 2, Some(1), None),
        llm(3, Some(2), reported()),
        llm(4, Some(2), reported()),
    ];
    for ends in [[3, 4, 1], [1, 3, 4], [3, 1, 4]] {
        assert_eq!(told(&events, &ends), [3, 4], "{ends:?}");
    }
}

#[test]
fn a_wrapper_that_knows_more_counts_for_those_below() {
    let events = [llm(1, None, reported()), llm(2, Some(1), estimated()), llm(3, Some(1), None)];
    assert_eq!(told(&events, &[2, 3, 1]), [1]);
    assert_eq!(told(&events, &[1, 2, 3]), [1]);
    let deep =
        [llm(1, None, estimated()), llm(2, Some(1), reported()), llm(3, Some(2), estimated())];
    assert_eq!(told(&deep, &[3, 2, 1]), [2]);
}

#[test]
fn kinds_do_not_repeat_each_other_and_calls_of_nothing_count() {
    let events = [
        llm(1, None, reported()),
        event(EventType::EMBEDDING, 2, Some(1), reported()),
        event(EventType::QUERY, 3, None, None),
        llm(4, Some(3), None),
    ];
    assert_eq!(told(&events, &[2, 1, 4]), [1, 2, 4]);
}

#[test]
fn a_call_alone_is_told_when_it_ends_and_one_below_another_when_that_has_ended() {
    let (outer, inner, alone) =
        (llm(1, None, None), llm(2, Some(1), reported()), llm(3, None, reported()));
    let mut nesting = Nesting::default();
    for event in [&outer, &inner, &alone] {
        nesting.start(event);
    }
    assert_eq!(ids(&end(&mut nesting, &inner)), NONE);
    assert_eq!(ids(&end(&mut nesting, &alone)), [3]);
    assert_eq!(ids(&end(&mut nesting, &outer)), [2]);
    assert_eq!(ids(&end(&mut nesting, &outer)), NONE, "an end that comes twice");
    assert_eq!(ids(&nesting.end_trace(TraceId::FIRST)), NONE);
    assert_eq!(nesting.events, 0);
}

#[test]
fn a_call_whose_wrapper_never_ends_is_told_with_its_trace() {
    let mut nesting = Nesting::default();
    nesting.start(&llm(1, None, reported()));
    assert_eq!(ids(&end(&mut nesting, &llm(2, Some(1), reported()))), NONE);
    assert_eq!(ids(&nesting.end_trace(TraceId::FIRST)), [2]);
}

/// An open call with more below it than are remembered, each ended.
fn overfull(nesting: &mut Nesting<Arc<Event>>, outer: &Arc<Event>, count: u64) -> u64 {
    nesting.start(outer);
    let mut told = 0;
    for id in 1..=count {
        told += end(nesting, &llm(id, Some(u64::MAX), reported())).len() as u64;
        assert!(nesting.events <= EVENTS);
    }
    told
}

#[test]
fn a_trace_that_never_ends_takes_bounded_memory_loses_no_call_and_counts_none_twice() {
    let count = EVENTS as u64 + 10;
    let outer = llm(u64::MAX, None, reported());
    let mut nesting = Nesting::default();
    let mut told = overfull(&mut nesting, &outer, count);
    assert!(told > 0);
    told += end(&mut nesting, &outer).len() as u64;
    assert_eq!(told, count, "and not the outer one, which repeats them");
    assert!(nesting.settle_all().is_empty());
}

#[test]
fn what_is_open_where_one_above_it_was_told_early_is_covered() {
    let (outer, inner) = (llm(1, None, reported()), llm(2, Some(1), reported()));
    let mut open = Nesting::default();
    open.start(&outer);
    open.start(&inner);
    assert_eq!(ids(&end(&mut open, &outer)), NONE);
    let trace = open.traces.get_mut(&TraceId::FIRST).unwrap();
    assert_eq!(ids(&trace.settle_ended()), [1]);
    open.events -= 1;
    open.start(&llm(3, Some(2), reported()));
    assert_eq!(ids(&end(&mut open, &llm(3, Some(2), reported()))), NONE);
    assert_eq!(ids(&end(&mut open, &inner)), NONE);
}

#[test]
fn where_too_many_are_open_the_oldest_trace_alone_is_decided() {
    let outer = llm(u64::MAX, None, reported());
    let (mut young, mut inner) =
        (Event::clone(&outer), Event::clone(&llm(1, Some(u64::MAX), reported())));
    let trace = TraceId::new(77).unwrap();
    (young.trace_id, inner.trace_id) = (trace, trace);
    let mut nesting = Nesting::default();
    nesting.start(&outer);
    nesting.start(&young);
    assert_eq!(ids(&end(&mut nesting, &Arc::new(inner))), NONE);
    let told = overfull(&mut nesting, &outer, EVENTS as u64);
    assert!(told > 0 && told < EVENTS as u64 + 1);
    assert_eq!(ids(&end(&mut nesting, &Arc::new(young))), [1]);
}

#[test]
fn a_stage_that_has_ended_is_forgotten_where_no_call_is_open_around_it() {
    let mut nesting = Nesting::default();
    let (query, outer) = (event(EventType::QUERY, 1, None, None), llm(2, None, None));
    let step = event(EventType::CHAIN, 3, Some(2), None);
    for event in [&query, &outer, &step] {
        nesting.start(event);
    }
    nesting.end_stage(&query);
    nesting.end_stage(&step);
    assert_eq!(nesting.events, 2);
    assert_eq!(ids(&end(&mut nesting, &llm(4, Some(3), reported()))), NONE, "below the outer one");
    assert_eq!(ids(&end(&mut nesting, &outer)), [4]);
}

#[test]
fn a_call_below_which_one_was_told_early_does_not_count() {
    let (outer, inner) = (llm(1, None, reported()), llm(2, Some(1), reported()));
    let mut nesting = Nesting::default();
    nesting.start(&outer);
    assert_eq!(ids(&end(&mut nesting, &inner)), NONE);
    let trace = nesting.traces.get_mut(&TraceId::FIRST).unwrap();
    assert_eq!(ids(&trace.settle_ended()), [2]);
    nesting.events -= 1;
    assert_eq!(ids(&end(&mut nesting, &outer)), NONE);
}
