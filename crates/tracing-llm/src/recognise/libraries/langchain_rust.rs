//! langchain-rust 7.0.0: `src/observability.rs`, `src/agent/executor.rs`, `src/chain/*`.
//!
//! It promises names and fields as part of its surface, and never records prompts or outputs.

use super::{Library, Meaning, span};
use crate::EventType;
use crate::vocabulary::Vocabulary;

const CRATE: &str = "langchain_rust";

/// Named alike by what means the same in `gen_ai.*`; `provider`, `model` and `error` are read as
/// they are. `tool_calls` is a count.
const CALL: &[Meaning] = &[
    ("stream", "gen_ai.request.stream"),
    ("prompt_tokens", "gen_ai.usage.input_tokens"),
    ("completion_tokens", "gen_ai.usage.output_tokens"),
    ("total_tokens", "gen_ai.usage.total_tokens"),
];

pub(super) const LIBRARY: Library = Library {
    vocabulary: Vocabulary::LangchainRust,
    version: "7.0.0",
    prefix: CRATE,
    spans: &[
        span(CRATE, "llm.generate", EventType::LLM).with(CALL),
        span(CRATE, "embed.documents", EventType::EMBEDDING),
        span(CRATE, "embed.query", EventType::EMBEDDING),
        span(CRATE, "chain.call", EventType::CHAIN),
        // Its `total_tokens` repeats what its calls have used: an attribute.
        span(CRATE, "agent.run", EventType::AGENT_STEP),
        span(CRATE, "agent.plan", EventType::AGENT_STEP),
        span(CRATE, "tool.call", EventType::FUNCTION_CALL).with(&[("tool", "gen_ai.tool.name")]),
    ],
    events: &[],
};
