use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tracing_llm::{Context, Event, Handler, Outcome, Usage};

use super::*;
use crate::{PriceTable, Rates, TokenCounter};

fn call(event_type: EventType, model: &'static str, millis: u64, usage: Usage) -> Event {
    let mut event = Event::new(event_type, "call");
    event.payload.model = (!model.is_empty()).then(|| Text::literal(model));
    event.payload.usage = (!usage.is_empty()).then_some(usage);
    event.elapsed = Duration::from_millis(millis);
    event
}

/// Two models with prices, one without, a failed call, and an embedding.
fn full() -> TokenCounter {
    let prices = PriceTable::new("2026-11-01")
        .model("large", Rates::new(3.0, 15.0).cache_read(0.3))
        .model("embed", Rates::of_input(0.02));
    let mut counter = TokenCounter::new().no_prices().prices(prices);
    for number in 1..=9 {
        let mut usage = Usage::new(112_355, 333);
        (usage.cache_read, usage.reasoning) = (Some(100_000), Some(133));
        counter.on_end(&Arc::new(call(EventType::LLM, "large", number * 400, usage))).unwrap();
    }
    // A token each.
    let mut counted = call(EventType::LLM, "llama|3", 240, Usage::of_input(1_280));
    counted.payload.completion = Some(" the".repeat(211).into());
    let mut failed = call(EventType::LLM, "", 31_000, Usage::default());
    failed.outcome = Outcome::Error;
    for event in [counted, failed, call(EventType::EMBEDDING, "embed", 35, Usage::of_input(8_120))]
    {
        counter.on_end(&Arc::new(event)).unwrap();
    }
    counter
}

#[test]
fn a_full_report_reads_well() {
    let expected = "\
1,015,683 tokens in 11 LLM calls: 1,012,475 prompt, 3,208 completion
8,120 tokens in 1 embedding call
$0.65, without 1,491 tokens of no known price

model       calls  errors     prompt  completion      total       cost     p50     p95
large           9       0  1,011,195       2,997  1,014,192   $0.64854   2.0 s   3.6 s
llama|3         1       0      1,280         211      1,491~         ?  240 ms  240 ms
(no model)      1       1          0           0          0               31 s    31 s
embed           1       0      8,120                  8,120   $0.00016   35 ms   35 ms

900,000 of the prompts read from a cache, 1,197 of the completions spent on reasoning
~ estimated, not reported by the provider: 1,491 tokens in 1 of 12 calls
counted with o200k_base for want of their own encoding: 1 call
not counted, for nothing is known of them: 1 of 12 calls
? no price is known: 1,491 tokens in 1 of 12 calls
prices: own table of 2026-11-01
";
    assert_eq!(full().report().to_string(), expected);
}

#[test]
fn a_report_is_markdown_too() {
    let expected = "\
1,015,683 tokens in 11 LLM calls: 1,012,475 prompt, 3,208 completion  
8,120 tokens in 1 embedding call  
$0.65, without 1,491 tokens of no known price

| model | calls | errors | prompt | completion | total | cost | p50 | p95 |
| :-- | --: | --: | --: | --: | --: | --: | --: | --: |
| large | 9 | 0 | 1,011,195 | 2,997 | 1,014,192 | $0.64854 | 2.0 s | 3.6 s |
| llama\\|3 | 1 | 0 | 1,280 | 211 | 1,491~ | ? | 240 ms | 240 ms |
| (no model) | 1 | 1 | 0 | 0 | 0 |  | 31 s | 31 s |
| embed | 1 | 0 | 8,120 |  | 8,120 | $0.00016 | 35 ms | 35 ms |

900,000 of the prompts read from a cache, 1,197 of the completions spent on reasoning  
~ estimated, not reported by the provider: 1,491 tokens in 1 of 12 calls  
counted with o200k_base for want of their own encoding: 1 call  
not counted, for nothing is known of them: 1 of 12 calls  
? no price is known: 1,491 tokens in 1 of 12 calls  
prices: own table of 2026-11-01
";
    assert_eq!(full().report().to_markdown(), expected);
}

#[test]
fn a_report_is_json_too_with_money_in_dollars_and_times_in_seconds() {
    let json = full().report().to_json();
    assert_eq!(json["by"], "model");
    assert_eq!(json["prices"], json!(["own table of 2026-11-01"]));
    assert_eq!(json["fallbacks"], json!({"o200k_base": 1}));
    assert_eq!(json["rows"][0]["key"], "large");
    assert_eq!(json["rows"][0]["event_type"], "LLM");
    assert_eq!(json["rows"][1]["sums"]["cost"], json!(null));
    assert_eq!(json["rows"][1]["sums"]["unpriced"], 1_491);
    let failed = &json["rows"][2]["sums"];
    assert_eq!((&failed["errors"], &failed["elapsed"]["total"]), (&json!(1), &json!(31.0)));
    assert_eq!(json["embedding"]["cost"], json!(0.000_162_4));
}

#[test]
fn rows_can_be_by_anything_and_the_rest_shares_one() {
    let mut counter = TokenCounter::new().no_prices().row_limit(1);
    for (session, tokens) in [(None, 5), (Some("a"), 10), (Some("b"), 30), (Some("c"), 20)] {
        let mut event = call(EventType::LLM, "m", 0, Usage::new(tokens, 0));
        let mut context = Context::default();
        context.session_id = session.map(Text::literal);
        event.context = Arc::new(context);
        counter.on_end(&Arc::new(event)).unwrap();
    }
    let expected = "\
65 tokens in 4 LLM calls: 65 prompt, 0 completion

session             calls  prompt  completion  total
b                       1      30           0     30
c                       1      20           0     20
(2 other sessions)      2      15           0     15

no price is known: 65 tokens in 4 of 4 calls
";
    assert_eq!(counter.report_by(By::Session).to_string(), expected);
}

#[test]
fn a_call_that_is_priced_in_part_says_what_its_cost_lacks() {
    let prices = PriceTable::new("2026-11-01").model("m", Rates::new(3.0, 15.0));
    let mut counter = TokenCounter::new().no_prices().prices(prices);
    let mut answer = Usage::default();
    answer.output = Some(100_000);
    counter.on_end(&Arc::new(call(EventType::LLM, "m", 0, answer))).unwrap();
    let expected = "\
100,000 tokens in 1 LLM call: 0 prompt, 100,000 completion
$1.50, without a part of 1 call

model  calls  prompt  completion    total   cost
m          1       0     100,000  100,000  $1.50?

? priced in part, for a prompt or completion was not counted: 1 of 1 call
prices: own table of 2026-11-01
";
    assert_eq!(counter.report().to_string(), expected);

    // A model whose answers have no rate: here they are known, and their price is not.
    let prices = PriceTable::new("2026-11-02").model("n", Rates::of_input(2.0));
    let mut counter = counter.prices(prices);
    let both = Usage::new(500_000, 7);
    counter.on_end(&Arc::new(call(EventType::LLM, "n", 0, both))).unwrap();
    let report = counter.report().to_string();
    assert!(report.contains("$2.50, without 7 tokens of no known price and a part of 1 call\n"));
    assert!(report.contains("? no price is known: 7 tokens in 1 of 2 calls\n"), "{report}");
}

#[test]
fn a_report_of_nothing_says_so() {
    let report = TokenCounter::new().report();
    assert_eq!(report.to_string(), "no LLM or embedding calls\n");
    assert_eq!(report.to_markdown(), "no LLM or embedding calls\n");
}

#[test]
fn a_report_of_reported_usage_and_cost_alone_has_no_notes() {
    let mut counter = TokenCounter::new();
    let mut event = call(EventType::LLM, "m", 0, Usage::new(11, 7));
    let mut cost = tracing_llm::Cost::default();
    cost.total = Some(1_234.5);
    event.payload.cost = Some(cost);
    counter.on_end(&Arc::new(event)).unwrap();
    let expected = "\
18 tokens in 1 LLM call: 11 prompt, 7 completion
$1,234.50

model  calls  prompt  completion  total       cost
m          1      11           7     18  $1,234.50
";
    assert_eq!(counter.report().to_string(), expected);
}

#[test]
fn a_key_that_no_call_has_is_a_row_of_all_calls_and_no_lone_header() {
    let mut counter = TokenCounter::new().no_prices();
    counter.on_end(&Arc::new(call(EventType::LLM, "m", 0, Usage::new(11, 7)))).unwrap();
    let expected = "\
18 tokens in 1 LLM call: 11 prompt, 7 completion

tenant       calls  prompt  completion  total
(no tenant)      1      11           7     18

no price is known: 18 tokens in 1 of 1 call
";
    assert_eq!(counter.report_by(By::key("tenant")).to_string(), expected);

    // Of keys beyond those that have sums it is not known which calls have them.
    let mut many = call(EventType::LLM, "m", 0, Usage::new(1, 0));
    let mut context = Context::default();
    context.keys = (0..40).map(|key| (format!("key {key}").into(), json!(1))).collect();
    many.context = Arc::new(context);
    counter.on_end(&Arc::new(many)).unwrap();
    let report = counter.report_by(By::key("tenant")).to_string();
    let note = "no rows by tenant: too many other context keys have sums\n";
    assert!(report.contains(note) && !report.contains("calls  prompt"), "{report}");
}
