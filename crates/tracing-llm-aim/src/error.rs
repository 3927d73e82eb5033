//! The one error of this crate.

use std::fmt;

/// What went wrong in setting up or in sending.
///
/// No header's value is ever in it.
///
/// ```
/// use tracing_llm_aim::Aim;
///
/// let error = Aim::builder().server("./repo").build().unwrap_err();
/// assert!(error.is_setting());
/// assert_eq!(error.to_string(), "the server is no aim://host:port or http://host:port address");
/// ```
#[derive(Debug)]
pub struct Error {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Setting { what: String, why: String },
    Send { what: String },
}

impl Error {
    /// A setting that cannot be used.
    pub(crate) fn setting(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { kind: Kind::Setting { what: what.into(), why: why.into() } }
    }

    /// Values that did not reach the server.
    pub(crate) fn send(what: impl Into<String>) -> Self {
        Self { kind: Kind::Send { what: what.into() } }
    }

    /// A setting cannot be used: the server's address, a header, a parameter.
    #[must_use]
    pub fn is_setting(&self) -> bool {
        matches!(self.kind, Kind::Setting { .. })
    }

    /// The server did not take all values, or the run could not be ended.
    #[must_use]
    pub fn is_send(&self) -> bool {
        matches!(self.kind, Kind::Send { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Setting { what, why } => write!(f, "{what} {why}"),
            Kind::Send { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}
