use tracing_llm::{Event, Timestamp, Usage};

use super::*;

/// Noon of 2026-11-02 UTC.
const NOVEMBER: u64 = 1_793_620_800;

fn call(provider: &str, model: &str, usage: Usage) -> TokenRecord {
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.provider = (!provider.is_empty()).then(|| Text::from(provider));
    event.payload.model = Some(Text::from(model));
    event.payload.usage = Some(usage);
    event.start = Timestamp::from_unix_nanos(NOVEMBER * 1_000_000_000);
    TokenRecord::from(&event)
}

fn price(call: &TokenRecord) -> Option<Cost> {
    GenaiPrices::new().price(call)
}

fn total(call: &TokenRecord) -> Option<f64> {
    price(call).and_then(|cost| cost.total)
}

#[track_caller]
fn assert_close(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-12), "{found:?} {expected}");
}

#[test]
fn what_nobody_prices_has_no_price() {
    let usage = Usage::new(1_000, 100);
    assert!(total(&call("openai", "gpt-5-mini", usage)).is_some());
    for (provider, model) in [
        ("openai", "gpt-99"),
        ("openai", "llama-3.3-70b"),
        ("openai", ""),
        ("ollama", "gpt-5-mini"), // runs on one's own machine
        ("", "house-model"),
        ("", "llama-3.3"), // everybody hosts it
    ] {
        assert_eq!(price(&call(provider, model, usage)), None, "{provider} {model}");
    }
}

#[test]
fn a_provider_is_known_by_the_names_of_openinference_and_opentelemetry() {
    let usage = Usage::new(1_000, 100);
    for (provider, model) in [
        ("", "gpt-5-mini-2025-08-07"),
        ("", "text-embedding-3-small"),
        ("openai", "GPT-5-mini"),
        ("azure", "gpt-5-mini"),
        ("azure.ai.openai", "gpt-5-mini"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("aws", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("google", "models/gemini-2.5-pro"),
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro"),
        ("gcp.gemini", "gemini-2.5-pro"),
        ("mistralai", "mistral-large-latest"),
        ("mistral_ai", "mistral-large-latest"),
        ("xai", "grok-4"),
        ("x_ai", "grok-4"),
        ("deepseek", "deepseek-chat"),
        ("groq", "llama-3.3-70b-versatile"),
        ("openrouter", "openai/gpt-5-mini"),
        ("litellm", "anthropic/claude-sonnet-4-5"),
    ] {
        assert!(total(&call(provider, model, usage)).is_some(), "{provider} {model}");
    }
}

#[test]
fn the_time_of_the_call_decides() {
    // o3: $10 and $40 before 2025-06-10, $2 and $8 from then on.
    let mut call = call("openai", "o3", Usage::new(1_000_000, 1_000_000));
    assert_eq!(total(&call), Some(10.0));
    call.start = Timestamp::from_unix_nanos(1_749_000_000 * 1_000_000_000); // 2025-06-04
    assert_eq!(total(&call), Some(50.0));
}

#[test]
fn the_tier_of_the_call_decides() {
    let mut call = call("openai", "gpt-5-mini", Usage::new(1_000_000, 1_000_000));
    for (tier, dollars) in [
        (None, 2.25),
        (Some("default"), 2.25),
        (Some("flex"), 1.125),
        (Some("priority"), 4.05),
        (Some("batch"), 1.125),
        (Some("a tier nobody knows"), 2.25),
    ] {
        call.tier = tier.map(Text::literal);
        assert_close(total(&call), dollars);
    }
}

#[test]
fn the_length_of_the_prompt_decides_for_the_parts_too() {
    // Gemini 2.5 Pro, beyond 200,000 tokens of prompt: $2.50, cached $0.25, output $15.
    let mut usage = Usage::new(300_000, 10_000);
    (usage.cache_read, usage.reasoning) = (Some(100_000), Some(4_000));
    let cost = price(&call("google", "gemini-2.5-pro", usage)).unwrap();
    assert_close(cost.cache_read, 0.025);
    assert_close(cost.input, 0.5 + 0.025);
    assert_close(cost.reasoning, 0.06);
    assert_close(cost.output, 0.15);
}

/// Whatever is reported of a call, a model that has a price gives one.
#[test]
fn every_model_of_the_data_prices_every_kind_of_usage() {
    let mut all = Usage::new(10_000, 2_000);
    (all.cache_read, all.cache_write, all.audio_input) = (Some(3_000), Some(1_000), Some(2_000));
    (all.reasoning, all.audio_output) = (Some(900), Some(100));
    let mut zeros = Usage::new(10, 0);
    (zeros.cache_read, zeros.cache_write, zeros.reasoning) = (Some(0), Some(0), Some(0));
    (zeros.audio_input, zeros.audio_output) = (Some(0), Some(0));
    let mut cached = Usage::new(10_000, 2_000);
    cached.cache_read = Some(10_000);
    let mut seen = 0;
    for provider in Calculator::bundled().providers() {
        for model in provider.models() {
            for usage in [Usage::new(10, 10), all, zeros, cached] {
                let plain = call(provider.id(), model.id(), Usage::new(10, 10));
                let Some(cost) = price(&plain) else { continue };
                assert!(crate::price::is_sound(&cost));
                let cost = price(&call(provider.id(), model.id(), usage));
                let whole = cost.is_some_and(|cost| {
                    let (input, output) = (cost.input.unwrap(), cost.output.unwrap());
                    let inside = |part: Option<f64>, all: f64| part.is_none_or(|p| p <= all + 1e-9);
                    cost.total.is_some()
                        && inside(cost.cache_read, input)
                        && inside(cost.cache_write, input)
                        && inside(cost.reasoning, output)
                });
                assert!(whole, "{} {} {usage:?}: {cost:?}", provider.id(), model.id());
                seen += 1;
            }
        }
    }
    assert!(seen > 4_000, "{seen}");
}

#[test]
fn newer_data_is_read_from_its_text_and_dated() {
    let data = r#"[{"id": "acme", "name": "Acme", "api_pattern": "acme", "models": [
        {"id": "rocket", "match": {"equals": "rocket"}, "prices": {"input_mtok": 2, "output_mtok": 4}}
    ]}]"#;
    let prices = GenaiPrices::from_json(data, "2026-11-20").unwrap();
    let rocket = call("acme", "rocket", Usage::new(1_000_000, 500_000));
    assert_eq!(prices.price(&rocket).unwrap().total, Some(4.0));
    assert_eq!(prices.source(), "genai-prices of 2026-11-20");
    assert_eq!(price(&rocket), None);

    let error = GenaiPrices::from_json("{}", "today").unwrap_err();
    assert!(error.is_invalid() && error.to_string().starts_with("no price data: "), "{error}");
}
