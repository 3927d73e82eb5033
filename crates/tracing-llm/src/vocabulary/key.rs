//! What field names mean.

use crate::{Cost, Payload, Text, Usage};

use super::flatten::List;

/// What a field name means. Decided once a callsite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Tells the event type.
    Tag(Tag),
    /// `trace_name`: opens a trace.
    TraceName,
    /// `otel.name`: names the event.
    Name,
    /// Inherited by all events below.
    Context(ContextKey),
    /// Tells of a failure.
    Error(ErrorKey),
    /// A part of the payload.
    Payload {
        key: Key,
        /// Whether the name is a single word of ours (`response`), which an event inside a span
        /// may bring only from the span's own crate, or a dotted one, which it may always bring.
        bare: bool,
    },
    /// Nothing we know: an attribute, if it stands on a tagged span itself.
    Other,
}

/// A field whose value tells the event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// `event_type`: the bare key, which can be switched off.
    EventType,
    /// `llm.event_type`: the key for libraries.
    LlmEventType,
    /// `openinference.span.kind`.
    SpanKind,
    /// `gen_ai.operation.name`.
    Operation,
    /// `langfuse.type`, `langfuse.observation.type`.
    LangfuseType,
    /// `traceloop.span.kind`.
    TraceloopKind,
    /// `langsmith.span.kind`.
    LangsmithKind,
}

/// A field that the events below inherit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContextKey {
    /// The session or conversation.
    SessionId,
    /// The user.
    UserId,
    /// A list of texts.
    Tags,
    /// A JSON object.
    Metadata,
    /// The prompt template in force.
    Template(TemplatePart),
    /// `tracing_llm.suppress`: exporters leave out what is below.
    Suppress,
    /// The W3C `traceparent`. It sets ids, which the layer does: nothing of it is in a `Context`.
    Traceparent,
    /// The W3C `tracestate`, likewise.
    Tracestate,
    /// A key that the user registered, with its name. The table knows none of them.
    Custom(&'static str),
}

/// A part of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKey {
    /// `error`: its text, or a flag.
    Error,
    /// The error's text.
    Message,
    /// The error's type.
    Kind,
    /// The stack trace.
    Stacktrace,
    /// `exception`: text, or JSON with all three.
    Exception,
    /// `otel.status_code`: `OK` or `ERROR`.
    Status,
    /// The description of the status: the message, where nothing else gives one.
    StatusMessage,
}

/// A place in the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// No typed place: kept under its own name, with its real type.
    Attribute,
    /// One field of a list that is flattened over many names.
    Item(&'static List),
    /// A text that is taken as it comes.
    Text(TextPart),
    /// A count.
    Count(CountPart),

    /// The model that answered if that is known, else the one that was asked for.
    ModelName,
    /// The model that was asked for.
    RequestModel,
    /// The model that answered.
    ResponseModel,
    /// A provider by its OpenTelemetry name, which tells host and API at once.
    ProviderName,
    /// The request's parameters: a JSON object.
    Parameters,
    /// One request parameter, with its name in that object.
    Parameter(&'static str),
    /// One request parameter that is named by the end of the field's name (`gen_ai.request.…`).
    NamedParameter,
    /// `gen_ai.output.type`: the parameter `response_format`.
    OutputType,

    /// One number of the usage.
    Tokens(TokenPart),
    /// One amount of the cost.
    Cost(CostPart),
    /// A provider's whole report of the usage, as JSON.
    Usage,
    /// Seconds to the first piece of a streamed answer.
    FirstToken,
    /// Why the model stopped: one text, or a JSON list with one for each choice.
    FinishReason,

    /// Chat messages that go in or come out.
    Messages(Side),
    /// The system's instructions, apart from the messages.
    Instructions,
    /// The prompts of a completion API.
    Prompts,
    /// What a completion API gave back.
    Choices,
    /// The main input or output, as it comes.
    Main(Side),
    /// What an observation was given or gave: messages if it is some, else the main input or output.
    Observed(Side),

    /// Documents that go in (parsed, reranked) or nodes that come out (retrieved …).
    Documents(Side),
    /// A list of texts.
    Texts(TextsPart),
    /// Texts and their vectors.
    Embeddings,
    /// Judgements of the event.
    Annotations,
    /// The tools that were offered.
    Tools,
    /// The tool that is called.
    Tool(ToolPart),
    /// The call of a tool.
    Call(CallPart),
    /// The prompt template of this event.
    Template(TemplatePart),
    /// A part of a question.
    SubQuestion,
    /// LlamaIndex's model of the component that is called.
    Serialized,
    /// LlamaIndex's extra arguments of the call.
    AdditionalKwargs,
}

/// Whether something goes into the event's work or comes out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    In,
    Out,
}

macro_rules! parts {
    ($(#[$doc:meta])* $Part:ident of $Whole:ty, each $Field:ty: $($Name:ident $field:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $Part { $($Name),* }

        impl $Part {
            /// Where it stands.
            pub(crate) fn place(self, whole: &mut $Whole) -> &mut $Field {
                match self { $(Self::$Name => &mut whole.$field),* }
            }
        }
    };
}

parts! {
    /// A text of the payload.
    TextPart of Payload, each Option<Text>:
    Provider provider
    System system
    Prompt prompt
    Completion completion
    Response response
    ResponseId response_id
    Query query
    FunctionOutput function_output
    Agent agent
    InputMimeType input_mime_type
    OutputMimeType output_mime_type
}

parts! {
    /// A count of the payload.
    CountPart of Payload, each Option<u64>:
    TopK top_k
    Level level
    Dimensions dimensions
}

parts! {
    /// A number of the usage.
    TokenPart of Usage, each Option<u64>:
    Input input
    Output output
    Total reported_total
    CacheRead cache_read
    CacheWrite cache_write
    Reasoning reasoning
    AudioInput audio_input
    AudioOutput audio_output
}

parts! {
    /// An amount of the cost.
    CostPart of Cost, each Option<f64>:
    Total total
    Input input
    Output output
    CacheRead cache_read
    CacheWrite cache_write
    Reasoning reasoning
}

/// A list of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TextsPart {
    Chunks,
    Summaries,
}

/// A part of the tool that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ToolPart {
    /// The tool as JSON, or its name.
    Whole,
    Name,
    Description,
    /// OpenInference's `tool.parameters`: a JSON schema of the tool, or the arguments of the call.
    Parameters,
    /// The whole definition.
    Schema,
}

/// A part of the call of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CallPart {
    /// The call as JSON, or (in LlamaIndex) its arguments alone.
    Whole,
    Id,
    Name,
    Arguments,
}

/// A part of a prompt template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TemplatePart {
    Template,
    Variables,
    Version,
    Id,
    Vendor,
    Url,
    SystemPrompt,
    QueryWrapperPrompt,
}
