//! How an event came out.

use serde::{Deserialize, Serialize};

use super::Text;

/// How an event came out.
///
/// ```
/// use tracing_llm::Outcome;
///
/// assert!(Outcome::Error.is_failure());
/// assert!(!Outcome::Unset.is_failure()); // success is not claimed, nor is failure
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing told: `tracing` alone cannot tell a future that finished from one that was dropped.
    #[default]
    Unset,
    /// It finished, as seen by a wrapper, by `#[instrument(ret)]` or by the caller.
    Ok,
    /// It failed: an error was recorded, or it panicked.
    Error,
    /// Its future or stream was dropped before it finished.
    Cancelled,
    /// It was still open at shutdown.
    Incomplete,
}

impl Outcome {
    /// Whether it is known not to have finished well: error, cancelled or incomplete.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Error | Self::Cancelled | Self::Incomplete)
    }

    /// The lower-case word: `"ok"`, `"error"`, `"cancelled"`, `"incomplete"`, `"unset"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Incomplete => "incomplete",
        }
    }
}

/// An error that an event failed with.
///
/// A panic has the kind `panic`. [`traced`](crate::FutureExt::traced) and
/// [`traced_stream`](crate::StreamExt::traced_stream) see what it says; of a panic that leaves a
/// span otherwise (`in_scope`, `#[instrument]`, `.instrument`) `tracing` shows only that it passes:
/// its text is where the program's panic hook puts it, by default on the standard error, and the
/// message says so.
///
/// ```
/// use tracing_llm::Exception;
///
/// let exception = Exception::new("the model is overloaded").with_kind("Overloaded");
/// assert_eq!(exception.to_string(), "Overloaded: the model is overloaded");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The error's text.
    pub message: Text,
    /// The error's type, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text>,
    /// A stack trace or the chain of causes, one a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacktrace: Option<Text>,
    /// The same error came up from an event below, where it is counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub propagated: bool,
}

/// The kind of a panic.
const PANIC: &str = "panic";

/// The message of a panic whose text only the panic hook gets.
const UNTOLD: &str = "a panic: its text went to the panic hook (standard error by default)";

impl Exception {
    /// An exception with this text.
    #[must_use]
    pub fn new(message: impl Into<Text>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// A panic whose text is not known.
    pub(crate) fn untold_panic() -> Self {
        Self::new(Text::literal(UNTOLD)).with_kind(Text::literal(PANIC))
    }

    pub(crate) fn is_untold_panic(&self) -> bool {
        self.is_panic() && self.message == *UNTOLD
    }

    pub(crate) fn is_panic(&self) -> bool {
        self.kind.as_deref() == Some(PANIC)
    }

    /// An exception from an error: its text, and the chain of its causes.
    #[must_use]
    pub fn from_error(error: &(dyn std::error::Error + 'static)) -> Self {
        let causes: Vec<String> = std::iter::successors(error.source(), |cause| cause.source())
            .map(|cause| format!("caused by: {cause}"))
            .collect();
        Self {
            message: Text::from(error.to_string()),
            stacktrace: (!causes.is_empty()).then(|| Text::from(causes.join("\n"))),
            ..Self::default()
        }
    }

    /// The same with the error's type.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<Text>) -> Self {
        self.kind = Some(kind.into());
        self
    }
}

impl std::fmt::Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Some(kind) => write!(f, "{kind}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}
