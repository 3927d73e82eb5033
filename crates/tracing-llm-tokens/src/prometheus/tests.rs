use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracing_llm::{Cost, Event, EventType, Handler, Outcome, SpanId, Usage};

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

/// A call inside one with this id, that knows less than one that reports.
fn estimated(model: &str, id: u64, parent: u64) -> Event {
    let mut event = call(model, id);
    event.parent_id = SpanId::new(parent);
    event.payload.usage.as_mut().unwrap().estimated = true;
    event
}

/// The samples that Prometheus takes for counters, by their names and labels.
fn counters(text: &str) -> BTreeMap<&str, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| line.rsplit_once(' ').unwrap());
    let counters = samples.filter(|(name, _)| !name.contains("quantile="));
    counters.map(|(name, value)| (name, value.parse().unwrap())).collect()
}

#[test]
fn a_counter_stands_still_where_a_call_is_taken_back_and_falls_with_a_reset() {
    let mut tokens = counter();
    let m1 = "{event_type=\"LLM\",provider=\"openai\",model=\"m-1\"}";
    let m2 = m1.replace("m-1", "m-2");
    let names = ["llm_calls_total", "llm_call_duration_seconds_count", "llm_cost_usd_total"];
    let shown = |tokens: &TokenCounter, labels: &str| {
        let text = tokens.to_prometheus();
        names.map(|name| value(&text, &format!("{name}{labels}")))
    };
    tokens.on_end(&Arc::new(estimated("m-1", 3, 1))).unwrap();
    assert_eq!(shown(&tokens, m1), [Some(1.0), Some(1.0), Some(0.002)]);

    // The wrapper reports more than the call knew: that counts no longer, and its series has none.
    tokens.on_end(&Arc::new(call("m-2", 1))).unwrap();
    assert_eq!(tokens.sums(By::Model).len(), 1);
    for _ in 0..2 {
        assert_eq!(shown(&tokens, m1), [Some(1.0), Some(1.0), Some(0.002)], "as it was");
        assert_eq!(shown(&tokens, &m2), [Some(1.0), Some(1.0), Some(0.002)]);
    }
    tokens.on_end(&Arc::new(call("m-1", 4))).unwrap();
    assert_eq!(shown(&tokens, m1), [Some(1.0), Some(1.0), Some(0.002)], "it has caught up");
    tokens.on_end(&Arc::new(call("m-1", 5))).unwrap();
    assert_eq!(shown(&tokens, m1), [Some(2.0), Some(2.0), Some(0.004)]);

    tokens.reset();
    assert_eq!(shown(&tokens, m1), [None; 3]);
    tokens.on_end(&Arc::new(call("m-1", 6))).unwrap();
    assert_eq!(shown(&tokens, m1), [Some(1.0), Some(1.0), Some(0.002)]);
}

#[test]
fn no_counter_falls_or_vanishes_whatever_is_taken_back() {
    let mut tokens = counter();
    let mut before = String::new();
    for round in 0..20_u64 {
        // Now priced and now not, failed or not, and some series without any call in between.
        let (wrapper, inner) = (2 * round + 1, 2 * round + 2);
        let model = ["m-1", "x-1"][usize::from(round % 2 == 0)];
        let mut event = estimated(model, inner, wrapper);
        event.payload.cost = (round % 3 == 0).then(|| {
            let mut cost = Cost::default();
            cost.total = Some(0.5);
            cost
        });
        event.outcome = if round % 4 < 2 { Outcome::Error } else { Outcome::Ok };
        for event in [event, call("m-2", wrapper)] {
            tokens.on_end(&Arc::new(event)).unwrap();
            let text = tokens.to_prometheus();
            let now = counters(&text);
            for (name, value) in counters(&before) {
                let shown = now.get(name).copied();
                assert!(shown >= Some(value), "{name} was {value} and is {shown:?}");
            }
            before = text;
        }
    }
    assert_eq!(tokens.sums(By::Model).len(), 1, "all else is taken back");
}

#[test]
fn a_series_that_was_never_shown_with_a_call_is_not_shown() {
    let mut tokens = counter();
    for event in [estimated("m-1", 2, 1), call("m-2", 1)] {
        tokens.on_end(&Arc::new(event)).unwrap();
    }
    let text = tokens.to_prometheus();
    assert!(!text.contains("m-1") && !text.contains("(others)"), "{text}");
}

#[test]
fn the_series_of_the_rest_stays_when_its_last_call_is_taken_back() {
    let mut tokens = counter().row_limit(1);
    for event in [estimated("m-1", 2, 1), call("m-2", 3), call("m-3", 4)] {
        tokens.on_end(&Arc::new(event)).unwrap();
    }
    let others = "llm_calls_total{model=\"(others)\"}";
    let shown = value(&tokens.to_prometheus(), others);
    assert_eq!(shown, Some(1.0));
    tokens.on_end(&Arc::new(call("m-3", 1))).unwrap();
    assert_eq!(value(&tokens.to_prometheus(), others), shown);
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
