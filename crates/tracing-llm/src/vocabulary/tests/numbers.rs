//! Token counts, costs, and numbers that are none.

use serde_json::json;

use super::{add, any, draft};
use crate::{Cost, Usage};

#[test]
fn token_counts_of_both_conventions_are_one_usage() {
    let expected = Usage {
        reported_total: Some(120),
        cache_read: Some(60),
        cache_write: Some(5),
        reasoning: Some(8),
        audio_input: Some(3),
        audio_output: Some(2),
        ..Usage::new(100, 20)
    };
    let open_inference = [
        ("llm.token_count.prompt", 100),
        ("llm.token_count.completion", 20),
        ("llm.token_count.total", 120),
        ("llm.token_count.prompt_details.cache_read", 60),
        ("llm.token_count.prompt_details.cache_write", 5),
        ("llm.token_count.prompt_details.audio", 3),
        ("llm.token_count.completion_details.reasoning", 8),
        ("llm.token_count.completion_details.audio", 2_i64),
    ];
    let gen_ai = [
        ("gen_ai.usage.total_tokens", 120),
        ("gen_ai.usage.input_tokens", 100),
        ("gen_ai.usage.output_tokens", 20),
        ("gen_ai.usage.cache_read.input_tokens", 60),
        ("gen_ai.usage.cache_creation.input_tokens", 5),
        ("gen_ai.usage.reasoning.output_tokens", 8),
        ("gen_ai.usage.audio.input_tokens", 3),
        ("gen_ai.usage.audio.output_tokens", 2_i64),
    ];
    assert_eq!(draft(open_inference).payload().usage, Some(expected));
    assert_eq!(draft(gen_ai).payload().usage, Some(expected));
}

#[test]
fn aliases_of_libraries_are_known() {
    let aliases = [
        ("gen_ai.usage.prompt_tokens", Usage::of_input(7)),
        ("gen_ai.usage.completion_tokens", Usage { output: Some(7), ..Usage::default() }),
        ("gen_ai.usage.reasoning_tokens", Usage { reasoning: Some(7), ..Usage::default() }),
        ("gen_ai.usage.cached_tokens", Usage { cache_read: Some(7), ..Usage::default() }),
        ("gen_ai.usage.cache_read_input_tokens", Usage { cache_read: Some(7), ..Usage::default() }),
        (
            "gen_ai.usage.cache_creation_input_tokens",
            Usage { cache_write: Some(7), ..Usage::default() },
        ),
        (
            "gen_ai.usage.cache_write.input_tokens",
            Usage { cache_write: Some(7), ..Usage::default() },
        ),
        (
            "llm.token_count.prompt_details.cache_input",
            Usage { cache_read: Some(7), ..Usage::default() },
        ),
        ("decision.token_count.input", Usage::of_input(7)),
    ];
    for (name, expected) in aliases {
        assert_eq!(draft([(name, 7_u64)]).payload().usage, Some(expected), "{name}");
    }
}

#[test]
fn costs_are_amounts() {
    let draft = draft([
        ("llm.cost.prompt", any(0.25)),
        ("llm.cost.completion", any("0.5")),
        ("llm.cost.total", any(1_u64)),
        ("llm.cost.prompt_details.cache_read", any(0.125)),
        ("llm.cost.completion_details.reasoning", any(0.0)),
        ("llm.cost.prompt_details.input", any(0.1)),
    ]);
    let expected = Cost {
        input: Some(0.25),
        output: Some(0.5),
        total: Some(1.0),
        cache_read: Some(0.125),
        reasoning: Some(0.0),
        ..Cost::default()
    };
    assert_eq!(draft.payload().cost, Some(expected));
    assert_eq!(draft.payload().attributes["llm.cost.prompt_details.input"], json!(0.1));
}

#[test]
fn a_count_may_be_a_whole_float_or_spelled() {
    for value in [any(12_u64), any(12_i64), any(12.0), any("12"), any(" 12.0 ")] {
        assert_eq!(draft([("top_k", value.clone())]).payload().top_k, Some(12), "{value:?}");
    }
    let largest = 1_u64 << 53;
    assert_eq!(draft([("top_k", largest)]).payload().top_k, Some(largest));
}

#[test]
fn a_number_that_cannot_be_a_count_is_left_out_and_counted() {
    let absurd = [any(-1_i64), any(1.5), any(f64::NAN), any(f64::INFINITY), any((1_u64 << 53) + 1)];
    for value in absurd {
        let draft = draft([("llm.token_count.prompt", value.clone())]);
        assert_eq!(draft.payload().usage, None, "{value:?}");
        assert!(draft.payload().attributes.is_empty(), "{value:?} would be believed by a reader");
        assert_eq!(draft.unreadable(), 1);
    }
    let draft = draft([("llm.cost.total", -0.5), ("llm.cost.prompt", f64::NAN)]);
    assert_eq!((draft.payload().cost, draft.unreadable()), (None, 2));
}

#[test]
fn a_text_that_is_no_count_is_kept_and_does_not_replace_one() {
    let mut draft = draft([("top_k", any(5_u64)), ("top_k", any("many"))]);
    assert_eq!(draft.payload().top_k, Some(5));
    assert_eq!(draft.payload().attributes["top_k"], json!("many"));
    assert_eq!(draft.unreadable(), 1);
    add(&mut draft, [("top_k", 6_u64)]);
    assert_eq!(draft.payload().top_k, Some(6));
    assert!(draft.payload().attributes.is_empty(), "the later value replaces the text too");
}

#[test]
fn a_total_goes_when_a_sum_that_was_known_changes() {
    let mut draft = draft([
        ("gen_ai.usage.total_tokens", 30_u64),
        ("gen_ai.usage.input_tokens", 10),
        ("gen_ai.usage.output_tokens", 5),
    ]);
    assert_eq!(draft.payload().usage.unwrap().total(), Some(30), "the provider counts more");
    add(&mut draft, [("gen_ai.usage.output_tokens", 50_u64)]);
    assert_eq!(draft.payload().usage.unwrap().total(), Some(60));
}

#[test]
fn a_usage_in_json_that_cannot_be_read_is_kept() {
    let draft = draft([("usage", "a lot"), ("llm.token_count.prompt", "3")]);
    assert_eq!(draft.payload().usage, Some(Usage::of_input(3)));
    assert_eq!(draft.payload().attributes["usage"], json!("a lot"));
    assert_eq!(draft.unreadable(), 1);
}

#[test]
fn the_time_to_the_first_token_is_in_seconds() {
    let name = "gen_ai.response.time_to_first_chunk";
    let good = draft([(name, 0.25)]);
    let stream = good.payload().stream.clone().unwrap();
    assert_eq!(stream.first_token, Some(std::time::Duration::from_millis(250)));
    for bad in [-1.0, f64::NAN, 1e300] {
        let draft = draft([(name, bad)]);
        assert_eq!((&draft.payload().stream, draft.unreadable()), (&None, 1), "{bad}");
    }
}
