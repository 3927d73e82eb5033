use std::time::Duration;

use serde_json::json;
use tracing_llm::{Context, Cost, Event, Outcome, Usage};

use super::*;
use crate::record::next_number;
use crate::report;

fn record(event_type: EventType, model: Option<&str>, usage: Usage) -> Arc<TokenRecord> {
    let mut event = Event::new(event_type, "call");
    event.payload.model = model.map(Text::from);
    let mut record = TokenRecord::new(&event, usage);
    record.number = next_number();
    Arc::new(record)
}

fn add(tally: &mut Tally, record: &Arc<TokenRecord>) {
    tally.add(record, Texts::default());
}

/// The rows as they are read.
fn rows(tally: &Tally, by: &By) -> Vec<Row> {
    let mut rows = tally.rows(by);
    report::sort(&mut rows);
    rows
}

fn llm(model: &str, input: u64, output: u64) -> Arc<TokenRecord> {
    record(EventType::LLM, Some(model), Usage::new(input, output))
}

#[test]
fn sums_are_kept_by_kind_and_by_model() {
    let mut tally = Tally::new(10);
    add(&mut tally, &llm("large", 100, 10));
    add(&mut tally, &llm("small", 20, 2));
    add(&mut tally, &llm("large", 100, 10));
    add(&mut tally, &record(EventType::EMBEDDING, Some("large"), Usage::of_input(7)));

    assert_eq!((tally.llm().calls, tally.llm().input, tally.llm().output), (3, 220, 22));
    assert_eq!((tally.llm().total, tally.embedding().total), (242, 7));
    let by_model = rows(&tally, &By::Model);
    let rows: Vec<_> = by_model
        .iter()
        .map(|row| (row.event_type.unwrap(), row.key.as_deref().unwrap(), row.sums.total))
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

/// A call with all that can be summed.
fn whole() -> TokenRecord {
    let mut context = Context::default();
    context.session_id = Some("s-1".into());
    context.user_id = Some("u-1".into());
    context.tags = vec!["b".into(), "a".into(), "b".into()];
    context.keys.insert("tenant".into(), json!("acme"));
    context.keys.insert("shard".into(), json!(7));
    let mut event = Event::new(EventType::LLM, "call");
    event.context = Arc::new(context);
    event.payload.model = Some("large".into());
    event.payload.provider = Some("openai".into());
    event.elapsed = Duration::from_millis(800);
    event.outcome = Outcome::Error;
    let mut cost = Cost::default();
    cost.total = Some(0.1);
    event.payload.cost = Some(cost);
    let mut usage = Usage::new(100, 10);
    usage.estimated = true;
    usage.cache_read = Some(50);
    let mut record = TokenRecord::new(&event, usage);
    record.first_token = Some(Duration::from_millis(90));
    record.number = next_number();
    record
}

const ALL: [By; 9] = [
    By::EventType,
    By::Model,
    By::Provider,
    By::Trace,
    By::Session,
    By::User,
    By::Tag,
    By::Key(Text::literal("tenant")),
    By::Key(Text::literal("shard")),
];

#[test]
fn a_call_is_summed_by_everything_that_it_has() {
    let mut tally = Tally::new(10);
    add(&mut tally, &Arc::new(whole()));
    let expected = [
        vec!["LLM"],
        vec!["large"],
        vec!["openai"],
        vec!["00000000000000000000000000000001"],
        vec!["s-1"],
        vec!["u-1"],
        vec!["a", "b"],
        vec!["acme"],
        vec!["7"],
    ];
    for (by, expected) in ALL.iter().zip(expected) {
        let rows = rows(&tally, by);
        let keys: Vec<_> = rows.iter().map(|row| row.key.as_deref().unwrap()).collect();
        assert_eq!(keys, expected, "{by}");
        for Row { sums, .. } in rows {
            assert_eq!((sums.calls, sums.errors, sums.total), (1, 1, 110), "{by}");
            assert_eq!(sums.cost(), Some(0.1), "{by}");
            assert_eq!(sums.elapsed.total(), Duration::from_millis(800), "{by}");
            assert_eq!(sums.first_token.count(), 1, "{by}");
            assert_eq!(sums.tokens_per_second(), Some(12.5), "{by}");
        }
    }
}

#[test]
fn calls_without_a_value_have_a_row_without_a_key() {
    let mut tally = Tally::new(10);
    add(&mut tally, &llm("small", 20, 2));
    add(&mut tally, &Arc::new(whole()));
    for by in &ALL[..7] {
        let without = rows(&tally, by).iter().filter(|row| row.key.is_none()).count();
        let of_all = matches!(by, By::EventType | By::Model | By::Trace);
        assert_eq!(without, usize::from(!of_all), "{by}");
    }
}

#[test]
fn a_call_that_is_taken_back_leaves_no_trace() {
    let mut tally = Tally::new(10);
    add(&mut tally, &llm("small", 20, 2));
    let before = ALL.map(|by| rows(&tally, &by));
    let (llm, records) = (tally.llm().clone(), tally.ring.records().count());
    let wrapper = Arc::new(whole());
    add(&mut tally, &wrapper);
    assert_ne!(ALL.map(|by| rows(&tally, &by)), before);
    tally.remove(&wrapper);
    assert_eq!(ALL.map(|by| rows(&tally, &by)), before);
    assert_eq!((tally.llm(), tally.ring.records().count()), (&llm, records));
}

#[test]
fn context_keys_are_limited_and_those_that_are_there_stay() {
    let mut tally = Tally::new(0);
    for number in 0..100 {
        let mut record = whole();
        let mut context = Context::default();
        context.keys.insert("tenant".into(), json!("acme"));
        context.keys.insert(format!("key {number}").into(), json!(1));
        record.context = Arc::new(context);
        let record = Arc::new(record);
        add(&mut tally, &record);
        if number % 2 == 1 {
            tally.remove(&record);
        }
    }
    assert_eq!(tally.by.len(), FIXED.len() + CONTEXT_KEYS);
    assert_eq!(rows(&tally, &By::key("tenant"))[0].sums.calls, 50);
}

#[test]
fn a_reported_total_counts_as_it_is() {
    let mut tally = Tally::new(10);
    let mut usage = Usage::new(758, 102);
    usage.reported_total = Some(1_725);
    add(&mut tally, &record(EventType::LLM, None, usage));
    assert_eq!((tally.llm().input, tally.llm().output, tally.llm().total), (758, 102, 1_725));
}

#[test]
fn what_is_estimated_and_what_is_not_known_is_told() {
    let mut tally = Tally::new(10);
    let mut usage = Usage::new(9, 2);
    usage.estimated = true;
    add(&mut tally, &record(EventType::LLM, None, usage));
    add(&mut tally, &record(EventType::LLM, None, Usage::default()));
    add(&mut tally, &llm("large", 100, 10));
    let sums = tally.llm();
    assert_eq!((sums.calls, sums.estimated_calls, sums.unknown_calls), (3, 1, 1));
    assert_eq!((sums.total, sums.estimated), (121, 11));
}

#[test]
fn sums_do_not_overflow() {
    let mut tally = Tally::new(0);
    add(&mut tally, &llm("large", u64::MAX, u64::MAX));
    add(&mut tally, &llm("large", u64::MAX, 1));
    assert_eq!((tally.llm().input, tally.llm().total), (u64::MAX, u64::MAX));
}

/// A call, of this tenant if it has one.
fn of_tenant(tenant: Option<&str>, tokens: u64) -> Arc<TokenRecord> {
    let mut record = TokenRecord::clone(&llm("m", tokens, 0));
    let mut context = Context::default();
    context.session_id = tenant.map(Text::from);
    context.keys.extend(tenant.map(|tenant| ("tenant".into(), json!(tenant))));
    record.context = Arc::new(context);
    Arc::new(record)
}

#[test]
fn calls_without_a_context_key_are_a_row_whether_they_come_before_or_after_it() {
    let mut tally = Tally::new(10);
    let first = of_tenant(None, 1);
    let calls = [&first, &of_tenant(Some("acme"), 20), &of_tenant(None, 300)];
    for (number, call) in calls.into_iter().enumerate() {
        add(&mut tally, call);
        let by_key = rows(&tally, &By::key("tenant"));
        assert_eq!(by_key, rows(&tally, &By::Session), "as sessions do, after {number}");
        assert_eq!(by_key.iter().map(|row| row.sums.calls).sum::<u64>(), tally.llm().calls);
    }
    let by_key = rows(&tally, &By::key("tenant"));
    let keys: Vec<_> = by_key.iter().map(|row| (row.key.as_deref(), row.sums.total)).collect();
    assert_eq!(keys, [(None, 301), (Some("acme"), 20)]);

    tally.remove(&first); // counted before the key was there
    assert_eq!(rows(&tally, &By::key("tenant")), rows(&tally, &By::Session));
    tally.reset();
    assert_eq!(rows(&tally, &By::key("tenant")), []);
}

#[test]
fn rows_by_a_context_key_are_bounded_and_add_up_to_all() {
    let mut tally = Tally::new(0);
    tally.limit_rows(2);
    for number in 0..60_u64 {
        let tenant = format!("t-{number}");
        add(&mut tally, &of_tenant(Some(&tenant).filter(|_| number % 3 > 0).map(|t| &**t), 1));
    }
    let by_key = rows(&tally, &By::key("tenant"));
    assert!(by_key.len() <= 5, "{}", by_key.len());
    assert_eq!(by_key.iter().map(|row| row.sums.total).sum::<u64>(), 60);
}

#[test]
fn a_call_that_is_taken_back_is_not_among_those_counted_with_a_fallback() {
    use crate::tokenizer::CountedWith;
    let counted = |with| {
        let mut record = TokenRecord::clone(&llm("m", 1, 1));
        record.counted_with = Some(with);
        Arc::new(record)
    };
    let mut tally = Tally::new(10);
    let fallback = counted(CountedWith::fallback("o200k_base"));
    add(&mut tally, &fallback);
    add(&mut tally, &counted(CountedWith::own("cl100k_base")));
    assert_eq!(tally.fallbacks(), BTreeMap::from([("o200k_base".to_owned(), 1)]));
    tally.remove(&fallback);
    assert_eq!(tally.fallbacks(), BTreeMap::new());
}
