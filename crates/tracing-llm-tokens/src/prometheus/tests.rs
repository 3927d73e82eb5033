use std::sync::Arc;
use std::time::Duration;

use tracing_llm::{Event, EventType, Handler, Outcome, SpanId, Usage};

use crate::{By, PriceTable, Rates, TokenCounter, TokenRecord};

fn call(model: &str, id: u64) -> Event {
    let mut event = Event::new(EventType::LLM, "chat");
    event.span_id = SpanId::new(id).unwrap();
    event.elapsed = Duration::from_millis(500);
    event.payload.model = Some(model.into());
    event.payload.provider = Some("openai".into());
    event.payload.usage = Some(Usage::new(1_000, 200));
    event
}

fn counter() -> TokenCounter {
    let prices = PriceTable::new("2026-11-01").model("m*", Rates::new(1.0, 5.0));
    TokenCounter::new().no_prices().prices(prices)
}

fn value(text: &str, sample: &str) -> Option<f64> {
    let mut found = text.lines().filter_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    let value = found.next().map(|value| value.parse().unwrap());
    assert_eq!(found.next(), None, "twice: {sample}");
    value
}

#[test]
fn each_series_has_its_calls_tokens_cost_errors_and_times() {
    let mut tokens = counter();
    tokens.on_end(&Arc::new(call("m-1", 1))).unwrap();
    let mut failed = call("m-1", 2);
    (failed.outcome, failed.payload.usage) = (Outcome::Error, None);
    tokens.on_end(&Arc::new(failed)).unwrap();
    let mut embed = call("a \"b\"\\", 3);
    (embed.event_type, embed.payload.usage) = (EventType::EMBEDDING, Some(Usage::of_input(8)));
    embed.payload.provider = None;
    tokens.on_end(&Arc::new(embed)).unwrap();

    let text = tokens.to_prometheus();
    let m1 = "event_type=\"LLM\",provider=\"openai\",model=\"m-1\"";
    let embed = "event_type=\"EMBEDDING\",model=\"a \\\"b\\\"\\\\\"";
    for (sample, expected) in [
        (format!("llm_calls_total{{{m1}}}"), 2.0),
        (format!("llm_call_errors_total{{{m1}}}"), 1.0),
        (format!("llm_tokens_total{{{m1},token_type=\"input\"}}"), 1_000.0),
        (format!("llm_tokens_total{{{m1},token_type=\"output\"}}"), 200.0),
        (format!("llm_cost_usd_total{{{m1}}}"), 0.002),
        (format!("llm_call_duration_seconds_sum{{{m1}}}"), 1.0),
        (format!("llm_call_duration_seconds_count{{{m1}}}"), 2.0),
        (format!("llm_tokens_total{{{embed},token_type=\"input\"}}"), 8.0),
        (format!("llm_unpriced_tokens_total{{{embed}}}"), 8.0),
    ] {
        assert_eq!(value(&text, &sample), Some(expected), "{sample}\n{text}");
    }
    let unpriced = format!("llm_cost_usd_total{{{embed}}}");
    assert_eq!(value(&text, &unpriced), None, "no known price is not zero");
    let p95 = value(&text, &format!("llm_call_duration_seconds{{{m1},quantile=\"0.95\"}}"));
    assert!((p95.unwrap() - 0.5).abs() < 0.02, "{p95:?}");
}

#[test]
fn a_counter_stands_still_where_a_call_is_taken_back_and_falls_with_a_reset() {
    let mut tokens = counter();
    let calls = "llm_calls_total{event_type=\"LLM\",provider=\"openai\",model=\"m-1\"}";
    let shown = |tokens: &TokenCounter| value(&tokens.to_prometheus(), calls);
    tokens.on_end(&Arc::new(call("m-1", 3))).unwrap();
    let mut inner = call("m-1", 2);
    inner.parent_id = SpanId::new(1);
    if let Some(usage) = &mut inner.payload.usage {
        usage.estimated = true;
    }
    tokens.on_end(&Arc::new(inner)).unwrap();
    assert_eq!(shown(&tokens), Some(2.0));

    // The wrapper reports more than the call knew: that counts no longer.
    tokens.on_end(&Arc::new(call("m-2", 1))).unwrap();
    let text = tokens.to_prometheus();
    assert_eq!(value(&text, calls), Some(2.0), "not lower than it was");
    assert_eq!(value(&text, &calls.replace("m-1", "m-2")), Some(1.0));
    tokens.on_end(&Arc::new(call("m-1", 4))).unwrap();
    assert_eq!(shown(&tokens), Some(2.0), "the sum has caught up");
    tokens.on_end(&Arc::new(call("m-1", 5))).unwrap();
    assert_eq!(shown(&tokens), Some(3.0));

    tokens.reset();
    tokens.on_end(&Arc::new(call("m-1", 6))).unwrap();
    assert_eq!(shown(&tokens), Some(1.0));
}

#[test]
fn models_beyond_the_limit_share_a_series() {
    let mut tokens = counter().row_limit(1);
    for id in 1..=5 {
        tokens.on_end(&Arc::new(call(&format!("m-{id}"), id))).unwrap();
    }
    let text = tokens.to_prometheus();
    let others = value(&text, "llm_calls_total{model=\"(others)\"}").unwrap();
    let own = text.lines().filter(|line| line.starts_with("llm_calls_total{event_type")).count();
    assert_eq!(others, 5.0 - f64::from(u32::try_from(own).unwrap()), "{text}");
}

/// To a scraper a label that is empty is none: the same series twice is an error.
#[test]
fn an_empty_name_is_none_so_that_no_series_is_there_twice() {
    let mut tokens = counter();
    for (id, (provider, model)) in
        [(None, Some("m-1")), (Some(""), Some("m-1")), (None, None), (None, Some(""))]
            .into_iter()
            .enumerate()
    {
        let mut event = call("", id as u64 + 1);
        event.payload.provider = provider.map(Into::into);
        event.payload.model = model.map(Into::into);
        tokens.on_end(&Arc::new(event)).unwrap();
    }
    let text = tokens.to_prometheus();
    for labels in ["event_type=\"LLM\",model=\"m-1\"", "event_type=\"LLM\""] {
        assert_eq!(value(&text, &format!("llm_calls_total{{{labels}}}")), Some(2.0), "{text}");
    }
    assert!(!text.contains("=\"\""), "{text}");
    for by in [By::Provider, By::Model] {
        assert!(tokens.sums(by).iter().all(|row| row.key.as_deref() != Some("")));
    }

    // What is empty leaves the place to what is not.
    let mut event = call("m-1", 9);
    (event.payload.provider, event.payload.system) = (Some("".into()), Some("openai".into()));
    event.payload.response_model = Some("".into());
    let record = TokenRecord::from(&event);
    assert_eq!(
        (record.provider.as_deref(), record.model.as_deref()),
        (Some("openai"), Some("m-1"))
    );
}
