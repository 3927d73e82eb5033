//! What calls cost, calculated by hand from the providers' own pages.
//!
//! The prices are those of the pages named below, as `genai-prices` 0.2.1 cites them, with the day
//! they were read. Each amount is written out, so that it can be checked without a program.
#![allow(clippy::unwrap_used, reason = "a test's helpers may panic")]

use std::sync::Arc;

use serde_json::{Value, json};
use tracing_llm::{Cost, Enricher, Event, EventType, Handler, Timestamp, Usage};
use tracing_llm_tokens::{By, PriceTable, Rates, TokenCounter, TokenRecord};

/// 2026-11-02, noon UTC.
const NOVEMBER: u64 = 1_793_620_800_000_000_000;

/// A call whose response reported this.
fn call(event_type: EventType, provider: &'static str, model: &'static str, body: Value) -> Event {
    let mut event = Event::new(event_type, "call");
    event.start = Timestamp::from_unix_nanos(NOVEMBER);
    event.payload.provider = Some(provider.into());
    event.payload.model = Some(model.into());
    event.payload.usage = Usage::from_json(&body);
    event
}

/// The cost that the enricher puts on the event.
fn enriched(mut event: Event) -> Option<Cost> {
    TokenCounter::new().enrich(&mut event);
    event.payload.cost
}

#[track_caller]
fn assert_cost(found: Option<Cost>, expected: &[(&str, f64)]) {
    let found = serde_json::to_value(found.unwrap()).unwrap();
    let names: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), expected.len(), "{found}");
    for (part, dollars) in expected {
        let part_cost = found[part].as_f64().unwrap();
        assert!((part_cost - dollars).abs() < 1e-12, "{part}: {part_cost}, not {dollars}");
    }
}

/// GPT-5 mini, <https://developers.openai.com/api/docs/pricing>, read 2026-10-12: for a million
/// tokens $0.25 of input, $0.025 of cached input, $2.00 of output; reasoning is output.
#[test]
fn openai_with_cached_and_reasoning_tokens() {
    let body = json!({"usage": {
        "prompt_tokens": 10_000, "completion_tokens": 1_500, "total_tokens": 11_500,
        "prompt_tokens_details": {"cached_tokens": 8_000},
        "completion_tokens_details": {"reasoning_tokens": 1_024},
    }});
    assert_cost(
        enriched(call(EventType::LLM, "openai", "gpt-5-mini-2025-08-07", body)),
        &[
            ("cache_read", 0.0002),  // 8,000 × $0.025 / M
            ("input", 0.0007),       // 2,000 × $0.25 / M = $0.0005, and the cached ones
            ("reasoning", 0.002048), // 1,024 × $2 / M
            ("output", 0.003),       // 1,500 × $2 / M
            ("total", 0.0037),
        ],
    );
}

/// The same at flex, read on the same page the same day: $0.125, $0.0125, $1.00.
#[test]
fn openai_at_another_service_tier() {
    let body = json!({"usage": {
        "prompt_tokens": 10_000, "completion_tokens": 1_500,
        "prompt_tokens_details": {"cached_tokens": 8_000},
    }});
    let mut event = call(EventType::LLM, "openai", "gpt-5-mini", body);
    event.payload.attributes.insert("openai.response.service_tier".into(), json!("flex"));
    assert_cost(
        enriched(event),
        &[
            ("cache_read", 0.0001), // 8,000 × $0.0125 / M
            ("input", 0.00035),     // 2,000 × $0.125 / M = $0.00025, and the cached ones
            ("output", 0.0015),     // 1,500 × $1 / M
            ("total", 0.00185),
        ],
    );
}

/// Claude Sonnet 4.5, <https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing>,
/// in the data of 2026-10-14: $3 of input, $3.75 written to the cache, $0.30 read from it, $15 of
/// output. Anthropic reports the cached tokens beside the input; they are part of the prompt.
#[test]
fn anthropic_with_tokens_written_to_and_read_from_a_cache() {
    let body = json!({"usage": {
        "input_tokens": 1_000, "output_tokens": 500,
        "cache_creation_input_tokens": 2_000, "cache_read_input_tokens": 20_000,
    }});
    assert_cost(
        enriched(call(EventType::LLM, "anthropic", "claude-sonnet-4-5-20250929", body)),
        &[
            ("cache_read", 0.006),   // 20,000 × $0.30 / M
            ("cache_write", 0.0075), // 2,000 × $3.75 / M
            ("input", 0.0165),       // 1,000 × $3 / M = $0.003, and both of the cache
            ("output", 0.0075),      // 500 × $15 / M
            ("total", 0.024),
        ],
    );
}

/// Gemini 2.5 Pro, <https://ai.google.dev/gemini-api/docs/pricing#gemini-2.5-pro>, read 2026-10-14:
/// up to 200,000 tokens of prompt $1.25 and $10, beyond $2.50 and $15. Thoughts are output, and
/// are reported beside the candidates.
#[test]
fn google_with_thoughts_and_a_long_prompt() {
    let body = |prompt: u64| {
        json!({"usageMetadata": {
            "promptTokenCount": prompt, "candidatesTokenCount": 1_000, "thoughtsTokenCount": 3_000,
            "totalTokenCount": prompt + 4_000,
        }})
    };
    assert_cost(
        enriched(call(EventType::LLM, "google", "gemini-2.5-pro", body(100_000))),
        &[
            ("input", 0.125),    // 100,000 × $1.25 / M
            ("reasoning", 0.03), // 3,000 × $10 / M
            ("output", 0.04),    // 4,000 × $10 / M
            ("total", 0.165),
        ],
    );
    assert_cost(
        enriched(call(EventType::LLM, "google", "gemini-2.5-pro", body(300_000))),
        &[
            ("input", 0.75),      // 300,000 × $2.50 / M
            ("reasoning", 0.045), // 3,000 × $15 / M
            ("output", 0.06),     // 4,000 × $15 / M
            ("total", 0.81),
        ],
    );
}

/// text-embedding-3-small, <https://developers.openai.com/api/docs/pricing>, in the data of
/// 2026-10-14: $0.02.
#[test]
fn an_embedding_costs_its_input() {
    let body = json!({"usage": {"prompt_tokens": 8_000, "total_tokens": 8_000}});
    assert_cost(
        enriched(call(EventType::EMBEDDING, "openai", "text-embedding-3-small", body)),
        &[("input", 0.00016), ("total", 0.00016)], // 8,000 × $0.02 / M
    );
}

#[test]
fn a_cost_that_is_reported_stays_as_it_is_and_is_what_counts() {
    let body = json!({"usage": {"prompt_tokens": 10_000, "completion_tokens": 1_500}});
    let mut event = call(EventType::LLM, "openai", "gpt-5-mini", body);
    let mut reported = Cost::default();
    reported.total = Some(0.5);
    event.payload.cost = Some(reported);
    let mut tokens = TokenCounter::new();
    tokens.enrich(&mut event);
    assert_eq!(event.payload.cost, Some(reported));
    tokens.on_end(&Arc::new(event)).unwrap();
    assert_eq!(tokens.cost(), Some(0.5));
    assert!(tokens.report().prices.is_empty(), "no list was asked");
}

#[test]
fn a_wrapper_s_cost_is_left_to_the_calls_inside_it() {
    let body = json!({"usage": {"prompt_tokens": 10_000, "completion_tokens": 1_500}});
    let mut tokens = TokenCounter::new();
    let mut inner = call(EventType::LLM, "openai", "gpt-5-mini", body.clone());
    inner.span_id = tracing_llm::SpanId::new(2).unwrap();
    inner.parent_id = Some(tracing_llm::SpanId::FIRST);
    let mut outer = call(EventType::LLM, "openai", "gpt-5-mini", body);
    for event in [&mut inner, &mut outer] {
        tokens.enrich(event);
        tokens.on_end(&Arc::new(event.clone())).unwrap();
    }
    // 10,000 × $0.25 / M and 1,500 × $2 / M, once. A backend that adds up costs gets it once too.
    assert_eq!((tokens.calls(), tokens.cost()), (1, Some(0.0055)));
    assert!(inner.payload.cost.is_some());
    assert_eq!(outer.payload.cost, None);
}

#[test]
fn prices_of_one_s_own_come_first_and_the_list_is_asked_for_the_rest() {
    let own = PriceTable::new("2026-11-20").model("gpt-5-mini", Rates::new(1.0, 1.0));
    let mut tokens = TokenCounter::new().prices(own);
    let body = json!({"usage": {"prompt_tokens": 500_000, "completion_tokens": 500_000}});
    for model in ["gpt-5-mini", "gpt-5", "house-model"] {
        tokens.on_end(&Arc::new(call(EventType::LLM, "openai", model, body.clone()))).unwrap();
    }
    let rows = tokens.sums(By::Model);
    let cost = |model: &str| {
        let row = rows.iter().find(|row| row.key.as_deref() == Some(model));
        row.unwrap().sums.cost()
    };
    assert_eq!(cost("gpt-5-mini"), Some(1.0));
    assert_eq!(cost("gpt-5"), Some(5.625)); // half a million at $1.25 and at $10
    assert_eq!(cost("house-model"), None);
    let report = tokens.report();
    assert_eq!((report.llm.unpriced_calls, report.llm.unpriced), (1, 1_000_000));
    assert_eq!(
        report.prices,
        ["genai-prices 0.2.1 of 2026-10-30, or a newer release", "own table of 2026-11-20"]
    );
}

#[test]
fn without_a_price_nothing_is_claimed() {
    let body = json!({"usage": {"prompt_tokens": 10_000, "completion_tokens": 1_500}});
    let priced = call(EventType::LLM, "openai", "gpt-5-mini", body.clone());
    let mut none = TokenCounter::new().no_prices();
    none.on_end(&Arc::new(priced)).unwrap();
    assert_eq!((none.cost(), none.report().llm.unpriced_calls), (None, 1));

    // Prices that are none: whoever writes a closure may be wrong.
    for odd in [-1.0, f64::NAN, f64::INFINITY] {
        let prices = move |_: &tracing_llm_tokens::TokenRecord| {
            let mut cost = Cost::default();
            cost.total = Some(odd);
            Some(cost)
        };
        let mut tokens = TokenCounter::new().no_prices().prices(prices);
        tokens.on_end(&Arc::new(call(EventType::LLM, "", "m", body.clone()))).unwrap();
        assert_eq!((tokens.cost(), tokens.report().llm.unpriced_calls), (None, 1), "{odd}");
    }
}

/// The date in the report is that of the release in the lock file.
#[test]
fn the_date_of_the_bundled_prices_is_that_of_the_release() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock"));
    let lock = lock.unwrap();
    let (_, entry) = lock.split_once("name = \"genai-prices\"\n").unwrap();
    assert!(
        entry.starts_with("version = \"0.2.1\""),
        "the prices are newer: set their date in src/price/bundled.rs"
    );
}

/// A ledger of records must not lose what the sums have.
#[test]
fn what_the_records_charge_is_what_the_sums_count() {
    let table = PriceTable::new("2026-11-20")
        .model("whole", Rates::new(1.0, 2.0))
        .model("half", Rates::of_input(4.0));
    let mut tokens = TokenCounter::new().no_prices().prices(table);
    let body = json!({"usage": {"prompt_tokens": 500_000, "completion_tokens": 250_000}});
    for model in ["whole", "half", "none"] {
        tokens.on_end(&Arc::new(call(EventType::LLM, "house", model, body.clone()))).unwrap();
    }
    let records = tokens.records();
    let charged: Vec<_> =
        records.iter().map(|call| (call.charged(), call.is_charged_in_part())).collect();
    assert_eq!(charged, [(Some(1.0), false), (Some(2.0), true), (None, false)]);
    assert_eq!(records[1].cost.unwrap().total, None, "a total would be a claim");
    assert_eq!(tokens.cost(), Some(records.iter().filter_map(TokenRecord::charged).sum()));
}
