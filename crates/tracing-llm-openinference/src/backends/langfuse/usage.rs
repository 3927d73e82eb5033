//! Token counts as Langfuse adds them up.

use opentelemetry::{KeyValue, Value};

use super::put;
use crate::names;

/// The counts as Langfuse wants them: a JSON object whose parts do not overlap.
const USAGE_DETAILS: &str = "langfuse.observation.usage_details";

/// Langfuse takes each name below these for a kind of token, and adds up what it does not know.
const COUNTS: [&str; 2] = ["llm.token_count.", "gen_ai.usage."];

/// Counts of the GenAI conventions that it knows.
const GEN_AI_KNOWN: [&str; 3] =
    ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cost"];

/// The parts of a sum, and their names in Langfuse's table of prices.
const INPUT_PARTS: [(&str, &str); 3] = [
    (names::LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ, "input_cache_read"),
    (names::LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_WRITE, "input_cache_creation"),
    (names::LLM_TOKEN_COUNT_PROMPT_DETAILS_AUDIO, "input_audio_tokens"),
];
const OUTPUT_PARTS: [(&str, &str); 2] = [
    (names::LLM_TOKEN_COUNT_COMPLETION_DETAILS_REASONING, "output_reasoning_tokens"),
    (names::LLM_TOKEN_COUNT_COMPLETION_DETAILS_AUDIO, "output_audio_tokens"),
];

/// States the counts in Langfuse's own terms, where there are any, and takes out counts that it
/// would add up wrongly.
pub(super) fn settle(attributes: &mut Vec<KeyValue>) {
    let mut details = serde_json::Map::new();
    for (sum, name, parts) in [
        (names::LLM_TOKEN_COUNT_PROMPT, "input", &INPUT_PARTS[..]),
        (names::LLM_TOKEN_COUNT_COMPLETION, "output", &OUTPUT_PARTS[..]),
    ] {
        let Some(sum) = count(attributes, sum) else { continue };
        let mut rest = sum;
        for (part, name) in parts {
            // What does not fit into the sum any more overlaps with a part before it.
            let part = count(attributes, part).unwrap_or(0).clamp(0, rest.max(0));
            if part > 0 {
                details.insert((*name).to_owned(), part.into());
                rest -= part;
            }
        }
        details.insert(name.to_owned(), rest.into());
    }
    if !details.is_empty() {
        if let Some(total) = count(attributes, names::LLM_TOKEN_COUNT_TOTAL) {
            details.insert("total".to_owned(), total.into());
        }
        put(attributes, USAGE_DETAILS, serde_json::Value::Object(details).to_string());
    }
    attributes.retain(|pair| is_known(pair.key.as_str()));
}

fn count(attributes: &[KeyValue], key: &str) -> Option<i64> {
    attributes.iter().find(|pair| pair.key.as_str() == key).and_then(|pair| match pair.value {
        Value::I64(count) => Some(count),
        _ => None,
    })
}

fn is_known(key: &str) -> bool {
    !COUNTS.iter().any(|prefix| key.starts_with(prefix))
        || GEN_AI_KNOWN.contains(&key)
        || names::TABLE.binary_search_by_key(&key, |(known, _)| known).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(counts: &[(&'static str, i64)]) -> Vec<(String, String)> {
        let mut attributes: Vec<_> =
            counts.iter().map(|(key, count)| KeyValue::new(*key, *count)).collect();
        settle(&mut attributes);
        attributes.into_iter().map(|pair| (pair.key.to_string(), pair.value.to_string())).collect()
    }

    #[test]
    fn the_parts_of_a_sum_are_taken_out_of_it() {
        let settled = settled(&[
            ("llm.token_count.prompt", 100),
            ("llm.token_count.prompt_details.cache_read", 60),
            ("llm.token_count.prompt_details.cache_write", 10),
            ("llm.token_count.completion", 50),
            ("llm.token_count.completion_details.reasoning", 30),
            ("llm.token_count.total", 150),
        ]);
        let (key, json) = settled.last().unwrap();
        assert_eq!(key, "langfuse.observation.usage_details");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(json).unwrap(),
            serde_json::json!({
                "input": 30, "input_cache_read": 60, "input_cache_creation": 10,
                "output": 20, "output_reasoning_tokens": 30, "total": 150,
            })
        );
        assert_eq!(settled.len(), 7, "the counts themselves stay");
    }

    #[test]
    fn parts_that_overlap_are_not_counted_twice() {
        let settled = settled(&[
            ("llm.token_count.prompt", 100),
            ("llm.token_count.prompt_details.cache_read", 80),
            ("llm.token_count.prompt_details.audio", 50),
        ]);
        let json = &settled.last().unwrap().1;
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(json).unwrap(),
            serde_json::json!({"input": 0, "input_cache_read": 80, "input_audio_tokens": 20})
        );
    }

    #[test]
    fn a_count_by_a_name_that_langfuse_does_not_know_is_taken_out() {
        let settled = settled(&[
            ("gen_ai.usage.tool_use_prompt_tokens", 7),
            ("gen_ai.usage.reasoning_tokens", 7),
            ("llm.token_count.prompt_details.tools", 7),
            ("gen_ai.usage.input_tokens", 9),
            ("llm.token_counts", 1),
        ]);
        let keys: Vec<_> = settled.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["gen_ai.usage.input_tokens", "llm.token_counts"]);
    }
}
