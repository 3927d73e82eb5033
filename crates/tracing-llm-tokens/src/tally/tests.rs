use tracing_llm::{Event, Usage};

use super::*;

fn record(event_type: EventType, model: Option<&str>, usage: Usage) -> Arc<TokenRecord> {
    let mut event = Event::new(event_type, "call");
    event.payload.model = model.map(Text::from);
    Arc::new(TokenRecord::new(&event, usage))
}

fn llm(model: &str, input: u64, output: u64) -> Arc<TokenRecord> {
    record(EventType::LLM, Some(model), Usage::new(input, output))
}

#[test]
fn sums_are_kept_by_kind_and_by_model() {
    let mut tally = Tally::new(10);
    tally.add(&llm("large", 100, 10));
    tally.add(&llm("small", 20, 2));
    tally.add(&llm("large", 100, 10));
    tally.add(&record(EventType::EMBEDDING, Some("large"), Usage::of_input(7)));

    assert_eq!((tally.llm().calls, tally.llm().input, tally.llm().output), (3, 220, 22));
    assert_eq!((tally.llm().total, tally.embedding().total), (242, 7));
    let report = tally.report();
    let rows: Vec<_> = report
        .models
        .iter()
        .map(|row| (row.event_type, row.model.as_deref().unwrap(), row.sums.total))
        .collect();
    assert_eq!(
        rows,
        [
            (EventType::LLM, "large", 220),
            (EventType::LLM, "small", 22),
            (EventType::EMBEDDING, "large", 7)
        ]
    );
}

#[test]
fn a_call_that_is_taken_back_leaves_no_trace() {
    let mut tally = Tally::new(10);
    tally.add(&llm("small", 20, 2));
    let before = tally.report();
    let mut usage = Usage::new(100, 10);
    usage.estimated = true;
    usage.cache_read = Some(50);
    let wrapper = record(EventType::LLM, Some("large"), usage);
    tally.add(&wrapper);
    assert_ne!(tally.report(), before);
    tally.remove(&wrapper);
    assert_eq!(tally.report(), before);
    assert_eq!(tally.records().count(), 1);
}

#[test]
fn a_reported_total_counts_as_it_is() {
    let mut tally = Tally::new(10);
    let mut usage = Usage::new(758, 102);
    usage.reported_total = Some(1_725);
    tally.add(&record(EventType::LLM, None, usage));
    assert_eq!((tally.llm().input, tally.llm().output, tally.llm().total), (758, 102, 1_725));
}

#[test]
fn what_is_estimated_and_what_is_not_known_is_told() {
    let mut tally = Tally::new(10);
    let mut usage = Usage::new(9, 2);
    usage.estimated = true;
    tally.add(&record(EventType::LLM, None, usage));
    tally.add(&record(EventType::LLM, None, Usage::default()));
    tally.add(&llm("large", 100, 10));
    let sums = tally.llm();
    assert_eq!((sums.calls, sums.estimated_calls, sums.unknown_calls), (3, 1, 1));
    assert_eq!((sums.total, sums.estimated), (121, 11));
}

#[test]
fn only_the_last_records_are_kept() {
    let mut tally = Tally::new(3);
    for number in 0..10 {
        tally.add(&llm("large", number, 0));
    }
    let inputs = |tally: &Tally| -> Vec<_> {
        tally.records().filter_map(|record| record.usage.input).collect()
    };
    assert_eq!(inputs(&tally), [7, 8, 9]);
    tally.limit_records(1);
    assert_eq!(inputs(&tally), [9]);
    tally.limit_records(0);
    tally.add(&llm("large", 10, 0));
    assert_eq!(inputs(&tally), [0; 0]);
    assert_eq!(tally.llm().calls, 11);
}

#[test]
fn too_many_models_share_a_row() {
    let mut tally = Tally::new(0);
    let records: Vec<_> = (0..1_000).map(|number| llm(&format!("model {number}"), 1, 0)).collect();
    for record in &records {
        tally.add(record);
    }
    let report = tally.report();
    assert_eq!(report.models.len(), MODELS + 1);
    let others = &report.models[0];
    assert_eq!((others.model.as_deref(), others.sums.total), (Some("(others)"), 744));
    assert_eq!(report.models.iter().map(|row| row.sums.total).sum::<u64>(), 1_000);

    for record in &records {
        tally.remove(record);
    }
    assert_eq!(tally.report(), Tally::new(0).report());
}

#[test]
fn sums_do_not_overflow() {
    let mut tally = Tally::new(0);
    tally.add(&llm("large", u64::MAX, u64::MAX));
    tally.add(&llm("large", u64::MAX, 1));
    assert_eq!((tally.llm().input, tally.llm().total), (u64::MAX, u64::MAX));
}
