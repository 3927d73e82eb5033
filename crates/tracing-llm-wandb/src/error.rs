//! The one error of this crate.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong in setting up or writing a run.
///
/// ```
/// use tracing_llm_wandb::Wandb;
///
/// let error = Wandb::builder().project("docs/rag").build().unwrap_err();
/// assert!(error.is_setting());
/// assert_eq!(error.to_string(), "the project holds one of / \\ # ? % :");
/// ```
#[derive(Debug)]
pub struct Error {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Setting { what: String, why: String },
    File { path: PathBuf, during: &'static str, source: io::Error },
    Full,
    Ended,
    Several(Vec<Error>),
}

impl Error {
    /// A setting that cannot be used.
    pub(crate) fn setting(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { kind: Kind::Setting { what: what.into(), why: why.into() } }
    }

    /// A file that cannot be made or written.
    pub(crate) fn file(path: &Path, during: &'static str, source: io::Error) -> Self {
        Self { kind: Kind::File { path: path.to_owned(), during, source } }
    }

    /// Too much waits already.
    pub(crate) fn full() -> Self {
        Self { kind: Kind::Full }
    }

    /// The run takes nothing more.
    pub(crate) fn ended() -> Self {
        Self { kind: Kind::Ended }
    }

    /// All failures of steps that were all tried; none if all went well.
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

    /// A setting cannot be used: an argument of the run, a variable of the environment, the name of
    /// a value.
    #[must_use]
    pub fn is_setting(&self) -> bool {
        self.any(|kind| matches!(kind, Kind::Setting { .. }))
    }

    /// A file or folder could not be made or written.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.any(|kind| matches!(kind, Kind::File { .. }))
    }

    /// More rows or values wait to be written than are kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.any(|kind| matches!(kind, Kind::Full))
    }

    /// The run has ended: nothing can be added to it.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.any(|kind| matches!(kind, Kind::Ended))
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
            Kind::Full => f.write_str("too many rows wait to be written to the W&B run"),
            Kind::Ended => f.write_str("the W&B run has ended"),
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
