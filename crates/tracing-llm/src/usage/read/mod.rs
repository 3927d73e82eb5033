//! Reads the usage that providers send.

mod fields;
mod number;
mod settle;
mod shape;
mod unread;

use serde_json::{Map, Value};

pub(super) use self::number::LARGEST;
pub(crate) use self::unread::is_unread;
use super::Usage;

/// Where providers put the usage inside a response, the likelier place first.
///
/// Like all names here they are compared without case, `_` and `-`, so that
/// `usageMetadata` is `usage_metadata`.
const ENVELOPES: &[&str] = &[
    "usage",
    "usage_metadata",                    // Gemini, LangChain
    "token_usage",                       // LangChain's llm_output
    "x_groq",                            // Groq, last chunk of a stream
    "message",                           // Anthropic, message_start
    "response",                          // OpenAI Responses, stream events
    "metadata",                          // Bedrock ConverseStream
    "choices",                           // Moonshot, last chunk of a stream
    "meta",                              // Cohere v1 and embeddings
    "amazon_bedrock_invocation_metrics", // Bedrock InvokeModel, last chunk of a stream
    "timings",                           // llama.cpp, where it sends no usage
];

/// How many envelopes may lie in one another.
const DEPTH: usize = 4;

impl Usage {
    /// Reads the usage that a provider sends, or nothing where no count can be read.
    ///
    /// `json` is the usage object itself or a whole response, or a chunk of a
    /// stream, that has it inside (`usage`, `usageMetadata`, `meta`,
    /// `message.usage` …). Chunks are put together with [`Usage::merge`].
    ///
    /// It knows OpenAI (chat, Responses, Realtime) and what speaks the same
    /// (Azure, Mistral, Groq, DeepSeek, xAI, Moonshot, OpenRouter, LiteLLM,
    /// vLLM), Anthropic, Gemini in snake and camel case, Bedrock, Cohere,
    /// Ollama and llama.cpp; the usage of rig, genai, LangChain and the AI
    /// SDK, also as the fields of their spans (`gen_ai.usage.input_tokens`);
    /// and this type's own JSON.
    ///
    /// What differs between them is evened out, as this type says it: cached
    /// tokens are part of the input, also where the provider counts them
    /// beside it (Anthropic, Bedrock), and reasoning is part of the output,
    /// also where it is counted beside it (Gemini, xAI). Where a reported
    /// total shows which of the two holds, it decides.
    ///
    /// A value that is null, negative, fractional, above 2⁵³ or no number is
    /// left out, that field alone; digits in a string are a number. A detail
    /// that is larger than the sum whose part it would be is taken to be beside
    /// it, if the shape is one in which providers differ, and is left out
    /// otherwise; so is a total that is smaller than its parts.
    ///
    /// ```
    /// use serde_json::json;
    /// use tracing_llm::Usage;
    ///
    /// let response = json!({
    ///     "type": "message",
    ///     "content": [{"type": "text", "text": "A period of time."}],
    ///     "usage": {"input_tokens": 11, "cache_read_input_tokens": 900, "output_tokens": 6},
    /// });
    /// let usage = Usage::from_json(&response).unwrap();
    /// assert_eq!(usage.input, Some(911));
    /// assert_eq!(usage.cache_read, Some(900));
    /// assert_eq!(usage.output, Some(6));
    ///
    /// assert_eq!(Usage::from_json(&json!({"usage": null})), None);
    /// ```
    #[must_use]
    pub fn from_json(json: &Value) -> Option<Self> {
        find(json, DEPTH)
    }
}

/// The usage in an envelope, else in the object itself.
fn find(json: &Value, depth: usize) -> Option<Usage> {
    let object = json.as_object()?;
    let inside = depth.checked_sub(1).and_then(|depth| {
        ENVELOPES.iter().find_map(|name| find(first(member(object, name)?), depth))
    });
    inside.or_else(|| shape::read(object)).or_else(|| fields::read(object))
}

/// The first of a list, such as `choices`; anything else is itself.
fn first(json: &Value) -> &Value {
    json.as_array().and_then(|items| items.first()).unwrap_or(json)
}

/// The member with this name, whatever its case: `inputTokens` is `input_tokens`.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| same_name(key, name)).map(|(_, value)| value))
}

fn same_name(left: &str, right: &str) -> bool {
    significant(left).eq(significant(right))
}

/// The bytes of a name that count: neither case nor `_` and `-`.
fn significant(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase())
}
