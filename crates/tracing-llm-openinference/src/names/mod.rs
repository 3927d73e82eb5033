//! The one table of reserved names: OpenInference semantic conventions 0.1.42.
//!
//! Source: the Python package `openinference-semantic-conventions` 0.1.42 and
//! `spec/semantic_conventions.md` of the same time. Deprecated names are left
//! out. A test holds the table against the list of known keys.

/// What a value of a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    String,
    /// JSON text.
    Json,
    Int,
    Float,
    /// An integer or a float.
    Number,
    Bool,
    StringOrInt,
    /// A list of texts.
    Strings,
    /// A list of floats.
    Floats,
    /// A list of objects, flattened: `name.0.leaf`.
    List,
    /// An object, flattened: `name.leaf`.
    Object,
    /// The beginning of other names; no attribute itself.
    Prefix,
}

macro_rules! names {
    ($($NAME:ident = $key:literal: $shape:ident;)*) => {
        $(#[allow(dead_code, reason = "the table is whole; some names are only passed through")]
        pub(crate) const $NAME: &str = $key;)*

        /// All names with their shapes, in the order of the alphabet.
        pub(crate) const TABLE: &[(&str, Shape)] = &[$(($key, Shape::$shape)),*];
    };
}

names! {
    AGENT_NAME = "agent.name": String;
    ANNOTATION_ANNOTATOR_KIND = "annotation.annotator_kind": String;
    ANNOTATION_EXPLANATION = "annotation.explanation": String;
    ANNOTATION_IDENTIFIER = "annotation.identifier": String;
    ANNOTATION_LABEL = "annotation.label": String;
    ANNOTATION_METADATA = "annotation.metadata": Json;
    ANNOTATION_NAME = "annotation.name": String;
    ANNOTATION_SCORE = "annotation.score": Number;
    ANNOTATIONS = "annotations": List;
    AUDIO_MIME_TYPE = "audio.mime_type": String;
    AUDIO_TRANSCRIPT = "audio.transcript": String;
    AUDIO_URL = "audio.url": String;
    COMPLETION_TEXT = "completion.text": String;
    DECISION_MODEL_NAME = "decision.model_name": String;
    DECISION_PROVIDER = "decision.provider": String;
    DECISION_REQUEST_MODEL_NAME = "decision.request.model_name": String;
    DECISION_RESPONSE_MODEL_NAME = "decision.response.model_name": String;
    DECISION_SYSTEM = "decision.system": String;
    DECISION_TOKEN_COUNT_INPUT = "decision.token_count.input": Int;
    DECISION_TOKEN_COUNT_OUTPUT = "decision.token_count.output": Int;
    DOCUMENT_CONTENT = "document.content": String;
    DOCUMENT_ID = "document.id": StringOrInt;
    DOCUMENT_METADATA = "document.metadata": Json;
    DOCUMENT_MIME_TYPE = "document.mime_type": String;
    DOCUMENT_NAME = "document.name": String;
    DOCUMENT_SCORE = "document.score": Float;
    DOCUMENT_URL = "document.url": String;
    EMBEDDING_EMBEDDINGS = "embedding.embeddings": List;
    EMBEDDING_INVOCATION_PARAMETERS = "embedding.invocation_parameters": Json;
    EMBEDDING_MODEL_NAME = "embedding.model_name": String;
    EMBEDDING_TEXT = "embedding.text": String;
    EMBEDDING_VECTOR = "embedding.vector": Floats;
    EVALUATION_ANNOTATOR_KIND = "evaluation.annotator_kind": String;
    EVALUATION_EXPLANATION = "evaluation.explanation": String;
    EVALUATION_IDENTIFIER = "evaluation.identifier": String;
    EVALUATION_LABEL = "evaluation.label": String;
    EVALUATION_METADATA = "evaluation.metadata": Json;
    EVALUATION_NAME = "evaluation.name": String;
    EVALUATION_SCORE = "evaluation.score": Number;
    EVALUATIONS = "evaluations": List;
    EXCEPTION_ESCAPED = "exception.escaped": Bool;
    EXCEPTION_MESSAGE = "exception.message": String;
    EXCEPTION_STACKTRACE = "exception.stacktrace": String;
    EXCEPTION_TYPE = "exception.type": String;
    GRAPH_NODE_ID = "graph.node.id": String;
    GRAPH_NODE_NAME = "graph.node.name": String;
    GRAPH_NODE_PARENT_ID = "graph.node.parent_id": String;
    IMAGE_URL = "image.url": String;
    INPUT_DOCUMENTS = "input.documents": List;
    INPUT_IMAGES = "input.images": List;
    INPUT_MIME_TYPE = "input.mime_type": String;
    INPUT_VALUE = "input.value": String;
    LLM_CHOICES = "llm.choices": List;
    LLM_COST_COMPLETION = "llm.cost.completion": Float;
    LLM_COST_COMPLETION_DETAILS = "llm.cost.completion_details": Prefix;
    LLM_COST_COMPLETION_DETAILS_AUDIO = "llm.cost.completion_details.audio": Float;
    LLM_COST_COMPLETION_DETAILS_OUTPUT = "llm.cost.completion_details.output": Float;
    LLM_COST_COMPLETION_DETAILS_REASONING = "llm.cost.completion_details.reasoning": Float;
    LLM_COST_PROMPT = "llm.cost.prompt": Float;
    LLM_COST_PROMPT_DETAILS = "llm.cost.prompt_details": Prefix;
    LLM_COST_PROMPT_DETAILS_AUDIO = "llm.cost.prompt_details.audio": Float;
    LLM_COST_PROMPT_DETAILS_CACHE_INPUT = "llm.cost.prompt_details.cache_input": Float;
    LLM_COST_PROMPT_DETAILS_CACHE_READ = "llm.cost.prompt_details.cache_read": Float;
    LLM_COST_PROMPT_DETAILS_CACHE_WRITE = "llm.cost.prompt_details.cache_write": Float;
    LLM_COST_PROMPT_DETAILS_INPUT = "llm.cost.prompt_details.input": Float;
    LLM_COST_TOTAL = "llm.cost.total": Float;
    LLM_FINISH_REASON = "llm.finish_reason": String;
    LLM_INPUT_MESSAGES = "llm.input_messages": List;
    LLM_INVOCATION_PARAMETERS = "llm.invocation_parameters": Json;
    LLM_MODEL_NAME = "llm.model_name": String;
    LLM_OUTPUT_MESSAGES = "llm.output_messages": List;
    LLM_PROMPT_TEMPLATE_TEMPLATE = "llm.prompt_template.template": String;
    LLM_PROMPT_TEMPLATE_VARIABLES = "llm.prompt_template.variables": Json;
    LLM_PROMPT_TEMPLATE_VERSION = "llm.prompt_template.version": String;
    LLM_PROMPTS = "llm.prompts": List;
    LLM_PROVIDER = "llm.provider": String;
    LLM_REQUEST_MODEL_NAME = "llm.request.model_name": String;
    LLM_RESPONSE_MODEL_NAME = "llm.response.model_name": String;
    LLM_SYSTEM = "llm.system": String;
    LLM_TOKEN_COUNT_COMPLETION = "llm.token_count.completion": Int;
    LLM_TOKEN_COUNT_COMPLETION_DETAILS_AUDIO = "llm.token_count.completion_details.audio": Int;
    LLM_TOKEN_COUNT_COMPLETION_DETAILS_REASONING = "llm.token_count.completion_details.reasoning": Int;
    LLM_TOKEN_COUNT_PROMPT = "llm.token_count.prompt": Int;
    LLM_TOKEN_COUNT_PROMPT_DETAILS = "llm.token_count.prompt_details": Prefix;
    LLM_TOKEN_COUNT_PROMPT_DETAILS_AUDIO = "llm.token_count.prompt_details.audio": Int;
    LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_INPUT = "llm.token_count.prompt_details.cache_input": Int;
    LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ = "llm.token_count.prompt_details.cache_read": Int;
    LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_WRITE = "llm.token_count.prompt_details.cache_write": Int;
    LLM_TOKEN_COUNT_TOTAL = "llm.token_count.total": Int;
    LLM_TOOLS = "llm.tools": List;
    MESSAGE_CONTENT = "message.content": String;
    MESSAGE_CONTENTS = "message.contents": List;
    MESSAGE_NAME = "message.name": String;
    MESSAGE_ROLE = "message.role": String;
    MESSAGE_TOOL_CALL_ID = "message.tool_call_id": String;
    MESSAGE_TOOL_CALLS = "message.tool_calls": List;
    MESSAGE_CONTENT_AUDIO = "message_content.audio": Object;
    MESSAGE_CONTENT_DATA = "message_content.data": String;
    MESSAGE_CONTENT_DOCUMENT = "message_content.document": Object;
    MESSAGE_CONTENT_ENCRYPTED_CONTENT = "message_content.encrypted_content": String;
    MESSAGE_CONTENT_ID = "message_content.id": String;
    MESSAGE_CONTENT_IMAGE = "message_content.image": Object;
    MESSAGE_CONTENT_SIGNATURE = "message_content.signature": String;
    MESSAGE_CONTENT_TEXT = "message_content.text": String;
    MESSAGE_CONTENT_TYPE = "message_content.type": String;
    MESSAGE_CONTENT_VIDEO = "message_content.video": Object;
    METADATA = "metadata": Json;
    OPENINFERENCE_SPAN_KIND = "openinference.span.kind": String;
    OUTPUT_DOCUMENTS = "output.documents": List;
    OUTPUT_IMAGES = "output.images": List;
    OUTPUT_MIME_TYPE = "output.mime_type": String;
    OUTPUT_VALUE = "output.value": String;
    PROMPT_ID = "prompt.id": String;
    PROMPT_TEXT = "prompt.text": String;
    PROMPT_URL = "prompt.url": String;
    PROMPT_VENDOR = "prompt.vendor": String;
    RERANKER_INPUT_DOCUMENTS = "reranker.input_documents": List;
    RERANKER_MODEL_NAME = "reranker.model_name": String;
    RERANKER_OUTPUT_DOCUMENTS = "reranker.output_documents": List;
    RERANKER_QUERY = "reranker.query": String;
    RERANKER_TOP_K = "reranker.top_k": Int;
    RETRIEVAL_DOCUMENTS = "retrieval.documents": List;
    SESSION_ANNOTATIONS = "session.annotations": List;
    SESSION_EVALUATIONS = "session.evaluations": List;
    SESSION_ID = "session.id": String;
    TAG_TAGS = "tag.tags": Strings;
    TOOL_DESCRIPTION = "tool.description": String;
    TOOL_ID = "tool.id": String;
    TOOL_JSON_SCHEMA = "tool.json_schema": Json;
    TOOL_NAME = "tool.name": String;
    TOOL_PARAMETERS = "tool.parameters": Json;
    TOOL_CALL_FUNCTION_ARGUMENTS = "tool_call.function.arguments": Json;
    TOOL_CALL_FUNCTION_NAME = "tool_call.function.name": String;
    TOOL_CALL_ID = "tool_call.id": String;
    TOOL_CALL_REASONING_SIGNATURE = "tool_call.reasoning_signature": String;
    TRACE_ANNOTATIONS = "trace.annotations": List;
    TRACE_EVALUATIONS = "trace.evaluations": List;
    USER_ID = "user.id": String;
    VIDEO_URL = "video.url": String;
}

/// The attribute of the resource that tells Phoenix the project.
pub(crate) const PROJECT_NAME: &str = "openinference.project.name";

/// The name that the conventions ask for on every EMBEDDING span.
pub(crate) const CREATE_EMBEDDINGS: &str = "CreateEmbeddings";

/// The span event of the first streamed token, as the Python instrumentors name it.
pub(crate) const FIRST_TOKEN_EVENT: &str = "First Token Stream Event";

/// The span event of an exception (OpenTelemetry).
pub(crate) const EXCEPTION_EVENT: &str = "exception";

/// The media type of plain text.
pub(crate) const TEXT_PLAIN: &str = "text/plain";

/// The media type of JSON.
pub(crate) const APPLICATION_JSON: &str = "application/json";

/// Names of our own, for what the conventions have no name.
pub(crate) mod own {
    /// The event type, since several share one span kind.
    pub(crate) const EVENT_TYPE: &str = "tracing_llm.event_type";
    /// `cancelled` or `incomplete`.
    pub(crate) const OUTCOME: &str = "tracing_llm.outcome";
    /// Bytes of texts that were left out under memory pressure.
    pub(crate) const LOST_BYTES: &str = "tracing_llm.lost_bytes";
    /// Bytes of texts that were cut, since the span was too large to be sent.
    pub(crate) const CUT_BYTES: &str = "tracing_llm.cut_bytes";
    /// Messages that were left out, since the span held too many attributes.
    pub(crate) const DROPPED_MESSAGES: &str = "tracing_llm.dropped_messages";
    /// At least one token count was counted or estimated, not reported.
    pub(crate) const USAGE_ESTIMATED: &str = "tracing_llm.usage_estimated";
    /// The model of a span kind that has no attribute for it.
    pub(crate) const MODEL_NAME: &str = "tracing_llm.model_name";
    /// The provider on EMBEDDING spans, where the conventions forbid `llm.provider`.
    pub(crate) const PROVIDER: &str = "tracing_llm.provider";
    /// The provider's id of the response.
    pub(crate) const RESPONSE_ID: &str = "tracing_llm.response_id";
    /// How many pieces a streamed answer had.
    pub(crate) const STREAM_CHUNKS: &str = "tracing_llm.stream.chunks";
    /// Whether a streamed answer ran to its end.
    pub(crate) const STREAM_FINISHED: &str = "tracing_llm.stream.finished";
    /// How many nodes a retriever was asked for.
    pub(crate) const TOP_K: &str = "tracing_llm.top_k";
    /// The level of a summary tree.
    pub(crate) const LEVEL: &str = "tracing_llm.level";
    /// The tool that a sub-question is put to.
    pub(crate) const SUB_QUESTION_TOOL: &str = "tracing_llm.sub_question.tool";
    /// The system prompt that goes before a template (LlamaIndex).
    pub(crate) const SYSTEM_PROMPT: &str = "tracing_llm.template.system_prompt";
    /// The template around a query (LlamaIndex).
    pub(crate) const QUERY_WRAPPER: &str = "tracing_llm.template.query_wrapper_prompt";
    /// All attributes of ours.
    pub(crate) const ATTRIBUTES: &[&str] = &[
        EVENT_TYPE,
        OUTCOME,
        LOST_BYTES,
        USAGE_ESTIMATED,
        MODEL_NAME,
        PROVIDER,
        RESPONSE_ID,
        STREAM_CHUNKS,
        STREAM_FINISHED,
        TOP_K,
        LEVEL,
        SUB_QUESTION_TOOL,
        SYSTEM_PROMPT,
        QUERY_WRAPPER,
    ];
    /// The span event of an ERROR log line that did not fail the event.
    pub(crate) const LOG_EVENT: &str = "log";
    /// The text of a log line.
    pub(crate) const LOG_MESSAGE: &str = "log.message";
    /// The level of a log line.
    pub(crate) const LOG_LEVEL: &str = "log.level";
}

/// The beginnings of names that stand in the items of lists only, or in span events.
const LEAVES: &[&str] = &[
    "annotation.",
    "audio.",
    "completion.",
    "document.",
    "embedding.text",
    "embedding.vector",
    "evaluation.",
    "exception.",
    "image.",
    "message.",
    "message_content.",
    "prompt.text",
    "tool.json_schema",
    "tool_call.",
    "video.",
];

/// Whether a name is one of the table, and an attribute of a span by itself.
pub(crate) fn stands_alone(name: &str) -> bool {
    find(name).is_some() && !LEAVES.iter().any(|leaf| name.starts_with(leaf))
}

/// The lists that are attributes of a span by themselves.
pub(crate) fn lists() -> impl Iterator<Item = &'static str> {
    let is_list = |(name, shape): &&(&'static str, Shape)| {
        *shape == Shape::List && !LEAVES.iter().any(|leaf| name.starts_with(leaf))
    };
    TABLE.iter().filter(is_list).map(|(name, _)| *name)
}

/// Whether a name stands for a list of objects that is flattened.
pub(crate) fn is_list(name: &str) -> bool {
    find(name) == Some(Shape::List)
}

fn find(name: &str) -> Option<Shape> {
    let at = TABLE.binary_search_by_key(&name, |(key, _)| key).ok()?;
    TABLE.get(at).map(|(_, shape)| *shape)
}

#[cfg(test)]
mod tests;
