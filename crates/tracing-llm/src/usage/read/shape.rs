//! The shapes in which usage comes: one table.

use serde_json::{Map, Value};

use super::member;
use super::number::{count, sum};
use super::settle::{Place, Raw};
use crate::Usage;

/// One shape: the names of its counts.
///
/// A name may be a path (`prompt_tokens_details.cached_tokens`). Of several
/// names the first that holds a count is taken.
struct Shape {
    /// It is this shape if one of these holds a count.
    marks: &'static [&'static str],
    input: &'static [&'static str],
    /// Counted beside the input, and part of it for us.
    more_input: &'static [&'static str],
    output: &'static [&'static str],
    total: &'static [&'static str],
    cache_read: &'static [&'static str],
    cache_write: &'static [&'static str],
    /// What was written to the cache, in parts; their sum, where it is not said as one.
    cache_write_parts: &'static [&'static str],
    reasoning: &'static [&'static str],
    audio_input: &'static [&'static str],
    audio_output: &'static [&'static str],
    /// Where the cached tokens are counted, if no total shows it.
    cache: Place,
    /// Where the reasoning is counted, if no total shows it.
    thought: Place,
    /// The places are sure: no total can show otherwise.
    settled: bool,
}

const BLANK: Shape = Shape {
    marks: &[],
    input: &[],
    more_input: &[],
    output: &[],
    total: &[],
    cache_read: &[],
    cache_write: &[],
    cache_write_parts: &[],
    reasoning: &[],
    audio_input: &[],
    audio_output: &[],
    cache: Place::Within,
    thought: Place::Within,
    settled: false,
};

/// `input_tokens` and `output_tokens`, as most say it; what differs is where the cache counts.
const IN_AND_OUT: Shape = Shape {
    marks: &["input_tokens", "output_tokens", "total_tokens"],
    input: &["input_tokens"],
    output: &["output_tokens"],
    total: &["total_tokens"],
    cache_read: &[
        "input_tokens_details.cached_tokens",
        "input_token_details.cached_tokens",
        "input_token_details.cache_read_tokens",
        "input_token_details.cache_read",
        "cached_input_tokens",
        "cache_read_input_tokens",
        "cache_read_input_token_count",
        "cached_tokens",
    ],
    cache_write: &[
        "input_tokens_details.cache_write_tokens",
        "input_token_details.cache_write_tokens",
        "input_token_details.cache_creation",
        "cache_creation_input_tokens",
        "cache_write_input_tokens",
        "cache_write_input_token_count",
    ],
    reasoning: &[
        "output_tokens_details.reasoning_tokens",
        "output_token_details.reasoning_tokens",
        "output_token_details.reasoning",
        "output_tokens_details.thinking_tokens", // Anthropic
        "reasoning_tokens",
        "reasoning_output_tokens",
    ],
    audio_input: &[
        "input_tokens_details.audio_tokens",
        "input_token_details.audio_tokens",
        "input_token_details.audio",
    ],
    audio_output: &[
        "output_tokens_details.audio_tokens",
        "output_token_details.audio_tokens",
        "output_token_details.audio",
    ],
    ..BLANK
};

/// All shapes. The first whose mark is there is taken.
const SHAPES: &[Shape] = &[
    // OpenAI chat completions and embeddings, and what speaks the same: Azure, Mistral, Groq,
    // DeepSeek (prompt_cache_hit_tokens), Moonshot (cached_tokens), xAI (reasoning beside),
    // OpenRouter, LiteLLM and Portkey (Anthropic's names too), vLLM; genai's `Usage`.
    Shape {
        marks: &["prompt_tokens", "completion_tokens"],
        input: &["prompt_tokens"],
        output: &["completion_tokens"],
        total: &["total_tokens"],
        cache_read: &[
            "prompt_tokens_details.cached_tokens",
            "prompt_cache_hit_tokens",
            "cached_tokens",
            "cache_read_input_tokens",
        ],
        cache_write: &[
            "prompt_tokens_details.cache_write_tokens",
            "prompt_tokens_details.cache_creation_tokens",
            "cache_creation_input_tokens",
        ],
        reasoning: &["completion_tokens_details.reasoning_tokens", "reasoning_tokens"],
        audio_input: &["prompt_tokens_details.audio_tokens"],
        audio_output: &["completion_tokens_details.audio_tokens"],
        ..BLANK
    },
    // rig's `Usage` and the AI SDK's: Anthropic's names beside this one, yet all within the input.
    Shape { marks: &["cached_input_tokens"], ..IN_AND_OUT },
    // Anthropic's messages and Bedrock's Converse: `input_tokens` is only what was not cached.
    // https://platform.claude.com/docs/en/build-with-claude/prompt-caching
    // https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    Shape {
        marks: &[
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
            "cache_write_input_tokens",
            "cache_creation.ephemeral_5m_input_tokens",
            "cache_creation.ephemeral_1h_input_tokens",
        ],
        cache_write_parts: &[
            "cache_creation.ephemeral_5m_input_tokens",
            "cache_creation.ephemeral_1h_input_tokens",
        ],
        cache: Place::Beside,
        ..IN_AND_OUT
    },
    // Gemini's Interactions API.
    Shape {
        marks: &["total_input_tokens", "total_output_tokens", "total_thought_tokens"],
        input: &["total_input_tokens"],
        more_input: &["total_tool_use_tokens"],
        output: &["total_output_tokens"],
        total: &["total_tokens"],
        cache_read: &["total_cached_tokens"],
        reasoning: &["total_thought_tokens"],
        audio_input: &["input_tokens_by_modality.audio"],
        audio_output: &["output_tokens_by_modality.audio"],
        thought: Place::Beside,
        ..BLANK
    },
    // OpenAI Responses and Realtime, LangChain, the AI SDK, Anthropic without a cache.
    IN_AND_OUT,
    // Cohere: all tokens, not only those that are billed; the cached ones stand beside.
    // https://docs.cohere.com/v2/reference/chat
    Shape {
        marks: &["tokens.input_tokens", "tokens.output_tokens"],
        input: &["tokens.input_tokens"],
        output: &["tokens.output_tokens"],
        cache_read: &["cached_tokens"],
        ..BLANK
    },
    // Cohere's embeddings tell what is billed alone.
    Shape {
        marks: &["billed_units.input_tokens", "billed_units.output_tokens"],
        input: &["billed_units.input_tokens"],
        output: &["billed_units.output_tokens"],
        ..BLANK
    },
    // Bedrock InvokeModel's metrics, Titan, Microsoft.Extensions.AI.
    Shape {
        marks: &["input_token_count", "output_token_count", "input_text_token_count"],
        input: &["input_token_count", "input_text_token_count"],
        output: &["output_token_count"],
        total: &["total_token_count"],
        cache_read: &["cache_read_input_token_count", "cached_input_token_count"],
        cache_write: &["cache_write_input_token_count"],
        reasoning: &["reasoning_token_count"],
        ..BLANK
    },
    // Gemini's generateContent and Live API, Vertex AI; Llama on Bedrock.
    // https://ai.google.dev/api/generate-content#UsageMetadata
    Shape {
        marks: &[
            "prompt_token_count",
            "candidates_token_count",
            "thoughts_token_count",
            "response_token_count",
            "generation_token_count",
            "total_token_count",
        ],
        input: &["prompt_token_count"],
        more_input: &["tool_use_prompt_token_count"],
        output: &["candidates_token_count", "response_token_count", "generation_token_count"],
        total: &["total_token_count"],
        cache_read: &["cached_content_token_count"],
        reasoning: &["thoughts_token_count"],
        audio_input: &["prompt_tokens_details.audio"],
        audio_output: &["candidates_tokens_details.audio", "response_tokens_details.audio"],
        thought: Place::Beside,
        ..BLANK
    },
    // Ollama. https://docs.ollama.com/api/usage
    Shape {
        marks: &["prompt_eval_count", "eval_count"],
        input: &["prompt_eval_count"],
        output: &["eval_count"],
        ..BLANK
    },
    // llama.cpp's own completion; its `tokens_cached` is the length of the slot, not of the cache.
    Shape {
        marks: &["tokens_evaluated", "tokens_predicted"],
        input: &["tokens_evaluated"],
        output: &["tokens_predicted"],
        ..BLANK
    },
    // llama.cpp's `timings`: `prompt_n` is what was not in the cache.
    Shape {
        marks: &["prompt_n", "predicted_n"],
        input: &["prompt_n"],
        output: &["predicted_n"],
        cache_read: &["cache_n"],
        cache: Place::Beside,
        ..BLANK
    },
    // Ours, and Langfuse's.
    Shape {
        marks: &[
            "input",
            "output",
            "reported_total",
            "cache_read",
            "cache_write",
            "reasoning",
            "audio_input",
            "audio_output",
        ],
        input: &["input"],
        output: &["output"],
        total: &["reported_total", "total"],
        cache_read: &["cache_read"],
        cache_write: &["cache_write"],
        reasoning: &["reasoning"],
        audio_input: &["audio_input"],
        audio_output: &["audio_output"],
        settled: true,
        ..BLANK
    },
];

/// Reads an object that is the usage itself.
pub(super) fn read(object: &Map<String, Value>) -> Option<Usage> {
    let first = |names: &[&str]| names.iter().find_map(|name| at(object, name));
    let shape = SHAPES.iter().find(|shape| first(shape.marks).is_some())?;

    let all = |names: &[&str]| {
        let mut counts = names.iter().filter_map(|name| at(object, name)).peekable();
        counts.peek()?;
        sum(counts)
    };

    let more_input = first(shape.more_input);
    let input = match (first(shape.input), more_input) {
        (None, None) => None,
        (input, more) => sum(input.into_iter().chain(more)),
    };
    let raw = Raw {
        input,
        output: first(shape.output),
        total: first(shape.total),
        cache_read: first(shape.cache_read),
        cache_write: first(shape.cache_write).or_else(|| all(shape.cache_write_parts)),
        reasoning: first(shape.reasoning),
        audio_input: first(shape.audio_input),
        audio_output: first(shape.audio_output),
    };
    let mut usage = if shape.settled {
        raw.usage(shape.cache, shape.thought)
    } else {
        raw.settle(shape.cache, shape.thought)
    };
    usage.estimated = object.get("estimated").and_then(Value::as_bool).unwrap_or_default();
    (!usage.is_empty()).then_some(usage)
}

/// The count at this path.
fn at(object: &Map<String, Value>, path: &str) -> Option<u64> {
    let Some((name, rest)) = path.split_once('.') else { return count(member(object, path)?) };
    match member(object, name)? {
        Value::Object(inner) => at(inner, rest),
        Value::Array(items) => of_modality(items, rest),
        _ => None,
    }
}

/// Gemini's details: `[{"modality": "AUDIO", "tokenCount": 12}]`.
fn of_modality(items: &[Value], modality: &str) -> Option<u64> {
    items.iter().filter_map(Value::as_object).find_map(|item| {
        let named = member(item, "modality")?.as_str()?;
        let tokens = member(item, "token_count").or_else(|| member(item, "tokens"))?;
        named.eq_ignore_ascii_case(modality).then(|| count(tokens)).flatten()
    })
}
