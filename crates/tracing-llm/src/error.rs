//! The one error of this crate.

use std::fmt;

/// What went wrong in setting up, flushing or shutting down.
///
/// Nothing here ever reaches the pipeline itself: events fail into the
/// [`Trap`](crate::Trap).
///
/// ```
/// use tracing_llm::TraceId;
///
/// let error = "not hexadecimal".parse::<TraceId>().unwrap_err();
/// assert!(error.is_invalid());
/// assert_eq!(error.to_string(), "\"not hexadecimal\" is no valid TraceId");
/// ```
#[derive(Debug)]
pub struct Error {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Invalid { what: &'static str, text: String },
    Undelivered { what: String },
    Closed,
    Setup { what: String },
}

impl Error {
    /// A text that is not what it should be.
    pub(crate) fn invalid(what: &'static str, text: &str) -> Self {
        Self { kind: Kind::Invalid { what, text: text.chars().take(80).collect() } }
    }

    /// Events that did not reach their handlers.
    pub(crate) fn undelivered(what: impl Into<String>) -> Self {
        Self { kind: Kind::Undelivered { what: what.into() } }
    }

    /// The layer was shut down before.
    pub(crate) fn closed() -> Self {
        Self { kind: Kind::Closed }
    }

    /// Something that the operating system refused at the start.
    pub(crate) fn setup(what: impl Into<String>) -> Self {
        Self { kind: Kind::Setup { what: what.into() } }
    }

    /// A text could not be read.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind, Kind::Invalid { .. })
    }

    /// Not everything was delivered, or a handler failed to flush or shut down.
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        matches!(self.kind, Kind::Undelivered { .. })
    }

    /// The layer was shut down before.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Invalid { what, text } => write!(f, "{text:?} is no valid {what}"),
            Kind::Undelivered { what } => write!(f, "not everything was delivered: {what}"),
            Kind::Closed => f.write_str("the layer was shut down before"),
            Kind::Setup { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}
