//! `Usage::from_json` against what providers send.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers may panic")]

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tracing_llm::Usage;

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    json: Option<Value>,
    chunks: Option<Vec<Value>>,
    usage: Option<Usage>,
}

/// All cases of all files, with the names of their files.
fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/usage");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let in_file: Vec<Case> = serde_json::from_str(&text).expect(&file);
            assert!(!in_file.is_empty(), "{file} is empty");
            cases.extend(in_file.into_iter().map(|case| (file.clone(), case)));
        }
    }
    cases
}

/// Chunk by chunk, as a stream is read.
fn merged(chunks: &[Value]) -> Option<Usage> {
    chunks.iter().filter_map(Usage::from_json).reduce(|mut sum, later| {
        sum.merge(&later);
        sum
    })
}

impl Case {
    fn read(&self) -> Option<Usage> {
        match &self.chunks {
            Some(chunks) => merged(chunks),
            None => Usage::from_json(self.json.as_ref().unwrap_or(&Value::Null)),
        }
    }
}

#[test]
fn every_provider_s_usage_is_read() {
    let cases = cases();
    assert!(cases.len() > 70, "only {} cases", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(_, case)| case.read() != case.usage)
        .map(|(file, case)| {
            format!("{file}: {}\n  read {:?}\n  not  {:?}", case.name, case.read(), case.usage)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_was_read_reads_the_same_again() {
    for (file, case) in cases() {
        if let Some(usage) = case.read() {
            let again = Usage::from_json(&serde_json::to_value(usage).unwrap());
            assert_eq!(again, Some(usage), "{file}: {}", case.name);
        }
    }
}

#[test]
fn the_same_is_read_wherever_the_usage_lies() {
    let usage = json!({"prompt_tokens": 11, "completion_tokens": 7});
    for response in [
        usage.clone(),
        json!({"usage": usage}),
        json!({"Usage": usage}),
        json!({"message": {"usage": usage}}),
        json!({"response": {"usage": usage}}),
        json!({"choices": [{"usage": usage}]}),
        json!({"x_groq": {"usage": usage}}),
    ] {
        assert_eq!(Usage::from_json(&response), Some(Usage::new(11, 7)), "{response}");
    }
}

#[test]
fn the_case_of_a_name_does_not_matter() {
    for (input, output) in [
        ("input_tokens", "output_tokens"),
        ("inputTokens", "outputTokens"),
        ("InputTokens", "OutputTokens"),
        ("input-tokens", "output-tokens"),
    ] {
        let usage = Usage::from_json(&json!({input: 11, output: 7}));
        assert_eq!(usage, Some(Usage::new(11, 7)), "{input}");
    }
}

#[test]
fn ten_thousand_envelopes_do_not_overflow_the_stack() {
    let mut deep = json!({"prompt_tokens": 11});
    for _ in 0..10_000 {
        // The macro would serialize what is inside, level by level.
        deep = Value::Object(Map::from_iter([("message".to_owned(), deep)]));
    }
    assert_eq!(Usage::from_json(&deep), None);
    // Value's own drop is recursive: take it apart level by level.
    while let Some(inner) = deep.get_mut("message").map(Value::take) {
        deep = inner;
    }
}

/// No detail is larger than the sum whose part it is.
fn is_consistent(usage: &Usage) -> bool {
    let within = |part: Option<u64>, sum: Option<u64>| sum.is_none() || part <= sum;
    let add = |left: Option<u64>, right: Option<u64>| {
        Some(left.unwrap_or_default() + right.unwrap_or_default())
    };
    within(add(usage.cache_read, usage.cache_write), usage.input)
        && within(usage.audio_input, usage.input)
        && within(usage.reasoning, usage.output)
        && within(usage.audio_output, usage.output)
        && (usage.reported_total.is_none()
            || add(usage.input, usage.output) <= usage.reported_total)
}

/// Every name of the table, and some of nobody.
fn names() -> impl Strategy<Value = String> {
    prop::sample::select(
        [
            "usage",
            "usageMetadata",
            "message",
            "response",
            "meta",
            "tokens",
            "choices",
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "prompt_tokens_details",
            "completion_tokens_details",
            "cached_tokens",
            "cache_write_tokens",
            "audio_tokens",
            "reasoning_tokens",
            "input_tokens",
            "output_tokens",
            "input_tokens_details",
            "output_tokens_details",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
            "cache_creation",
            "ephemeral_5m_input_tokens",
            "ephemeral_1h_input_tokens",
            "cached_input_tokens",
            "promptTokenCount",
            "candidatesTokenCount",
            "thoughtsTokenCount",
            "totalTokenCount",
            "cachedContentTokenCount",
            "toolUsePromptTokenCount",
            "promptTokensDetails",
            "modality",
            "tokenCount",
            "prompt_eval_count",
            "eval_count",
            "timings",
            "prompt_n",
            "cache_n",
            "predicted_n",
            "input",
            "output",
            "reported_total",
            "cache_read",
            "cache_write",
            "reasoning",
            "audio_input",
            "audio_output",
            "estimated",
            "words",
            "",
        ]
        .map(String::from)
        .to_vec(),
    )
}

fn numbers() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (0_u64..20).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => "[0-9]{0,20}".prop_map(Value::from),
        1 => Just(json!("AUDIO")),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    numbers().prop_recursive(5, 64, 12, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::vec((names(), inner), 0..12)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_any_json_the_details_are_within_the_sums(json in anything()) {
        if let Some(usage) = Usage::from_json(&json) {
            prop_assert!(!usage.is_empty());
            prop_assert!(is_consistent(&usage), "{usage:?}");
            let again = Usage::from_json(&serde_json::to_value(usage).unwrap());
            prop_assert_eq!(again, Some(usage));
        }
    }

    #[test]
    fn of_any_stream_the_details_are_within_the_sums(chunks in prop::collection::vec(anything(), 0..6)) {
        if let Some(usage) = merged(&chunks) {
            prop_assert!(is_consistent(&usage), "{usage:?}");
        }
    }

    #[test]
    fn the_last_of_anthropic_s_cumulative_counts_holds(
        fresh in 0_u64..10_000,
        read in 0_u64..10_000,
        mut outputs in prop::collection::vec(0_u64..10_000, 1..8),
    ) {
        outputs.sort_unstable();
        let start = json!({"type": "message_start", "message": {"usage": {
            "input_tokens": fresh, "cache_read_input_tokens": read, "output_tokens": 1,
        }}});
        let deltas = outputs.iter().map(|output| {
            json!({"type": "message_delta", "usage": {"output_tokens": output}})
        });
        let chunks: Vec<Value> = std::iter::once(start).chain(deltas).collect();
        let usage = merged(&chunks).unwrap();
        prop_assert_eq!(usage.input, Some(fresh + read));
        prop_assert_eq!(usage.cache_read, Some(read));
        prop_assert_eq!(usage.output, outputs.last().copied());
    }

    #[test]
    fn a_total_shows_whether_reasoning_is_beside_the_completion(
        input in 0_u64..10_000,
        answer in 1_u64..10_000,
        reasoning in 1_u64..10_000,
    ) {
        let read = |completion: u64, total: u64| Usage::from_json(&json!({
            "prompt_tokens": input, "completion_tokens": completion, "total_tokens": total,
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        })).unwrap();
        let within = read(answer + reasoning, input + answer + reasoning);
        let beside = read(answer, input + answer + reasoning);
        prop_assert_eq!(within, beside);
        prop_assert_eq!(within.output, Some(answer + reasoning));
    }
}
