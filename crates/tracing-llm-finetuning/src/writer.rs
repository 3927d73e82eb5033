//! The files: for the owner's eyes only, and never through a link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// So much is read at once in search of the last line.
const BLOCK: u64 = 64 * 1024;

/// A file that grows by whole lines: whatever happens, at most the last one is torn, and the next
/// to open the file cuts that off.
#[derive(Debug)]
pub(crate) struct Writer {
    file: File,
    path: PathBuf,
    /// Where the last whole line ends.
    end: u64,
}

impl Writer {
    /// Opens a file to append to, and makes it and its folder if they are missing. Says whether
    /// half a line was cut off.
    pub(crate) fn open(path: &Path) -> Result<(Self, bool), Error> {
        let failed = |during| move |error| Error::new(path, during, error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
        }
        let mut options = careful();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed("open"))?;
        let (end, torn) = mend(&mut file).map_err(failed("read"))?;
        Ok((Self { file, path: path.to_owned(), end }, torn))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line in one call. After a failure the next line takes the place of the torn one.
    pub(crate) fn append(&mut self, line: &str) -> Result<(), Error> {
        let bytes = [line.as_bytes(), b"\n"].concat();
        let written = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.set_len(self.end))
            .and_then(|()| self.file.write_all(&bytes));
        written.map_err(|error| Error::new(&self.path, "write to", error))?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Waits until the disk has it.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|error| Error::new(&self.path, "sync", error))
    }
}

/// Puts a text in the place of what the file held, so that a reader sees the one or the other.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let written = careful().write(true).create(true).truncate(true).open(&new);
    written
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_data()))
        .and_then(|()| fs::rename(&new, path))
        .map_err(|error| Error::new(path, "write", error))
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path).map_err(|error| Error::new(path, "read", error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Ends the file with its last whole line. A last line that only lacks its line break is whole.
fn mend(file: &mut File) -> io::Result<(u64, bool)> {
    let length = file.seek(SeekFrom::End(0))?;
    let begin = last_line(file, length)?;
    if begin == length {
        return Ok((length, false));
    }
    file.seek(SeekFrom::Start(begin))?;
    let mut last = Vec::new();
    file.read_to_end(&mut last)?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(&last).is_ok() {
        file.write_all(b"\n")?;
        return Ok((length + 1, false));
    }
    file.set_len(begin)?;
    Ok((begin, true))
}

/// Where the text after the last line break begins.
fn last_line(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    while end > 0 {
        let begin = end.saturating_sub(BLOCK);
        let mut block = vec![0; usize::try_from(end - begin).unwrap_or_default()];
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

fn careful() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
        // The same bits, in the type that the standard library takes.
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    options
}

#[cfg(test)]
mod tests;
