//! Spans that are events from the start.

/// A span that is an event: its type, its name, then fields as in `tracing::span!`.
///
/// The span is at level INFO and has the target of its module; `target:`, `level:` and `parent:`
/// go first, as in `tracing`. The type is one of the constants of
/// [`EventType`](crate::EventType), or the text of a custom type.
///
/// ```
/// use tracing_llm::event_span;
///
/// let question = "What is a span?";
/// let query = event_span!(QUERY, "answer", query_str = question);
/// let llm = event_span!(parent: &query, LLM, "chat", model = "gpt-5-mini", provider = "openai");
/// let plan = event_span!("PLAN", "plan"); // custom: registered with `Builder::event_type`
/// ```
///
/// A name that is no event type does not compile:
///
/// ```compile_fail
/// let span = tracing_llm::event_span!(LLMM, "chat");
/// ```
#[macro_export]
macro_rules! event_span {
    (@span [$($first:tt)*] $tag:expr, $name:expr $(, $($fields:tt)*)?) => {
        $crate::__private::tracing::span!($($first)* $name, llm.event_type = $tag, $($($fields)*)?)
    };
    (@type [$($first:tt)*] $type:ident, $($rest:tt)*) => {
        $crate::event_span!(@span [$($first)*] { const TYPE: $crate::EventType = $crate::EventType::$type; TYPE.name() }, $($rest)*)
    };
    (@type [$($first:tt)*] $type:literal, $($rest:tt)*) => {
        $crate::event_span!(@span [$($first)*] $type, $($rest)*)
    };
    (target: $target:expr, parent: $parent:expr, $($rest:tt)*) => {
        $crate::event_span!(@type [target: $target, parent: $parent, $crate::__private::tracing::Level::INFO,] $($rest)*)
    };
    (target: $target:expr, level: $level:expr, $($rest:tt)*) => {
        $crate::event_span!(@type [target: $target, $level,] $($rest)*)
    };
    (target: $target:expr, $($rest:tt)*) => {
        $crate::event_span!(@type [target: $target, $crate::__private::tracing::Level::INFO,] $($rest)*)
    };
    (level: $level:expr, $($rest:tt)*) => {
        $crate::event_span!(@type [$level,] $($rest)*)
    };
    (parent: $parent:expr, $($rest:tt)*) => {
        $crate::event_span!(@type [parent: $parent, $crate::__private::tracing::Level::INFO,] $($rest)*)
    };
    ($($rest:tt)*) => {
        $crate::event_span!(@type [$crate::__private::tracing::Level::INFO,] $($rest)*)
    };
}

/// A span of one call of a language model: [`event_span!`](crate::event_span) with the type `LLM`.
///
/// ```
/// let span = tracing_llm::llm_span!("chat", model = "gpt-5-mini");
/// ```
#[macro_export]
macro_rules! llm_span {
    (parent: $parent:expr, $($rest:tt)*) => { $crate::event_span!(parent: $parent, LLM, $($rest)*) };
    (target: $target:expr, $($rest:tt)*) => { $crate::event_span!(target: $target, LLM, $($rest)*) };
    ($($rest:tt)*) => { $crate::event_span!(LLM, $($rest)*) };
}

/// A span of a question that is answered, from end to end: [`event_span!`](crate::event_span) with the type `QUERY`.
///
/// ```
/// let span = tracing_llm::query_span!("answer", query_str = "why?");
/// ```
#[macro_export]
macro_rules! query_span {
    (parent: $parent:expr, $($rest:tt)*) => { $crate::event_span!(parent: $parent, QUERY, $($rest)*) };
    (target: $target:expr, $($rest:tt)*) => { $crate::event_span!(target: $target, QUERY, $($rest)*) };
    ($($rest:tt)*) => { $crate::event_span!(QUERY, $($rest)*) };
}

/// A span of a search for nodes: [`event_span!`](crate::event_span) with the type `RETRIEVE`.
///
/// ```
/// let span = tracing_llm::retrieve_span!("search", top_k = 3);
/// ```
#[macro_export]
macro_rules! retrieve_span {
    (parent: $parent:expr, $($rest:tt)*) => { $crate::event_span!(parent: $parent, RETRIEVE, $($rest)*) };
    (target: $target:expr, $($rest:tt)*) => { $crate::event_span!(target: $target, RETRIEVE, $($rest)*) };
    ($($rest:tt)*) => { $crate::event_span!(RETRIEVE, $($rest)*) };
}

/// A span of texts that are embedded: [`event_span!`](crate::event_span) with the type `EMBEDDING`.
///
/// ```
/// let span = tracing_llm::embedding_span!("embed", model = "minilm");
/// ```
#[macro_export]
macro_rules! embedding_span {
    (parent: $parent:expr, $($rest:tt)*) => { $crate::event_span!(parent: $parent, EMBEDDING, $($rest)*) };
    (target: $target:expr, $($rest:tt)*) => { $crate::event_span!(target: $target, EMBEDDING, $($rest)*) };
    ($($rest:tt)*) => { $crate::event_span!(EMBEDDING, $($rest)*) };
}

/// A span of a call of a tool: [`event_span!`](crate::event_span) with the type `FUNCTION_CALL`.
///
/// ```
/// let span = tracing_llm::tool_span!("weather");
/// ```
#[macro_export]
macro_rules! tool_span {
    (parent: $parent:expr, $($rest:tt)*) => { $crate::event_span!(parent: $parent, FUNCTION_CALL, $($rest)*) };
    (target: $target:expr, $($rest:tt)*) => { $crate::event_span!(target: $target, FUNCTION_CALL, $($rest)*) };
    ($($rest:tt)*) => { $crate::event_span!(FUNCTION_CALL, $($rest)*) };
}
