//! What can go wrong with a file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file that could not be opened, read or written.
///
/// ```
/// use tracing_llm_finetuning::FineTuning;
///
/// let error = FineTuning::builder().file("/dev/null/train.jsonl").build().unwrap_err();
/// assert!(error.to_string().starts_with("could not "));
/// assert_eq!(error.path().file_name(), Some("train.jsonl".as_ref()));
/// ```
#[derive(Debug)]
pub struct Error {
    path: PathBuf,
    during: &'static str,
    source: io::Error,
}

impl Error {
    pub(crate) fn new(path: &Path, during: &'static str, source: io::Error) -> Self {
        Self { path: path.to_owned(), during, source }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, during, source } = self;
        write!(f, "could not {during} {}: {source}", path.display())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
