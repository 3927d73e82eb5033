use tracing_llm::{EventType, Outcome, Timestamp, Usage};

use super::*;
use crate::span::Span;
use crate::testing::{START, event, id};

fn forest() -> Forest {
    Forest::new(Clip(1_000))
}

fn trace(events: &[(u64, u64)]) -> Trace {
    let mut trace = Trace::new(TraceId::FIRST, "query", START);
    for (number, parent) in events {
        trace.map.insert(SpanId::new(*parent), id(*number));
    }
    trace
}

fn plain(number: u64, parent: u64) -> Event {
    event(EventType::CHAIN, &format!("e{number}"), number, parent)
}

fn call(number: u64, parent: u64, usage: Option<Usage>) -> Event {
    let mut call = event(EventType::LLM, &format!("e{number}"), number, parent);
    call.payload.usage = usage;
    call
}

/// `e1(e2(e3)e4)`.
fn shown(spans: &[Span]) -> String {
    spans.iter().fold(String::new(), |mut all, span| {
        all += &span.name;
        if !span.child_spans.is_empty() {
            all += &format!("({})", shown(&span.child_spans));
        }
        all
    })
}

fn ends(forest: &mut Forest, events: impl IntoIterator<Item = Event>) -> Vec<Counts> {
    events.into_iter().map(|event| forest.end(&event).counts).collect()
}

#[test]
fn children_are_in_the_order_in_which_they_began_whenever_they_end() {
    let mut forest = forest();
    let trace = trace(&[(1, 0), (2, 1), (3, 2), (4, 1)]);
    forest.trace_begins(&trace);
    for (number, parent) in [(1, 0), (2, 1), (3, 2), (4, 1)] {
        forest.begin(&plain(number, parent));
    }
    ends(&mut forest, [plain(4, 1), plain(3, 2), plain(1, 0), plain(2, 1)]);
    let tree = forest.trace_ends(&trace).unwrap();
    assert_eq!(shown(&tree.spans), "e1(e2(e3)e4)");
    assert!(forest.groups.is_empty());
    assert_eq!(forest.held, Held::default());
}

#[test]
fn an_event_that_never_came_here_hands_its_children_up() {
    let mut forest = forest();
    let trace = trace(&[(1, 0), (2, 1), (3, 2), (4, 2)]);
    ends(&mut forest, [plain(3, 2), plain(4, 2), plain(1, 0)]);
    assert_eq!(shown(&forest.trace_ends(&trace).unwrap().spans), "e1(e3e4)");

    // Nor did the one at the top.
    ends(&mut forest, [plain(3, 2), plain(4, 2), plain(2, 1)]);
    assert_eq!(shown(&forest.trace_ends(&trace).unwrap().spans), "e2(e3e4)");
}

#[test]
fn an_event_that_the_map_has_no_room_for_is_in_the_tree() {
    let mut forest = forest();
    ends(&mut forest, [plain(3, 2), plain(2, 1), plain(1, 0), plain(9, 0)]);
    let tree = forest.trace_ends(&trace(&[(1, 0)])).unwrap();
    assert_eq!(shown(&tree.spans), "e1(e2(e3))e9");
}

#[test]
fn two_traces_of_one_id_do_not_mix() {
    let mut forest = forest();
    let (first, second) = (trace(&[(1, 0), (2, 1)]), trace(&[(5, 0), (6, 5)]));
    forest.trace_begins(&first);
    forest.trace_begins(&second);
    ends(&mut forest, [plain(6, 5), plain(2, 1), plain(1, 0), plain(5, 0)]);
    assert_eq!(shown(&forest.trace_ends(&first).unwrap().spans), "e1(e2)");
    assert_eq!(shown(&forest.trace_ends(&second).unwrap().spans), "e5(e6)");
}

#[test]
fn an_end_that_never_comes_leaves_what_is_known_of_the_start() {
    let mut forest = forest();
    let mut begun = plain(2, 1);
    begun.payload.query = Some("why?".into());
    forest.begin(&begun);
    ends(&mut forest, [plain(1, 0)]);
    let tree = forest.trace_ends(&trace(&[(1, 0), (2, 1)])).unwrap();
    assert_eq!((shown(&tree.spans).as_str(), tree.unended), ("e1(e2)", 1));
    let child = &tree.spans[0].child_spans[0];
    assert_eq!(child.results.as_ref().unwrap()[0].inputs["query_str"], "why?");
    assert_eq!(child.status_message.as_deref(), Some("not ended"));
}

#[test]
fn a_scope_in_which_nothing_ran_is_a_tree_and_one_whose_events_went_elsewhere_is_none() {
    let mut forest = forest();
    assert!(forest.trace_ends(&trace(&[(1, 0)])).is_none());
    assert!(forest.trace_ends(&trace(&[])).is_none());
    let mut scope = trace(&[]);
    scope.scope_id = Some(id(99));
    assert_eq!(shown(&forest.trace_ends(&scope).unwrap().spans), "");
}

#[test]
fn a_wrapper_that_repeats_the_tokens_of_its_call_does_not_count() {
    let mut forest = forest();
    let counts = ends(
        &mut forest,
        [call(3, 2, Some(Usage::new(10, 5))), plain(2, 1), call(1, 0, Some(Usage::new(10, 5)))],
    );
    assert_eq!(counts, [Counts::Call, Counts::Nothing, Counts::Repeat]);
    let figures = forest.trace_ends(&trace(&[(1, 0), (2, 1), (3, 2)])).unwrap().figures;
    assert_eq!((figures.calls, figures.total), (1, 15));
}

#[test]
fn a_call_that_ends_after_the_wrapper_that_told_its_tokens_does_not_count_again() {
    let mut forest = forest();
    forest.begin(&call(1, 0, None));
    let counts = ends(
        &mut forest,
        [call(1, 0, Some(Usage::new(10, 5))), call(2, 1, Some(Usage::new(10, 5)))],
    );
    assert_eq!(counts, [Counts::Call, Counts::Repeat]);
}

#[test]
fn a_wrapper_that_alone_knows_the_tokens_adds_them_and_no_call() {
    let mut forest = forest();
    let counts = ends(&mut forest, [call(2, 1, None), call(1, 0, Some(Usage::new(10, 5)))]);
    assert_eq!(counts, [Counts::Call, Counts::Tokens]);
    let figures = forest.trace_ends(&trace(&[(1, 0), (2, 1)])).unwrap().figures;
    assert_eq!((figures.calls, figures.total), (1, 15));
}

fn estimated(input: u64, output: u64) -> Option<Usage> {
    let mut usage = Usage::new(input, output);
    usage.estimated = true;
    Some(usage)
}

#[test]
fn what_a_wrapper_knows_from_the_provider_takes_the_place_of_what_was_estimated_inside() {
    let mut forest = forest();
    let mut inner = call(4, 3, estimated(9, 4));
    let mut cost = tracing_llm::Cost::default();
    cost.total = Some(0.5);
    inner.payload.cost = Some(cost);
    ends(&mut forest, [inner, plain(3, 1), call(5, 1, estimated(1, 1))]);
    ends(&mut forest, [event(EventType::EMBEDDING, "e6", 6, 1)]);
    let wrapper = forest.end(&call(1, 0, Some(Usage::new(10, 5))));
    assert_eq!(wrapper.counts, Counts::Tokens);
    let replaced = wrapper.replaced;
    assert_eq!((replaced.calls, replaced.total, replaced.cost), (0, 15, 0.5));
    let trace = trace(&[(1, 0), (3, 1), (4, 3), (5, 1), (6, 1)]);
    let figures = forest.trace_ends(&trace).unwrap().figures;
    assert_eq!((figures.calls, figures.total, figures.cost), (3, 15, 0.0));
}

#[test]
fn a_call_that_ends_late_and_knows_more_than_its_wrapper_takes_its_place() {
    let mut forest = forest();
    forest.begin(&call(1, 0, None));
    ends(&mut forest, [call(1, 0, estimated(9, 4))]);
    let late = forest.end(&call(2, 1, Some(Usage::new(10, 5))));
    assert_eq!((late.counts, late.replaced.total), (Counts::Tokens, 13));
    // The next one has no wrapper that counts.
    assert_eq!(ends(&mut forest, [call(3, 1, Some(Usage::new(1, 1)))]), [Counts::Call]);
    let figures = forest.trace_ends(&trace(&[(1, 0), (2, 1), (3, 1)])).unwrap().figures;
    assert_eq!((figures.calls, figures.total), (2, 17));
}

#[test]
fn a_tree_that_is_full_leaves_out_spans_and_then_content_and_counts_all() {
    let bounds = Bounds { tree_spans: 3, tree_bytes: 1_200, ..Bounds::default() };
    let mut forest = Forest::with_bounds(Clip(1_000), bounds);
    let with_text = |number, parent| {
        let mut event = call(number, parent, Some(Usage::new(1, 1)));
        event.payload.prompt = Some("x".repeat(200).into());
        event.outcome = Outcome::Ok;
        event
    };
    let events: Vec<Event> = (2..=5).map(|number| with_text(number, 1)).collect();
    ends(&mut forest, events);
    let tree = forest.trace_ends(&trace(&[(1, 0), (2, 1), (3, 1), (4, 1), (5, 1)])).unwrap();
    assert_eq!((shown(&tree.spans).as_str(), tree.left_out), ("e2e3e4", 1));
    assert!(tree.spans[0].results.is_some());
    assert!(tree.spans[2].results.is_none());
    assert_eq!(tree.spans[2].attributes["content_left_out"], true);
    assert_eq!((tree.figures.calls, tree.figures.total), (4, 8));
}

fn prompted(number: u64, parent: u64, bytes: usize) -> Event {
    let mut event = call(number, parent, None);
    event.payload.prompt = Some("x".repeat(bytes).into());
    event
}

#[test]
fn an_event_that_has_only_begun_is_clipped_and_counted_and_its_end_takes_its_place() {
    let mut forest = Forest::new(Clip(100));
    forest.begin(&prompted(1, 0, 1_000_000));
    let begun = forest.held;
    assert!(begun.events == 1 && (100..2_000).contains(&begun.bytes), "{begun:?}");
    forest.end(&prompted(1, 0, 1_000_000));
    assert!(forest.held.bytes <= begun.bytes, "{begun:?} {:?}", forest.held);
    forest.trace_ends(&trace(&[(1, 0)]));
    assert_eq!(forest.held, Held::default());
}

#[test]
fn traces_that_share_an_id_have_the_room_of_those_that_have_ended() {
    let bounds = Bounds { tree_spans: 4, tree_bytes: 3_000, ..Bounds::default() };
    let mut forest = Forest::with_bounds(Clip(1_000), bounds);
    // It is open all the time.
    forest.trace_begins(&trace(&[(1, 0)]));
    forest.begin(&plain(1, 0));
    let held = forest.held;
    for number in (10..50).step_by(10) {
        let [first, second] = [number, number + 1];
        let trace = trace(&[(first, 0), (second, first)]);
        forest.trace_begins(&trace);
        ends(&mut forest, [prompted(second, first, 500), prompted(first, 0, 500)]);
        let tree = forest.trace_ends(&trace).unwrap();
        assert_eq!((shown(&tree.spans), tree.left_out), (format!("e{first}(e{second})"), 0));
        assert!(tree.spans[0].results.is_some() && tree.spans[0].child_spans[0].results.is_some());
        assert_eq!(forest.held, held);
    }
}

#[test]
fn memory_is_bounded_in_bytes_over_all_traces_and_the_oldest_make_room() {
    let bounds = Bounds { bytes: 4_000, ..Bounds::default() };
    let mut forest = Forest::with_bounds(Clip(10_000), bounds);
    let in_trace = |number: u64, bytes| {
        let mut event = prompted(number, 0, bytes);
        event.trace_id = TraceId::new(number.into()).unwrap();
        event
    };
    let mut evicted = Vec::new();
    for number in 1..=20 {
        evicted.extend(forest.end(&in_trace(number, 900)).evicted);
        assert!(forest.held.bytes <= 4_000, "{:?}", forest.held);
    }
    assert_eq!((evicted.len(), forest.groups.len()), (17, 3));
    assert!(evicted.iter().all(|tree| tree.is_cut));
    // A large one needs the room of several, and keeps its own.
    let trees = forest.begin(&in_trace(21, 3_000));
    let names: Vec<String> = trees.iter().map(|tree| shown(&tree.spans)).collect();
    assert_eq!(names, ["e18", "e19", "e20"]);
    assert_eq!(forest.rest().len(), 1);
    assert_eq!(forest.held, Held::default());
}

#[test]
fn the_oldest_trace_makes_room_and_is_written() {
    let mut forest = Forest::with_bounds(Clip(1_000), Bounds { events: 3, ..Bounds::default() });
    let in_trace = |trace: u128, number| {
        let mut event = plain(number, 0);
        event.trace_id = TraceId::new(trace).unwrap();
        event.trace_name = "query".into();
        event.start = Timestamp::from_unix_nanos(5);
        event
    };
    assert!(forest.begin(&in_trace(1, 1)).is_empty());
    assert!(forest.begin(&in_trace(2, 2)).is_empty());
    assert!(forest.begin(&in_trace(2, 3)).is_empty());
    let tree = forest.begin(&in_trace(2, 4)).remove(0);
    assert_eq!((shown(&tree.spans).as_str(), tree.is_cut), ("e1", true));
    assert_eq!(tree.name, "query");
    assert_eq!(forest.rest().iter().map(|tree| shown(&tree.spans)).collect::<Vec<_>>(), ["e2e3e4"]);
}

#[test]
fn events_above_and_below_one_another_in_a_circle_do_not_hang_it() {
    let mut forest = forest();
    ends(&mut forest, [plain(1, 2), plain(2, 1), plain(3, 3)]);
    assert!(forest.trace_ends(&trace(&[(1, 2), (2, 1)])).is_some());
    assert_eq!(forest.rest().len(), 0);
}
