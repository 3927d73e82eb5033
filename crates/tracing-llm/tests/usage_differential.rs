//! `Usage::from_json` beside the extraction of `genai-prices`, which Pydantic keeps in step with
//! what providers send.
//!
//! It has to be told whose response it reads, and we do not: so the two came to their answers by
//! different ways. Where they differ, the fixture says who is right and why.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use genai_prices::{ExtractRequest, extract_provider_usage};
use proptest::prelude::*;
use serde_json::{Value, json};
use tracing_llm::Usage;

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    json: Option<Value>,
    usage: Option<Usage>,
    genai_prices: Option<Theirs>,
}

/// What the other one reads of a fixture.
#[derive(serde::Deserialize)]
struct Theirs {
    /// `provider/flavor`.
    extractor: String,
    /// Where it differs from us: what it reads.
    reads: Option<BTreeMap<String, u64>>,
    /// Where it differs from us: who is right.
    why: Option<String>,
}

/// Our name of a number, and theirs.
const NAMES: [(&str, &str); 7] = [
    ("input", "input_tokens"),
    ("output", "output_tokens"),
    ("cache_read", "cache_read_tokens"),
    ("cache_write", "cache_write_tokens"),
    ("reasoning", "output_reasoning_tokens"),
    ("audio_input", "input_audio_tokens"),
    ("audio_output", "output_audio_tokens"),
];

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of a fixture")]
fn theirs(extractor: &str, json: &Value) -> BTreeMap<String, u64> {
    let (provider, flavor) = extractor.split_once('/').unwrap();
    let request =
        ExtractRequest::from_value(json).with_provider_id(provider).with_api_flavor(flavor);
    let read = extract_provider_usage(&request).unwrap_or_else(|error| panic!("{error}: {json}"));
    let numbers = NAMES.iter().filter_map(|(ours, theirs)| Some((ours, read.usage.get(theirs)?)));
    numbers.map(|(name, number)| ((*name).to_owned(), number as u64)).collect()
}

/// Those of our numbers that the other one reads, too.
fn ours(usage: Option<Usage>, beside: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let read = serde_json::to_value(usage.unwrap_or_default()).unwrap();
    let numbers = beside.keys().filter_map(|name| Some((name.clone(), read.get(name)?.as_u64()?)));
    numbers.collect()
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/usage");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.flat_map(|path| -> Vec<Case> {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    })
    .collect()
}

#[test]
fn every_fixture_that_both_read_is_read_alike_or_says_who_is_right() {
    let (mut alike, mut apart) = (0, 0);
    for case in cases() {
        let Some(expected) = case.genai_prices else { continue };
        let json = case.json.unwrap();
        let theirs = theirs(&expected.extractor, &json);
        assert!(theirs.contains_key("input"), "{}: {theirs:?}", case.name);
        let ours = ours(Usage::from_json(&json), &theirs);
        match expected.reads {
            None => {
                assert_eq!(ours, theirs, "{}", case.name);
                alike += 1;
            }
            Some(reads) => {
                assert_eq!(theirs, reads, "{}: theirs", case.name);
                assert_ne!(ours, theirs, "{}: they agree by now", case.name);
                assert_eq!(ours, self::ours(case.usage, &theirs), "{}", case.name);
                assert!(expected.why.is_some(), "{}: why?", case.name);
                apart += 1;
            }
        }
    }
    assert!(alike >= 20 && apart >= 3, "{alike} alike, {apart} apart");
}

/// The parts of a call, before a provider adds them up in its own way.
#[derive(Clone, Debug)]
struct Parts {
    fresh: u64,
    read: u64,
    written: u64,
    answer: u64,
    thought: u64,
}

impl Parts {
    fn input(&self) -> u64 {
        self.fresh + self.read + self.written
    }

    fn output(&self) -> u64 {
        self.answer + self.thought
    }
}

fn parts() -> impl Strategy<Value = Parts> {
    let count = || prop_oneof![1 => Just(0), 4 => 1_u64..100_000];
    (1_u64..100_000, count(), count(), 1_u64..100_000, count()).prop_map(
        |(fresh, read, written, answer, thought)| Parts { fresh, read, written, answer, thought },
    )
}

/// A response in each provider's own way of adding up, with the name of its extractor.
fn responses(of: &Parts) -> [(&'static str, Value); 9] {
    let Parts { fresh, read, written, answer, thought } = *of;
    let (input, output) = (of.input(), of.output());
    let chat = |completion: u64| {
        json!({"usage": {
            "prompt_tokens": input, "completion_tokens": completion, "total_tokens": input + output,
            "prompt_tokens_details": {"cached_tokens": read},
            "completion_tokens_details": {"reasoning_tokens": thought},
        }})
    };
    let responses = json!({"usage": {
        "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
        "input_tokens_details": {"cached_tokens": read},
        "output_tokens_details": {"reasoning_tokens": thought},
    }});
    [
        ("openai/chat", chat(output)),
        ("groq/default", chat(output)),
        ("mistral/default", chat(output)),
        ("deepseek/chat", chat(output)),
        ("x-ai/chat", chat(answer)),
        ("openai/responses", responses),
        (
            "anthropic/default",
            json!({"usage": {
                "input_tokens": fresh, "output_tokens": output,
                "cache_read_input_tokens": read, "cache_creation_input_tokens": written,
                "output_tokens_details": {"thinking_tokens": thought},
            }}),
        ),
        (
            "aws/default",
            json!({"usage": {
                "inputTokens": fresh, "outputTokens": output, "totalTokens": input + output,
                "cacheReadInputTokens": read, "cacheWriteInputTokens": written,
            }}),
        ),
        (
            "google/default",
            json!({"usageMetadata": {
                "promptTokenCount": input, "candidatesTokenCount": answer,
                "thoughtsTokenCount": thought, "cachedContentTokenCount": read,
                "totalTokenCount": input + output,
            }}),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_call_is_read_alike_in_every_provider_s_way_of_adding_up(of in parts()) {
        for (extractor, json) in responses(&of) {
            let theirs = theirs(extractor, &json);
            let usage = Usage::from_json(&json).unwrap();
            prop_assert_eq!(ours(Some(usage), &theirs), theirs, "{}: {}", extractor, json);
            prop_assert_eq!(usage.input, Some(of.input()), "{}", extractor);
            prop_assert_eq!(usage.output, Some(of.output()), "{}", extractor);
        }
    }
}
