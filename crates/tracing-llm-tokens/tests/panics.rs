//! What panics in a user's closures may cost: that closure's work, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::Dispatch;
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{Builder, Cost};
use tracing_llm_tokens::{
    Amount, Budget, CountResult, CountedWith, TokenCounter, TokenRecord, Tokenizer,
};
use tracing_subscriber::prelude::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a call of 1,000 tokens or of unknown ones, with 600 reserved for it. Gives back what the
/// trap was told.
fn call(builder: Builder, budget: &Budget, usage: Option<Usage>) -> Vec<String> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let trapped = Arc::clone(&told);
    let builder = builder.trap(move |failure: &tracing_llm::Failure| {
        trapped.lock().unwrap().push(failure.to_string());
    });
    let (layer, callbacks) = builder.build();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer.filtered()));
    tracing::dispatcher::with_default(&dispatch, || {
        let span = event_span!(LLM, "chat", model = "m");
        let _reserved = budget.reserve(Amount::Tokens(600)).unwrap().tie(&span);
        span.llm().prompt("hello").reply("hi");
        if let Some(usage) = usage {
            span.llm().usage(usage);
        }
    });
    // A handler's failure is an error of the flush too; the trap is told of all.
    let _ = callbacks.flush_blocking(PATIENCE);
    let told = told.lock().unwrap();
    told.clone()
}

fn counter(budget: &Budget) -> TokenCounter {
    TokenCounter::new().no_prices().budget(budget.clone())
}

#[track_caller]
fn assert_settled(tokens: &TokenCounter, budget: &Budget, spent: u64) {
    assert_eq!((budget.spent(), budget.reserved()), (Amount::Tokens(spent), Amount::Tokens(0)));
    assert_eq!((tokens.calls(), tokens.total_llm_tokens()), (1, spent));
}

#[track_caller]
fn assert_told(told: &[String], what: &str) {
    assert!(told.iter().any(|told| told.contains(what)), "{what:?} in {told:?}");
}

#[test]
fn a_tokenizer_that_panics_counts_as_one_that_failed() {
    let mut input = Usage::default();
    input.input = Some(900);
    for (usage, spent) in [(None, 0), (Some(input), 900)] {
        let budget = Budget::tokens(1_000);
        let tokens = counter(&budget).tokenizer(|_: &str| -> usize { panic!("no words") });
        let told = call(tracing_llm::layer().handler(tokens.clone()), &budget, usage);
        assert_settled(&tokens, &budget, spent);
        assert_told(&told, "the tokenizer panicked: no words");
    }
}

/// Counts, and cannot say with what.
struct Nameless;

impl Tokenizer for Nameless {
    fn count(&self, _model: Option<&str>, _text: &str) -> CountResult {
        Ok(7)
    }

    fn counts_with(&self, _model: Option<&str>) -> Option<CountedWith> {
        panic!("no name")
    }
}

#[test]
fn a_tokenizer_that_panics_over_its_name_leaves_the_call_counted_without_one() {
    for is_enricher in [false, true] {
        let budget = Budget::tokens(1_000);
        let tokens = counter(&budget).tokenizer(Nameless);
        let mut builder = tracing_llm::layer().handler(tokens.clone());
        if is_enricher {
            builder = builder.enricher(tokens.clone());
        }
        let told = call(builder, &budget, None);
        assert_settled(&tokens, &budget, 14);
        assert_eq!(tokens.records()[0].counted_with, None);
        assert_told(&told, "the tokenizer panicked: no name");
    }
}

#[test]
fn prices_that_panic_leave_the_call_counted_without_a_price() {
    let budget = Budget::tokens(1_000);
    let tokens = counter(&budget)
        .prices(|_: &TokenRecord| Some(Cost::default()))
        .prices(|_: &TokenRecord| -> Option<Cost> { panic!("no list") });
    let builder = tracing_llm::layer().handler(tokens.clone());
    let told = call(builder, &budget, Some(Usage::new(800, 100)));
    assert_settled(&tokens, &budget, 900);
    assert_eq!(tokens.records()[0].cost, None);
    assert_told(&told, "prices panicked: no list");
}

#[test]
fn each_who_is_told_is_told_whoever_panics_before() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (first, second) = (Arc::clone(&heard), Arc::clone(&heard));
    let budget = Budget::tokens(1_000).on_exceeded(|_| panic!("over"));
    let other =
        Budget::tokens(900).on_exceeded(move |error| first.lock().unwrap().push(error.to_string()));
    let tokens = counter(&budget)
        .budget(other)
        .on_record(|_: &TokenRecord| panic!("no ledger"))
        .on_record(move |call| second.lock().unwrap().push(call.span_id.to_string()));
    let builder = tracing_llm::layer().handler(tokens.clone());
    let told = call(builder, &budget, Some(Usage::new(1_000, 0)));
    assert_settled(&tokens, &budget, 1_000);
    assert_eq!(heard.lock().unwrap().len(), 2, "{heard:?}");
    assert_told(&told, "on_exceeded panicked: over; on_record panicked: no ledger");
}

#[test]
fn an_enricher_whose_tokenizer_and_prices_panic_loses_no_event() {
    let budget = Budget::tokens(1_000);
    let (all, tokens) = (Capture::new(), counter(&budget));
    let broken = TokenCounter::new()
        .tokenizer(|_: &str| -> usize { panic!("no words") })
        .prices(|_: &TokenRecord| -> Option<Cost> { panic!("no list") });
    let mut input = Usage::default();
    input.input = Some(900);
    let builder = tracing_llm::layer()
        .enricher(broken)
        .handler(tokens.tokenizer(|_: &str| 7))
        .handler(all.clone());
    let told = call(builder, &budget, Some(input));
    let ends = all.captured().ends;
    assert_eq!(ends.len(), 1);
    assert_eq!((ends[0].payload.usage, ends[0].payload.cost), (Some(input), None));
    assert_eq!((budget.spent(), budget.reserved()), (Amount::Tokens(907), Amount::Tokens(0)));
    assert_told(&told, "the tokenizer panicked: no words; prices panicked: no list");
}

#[test]
fn a_call_that_reaches_the_limit_is_spent_and_no_longer_reserved_when_that_is_told() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mine = Arc::clone(&heard);
    let budget = Budget::tokens(1_000)
        .on_exceeded(move |error| mine.lock().unwrap().push(error.to_string()));
    let tokens = counter(&budget).on_record(|_: &TokenRecord| panic!("no ledger"));
    let builder = tracing_llm::layer().handler(tokens);
    call(builder, &budget, Some(Usage::new(1_000, 0)));
    assert_eq!(
        *heard.lock().unwrap(),
        ["token budget exceeded: of 1,000 tokens 1,000 are spent and 0 reserved"]
    );
}
