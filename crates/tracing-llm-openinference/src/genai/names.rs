//! The one table of GenAI names that are written, with the versions that have them.

use super::GenAiVersion;

/// A name, in each version that has it.
pub(super) struct Name {
    v1_41: Option<&'static str>,
    latest: Option<&'static str>,
}

impl Name {
    pub(super) fn of(&self, version: GenAiVersion) -> Option<&'static str> {
        match version {
            GenAiVersion::V1_41 => self.v1_41,
            GenAiVersion::Latest => self.latest,
        }
    }
}

/// The same in both.
const fn both(name: &'static str) -> Name {
    Name { v1_41: Some(name), latest: Some(name) }
}

const fn renamed(v1_41: &'static str, latest: &'static str) -> Name {
    Name { v1_41: Some(v1_41), latest: Some(latest) }
}

const fn new(latest: &'static str) -> Name {
    Name { v1_41: None, latest: Some(latest) }
}

macro_rules! names {
    ($($NAME:ident = $name:expr;)*) => {
        $(pub(super) const $NAME: Name = $name;)*

        #[cfg(test)]
        pub(super) const ALL: &[Name] = &[$($NAME),*];
    };
}

names! {
    OPERATION_NAME = both("gen_ai.operation.name");
    PROVIDER_NAME = both("gen_ai.provider.name");
    CONVERSATION_ID = both("gen_ai.conversation.id");
    AGENT_NAME = both("gen_ai.agent.name");
    PROMPT_NAME = both("gen_ai.prompt.name");
    PROMPT_VERSION = new("gen_ai.prompt.version");

    REQUEST_MODEL = both("gen_ai.request.model");
    REQUEST_TEMPERATURE = both("gen_ai.request.temperature");
    REQUEST_TOP_P = both("gen_ai.request.top_p");
    // A number with decimals up to 1.41, an integer since.
    REQUEST_TOP_K = both("gen_ai.request.top_k");
    REQUEST_MAX_TOKENS = both("gen_ai.request.max_tokens");
    REQUEST_FREQUENCY_PENALTY = both("gen_ai.request.frequency_penalty");
    REQUEST_PRESENCE_PENALTY = both("gen_ai.request.presence_penalty");
    REQUEST_SEED = both("gen_ai.request.seed");
    REQUEST_STREAM = both("gen_ai.request.stream");
    REQUEST_STOP_SEQUENCES = both("gen_ai.request.stop_sequences");
    REQUEST_CHOICE_COUNT = both("gen_ai.request.choice.count");
    REQUEST_ENCODING_FORMATS = both("gen_ai.request.encoding_formats");
    REQUEST_REASONING_LEVEL = new("gen_ai.request.reasoning.level");
    REQUEST_PREVIOUS_RESPONSE = new("gen_ai.request.previous_response.id");
    OUTPUT_TYPE = both("gen_ai.output.type");

    INPUT_MESSAGES = both("gen_ai.input.messages");
    OUTPUT_MESSAGES = both("gen_ai.output.messages");
    RESPONSE_ID = both("gen_ai.response.id");
    RESPONSE_MODEL = both("gen_ai.response.model");
    RESPONSE_FINISH_REASONS = both("gen_ai.response.finish_reasons");

    USAGE_INPUT_TOKENS = both("gen_ai.usage.input_tokens");
    USAGE_OUTPUT_TOKENS = both("gen_ai.usage.output_tokens");
    USAGE_CACHE_READ = both("gen_ai.usage.cache_read.input_tokens");
    USAGE_CACHE_WRITE = renamed(
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
    );
    USAGE_REASONING = both("gen_ai.usage.reasoning.output_tokens");
    USAGE_AUDIO_INPUT = new("gen_ai.usage.audio.input_tokens");
    USAGE_AUDIO_OUTPUT = new("gen_ai.usage.audio.output_tokens");

    TOOL_DEFINITIONS = both("gen_ai.tool.definitions");
    TOOL_NAME = both("gen_ai.tool.name");
    TOOL_TYPE = both("gen_ai.tool.type");
    TOOL_DESCRIPTION = both("gen_ai.tool.description");
    TOOL_CALL_ID = both("gen_ai.tool.call.id");
    TOOL_CALL_ARGUMENTS = both("gen_ai.tool.call.arguments");
    TOOL_CALL_RESULT = both("gen_ai.tool.call.result");

    RETRIEVAL_QUERY = both("gen_ai.retrieval.query.text");
    RETRIEVAL_DOCUMENTS = both("gen_ai.retrieval.documents");
    RETRIEVAL_TOP_K = renamed("gen_ai.request.top_k", "gen_ai.retrieval.top_k");
    EMBEDDINGS_DIMENSIONS = both("gen_ai.embeddings.dimension.count");
}
