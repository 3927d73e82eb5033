use std::time::Duration;

use proptest::prelude::*;
use tracing_llm::{EventType, Outcome};

use super::*;
use crate::fixture::{Story, span_id};

fn log(max_events: usize) -> Log {
    Log::new(max_events, usize::MAX)
}

fn chain(name: &str, number: u64, events: u64) -> Story {
    let mut story = Story::new(name, number);
    for above in 0..events {
        story.event(above, EventType::CHAIN, "step", |_| ());
    }
    story
}

fn begin(log: &mut Log, story: &Story) {
    for event in story.starts() {
        log.add(Phase::Start, &event, false);
    }
}

fn end(log: &mut Log, story: &Story) {
    for event in story.ends() {
        log.add(Phase::End, &event, false);
    }
}

fn numbers(pairs: impl Iterator<Item = SpanId>) -> Vec<u64> {
    pairs.map(SpanId::get).collect()
}

#[test]
fn records_come_back_in_the_order_in_which_they_came() {
    let (mut log, story) = (log(10), chain("query", 1, 2));
    begin(&mut log, &story);
    end(&mut log, &story);
    let records = log.records(None);
    let seen: Vec<_> = records.iter().map(|r| (r.phase, r.event.span_id.get())).collect();
    let (start, end) = (Phase::Start, Phase::End);
    assert_eq!(seen, [(start, 1), (start, 2), (end, 2), (end, 1)]);
    assert!(log.records(Some(EventType::LLM)).is_empty());
}

#[test]
fn a_pair_has_what_came() {
    let (mut log, story) = (log(10), chain("query", 1, 1));
    begin(&mut log, &story);
    let pair = log.pairs(None).next().unwrap().clone();
    assert_eq!((pair.elapsed(), pair.end()), (None, None));

    end(&mut log, &story);
    let pair = log.pairs(None).next().unwrap().clone();
    assert_eq!(pair.elapsed(), Some(Duration::from_millis(120)));
    assert_eq!(pair.start().unwrap().elapsed, Duration::ZERO);
    assert_eq!(pair.event(), pair.end().unwrap());
}

#[test]
fn an_end_without_a_start_is_kept() {
    let (mut log, story) = (log(10), chain("query", 1, 1));
    end(&mut log, &story);
    let pair = log.pairs(None).next().unwrap();
    assert_eq!((pair.start(), pair.elapsed()), (None, Some(Duration::from_millis(120))));
    assert_eq!(log.end_trace(&story.trace()).nodes.len(), 1);
}

#[test]
fn the_oldest_pairs_are_dropped_and_counted() {
    let mut log = log(3);
    for number in 1..=5 {
        let story = chain("query", number, 1);
        begin(&mut log, &story);
        end(&mut log, &story);
    }
    let traces: Vec<_> = log.pairs(None).map(|pair| pair.event().trace_id.get()).collect();
    assert_eq!(traces, [3, 4, 5]);
    assert_eq!(log.dropped(), 2);
    assert_eq!(log.records(None).len(), 6);
    assert_eq!(log.pairs_by_id().len(), 3);
}

#[test]
fn the_bytes_of_content_are_bounded_and_the_newest_event_stays() {
    let mut log = Log::new(100, 300_000);
    for number in 1..=5 {
        let mut story = Story::new("query", number);
        story.event(0, EventType::LLM, "chat", |event| {
            event.payload.prompt = Some("x".repeat(100_000).into());
        });
        begin(&mut log, &story);
        end(&mut log, &story);
    }
    assert_eq!((log.pairs(None).count(), log.dropped()), (2, 3));
    assert!(log.bytes <= 300_000);

    let mut story = Story::new("query", 6);
    story.event(0, EventType::LLM, "chat", |event| {
        event.payload.prompt = Some("x".repeat(1_000_000).into());
    });
    begin(&mut log, &story);
    assert_eq!(log.pairs(None).count(), 1);
    log.bound(Some(0), None);
    assert_eq!((log.pairs(None).count(), log.bytes), (0, 0));
}

#[test]
fn an_ignored_event_has_a_place_but_no_record() {
    let (mut log, story) = (log(10), chain("query", 1, 3));
    let ignored = |event: &Event| event.span_id == span_id(2);
    let starts: Vec<usize> =
        story.starts().map(|event| log.add(Phase::Start, &event, ignored(&event))).collect();
    assert_eq!(starts, [0, 1, 2]);
    for event in story.ends() {
        log.add(Phase::End, &event, ignored(&event));
    }
    let view = log.end_trace(&story.trace());
    let shown: Vec<_> = view.nodes.iter().map(|n| (n.depth, n.shown_depth)).collect();
    assert_eq!((shown, view.missing), (vec![(0, 0), (2, 1)], 0));
    log.bound(Some(0), None);
    assert_eq!(log.dropped(), 2);
}

#[test]
fn a_trace_knows_how_many_of_its_events_were_dropped() {
    let (mut log, mut story) = (log(2), chain("query", 1, 4));
    story.trace.map.omit();
    begin(&mut log, &story);
    let view = log.end_trace(&story.trace());
    assert_eq!((view.nodes.len(), view.missing), (2, 3));
    assert_eq!(log.last_trace().unwrap().missing, 3);
}

#[test]
fn two_traces_with_the_same_span_ids_are_kept_apart() {
    let mut log = log(10);
    let (one, two) = (chain("one", 1, 2), chain("two", 2, 2));
    begin(&mut log, &one);
    begin(&mut log, &two);
    end(&mut log, &two);
    assert!(log.end_trace(&two.trace()).nodes.iter().all(|node| node.pair.end().is_some()));
    assert!(log.end_trace(&one.trace()).nodes.iter().all(|node| node.pair.end().is_none()));
    assert_eq!(log.pairs_by_id().len(), 4);
    assert_eq!(log.pairs_by_type().get(&EventType::CHAIN).map(Vec::len), Some(4));
}

#[test]
fn unfinished_traces_are_told_once_each_with_its_own_events() {
    let mut log = log(100);
    let (ended, one, mut two) = (chain("ended", 1, 1), chain("one", 2, 3), chain("two", 2, 2));
    // Both continue the same trace of another process.
    for (number, event) in (11..).zip(&mut two.events) {
        event.parent_id = event.parent_id.map(|_| span_id(number - 1));
        event.span_id = span_id(number);
    }
    for story in [&ended, &one, &two] {
        begin(&mut log, story);
    }
    log.end_trace(&ended.trace());

    let unfinished = log.end_unfinished();
    let told: Vec<_> = unfinished
        .iter()
        .map(|view| {
            let depths: Vec<_> = view.nodes.iter().map(|node| node.depth).collect();
            (view.trace.name.as_str(), view.ended, depths)
        })
        .collect();
    assert_eq!(told, [("one", false, vec![0, 1, 2]), ("two", false, vec![0, 1])]);
    assert!(log.end_unfinished().is_empty());
}

#[test]
fn an_event_that_a_full_map_left_out_is_not_unfinished_after_its_trace() {
    let (mut log, mut story) = (log(100), chain("query", 1, 3));
    story.trace.map = tracing_llm::TraceMap::default();
    story.trace.map.insert(None, span_id(1));
    story.trace.map.omit();
    story.trace.map.omit();
    begin(&mut log, &story);
    assert_eq!(log.end_trace(&story.trace()).missing, 2);
    assert!(log.end_unfinished().is_empty());
}

#[test]
fn the_events_of_a_scope_end_with_it_wherever_they_stand() {
    let (mut log, mut story) = (log(100), Story::new("batch", 1));
    story.trace.scope_id = Some(span_id(99));
    for _ in 0..3 {
        story.event(0, EventType::QUERY, "query", |event| event.scope_id = Some(span_id(99)));
    }
    story.trace.map = tracing_llm::TraceMap::default();
    story.trace.map.insert(None, span_id(1));
    story.trace.map.omit();
    story.trace.map.omit();
    begin(&mut log, &story);
    log.end_trace(&story.trace());
    assert!(log.end_unfinished().is_empty());
}

#[test]
fn a_map_that_runs_in_a_circle_ends() {
    let (mut log, mut story) = (log(10), chain("query", 1, 2));
    story.trace.map.insert(Some(span_id(2)), span_id(1));
    begin(&mut log, &story);
    assert_eq!(log.end_trace(&story.trace()).nodes.len(), story.trace.map.len());
}

#[test]
fn flushing_forgets_the_records_but_not_the_trace() {
    let (mut log, story) = (log(2), chain("query", 1, 3));
    begin(&mut log, &story);
    log.end_trace(&story.trace());
    log.clear();
    assert_eq!((log.records(None).len(), log.bytes, log.dropped()), (0, 0, 0));
    let last = log.last_trace().unwrap();
    assert_eq!((last.nodes.len(), last.missing), (0, 3));
    end(&mut log, &story);
    assert_eq!(numbers(log.pairs(None).map(|pair| pair.event().span_id)), [2, 1]);
}

#[test]
fn the_outcome_is_that_of_the_end() {
    let (mut log, mut story) = (log(2), Story::new("query", 1));
    story.event(0, EventType::LLM, "chat", |event| event.outcome = Outcome::Cancelled);
    begin(&mut log, &story);
    assert_eq!(log.pairs(None).next().unwrap().event().outcome, Outcome::Unset);
    end(&mut log, &story);
    assert_eq!(log.pairs(None).next().unwrap().event().outcome, Outcome::Cancelled);
}

proptest! {
    #[test]
    fn whatever_comes_the_bounds_hold_and_every_pair_is_kept_or_counted(
        max_events in 0_usize..8,
        records in prop::collection::vec((1_u64..20, any::<bool>(), any::<bool>()), 0..100),
    ) {
        let mut log = Log::new(max_events, 40_000);
        let mut opened = 0;
        for (number, is_end, ignored) in records {
            let event = Arc::new(Event::with_ids(
                EventType::LLM, "x".repeat(5_000), TraceId::FIRST, span_id(number),
            ));
            let known = log.pairs_by_id().contains_key(&(event.trace_id, event.span_id));
            opened += u64::from(!known && !ignored);
            let phase = if is_end { Phase::End } else { Phase::Start };
            log.add(phase, &event, ignored);
            prop_assert!(log.places.len() <= max_events);
            prop_assert!(log.bytes <= 40_000 || log.places.len() == 1);
            prop_assert_eq!(log.numbers.len(), log.places.len());
            prop_assert_eq!(log.bytes, log.places.iter().map(|place| place.bytes).sum::<usize>());
            prop_assert_eq!(opened, log.pairs(None).count() as u64 + log.dropped());
        }
    }
}
