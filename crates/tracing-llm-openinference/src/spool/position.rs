//! How far a segment has been sent.

use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files;

/// A place between two lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Bytes before it.
    pub(super) bytes: u64,
    /// Spans before it, those of lines that could not be read not among them.
    pub(super) spans: u64,
}

/// What stands in the file beside a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// What lies before was sent, or refused for good.
    pub(super) sent: Position,
    /// What lies between may have been sent: it was given out, and no word came back.
    pub(super) given: u64,
}

impl Progress {
    /// What the file says. One that is missing or cannot be understood says that nothing was
    /// sent: rather twice than never.
    pub(super) fn load(path: &Path) -> Self {
        let mut text = String::new();
        let read = files::read(path).and_then(|file| file.take(1024).read_to_string(&mut text));
        read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    pub(super) fn save(self, path: &Path) -> io::Result<()> {
        files::replace(path, &serde_json::to_vec(&self)?)
    }
}
