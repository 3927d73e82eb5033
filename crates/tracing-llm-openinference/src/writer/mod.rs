//! Writes lines to a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

use crate::encode::{self, SCOPE};
use crate::error::Error;
use crate::json::Envelope;
use crate::stats::Tally;

/// A file of OTLP JSON lines, one span a line, each written whole before the hook returns.
pub(crate) struct Writer {
    file: File,
    path: PathBuf,
    envelope: Envelope,
    tally: Arc<Tally>,
    /// The last line has no end: it was torn by an earlier failure or process.
    torn: bool,
}

impl Writer {
    /// Opens the file for appending; its folder is made if it is missing.
    pub(crate) fn open(path: &Path, resource: &Resource, tally: Arc<Tally>) -> Result<Self, Error> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)
                .map_err(|error| Error::file(folder, "create the folder", error))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|error| Error::file(path, "open", error))?;
        let envelope = Envelope::new(&encode::resource(resource), &SCOPE)
            .map_err(|error| Error::file(path, "write to", error.into()))?;
        // What cannot be read back is taken for whole.
        let torn = is_torn(path).unwrap_or(false);
        Ok(Self { file, path: path.to_owned(), envelope, tally, torn })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the line of a span.
    pub(crate) fn write(&mut self, span: &SpanData) -> Result<(), Error> {
        self.tally.produced(1);
        match self.append(span) {
            Ok(()) => {
                self.tally.exported(1);
                Ok(())
            }
            Err(error) => {
                self.tally.failed(1);
                self.tally.send_failure();
                Err(Error::file(&self.path, "write to", error))
            }
        }
    }

    /// One `write` call for each line, so that the lines of several processes do not mix.
    fn append(&mut self, span: &SpanData) -> io::Result<()> {
        let span = Span::from(span.clone());
        for line in self.envelope.lines(&[span], usize::MAX)? {
            let mut line = line.bytes;
            if self.torn {
                line.insert(0, b'\n');
            }
            self.torn = true;
            self.file.write_all(&line)?;
            self.torn = false;
        }
        Ok(())
    }
}

/// Whether the file ends in the middle of a line.
fn is_torn(path: &Path) -> io::Result<bool> {
    let about = fs::metadata(path)?;
    // A pipe or a terminal has no end to look at.
    if !about.is_file() || about.len() == 0 {
        return Ok(false);
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests;
