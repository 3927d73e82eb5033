//! Writes the run's folder: its log, and the files that go up with it.

mod folder;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::log;

/// The run's folder, open for writing.
///
/// Each record is in the file when [`append`](Self::append) returns, by one `write`: a process that
/// is killed leaves every record before that, and at most one piece of another behind them.
pub(crate) struct Writer {
    file: File,
    path: PathBuf,
    folder: PathBuf,
    /// How long the file is with whole records alone.
    len: u64,
    /// A record was torn, and could not be taken back.
    torn: bool,
}

impl Writer {
    /// Makes `<dir>/wandb/offline-run-<time>-<id>` and the log in it.
    pub(crate) fn create(dir: &Path, time: &str, id: &str) -> Result<Self, Error> {
        let folder = folder::create(dir, &format!("offline-run-{time}-{id}"))?;
        let path = folder.join(format!("run-{id}.wandb"));
        let file = folder::new_file(&path).map_err(|error| Error::file(&path, "create", error))?;
        let mut writer = Self { file, path, folder, len: 0, torn: false };
        writer.add(&log::HEADER)?;
        Ok(writer)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends a record to the log.
    pub(crate) fn append(&mut self, record: &[u8]) -> Result<(), Error> {
        self.add(&log::framed(record, self.len))
    }

    /// Writes a file that goes up with the run; the path is below `files/`, with slashes.
    pub(crate) fn write_file(&self, path: &str, content: &[u8]) -> Result<(), Error> {
        let mut place = self.folder.join("files");
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            place.push(name);
            let made = if names.peek().is_some() {
                folder::ensure(&place)
            } else {
                folder::new_file(&place).and_then(|mut file| file.write_all(content))
            };
            made.map_err(|error| Error::file(&place, "write", error))?;
        }
        Ok(())
    }

    /// Has the disk take what is written, so that it is there after a power failure, too.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(|error| Error::file(&self.path, "write to", error))
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let added = self.mend().and_then(|()| {
            self.torn = true;
            self.file.write_all(bytes)
        });
        match added {
            Ok(()) => {
                self.torn = false;
                self.len += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                // A full disk has room again at some time, and readers stop at what is torn.
                let _ = self.mend();
                Err(Error::file(&self.path, "write to", error))
            }
        }
    }

    /// Takes back what was written of a record in vain.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.len)?;
            self.torn = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
