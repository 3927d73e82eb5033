//! The files to send, line by line.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use crate::error::Error;
use crate::json;
use crate::lines::{Line, Lines};

/// The file itself; of a folder the files that end in `.jsonl`, sorted by name.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::file(path, "read", error);
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|extension| extension == "jsonl") && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// A file that is being read.
pub(super) struct Source<'a> {
    path: &'a Path,
    lines: Lines<BufReader<File>>,
    number: u64,
}

/// A line that is not empty.
pub(super) struct Entry {
    /// Counted from one.
    pub(super) number: u64,
    /// None: it could not be read.
    pub(super) spans: Option<Vec<ResourceSpans>>,
}

impl<'a> Source<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| Error::file(path, "open", error))?;
        Ok(Self { path, lines: Lines::new(BufReader::new(file), 0), number: 0 })
    }

    pub(super) fn next(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            let line = self.lines.next().map_err(|error| Error::file(self.path, "read", error))?;
            self.number += 1;
            let spans = match line {
                None => return Ok(None),
                Some(Line::Whole(line) | Line::Torn(line)) => {
                    if line.trim_ascii().is_empty() {
                        continue;
                    }
                    json::read(&line).ok()
                }
                Some(Line::TooLong) => None,
            };
            return Ok(Some(Entry { number: self.number, spans }));
        }
    }
}
