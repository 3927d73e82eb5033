use tracing_llm::{Cost, Event, EventType, Usage};

use super::*;

fn call(cost: Option<f64>, usage: Usage) -> TokenRecord {
    let mut event = Event::new(EventType::LLM, "call");
    event.payload.cost = cost.map(|total| {
        let mut cost = Cost::default();
        cost.total = Some(total);
        cost
    });
    TokenRecord::new(&event, usage)
}

#[test]
fn a_call_without_a_price_is_told_and_does_not_cost_nothing() {
    let mut sums = Sums::default();
    sums.add(&call(None, Usage::new(30, 12)));
    assert_eq!((sums.cost(), sums.unpriced_calls, sums.unpriced), (None, 1, 42));
    sums.add(&call(Some(0.002), Usage::new(30, 12)));
    assert_eq!((sums.cost(), sums.unpriced_calls, sums.unpriced), (Some(0.002), 1, 42));
    // Of this one there is nothing to be priced.
    sums.add(&call(None, Usage::default()));
    assert_eq!((sums.unpriced_calls, sums.unknown_calls), (1, 1));
    sums.add(&call(Some(0.0), Usage::new(1, 1)));
    assert_eq!((sums.cost(), sums.calls), (Some(0.002), 4));
}

#[test]
fn a_cost_whose_total_is_not_told_is_the_sum_of_its_parts() {
    let mut record = call(Some(0.0), Usage::new(1, 1));
    let mut cost = Cost::default();
    (cost.input, cost.output) = (Some(0.25), Some(0.5));
    record.cost = Some(cost);
    let mut sums = Sums::default();
    sums.add(&record);
    assert_eq!(sums.cost(), Some(0.75));

    cost.output = None;
    record.cost = Some(cost);
    sums.add(&record);
    assert_eq!((sums.cost(), sums.unpriced_calls, sums.unpriced), (Some(1.0), 1, 1));
}

#[test]
fn what_is_added_and_taken_back_in_another_order_leaves_nothing() {
    // 0.1 + 0.2 - 0.1 - 0.2 is no zero among floats.
    let calls = [0.1, 0.2, 0.7].map(|cost| call(Some(cost), Usage::new(1, 1)));
    let mut sums = Sums::default();
    calls.iter().for_each(|call| sums.add(call));
    assert_eq!(sums.cost(), Some(1.0));
    calls.iter().for_each(|call| sums.remove(call));
    assert_eq!(sums, Sums::default());
}

#[test]
fn a_merge_is_the_sum_of_both() {
    let mut long = call(Some(0.5), Usage::new(3, 9));
    (long.elapsed, long.outcome) = (Duration::from_secs(3), Outcome::Error);
    long.first_token = Some(Duration::from_millis(200));
    let mut details = Usage::new(10, 10);
    (details.cache_read, details.cache_write, details.reasoning) = (Some(1), Some(2), Some(3));
    details.estimated = true;
    let calls = [long, call(None, details), call(Some(0.25), Usage::new(1, 1))];
    let (mut one, mut other, mut both) = (Sums::default(), Sums::default(), Sums::default());
    one.add(&calls[0]);
    calls[1..].iter().for_each(|call| other.add(call));
    calls.iter().for_each(|call| both.add(call));
    one.merge(&other);
    assert_eq!(one, both);
}
