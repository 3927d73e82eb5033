//! Tokens and cost, on leaf calls only.

use tracing_llm::Payload;

use super::attributes::Attributes;
use crate::kind::Kind;
use crate::names::{self, own};

/// Token counts: integers, with a total. A wrapper that repeats its child's usage does not
/// show it again, since backends add up what they find.
pub(super) fn tokens(payload: &Payload, kind: Kind, to: &mut Attributes) {
    let Some(usage) = payload.usage.filter(|usage| !usage.is_empty()) else { return };
    if kind == Kind::Decision {
        to.put(names::DECISION_TOKEN_COUNT_INPUT, usage.input);
        to.put(names::DECISION_TOKEN_COUNT_OUTPUT, usage.output);
    }
    if !kind.has_tokens() {
        return;
    }
    to.put(names::LLM_TOKEN_COUNT_PROMPT, usage.input);
    to.put(names::LLM_TOKEN_COUNT_COMPLETION, usage.output);
    to.put(names::LLM_TOKEN_COUNT_TOTAL, usage.total());
    to.put(names::LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ, usage.cache_read);
    to.put(names::LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_WRITE, usage.cache_write);
    to.put(names::LLM_TOKEN_COUNT_PROMPT_DETAILS_AUDIO, usage.audio_input);
    to.put(names::LLM_TOKEN_COUNT_COMPLETION_DETAILS_REASONING, usage.reasoning);
    to.put(names::LLM_TOKEN_COUNT_COMPLETION_DETAILS_AUDIO, usage.audio_output);
    to.put(own::USAGE_ESTIMATED, usage.estimated.then_some(true));
}

/// Cost in US dollars.
pub(super) fn cost(payload: &Payload, kind: Kind, to: &mut Attributes) {
    let Some(cost) = payload.cost.filter(|_| kind.has_tokens()) else { return };
    to.put(names::LLM_COST_TOTAL, cost.total);
    to.put(names::LLM_COST_PROMPT, cost.input);
    to.put(names::LLM_COST_COMPLETION, cost.output);
    to.put(names::LLM_COST_PROMPT_DETAILS_CACHE_READ, cost.cache_read);
    to.put(names::LLM_COST_PROMPT_DETAILS_CACHE_WRITE, cost.cache_write);
    to.put(names::LLM_COST_COMPLETION_DETAILS_REASONING, cost.reasoning);
}

/// Whether an attribute counts tokens, or what they cost.
pub(super) fn is_number_of_tokens(key: &str) -> bool {
    ["llm.token_count.", "llm.cost.", "gen_ai.usage."].iter().any(|space| key.starts_with(space))
}
