use proptest::prelude::*;
use tracing_llm::{Event, EventType, Usage};

use super::*;

fn record(number: u64) -> TokenRecord {
    let event = Event::new(EventType::LLM, "call");
    let mut record = TokenRecord::new(&event, Usage::new(1, 0));
    record.number = number;
    record
}

fn total<K: Eq + Hash + Clone>(rows: &Rows<K>) -> u64 {
    let own: u64 = rows.iter().map(|(_, sums)| sums.total).sum();
    own + rows.others().map_or(0, |(_, sums)| sums.total)
}

#[test]
fn the_last_used_have_rows_and_the_rest_shares_one_that_says_how_many() {
    let mut rows = Rows::new(10);
    rows.add(1_000, &record(0)); // used again and again
    for number in 1..=100 {
        rows.add(number, &record(number));
        rows.add(1_000, &record(number));
        assert!(rows.rows.len() <= 20);
    }
    assert_eq!(total(&rows), 201);
    let (folded, others) = rows.others().unwrap();
    assert_eq!(folded, others.calls, "one call each");
    assert_eq!(folded + rows.iter().count() as u64, 101);
    let kept: Vec<u64> = rows.iter().map(|(key, _)| *key).collect();
    assert!((92..=100).all(|last| kept.contains(&last)) && kept.contains(&1_000), "{kept:?}");
}

#[test]
fn a_call_is_taken_back_from_where_it_went() {
    let mut rows = Rows::new(1);
    let (first, again) = (record(1), record(4));
    rows.add("back", &first);
    rows.add("a", &record(2));
    rows.add("b", &record(3)); // "back" goes to the others
    rows.add("back", &again);
    assert_eq!(rows.others().unwrap().0, 2);
    rows.remove(&"back", &first);
    let of_back = |rows: &Rows<&str>| rows.iter().find(|(key, _)| **key == "back").unwrap().1.calls;
    assert_eq!((of_back(&rows), rows.others().unwrap().1.calls), (1, 1));
    rows.remove(&"back", &again);
    assert!(rows.iter().all(|(key, _)| *key != "back"));
}

#[test]
fn a_key_that_comes_and_goes_is_one_key_among_the_others() {
    let mut rows = Rows::new(2);
    for number in 0..200 {
        rows.add(number % 10, &record(number));
    }
    let (folded, _) = rows.others().unwrap();
    assert_eq!((folded, total(&rows)), (10, 200));
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_counts_twice(
        steps in proptest::collection::vec((0_u8..40, any::<bool>()), 0..400),
        limit in 1_usize..8,
    ) {
        let mut rows = Rows::new(limit);
        let mut there = Vec::new();
        for (number, (key, adds)) in (1..).zip(steps) {
            if adds || there.is_empty() {
                rows.add(key, &record(number));
                there.push((key, number));
            } else {
                let (key, number) = there.remove(usize::from(key) % there.len());
                rows.remove(&key, &record(number));
            }
            prop_assert_eq!(total(&rows), there.len() as u64);
            prop_assert!(rows.rows.len() <= 2 * limit);
        }
    }
}
