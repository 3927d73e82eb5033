use tracing_llm::{Event, Usage};

use super::*;

/// A call of this provider's model, of one million tokens in and one out.
fn call(provider: &'static str, model: &'static str) -> TokenRecord {
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.provider = (!provider.is_empty()).then(|| Text::literal(provider));
    event.payload.model = Some(Text::literal(model));
    event.payload.usage = Some(Usage::new(1_000_000, 1_000_000));
    TokenRecord::from(&event)
}

fn table() -> PriceTable {
    PriceTable::new("2026-11-01")
        .model("GPT-5*", Rates::new(1.0, 0.0))
        .model("gpt-5-mini*", Rates::new(2.0, 0.0))
        .model("gpt-5-mini", Rates::new(3.0, 0.0))
        .model("azure/gpt-5-mini", Rates::new(4.0, 0.0))
        .model("azure/gpt-5*", Rates::new(5.0, 0.0))
}

#[test]
fn the_nearest_name_is_the_model_s() {
    for (provider, model, dollars) in [
        ("", "gpt-5", Some(1.0)),
        ("", "gpt-5-mini-2025-08-07", Some(2.0)),
        ("openai", "gpt-5-mini", Some(3.0)),
        ("Azure", "GPT-5-Mini", Some(4.0)),
        ("azure", "gpt-5-nano", Some(5.0)),
        ("google", "models/gpt-5-mini", Some(3.0)),
        ("openai", "gpt-4o", None),
        ("openai", "my-gpt-5", None),
    ] {
        let total = table().price(&call(provider, model)).and_then(|cost| cost.total);
        assert_eq!(total, dollars, "{provider} {model}");
    }
}

#[test]
fn the_model_that_was_asked_for_is_tried_where_the_one_that_answered_has_no_price() {
    let mut call = call("openai", "deployment-7");
    assert_eq!(table().price(&call), None);
    call.requested_model = Some("gpt-5-mini".into());
    assert_eq!(table().price(&call).unwrap().total, Some(3.0));
}

#[test]
fn parts_have_their_own_rates_and_are_in_the_sums_once() {
    let rates = Rates::new(3.0, 15.0).cache_read(0.3).cache_write(3.75).reasoning(10.0);
    let table = PriceTable::new("today").model("m", rates.audio(40.0, 80.0));
    let mut call = call("", "m");
    let mut usage = Usage::new(10_000, 2_000);
    (usage.cache_read, usage.cache_write, usage.audio_input) =
        (Some(6_000), Some(1_000), Some(500));
    (usage.reasoning, usage.audio_output) = (Some(1_500), Some(100));
    call.usage = usage;
    let cost = table.price(&call).unwrap();
    let close = |found: Option<f64>, expected: f64| {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?} is not {expected}");
    };
    close(cost.cache_read, 0.0018);
    close(cost.cache_write, 0.00375);
    close(cost.reasoning, 0.015);
    close(cost.input, 0.0018 + 0.00375 + 0.02 + 2_500.0 * 3e-6);
    close(cost.output, 0.015 + 0.008 + 400.0 * 15e-6);
    close(cost.total, cost.input.unwrap() + cost.output.unwrap());
}

#[test]
fn what_is_not_known_has_no_price() {
    let mut call = call("", "gpt-5");
    call.usage.output = None;
    let cost = table().price(&call).unwrap();
    assert_eq!((cost.input, cost.output, cost.total), (Some(1.0), None, None));

    call.event_type = EventType::EMBEDDING;
    assert_eq!(table().price(&call).unwrap().total, Some(1.0));

    // A rate for what goes in alone prices no answer.
    let embeddings = PriceTable::new("today").model("gpt-5", Rates::of_input(0.02));
    let mut chat = call;
    (chat.event_type, chat.usage) = (EventType::LLM, Usage::new(5, 5));
    assert_eq!(embeddings.price(&chat).unwrap().total, None);
}

#[test]
fn a_tier_has_rates_of_its_own_and_one_without_has_the_standard_ones() {
    let rates = Rates::new(2.0, 0.0).tier("flex", Rates::new(1.0, 0.0));
    let table = PriceTable::new("today").model("m", rates);
    let mut call = call("", "m");
    for (tier, dollars) in [(None, 2.0), (Some("flex"), 1.0), (Some("default"), 2.0)] {
        call.tier = tier.map(Text::literal);
        assert_eq!(table.price(&call).unwrap().total, Some(dollars), "{tier:?}");
    }
}

#[test]
fn a_table_that_cannot_be_right_is_refused_with_the_reason() {
    for (text, reason) in [
        ("[]", "expected struct PriceTable"),
        (r#"{"date": "x"}"#, "missing field `models`"),
        (r#"{"date": "x", "models": {"m": {"output": 1}}}"#, "missing field `input`"),
        (r#"{"date": "x", "models": {"m": {"input": 1, "cached": 2}}}"#, "unknown field `cached`"),
        (r#"{"date": "x", "models": {"m": {"input": -1}}}"#, r#"a rate of "m" is below zero"#),
        (
            r#"{"date": "x", "models": {"m": {"input": 1, "tiers": {"t": {"input": -1}}}}}"#,
            r#"a rate of "m" is below zero"#,
        ),
    ] {
        let error = PriceTable::from_json(text).unwrap_err();
        assert!(error.is_invalid());
        assert!(error.to_string().contains(reason), "{error}");
    }
    let odd = PriceTable::new("x").model("m", Rates::new(f64::NAN, 1.0));
    assert_eq!(odd.price(&call("", "m")), None);
}
