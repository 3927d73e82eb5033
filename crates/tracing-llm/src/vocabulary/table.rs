//! The names that we read: each once, with the vocabulary and the version that it comes from.

use super::Vocabulary;
use super::key::{
    CallPart, ContextKey, CostPart, CountPart, ErrorKey, Key, Role, Side, Tag, TemplatePart,
    TextPart, TextsPart, TokenPart, ToolPart,
};

/// Where names come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Who defines them.
    pub(super) name: &'static str,
    /// The version that the rows follow.
    pub(super) version: &'static str,
    /// What switches them off; none if nothing does.
    pub(super) vocabulary: Option<Vocabulary>,
}

/// Names of one vocabulary, a row each.
pub(super) struct Rows {
    /// Where they come from.
    pub(super) origin: Origin,
    /// Names and what they mean; whether a name is bare is seen from it.
    pub(super) names: &'static [(&'static str, Role)],
}

const OURS: Origin = Origin { name: "tracing-llm", version: "0.1", vocabulary: None };
const LLAMA_INDEX: Origin = Origin {
    name: "llama-index-core",
    version: "0.14.25",
    vocabulary: Some(Vocabulary::LlamaIndex),
};
const OPEN_INFERENCE: Origin = Origin {
    name: "openinference-semantic-conventions",
    version: "0.1.42",
    vocabulary: Some(Vocabulary::OpenInference),
};
/// genai 0.7.2 emits names of these alone.
const GEN_AI: Origin =
    Origin { name: "opentelemetry gen_ai", version: "1.41.1", vocabulary: Some(Vocabulary::GenAi) };
/// The repository that the conventions moved to; nothing is released from it yet.
const GEN_AI_NEXT: Origin = Origin {
    name: "opentelemetry semantic-conventions-genai",
    version: "2026-08",
    vocabulary: Some(Vocabulary::GenAi),
};
/// Names under `gen_ai.` that rig records beside the conventions, in this and earlier versions.
const RIG: Origin = Origin { name: "rig", version: "0.46", vocabulary: Some(Vocabulary::GenAi) };
/// Names of OpenLLMetry and of conventions before 1.38 that libraries still emit.
const OLDER: Origin = Origin {
    name: "opentelemetry gen_ai, deprecated",
    version: "1.37",
    vocabulary: Some(Vocabulary::GenAi),
};
const OTEL: Origin = Origin { name: "opentelemetry general", version: "1.41.1", vocabulary: None };
const TRACING_OTEL: Origin =
    Origin { name: "tracing-opentelemetry", version: "0.34", vocabulary: None };
const W3C: Origin = Origin { name: "W3C trace context", version: "level 1", vocabulary: None };

pub(super) const fn part(key: Key) -> Role {
    Role::Payload { key, bare: false }
}

const fn text(part: TextPart) -> Role {
    self::part(Key::Text(part))
}

const fn tokens(part: TokenPart) -> Role {
    self::part(Key::Tokens(part))
}

const fn cost(part: CostPart) -> Role {
    self::part(Key::Cost(part))
}

const fn parameter(name: &'static str) -> Role {
    part(Key::Parameter(name))
}

const fn template(part: TemplatePart) -> Role {
    Role::Context(ContextKey::Template(part))
}

pub(super) const ATTRIBUTE: Role = part(Key::Attribute);

pub(super) const TABLE: &[Rows] = &[
    Rows {
        origin: OURS,
        names: &[
            ("event_type", Role::Tag(Tag::EventType)),
            ("llm.event_type", Role::Tag(Tag::LlmEventType)),
            ("trace_name", Role::TraceName),
            ("tracing_llm.suppress", Role::Context(ContextKey::Suppress)),
            ("error", Role::Error(ErrorKey::Error)),
            // Short forms, as the macros write them.
            ("model", part(Key::RequestModel)),
            ("provider", text(TextPart::Provider)),
            ("query", text(TextPart::Query)),
            ("prompt", text(TextPart::Prompt)),
            // Not one of LlamaIndex's payloads, where it hides in the response.
            ("usage", part(Key::Usage)),
            ("template_version", part(Key::Template(TemplatePart::Version))),
        ],
    },
    // The payload names of `EventPayload`, and `summaries` and `level`, which TreeIndex writes.
    Rows {
        origin: LLAMA_INDEX,
        names: &[
            ("query_str", text(TextPart::Query)),
            ("formatted_prompt", text(TextPart::Prompt)),
            ("messages", part(Key::Messages(Side::In))),
            ("completion", text(TextPart::Completion)),
            ("response", text(TextPart::Response)),
            ("nodes", part(Key::Documents(Side::Out))),
            ("documents", part(Key::Documents(Side::In))),
            ("chunks", part(Key::Texts(TextsPart::Chunks))),
            ("embeddings", part(Key::Embeddings)),
            ("top_k", part(Key::Count(CountPart::TopK))),
            ("model_name", part(Key::RequestModel)),
            ("template", part(Key::Template(TemplatePart::Template))),
            ("template_vars", part(Key::Template(TemplatePart::Variables))),
            ("system_prompt", part(Key::Template(TemplatePart::SystemPrompt))),
            ("query_wrapper_prompt", part(Key::Template(TemplatePart::QueryWrapperPrompt))),
            ("tool", part(Key::Tool(ToolPart::Whole))),
            ("function_call", part(Key::Call(CallPart::Whole))),
            ("function_call_response", text(TextPart::FunctionOutput)),
            ("sub_question", part(Key::SubQuestion)),
            ("serialized", part(Key::Serialized)),
            ("additional_kwargs", part(Key::AdditionalKwargs)),
            ("exception", Role::Error(ErrorKey::Exception)),
            ("summaries", part(Key::Texts(TextsPart::Summaries))),
            ("level", part(Key::Count(CountPart::Level))),
        ],
    },
    Rows {
        origin: OPEN_INFERENCE,
        names: &[
            ("openinference.span.kind", Role::Tag(Tag::SpanKind)),
            ("session.id", Role::Context(ContextKey::SessionId)),
            ("user.id", Role::Context(ContextKey::UserId)),
            ("metadata", Role::Context(ContextKey::Metadata)),
            ("tag.tags", Role::Context(ContextKey::Tags)),
            ("llm.prompt_template.template", template(TemplatePart::Template)),
            ("llm.prompt_template.variables", template(TemplatePart::Variables)),
            ("llm.prompt_template.version", template(TemplatePart::Version)),
            ("prompt.id", template(TemplatePart::Id)),
            ("prompt.vendor", template(TemplatePart::Vendor)),
            ("prompt.url", template(TemplatePart::Url)),
            ("input.value", part(Key::Main(Side::In))),
            ("input.mime_type", text(TextPart::InputMimeType)),
            ("output.value", part(Key::Main(Side::Out))),
            ("output.mime_type", text(TextPart::OutputMimeType)),
            ("llm.model_name", part(Key::ModelName)),
            ("llm.request.model_name", part(Key::RequestModel)),
            ("llm.response.model_name", part(Key::ResponseModel)),
            ("llm.provider", text(TextPart::Provider)),
            ("llm.system", text(TextPart::System)),
            ("llm.invocation_parameters", part(Key::Parameters)),
            ("llm.input_messages", part(Key::Messages(Side::In))),
            ("llm.output_messages", part(Key::Messages(Side::Out))),
            ("llm.prompts", part(Key::Prompts)),
            ("llm.choices", part(Key::Choices)),
            ("llm.tools", part(Key::Tools)),
            ("llm.function_call", part(Key::Call(CallPart::Whole))), // deprecated
            ("llm.finish_reason", part(Key::FinishReason)),
            ("llm.token_count.prompt", tokens(TokenPart::Input)),
            ("llm.token_count.completion", tokens(TokenPart::Output)),
            ("llm.token_count.total", tokens(TokenPart::Total)),
            ("llm.token_count.prompt_details", ATTRIBUTE),
            ("llm.token_count.prompt_details.cache_read", tokens(TokenPart::CacheRead)),
            ("llm.token_count.prompt_details.cache_input", tokens(TokenPart::CacheRead)), // older
            ("llm.token_count.prompt_details.cache_write", tokens(TokenPart::CacheWrite)),
            ("llm.token_count.prompt_details.audio", tokens(TokenPart::AudioInput)),
            ("llm.token_count.completion_details.reasoning", tokens(TokenPart::Reasoning)),
            ("llm.token_count.completion_details.audio", tokens(TokenPart::AudioOutput)),
            ("llm.cost.prompt", cost(CostPart::Input)),
            ("llm.cost.completion", cost(CostPart::Output)),
            ("llm.cost.total", cost(CostPart::Total)),
            ("llm.cost.prompt_details", ATTRIBUTE),
            ("llm.cost.prompt_details.cache_read", cost(CostPart::CacheRead)),
            ("llm.cost.prompt_details.cache_input", cost(CostPart::CacheRead)), // older
            ("llm.cost.prompt_details.cache_write", cost(CostPart::CacheWrite)),
            ("llm.cost.prompt_details.input", ATTRIBUTE),
            ("llm.cost.prompt_details.audio", ATTRIBUTE),
            ("llm.cost.completion_details", ATTRIBUTE),
            ("llm.cost.completion_details.reasoning", cost(CostPart::Reasoning)),
            ("llm.cost.completion_details.output", ATTRIBUTE),
            ("llm.cost.completion_details.audio", ATTRIBUTE),
            ("embedding.model_name", part(Key::ModelName)),
            ("embedding.invocation_parameters", part(Key::Parameters)),
            ("embedding.embeddings", part(Key::Embeddings)),
            ("retrieval.documents", part(Key::Documents(Side::Out))),
            ("reranker.query", text(TextPart::Query)),
            ("reranker.model_name", part(Key::ModelName)),
            ("reranker.top_k", part(Key::Count(CountPart::TopK))),
            ("reranker.input_documents", part(Key::Documents(Side::In))),
            ("reranker.output_documents", part(Key::Documents(Side::Out))),
            ("input.documents", part(Key::Documents(Side::In))),
            ("output.documents", ATTRIBUTE),
            ("input.images", ATTRIBUTE),
            ("output.images", ATTRIBUTE),
            ("tool.name", part(Key::Tool(ToolPart::Name))),
            ("tool.description", part(Key::Tool(ToolPart::Description))),
            ("tool.parameters", part(Key::Tool(ToolPart::Parameters))),
            ("tool.json_schema", part(Key::Tool(ToolPart::Schema))),
            ("tool.id", part(Key::Call(CallPart::Id))),
            ("tool_call.id", part(Key::Call(CallPart::Id))),
            ("tool_call.function.name", part(Key::Call(CallPart::Name))),
            ("tool_call.function.arguments", part(Key::Call(CallPart::Arguments))),
            ("agent.name", text(TextPart::Agent)),
            ("graph.node.id", ATTRIBUTE),
            ("graph.node.name", ATTRIBUTE),
            ("graph.node.parent_id", ATTRIBUTE),
            ("decision.model_name", part(Key::ModelName)),
            ("decision.request.model_name", part(Key::RequestModel)),
            ("decision.response.model_name", part(Key::ResponseModel)),
            ("decision.provider", text(TextPart::Provider)),
            ("decision.system", text(TextPart::System)),
            ("decision.token_count.input", tokens(TokenPart::Input)),
            ("decision.token_count.output", tokens(TokenPart::Output)),
            ("annotations", part(Key::Annotations)),
            ("evaluations", part(Key::Annotations)), // the same, by another word,
            ("trace.annotations", ATTRIBUTE),
            ("trace.evaluations", ATTRIBUTE),
            ("session.annotations", ATTRIBUTE),
            ("session.evaluations", ATTRIBUTE),
        ],
    },
    Rows {
        origin: GEN_AI,
        names: &[
            ("gen_ai.operation.name", Role::Tag(Tag::Operation)),
            ("gen_ai.conversation.id", Role::Context(ContextKey::SessionId)),
            ("gen_ai.prompt.name", template(TemplatePart::Id)),
            ("gen_ai.provider.name", part(Key::ProviderName)),
            ("gen_ai.request.model", part(Key::RequestModel)),
            ("gen_ai.response.model", part(Key::ResponseModel)),
            ("gen_ai.response.id", text(TextPart::ResponseId)),
            ("gen_ai.response.finish_reasons", part(Key::FinishReason)),
            ("gen_ai.response.time_to_first_chunk", part(Key::FirstToken)),
            ("gen_ai.request.temperature", parameter("temperature")),
            ("gen_ai.request.top_p", parameter("top_p")),
            ("gen_ai.request.top_k", parameter("top_k")),
            ("gen_ai.request.max_tokens", parameter("max_tokens")),
            ("gen_ai.request.frequency_penalty", parameter("frequency_penalty")),
            ("gen_ai.request.presence_penalty", parameter("presence_penalty")),
            ("gen_ai.request.seed", parameter("seed")),
            ("gen_ai.request.stream", parameter("stream")),
            ("gen_ai.request.stop_sequences", parameter("stop")),
            ("gen_ai.request.choice.count", parameter("n")),
            ("gen_ai.request.encoding_formats", parameter("encoding_formats")),
            ("gen_ai.output.type", part(Key::OutputType)),
            ("gen_ai.system_instructions", part(Key::Instructions)),
            ("gen_ai.input.messages", part(Key::Messages(Side::In))),
            ("gen_ai.output.messages", part(Key::Messages(Side::Out))),
            ("gen_ai.usage.input_tokens", tokens(TokenPart::Input)),
            ("gen_ai.usage.output_tokens", tokens(TokenPart::Output)),
            ("gen_ai.usage.cache_read.input_tokens", tokens(TokenPart::CacheRead)),
            ("gen_ai.usage.cache_creation.input_tokens", tokens(TokenPart::CacheWrite)),
            ("gen_ai.usage.reasoning.output_tokens", tokens(TokenPart::Reasoning)),
            ("gen_ai.tool.definitions", part(Key::Tools)),
            ("gen_ai.tool.name", part(Key::Tool(ToolPart::Name))),
            ("gen_ai.tool.description", part(Key::Tool(ToolPart::Description))),
            ("gen_ai.tool.type", ATTRIBUTE),
            ("gen_ai.tool.call.id", part(Key::Call(CallPart::Id))),
            ("gen_ai.tool.call.arguments", part(Key::Call(CallPart::Arguments))),
            ("gen_ai.tool.call.result", text(TextPart::FunctionOutput)),
            ("gen_ai.retrieval.query.text", text(TextPart::Query)),
            ("gen_ai.retrieval.documents", part(Key::Documents(Side::Out))),
            ("gen_ai.data_source.id", ATTRIBUTE),
            ("gen_ai.embeddings.dimension.count", part(Key::Count(CountPart::Dimensions))),
            ("gen_ai.agent.name", text(TextPart::Agent)),
            ("gen_ai.agent.id", ATTRIBUTE),
            ("gen_ai.agent.description", ATTRIBUTE),
            ("gen_ai.workflow.name", ATTRIBUTE),
            ("gen_ai.evaluation.name", ATTRIBUTE),
            ("gen_ai.evaluation.score.value", ATTRIBUTE),
            ("gen_ai.evaluation.score.label", ATTRIBUTE),
            ("gen_ai.evaluation.explanation", ATTRIBUTE),
        ],
    },
    Rows {
        origin: GEN_AI_NEXT,
        names: &[
            ("gen_ai.prompt.version", template(TemplatePart::Version)),
            ("gen_ai.request.reasoning.level", parameter("reasoning_effort")),
            ("gen_ai.request.previous_response.id", parameter("previous_response_id")),
            ("gen_ai.retrieval.top_k", part(Key::Count(CountPart::TopK))),
            ("gen_ai.usage.cache_write.input_tokens", tokens(TokenPart::CacheWrite)),
            ("gen_ai.usage.audio.input_tokens", tokens(TokenPart::AudioInput)),
            ("gen_ai.usage.audio.output_tokens", tokens(TokenPart::AudioOutput)),
        ],
    },
    Rows {
        origin: RIG,
        names: &[
            ("gen_ai.usage.total_tokens", tokens(TokenPart::Total)),
            ("gen_ai.usage.cached_tokens", tokens(TokenPart::CacheRead)),
            ("gen_ai.usage.reasoning_tokens", tokens(TokenPart::Reasoning)),
            // Tokens of tool definitions, which Gemini counts beside the prompt.
            ("gen_ai.usage.tool_use_prompt_tokens", ATTRIBUTE),
            ("gen_ai.tool.call.outcome", ATTRIBUTE),
            ("gen_ai.tool.error.type", Role::Error(ErrorKey::Kind)),
        ],
    },
    Rows {
        origin: OLDER,
        names: &[
            ("gen_ai.system", part(Key::ProviderName)),
            ("gen_ai.usage.prompt_tokens", tokens(TokenPart::Input)),
            ("gen_ai.usage.completion_tokens", tokens(TokenPart::Output)),
            ("gen_ai.usage.cache_read_input_tokens", tokens(TokenPart::CacheRead)),
            ("gen_ai.usage.cache_creation_input_tokens", tokens(TokenPart::CacheWrite)),
            ("gen_ai.usage.cost", cost(CostPart::Total)), // in no convention, but widely read
            // rig's agents still write these two, as one text each.
            ("gen_ai.prompt", part(Key::Main(Side::In))),
            ("gen_ai.completion", part(Key::Main(Side::Out))),
            ("traceloop.entity.input", part(Key::Main(Side::In))),
            ("traceloop.entity.output", part(Key::Main(Side::Out))),
        ],
    },
    Rows {
        origin: OTEL,
        names: &[
            ("exception.message", Role::Error(ErrorKey::Message)),
            ("exception.type", Role::Error(ErrorKey::Kind)),
            ("exception.stacktrace", Role::Error(ErrorKey::Stacktrace)),
            ("exception.escaped", ATTRIBUTE),
            ("error.type", Role::Error(ErrorKey::Kind)),
            ("error.message", Role::Error(ErrorKey::Message)),
        ],
    },
    Rows {
        origin: TRACING_OTEL,
        names: &[
            ("otel.name", Role::Name),
            ("otel.status_code", Role::Error(ErrorKey::Status)),
            ("otel.status_description", Role::Error(ErrorKey::StatusMessage)),
            ("otel.status_message", Role::Error(ErrorKey::StatusMessage)), // its older name
        ],
    },
    Rows {
        origin: W3C,
        names: &[
            ("traceparent", Role::Context(ContextKey::Traceparent)),
            ("tracestate", Role::Context(ContextKey::Tracestate)),
        ],
    },
];
