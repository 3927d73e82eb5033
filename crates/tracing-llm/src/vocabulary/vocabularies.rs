//! The vocabularies that can be switched off.

/// Where names come from: a set of field names that is read, or one library's own spans.
///
/// All are read unless [`Builder::vocabulary`](crate::Builder::vocabulary) switches one off, or
/// [`Callbacks::vocabulary`](crate::Callbacks::vocabulary) does while the program runs. Names of a
/// vocabulary that is off mean nothing: they tag no span and fill no payload, and are attributes of
/// a span that is tagged otherwise; a [`Rule`](crate::Rule) may borrow them all the same. What events inherit (`session.id`, `user.id`, `metadata`,
/// prompt templates …) is read in any case, and so are errors and the names of this crate.
///
/// ```
/// use tracing_llm::Vocabulary;
///
/// let (layer, callbacks) = tracing_llm::layer()
///     .vocabulary(Vocabulary::Swiftide, false) // this program tags swiftide's work itself
///     .build();
/// # drop((layer, callbacks));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vocabulary {
    /// The bare payload names of LlamaIndex: `query_str`, `messages`, `nodes` … Read from
    /// llama-index-core 0.14.25.
    LlamaIndex,
    /// OpenInference: `openinference.span.kind`, `llm.*`, `input.value` … Read from the semantic
    /// conventions 0.1.42.
    OpenInference,
    /// OpenTelemetry's `gen_ai.*`, as genai emits it, with what rig adds to it. Read from the
    /// semantic conventions 1.41.1, their successor of August 2026, rig 0.46, genai 0.7.2, and
    /// OpenLLMetry for the older names.
    GenAi,
    /// Langfuse: `langfuse.type`, `langfuse.input`, `langfuse.observation.*` … Read from
    /// swiftide-langfuse 0.33 and Langfuse's OpenTelemetry mapping of August 2026.
    Langfuse,
    /// The kinds of span that OpenLLMetry (`traceloop.span.kind`, 0.4) and LangSmith
    /// (`langsmith.span.kind`) write.
    OtherKinds,
    /// The spans of langchain-rust, by their names. Read from langchain-rust 7.0.0.
    LangchainRust,
    /// The spans of swiftide, by their names. Read from swiftide 0.32.1.
    Swiftide,
}
