//! What a `/metrics` endpoint answers: sums and health in one text that Prometheus can read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tracing_llm::prelude::*;
use tracing_llm_openinference::OpenInference;
use tracing_llm_tokens::TokenCounter;
use tracing_subscriber::prelude::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// The samples of a text by their names and labels. Strict: what the format does not allow fails.
fn read(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'), "the last line has an end");
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let mut ended: BTreeSet<&str> = BTreeSet::new();
    let mut helped = None;
    let mut family = "";
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(!help.contains('\n') && is_name(name), "{line}");
            helped = Some(name);
        } else if let Some(of_type) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of_type.split_once(' ').unwrap();
            assert_eq!(helped.take(), Some(name), "its help stands before: {line}");
            assert!(["counter", "gauge", "summary"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert_eq!(types.insert(name, kind), None, "a family stands together: {line}");
            ended.insert(std::mem::replace(&mut family, name));
        } else {
            let (name, labels, value) = sample(line);
            let suffixes: &[&str] =
                if types[family] == "summary" { &["", "_sum", "_count"] } else { &[""] };
            let belongs = suffixes.iter().any(|suffix| name == format!("{family}{suffix}"));
            assert!(belongs && !ended.contains(family), "{line}");
            let key = format!("{name} {labels:?}");
            assert_eq!(samples.insert(key, value), None, "a sample stands once: {line}");
        }
    }
    samples
}

fn is_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|first| !first.is_ascii_digit());
    first && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Name, labels with their escapes undone, value.
fn sample(line: &str) -> (&str, BTreeMap<String, String>, f64) {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.trim_start_matches(',').split_once("=\"").unwrap();
            assert!(is_name(label), "{line}");
            let (mut value, mut letters) = (String::new(), after.char_indices());
            let end = loop {
                match letters.next().unwrap() {
                    (at, '"') => break at + 1,
                    (_, '\\') => value.push(match letters.next().unwrap().1 {
                        'n' => '\n',
                        escaped @ ('\\' | '"') => escaped,
                        other => panic!("no such escape: {other} in {line}"),
                    }),
                    (_, letter) => value.push(letter),
                }
            };
            assert_eq!(labels.insert(label.to_owned(), value), None, "{line}");
            rest = &after[end..];
        }
        rest = &rest[1..];
    }
    (name, labels, rest.strip_prefix(' ').unwrap().parse().unwrap())
}

#[test]
fn sums_and_health_are_one_text_in_which_nothing_stands_twice() {
    let folder = std::env::temp_dir().join(format!("tracing-llm-endpoint-{}", std::process::id()));
    // Nobody listens on the port of discard; two exporters have one name.
    let exporter = || OpenInference::builder().endpoint("http://127.0.0.1:9/v1/traces");
    let tokens = TokenCounter::new();
    let (layer, callbacks) = tracing_llm::layer()
        .enricher(tokens.clone())
        .handler(tokens.clone())
        .handler(exporter().spool(&folder).build().unwrap())
        .handler(exporter().build().unwrap())
        .build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    let odd = "house \"model\"\\\nof 2026 – é";
    tracing::subscriber::with_default(subscriber, || {
        for model in ["gpt-5-mini", odd, odd] {
            let span = event_span!(LLM, "chat", model = model, provider = "openai");
            span.llm().usage(Usage::new(1_000, 200));
        }
    });
    callbacks.flush_blocking(PATIENCE).unwrap_err();
    let text = tokens.to_prometheus() + &callbacks.stats_reader().read().to_prometheus();
    let samples = read(&text);

    let of = |name: &str, labels: &[(&str, &str)]| {
        let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
        samples
            .get(&format!("{name} {labels:?}"))
            .copied()
            .unwrap_or_else(|| panic!("{name} in\n{text}"))
    };
    let series = [("event_type", "LLM"), ("provider", "openai"), ("model", odd)];
    let input = [&series[..], &[("token_type", "input")]].concat();
    assert_eq!(of("llm_tokens_total", &input), 2_000.0);
    assert_eq!(of("llm_calls_total", &series), 2.0);
    assert_eq!(of("llm_call_duration_seconds_count", &series), 2.0);
    assert!(
        !text.contains("llm_cost_usd_total{event_type=\"LLM\",provider=\"openai\",model=\"house")
    );

    let (spooled, unspooled) = (
        [("handler", "OpenInference"), ("output", "otlp")],
        [("handler", "OpenInference 2"), ("output", "otlp")],
    );
    assert_eq!(of("tracing_llm_output_spooled", &spooled), 3.0);
    assert!(of("tracing_llm_output_spool_bytes", &spooled) > 0.0);
    assert!(of("tracing_llm_output_failures_total", &spooled) > 0.0);
    assert_eq!(of("tracing_llm_output_waiting", &unspooled), 3.0);
    assert_eq!(of("tracing_llm_event_ended_total", &[]), 3.0);

    callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    std::fs::remove_dir_all(&folder).unwrap();
}
