use std::collections::HashSet;

use proptest::prelude::*;
use tracing_llm::{Event, EventType, SpanId, TraceId, Usage};

use super::*;

const LLM: Kind = Kind::Llm;

fn key(number: u64) -> Key {
    (TraceId::FIRST, SpanId::new(number).unwrap())
}

fn record(number: u64, rank: Rank) -> Arc<TokenRecord> {
    let mut usage = match rank {
        Rank::None | Rank::Unknown => Usage::default(),
        Rank::Estimated | Rank::Reported => Usage::new(number, 1),
    };
    usage.estimated = rank == Rank::Estimated;
    let (trace_id, span_id) = key(number);
    let event = Event::with_ids(EventType::LLM, "call", trace_id, span_id);
    Arc::new(TokenRecord::new(&event, usage))
}

/// The numbers of the calls that count, as the changes tell it.
#[derive(Default)]
struct Counting(HashSet<u64>);

impl Counting {
    fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Add(record) => {
                    assert!(self.0.insert(record.span_id.get()), "added twice: {record:?}");
                }
                Change::Remove(record) => {
                    assert!(self.0.remove(&record.span_id.get()), "was not there: {record:?}");
                }
            }
        }
    }

    fn sorted(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.0.iter().copied().collect();
        numbers.sort_unstable();
        numbers
    }
}

struct Run {
    nesting: Nesting,
    counting: Counting,
}

impl Run {
    fn new() -> Self {
        Self { nesting: Nesting::new(), counting: Counting::default() }
    }

    fn start(&mut self, number: u64, parent: Option<u64>) {
        self.counting.apply(self.nesting.link(key(number), parent.map(key)));
    }

    fn end(&mut self, number: u64, parent: Option<u64>, rank: Rank) {
        let changes = self.nesting.end(key(number), parent.map(key), LLM, record(number, rank));
        self.counting.apply(changes);
    }

    fn counting(&self) -> Vec<u64> {
        self.counting.sorted()
    }
}

#[test]
fn a_wrapper_that_ends_after_its_call_does_not_count() {
    let mut run = Run::new();
    run.start(1, None);
    run.start(2, Some(1));
    run.end(2, Some(1), Rank::Reported);
    assert_eq!(run.counting(), [2]);
    run.end(1, None, Rank::Reported);
    assert_eq!(run.counting(), [2]);
}

#[test]
fn a_wrapper_that_ends_before_its_call_counts_until_the_call_ends() {
    let mut run = Run::new();
    run.start(1, None);
    run.start(2, Some(1));
    run.end(1, None, Rank::Reported);
    assert_eq!(run.counting(), [1]);
    run.end(2, Some(1), Rank::Reported);
    assert_eq!(run.counting(), [2]);
}

#[test]
fn other_events_may_lie_between_the_wrapper_and_the_call() {
    let mut run = Run::new();
    run.start(1, None);
    run.start(2, Some(1));
    run.start(3, Some(2));
    run.end(1, None, Rank::Reported);
    run.end(3, Some(2), Rank::Reported);
    assert_eq!(run.counting(), [3]);
}

#[test]
fn a_wrapper_that_reports_counts_before_calls_that_are_estimated() {
    for wrapper_first in [false, true] {
        let mut run = Run::new();
        if wrapper_first {
            run.end(1, None, Rank::Reported);
        }
        run.end(2, Some(1), Rank::Estimated);
        run.end(3, Some(1), Rank::Unknown);
        if !wrapper_first {
            assert_eq!(run.counting(), [2, 3]);
            run.end(1, None, Rank::Reported);
        }
        assert_eq!(run.counting(), [1], "wrapper first: {wrapper_first}");
    }
}

#[test]
fn one_call_that_reports_brings_all_calls_of_the_wrapper_back() {
    let mut run = Run::new();
    run.end(2, Some(1), Rank::Estimated);
    run.end(1, None, Rank::Reported);
    assert_eq!(run.counting(), [1]);
    run.end(3, Some(1), Rank::Reported);
    assert_eq!(run.counting(), [2, 3]);
}

#[test]
fn a_parent_that_becomes_known_late_changes_what_was_decided() {
    // The starts were not seen: that 2 lies below 1 is known when 2 ends, last of all.
    let mut run = Run::new();
    run.end(3, Some(2), Rank::Reported);
    run.end(1, None, Rank::Reported);
    assert_eq!(run.counting(), [1, 3]);
    run.start(2, Some(1));
    assert_eq!(run.counting(), [3]);
}

#[test]
fn embeddings_below_a_model_call_do_not_replace_it() {
    let mut nesting = Nesting::new();
    let mut counting = Counting::default();
    let embedding = record(2, Rank::Reported);
    counting.apply(nesting.end(key(2), Some(key(1)), Kind::Embedding, embedding));
    counting.apply(nesting.end(key(1), None, LLM, record(1, Rank::Reported)));
    assert_eq!(counting.sorted(), [1, 2]);
}

#[test]
fn what_was_settled_is_neither_taken_back_nor_counted_again() {
    let mut run = Run::new();
    run.end(1, None, Rank::Reported);
    run.nesting.settle();
    run.counting = Counting::default();
    run.end(2, Some(1), Rank::Reported);
    assert_eq!(run.counting(), [2]);
}

#[test]
fn a_trace_that_has_ended_is_forgotten_and_no_other() {
    let mut run = Run::new();
    for (number, parent) in [(1, None), (2, Some(1)), (3, Some(2)), (4, None), (5, Some(4))] {
        run.start(number, parent);
    }
    run.nesting.forget(key(1));
    assert_eq!(run.nesting.nodes.len(), 2);
    run.end(5, Some(4), Rank::Reported);
    run.end(4, None, Rank::Reported);
    assert_eq!(run.counting(), [5]);
}

#[test]
fn memory_is_bounded_and_a_wrapper_in_use_is_not_forgotten() {
    let mut nesting = Nesting::with_limit(100);
    let mut counting = Counting::default();
    counting.apply(nesting.link(key(1), None));
    for number in 2..10_000 {
        let changes = nesting.end(key(number), Some(key(1)), LLM, record(number, Rank::Reported));
        counting.apply(changes);
        assert!(nesting.nodes.len() <= 200);
    }
    let children = nesting.nodes.get(key(1)).unwrap().children.capacity();
    assert!(children < 1_000, "room for {children} children");
    counting.apply(nesting.end(key(1), None, LLM, record(1, Rank::Reported)));
    assert!(!counting.0.contains(&1));
    assert_eq!(counting.0.len(), 9_998);
}

#[test]
fn parents_in_a_circle_hang_nothing() {
    let mut run = Run::new();
    run.start(1, Some(2));
    run.start(2, Some(1));
    run.end(1, Some(2), Rank::Estimated);
    run.end(2, Some(1), Rank::Reported);
    run.end(3, Some(2), Rank::Reported);
    run.end(4, None, Rank::Reported);
    run.nesting.forget(key(1));
    assert!(run.counting().contains(&4));
    assert_eq!(run.nesting.nodes.len(), 1);
}

#[test]
fn ten_thousand_calls_in_one_another_are_decided() {
    let mut run = Run::new();
    let parent = |number: u64| (number > 1).then(|| number - 1);
    for number in 1..=10_000 {
        run.start(number, parent(number));
    }
    for number in (1..=10_000).rev() {
        run.end(number, parent(number), Rank::Estimated);
    }
    assert_eq!(run.counting(), [10_000]);
}

/// A tree of events, some of them calls, and the order in which what happens is seen.
#[derive(Clone, Debug)]
struct Story {
    /// Of event `n + 1`: its parent's number, and its rank if it is a call.
    events: Vec<(Option<u64>, Option<Rank>)>,
    /// Indices of starts (even) and ends (odd).
    order: Vec<usize>,
}

fn stories() -> impl Strategy<Value = Story> {
    let rank = prop_oneof![
        Just(None),
        Just(Some(Rank::Unknown)),
        Just(Some(Rank::Estimated)),
        Just(Some(Rank::Reported)),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), rank), 1..14).prop_flat_map(|raw| {
        let events: Vec<_> = raw
            .iter()
            .enumerate()
            .map(|(at, (parent, rank))| {
                // Any event before it, or none.
                let parent = parent.index(at + 1) as u64;
                ((parent > 0).then_some(parent), *rank)
            })
            .collect();
        let all: Vec<usize> = (0..events.len() * 2).collect();
        (Just(events), Just(all).prop_shuffle()).prop_map(|(events, order)| Story { events, order })
    })
}

/// The rule, as it is said, over the whole tree at once.
fn expected(events: &[(Option<u64>, Option<Rank>)]) -> Vec<u64> {
    let children = |number: Option<u64>| {
        let of_parent =
            move |(_, (parent, _)): &(usize, &(Option<u64>, Option<Rank>))| *parent == number;
        events.iter().enumerate().filter(of_parent).map(|(at, _)| at as u64 + 1).collect::<Vec<_>>()
    };
    fn best(number: u64, events: &[(Option<u64>, Option<Rank>)]) -> Rank {
        let below = events.iter().enumerate().filter(|(_, (parent, _))| *parent == Some(number));
        below
            .map(|(at, (_, rank))| rank.unwrap_or_default().max(best(at as u64 + 1, events)))
            .max()
            .unwrap_or_default()
    }
    let mut counting = Vec::new();
    let mut stack = children(None);
    while let Some(number) = stack.pop() {
        match events[number as usize - 1].1 {
            Some(rank) if rank > best(number, events) => counting.push(number),
            _ => stack.extend(children(Some(number))),
        }
    }
    counting.sort_unstable();
    counting
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_the_same_calls_count_in_the_end(story in stories()) {
        let mut run = Run::new();
        for step in &story.order {
            let number = (step / 2) as u64 + 1;
            let (parent, rank) = story.events[step / 2];
            match rank {
                Some(rank) if step % 2 == 1 => run.end(number, parent, rank),
                _ => run.start(number, parent),
            }
        }
        prop_assert_eq!(run.counting(), expected(&story.events));
    }
}
