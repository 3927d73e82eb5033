//! The one error of this crate.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong in setting up, sending or writing.
///
/// No key and no header's value is ever in it.
///
/// ```
/// use tracing_llm_openinference::OpenInference;
///
/// let error = OpenInference::builder().endpoint("no address").build().unwrap_err();
/// assert!(error.is_setting());
/// assert_eq!(error.to_string(), "the endpoint is no http:// or https:// address");
/// ```
#[derive(Debug)]
pub struct Error {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Setting { what: String, why: String },
    File { path: PathBuf, during: &'static str, source: io::Error },
    Send { what: String },
    Several(Vec<Error>),
}

impl Error {
    /// A setting that cannot be used.
    pub(crate) fn setting(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { kind: Kind::Setting { what: what.into(), why: why.into() } }
    }

    /// A file that cannot be opened or written.
    pub(crate) fn file(path: &Path, during: &'static str, source: io::Error) -> Self {
        Self { kind: Kind::File { path: path.to_owned(), during, source } }
    }

    /// Spans that did not reach the collector.
    pub(crate) fn send(what: impl Into<String>) -> Self {
        Self { kind: Kind::Send { what: what.into() } }
    }

    /// The first failure of several outputs that were all tried; none if all went well.
    pub(crate) fn all(results: impl IntoIterator<Item = Result<(), Self>>) -> Result<(), Self> {
        let mut errors: Vec<Self> = results.into_iter().filter_map(Result::err).collect();
        match errors.pop() {
            None => Ok(()),
            Some(only) if errors.is_empty() => Err(only),
            Some(last) => {
                errors.push(last);
                Err(Self { kind: Kind::Several(errors) })
            }
        }
    }

    /// A setting cannot be used: an endpoint, a header, a variable of the environment.
    #[must_use]
    pub fn is_setting(&self) -> bool {
        self.any(|kind| matches!(kind, Kind::Setting { .. }))
    }

    /// The file could not be opened or written.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.any(|kind| matches!(kind, Kind::File { .. }))
    }

    /// The collector did not take all spans.
    #[must_use]
    pub fn is_send(&self) -> bool {
        self.any(|kind| matches!(kind, Kind::Send { .. }))
    }

    fn any(&self, test: fn(&Kind) -> bool) -> bool {
        match &self.kind {
            Kind::Several(errors) => errors.iter().any(|error| error.any(test)),
            kind => test(kind),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Setting { what, why } => write!(f, "{what} {why}"),
            Kind::File { path, during, source } => {
                write!(f, "could not {during} {}: {source}", path.display())
            }
            Kind::Send { what } => f.write_str(what),
            Kind::Several(errors) => {
                for (index, error) in errors.iter().enumerate() {
                    write!(f, "{}{error}", if index == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
