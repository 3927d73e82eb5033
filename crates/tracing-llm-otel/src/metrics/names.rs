//! The one table of metrics and of the attributes on them, with the versions that have them.

use super::GenAiVersion;

/// The buckets of tokens, in both versions.
pub(super) const TOKENS: &[f64] = &[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
    16777216.0, 67108864.0,
];

/// The buckets of the durations of calls, in both versions.
pub(super) const SECONDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// The buckets of the durations of agents.
pub(super) const LONG_SECONDS: &[f64] =
    &[0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6];

/// A metric: its name in each version that has it, unit, buckets (none of a counter), description.
pub(super) struct Metric {
    v1_41: Option<&'static str>,
    latest: Option<&'static str>,
    pub(super) unit: &'static str,
    pub(super) buckets: &'static [f64],
    pub(super) description: &'static str,
}

impl Metric {
    pub(super) fn name(&self, version: GenAiVersion) -> Option<&'static str> {
        match version {
            GenAiVersion::V1_41 => self.v1_41,
            GenAiVersion::Latest => self.latest,
        }
    }
}

macro_rules! metrics {
    ($($NAME:ident: $v1_41:expr, $latest:expr, $unit:literal, $buckets:expr, $text:literal;)*) => {
        $(pub(super) const $NAME: Metric = Metric {
            v1_41: $v1_41,
            latest: $latest,
            unit: $unit,
            buckets: $buckets,
            description: $text,
        };)*

        #[cfg(test)]
        pub(super) const ALL: &[Metric] = &[$($NAME),*];
    };
}

metrics! {
    TOKEN_USAGE: Some("gen_ai.client.token.usage"), None,
        "{token}", TOKENS, "Number of input and output tokens used.";
    DURATION: Some("gen_ai.client.operation.duration"), Some("gen_ai.client.inference.duration"),
        "s", SECONDS, "GenAI operation duration.";
    FIRST_CHUNK: Some("gen_ai.client.operation.time_to_first_chunk"),
        Some("gen_ai.client.inference.time_to_first_chunk"),
        "s", SECONDS, "Time to receive the first chunk of a streamed response.";

    // 1.41 has embeddings under the names above.
    EMBEDDINGS_DURATION: None, Some("gen_ai.client.embeddings.duration"),
        "s", SECONDS, "GenAI client embeddings operation duration.";
    EMBEDDINGS_INPUT: None, Some("gen_ai.client.embeddings.operation.input_tokens"),
        "{token}", TOKENS, "The number of input tokens used per embeddings operation.";

    OPERATION_INPUT: None, Some("gen_ai.client.inference.operation.input_tokens"),
        "{token}", TOKENS, "The number of input tokens used per inference operation.";
    OPERATION_OUTPUT: None, Some("gen_ai.client.inference.operation.output_tokens"),
        "{token}", TOKENS, "The number of output tokens used per inference operation.";
    USAGE_INPUT: None, Some("gen_ai.client.inference.usage.input_tokens"),
        "{token}", &[], "The number of input tokens used, including cached tokens.";
    USAGE_OUTPUT: None, Some("gen_ai.client.inference.usage.output_tokens"),
        "{token}", &[], "The number of output tokens used, including reasoning tokens.";
    USAGE_CACHE_READ: None, Some("gen_ai.client.inference.usage.cache_read.input_tokens"),
        "{token}", &[], "The number of input tokens served from a provider-managed cache.";
    USAGE_CACHE_WRITE: None, Some("gen_ai.client.inference.usage.cache_write.input_tokens"),
        "{token}", &[], "The number of input tokens written to a provider-managed cache.";
    USAGE_REASONING: None, Some("gen_ai.client.inference.usage.reasoning.output_tokens"),
        "{token}", &[], "The number of output tokens used for reasoning.";

    TOOL_DURATION: None, Some("gen_ai.execute_tool.duration"),
        "s", SECONDS, "The duration of a single tool execution.";
    AGENT_DURATION: None, Some("gen_ai.invoke_agent.duration"),
        "s", LONG_SECONDS, "The end-to-end duration of a single agent invocation.";
}

// Attributes: the same names in both versions, but for two.
pub(super) const OPERATION_NAME: &str = "gen_ai.operation.name";
pub(super) const PROVIDER_NAME: &str = "gen_ai.provider.name";
pub(super) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(super) const RESPONSE_MODEL: &str = "gen_ai.response.model";
/// 1.41 alone.
pub(super) const TOKEN_TYPE: &str = "gen_ai.token.type";
/// Later than 1.41.
pub(super) const TOKEN_MODALITY: &str = "gen_ai.token.modality";
pub(super) const TOOL_NAME: &str = "gen_ai.tool.name";
pub(super) const AGENT_NAME: &str = "gen_ai.agent.name";
pub(super) const SERVER_ADDRESS: &str = "server.address";
pub(super) const SERVER_PORT: &str = "server.port";
pub(super) const ERROR_TYPE: &str = "error.type";
// When asked for.
pub(super) const SESSION_ID: &str = "session.id";
pub(super) const USER_ID: &str = "user.id";
/// Ours: the tokens were counted or estimated, not reported.
pub(super) const ESTIMATED: &str = "tracing_llm.usage.estimated";
