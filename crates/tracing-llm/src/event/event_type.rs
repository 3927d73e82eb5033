//! The stage of a pipeline that an event stands for.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stage of a pipeline an event is: the fourteen types of LlamaIndex's
/// `CBEventType`, four that OpenInference has beyond them, and custom ones.
///
/// The constants can be matched on.
///
/// ```
/// use tracing_llm::EventType;
///
/// assert_eq!(EventType::parse("RETRIEVE"), Some(EventType::RETRIEVE));
/// assert_eq!(EventType::RETRIEVE.name(), "RETRIEVE");
/// assert_eq!(EventType::RETRIEVE.value(), "retrieve"); // as LlamaIndex writes it
///
/// let emoji = match EventType::LLM {
///     EventType::LLM => "🤖",
///     _ => "·",
/// };
/// # assert_eq!(emoji, "🤖");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(Repr);

macro_rules! event_types {
    ($($(#[$doc:meta])* $NAME:ident $Variant:ident $value:literal)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        enum Repr { $($Variant,)* Custom(&'static CustomType) }

        impl EventType {
            $($(#[$doc])* pub const $NAME: Self = Self(Repr::$Variant);)*

            /// All types that have a constant, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$NAME),*];

            /// The type with this name (`"LLM"`), if it has a constant.
            ///
            /// Custom types are not found here: see [`EventType::custom`].
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $(stringify!($NAME) => Some(Self::$NAME),)* _ => None }
            }

            /// The type with this LlamaIndex value (`"llm"`), if it has a constant.
            #[must_use]
            pub fn from_value(value: &str) -> Option<Self> {
                match value { $($value => Some(Self::$NAME),)* _ => None }
            }

            /// The upper-case name (`"LLM"`), or the name that a custom type was given.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 { $(Repr::$Variant => stringify!($NAME),)* Repr::Custom(custom) => custom.name }
            }

            /// The lower-case value (`"llm"`) that LlamaIndex uses; lower-cased for a custom type.
            #[must_use]
            pub const fn value(self) -> &'static str {
                match self.0 { $(Repr::$Variant => $value,)* Repr::Custom(custom) => custom.value }
            }
        }
    };
}

event_types! {
    /// A text is split into chunks.
    CHUNKING Chunking "chunking"
    /// Documents are parsed into nodes.
    NODE_PARSING NodeParsing "node_parsing"
    /// Texts are embedded.
    EMBEDDING Embedding "embedding"
    /// One call of a language model.
    LLM Llm "llm"
    /// A question is answered, from end to end.
    QUERY Query "query"
    /// Nodes are retrieved for a query.
    RETRIEVE Retrieve "retrieve"
    /// An answer is made from retrieved nodes.
    SYNTHESIZE Synthesize "synthesize"
    /// A level of a summary tree is built.
    TREE Tree "tree"
    /// A part of a question is answered on its own.
    SUB_QUESTION SubQuestion "sub_question"
    /// A prompt template is filled.
    TEMPLATING Templating "templating"
    /// A tool or function is called.
    FUNCTION_CALL FunctionCall "function_call"
    /// Nodes are reordered by relevance.
    RERANKING Reranking "reranking"
    /// An exception (LlamaIndex records it as an event of its own; a span's own error is an [`Outcome`](crate::Outcome)).
    EXCEPTION Exception "exception"
    /// One step of an agent.
    AGENT_STEP AgentStep "agent_step"
    /// A link between stages, or the root of a trace (OpenInference CHAIN).
    CHAIN Chain "chain"
    /// A guard checks an input or an output (OpenInference GUARDRAIL).
    GUARDRAIL Guardrail "guardrail"
    /// An answer is evaluated (OpenInference EVALUATOR).
    EVALUATOR Evaluator "evaluator"
    /// A decision model answers with a typed value (OpenInference DECISION).
    DECISION Decision "decision"
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct CustomType {
    name: &'static str,
    value: &'static str,
}

/// Custom types by their name; they live as long as the program, each once.
static CUSTOM: LazyLock<Mutex<HashMap<&'static str, &'static CustomType>>> =
    LazyLock::new(Mutex::default);

impl EventType {
    /// A type of your own. The same name always gives the same type; the name
    /// of a type that has a constant gives that one.
    ///
    /// Each new name is kept for the life of the program: name stages, not data.
    /// Spans are recognised by a custom type once it is registered with
    /// [`Builder::event_type`](crate::Builder::event_type).
    ///
    /// ```
    /// use tracing_llm::EventType;
    ///
    /// assert_eq!(EventType::custom("PLAN"), EventType::custom("PLAN"));
    /// assert_eq!(EventType::custom("PLAN").value(), "plan");
    /// assert_eq!(EventType::custom("LLM"), EventType::LLM);
    /// ```
    #[must_use]
    pub fn custom(name: &str) -> Self {
        if let Some(known) = Self::parse(name) {
            return known;
        }
        let mut types = CUSTOM.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = types.get(name) {
            return Self(Repr::Custom(known));
        }
        let keep = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let (name, value) = (keep(name.to_owned()), keep(name.to_lowercase()));
        let custom: &'static CustomType = Box::leak(Box::new(CustomType { name, value }));
        types.insert(name, custom);
        Self(Repr::Custom(custom))
    }

    /// Whether this is a type of the user's own.
    #[must_use]
    pub const fn is_custom(self) -> bool {
        matches!(self.0, Repr::Custom(_))
    }

    /// Whether nothing nests below this type in LlamaIndex (`CHUNKING`, `LLM`, `EMBEDDING`).
    #[must_use]
    pub const fn is_leaf(self) -> bool {
        matches!(self.0, Repr::Chunking | Repr::Llm | Repr::Embedding)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::custom(&name))
    }
}
