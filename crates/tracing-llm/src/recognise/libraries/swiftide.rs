//! swiftide 0.32.1: `swiftide-indexing`, `-query`, `-agents`, `-integrations`.
//!
//! With its feature `langfuse`, calls of a model bring their content as events inside the span, in
//! the `langfuse.*` fields of the vocabulary; without, there is no more than the span, and the model
//! in a log line. Stages at level TRACE are not listed.

use super::{EventRule, Library, Meaning, span};
use crate::EventType;
use crate::vocabulary::Vocabulary;

const INDEXING: &str = "swiftide_indexing";
const QUERY: &str = "swiftide_query";
const AGENTS: &str = "swiftide_agents";
const INTEGRATIONS: &str = "swiftide_integrations";

/// Not the question, but the whole query with all that was done to it, as `Debug` writes it.
const STAGE: &[Meaning] = &[("query", "swiftide.query")];

pub(super) const LIBRARY: Library = Library {
    vocabulary: Vocabulary::Swiftide,
    version: "0.32.1",
    prefix: "swiftide",
    spans: &[
        span(INTEGRATIONS, "complete", EventType::LLM),
        span(INTEGRATIONS, "prompt", EventType::LLM),
        span(INTEGRATIONS, "structured_prompt_dyn", EventType::LLM),
        // Of OpenAI's `complete_stream`, which only opens it.
        span(INTEGRATIONS, "stream", EventType::LLM),
        span(INTEGRATIONS, "responses_stream", EventType::LLM),
        span("swiftide_integrations::anthropic", "complete_stream", EventType::LLM),
        span("swiftide_integrations::fastembed", "embed", EventType::EMBEDDING),
        span(INTEGRATIONS, "transformers.chunk_code", EventType::CHUNKING),
        span(INDEXING, "indexing_pipeline.run", EventType::CHAIN),
        span(INDEXING, "transformers.embed", EventType::EMBEDDING),
        span(INDEXING, "transformers.chunk_text", EventType::CHUNKING),
        span(
            "swiftide_indexing::transformers::chunk_markdown",
            "transform_node",
            EventType::CHUNKING,
        ),
        span(QUERY, "query_pipeline.query", EventType::QUERY),
        span(QUERY, "query_pipeline.query_mut", EventType::QUERY),
        span(QUERY, "query_pipeline.query_all", EventType::CHAIN),
        span(QUERY, "then_transform_query", EventType::CHAIN).with(STAGE),
        span(QUERY, "then_retrieve", EventType::RETRIEVE).with(STAGE),
        span(QUERY, "then_transform_response", EventType::CHAIN).with(STAGE),
        span(QUERY, "then_answer", EventType::SYNTHESIZE).with(STAGE),
        span("swiftide_query::query_transformers::embed", "transform_query", EventType::EMBEDDING),
        span(
            "swiftide_query::query_transformers::sparse_embed",
            "transform_query",
            EventType::EMBEDDING,
        ),
        span(AGENTS, "agent.query", EventType::AGENT_STEP),
        span(AGENTS, "agent.query_once", EventType::AGENT_STEP),
        span(AGENTS, "agent.run", EventType::AGENT_STEP),
        span(AGENTS, "agent.run_once", EventType::AGENT_STEP),
        span(AGENTS, "step", EventType::AGENT_STEP),
        span(AGENTS, "tool", EventType::FUNCTION_CALL),
        span(AGENTS, "task.run", EventType::CHAIN),
    ],
    // What a tool was called with and gave back, told at the end of its span.
    events: &[EventRule {
        target: AGENTS,
        having: "tool_name",
        fields: &[("tool_name", "gen_ai.tool.name"), ("output", "gen_ai.tool.call.result")],
    }],
};
