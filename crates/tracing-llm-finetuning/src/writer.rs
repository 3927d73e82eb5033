//! The files: for the owner's eyes only, and never through a link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;

/// So much is read at once in search of the last line.
const BLOCK: u64 = 64 * 1024;

#[cfg(windows)]
const SHARE_READ: u32 = 1;
#[cfg(windows)]
const SHARE_DELETE: u32 = 4;

/// A file that grows by whole lines: whatever happens, at most the last one is torn, and the next
/// to open the file cuts that off.
///
/// It is locked while it is open, since two who cut torn lines off would cut each other's.
#[derive(Debug)]
pub(crate) struct Writer {
    file: File,
    path: PathBuf,
    /// A line of ours was torn behind this length, and could not be cut off yet.
    torn: Option<u64>,
}

impl Writer {
    /// Opens a file to append to, and makes it and its folder if they are missing. Says whether
    /// half a line was cut off. Fails if another has it open to write.
    pub(crate) fn open(path: &Path) -> Result<(Self, bool), Error> {
        let failed = |during| move |error| Error::new(path, during, error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
        }
        let mut options = careful();
        let options = options.read(true).create(true);
        #[cfg(not(windows))]
        options.append(true);
        // Windows locks a file by what it shares of it: others may read, or move it. What is opened
        // to append alone could not be cut there.
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(
            options.write(true).truncate(false),
            SHARE_READ | SHARE_DELETE,
        );
        let mut file = options.open(path).map_err(failed("open"))?;
        lock(&file).map_err(failed("lock"))?;
        let torn = mend(&mut file).map_err(failed("read"))?;
        Ok((Self { file, path: path.to_owned(), torn: None }, torn))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line in one call. What a failure leaves of it is cut off, at the latest before the
    /// next line.
    pub(crate) fn append(&mut self, line: &str) -> Result<(), Error> {
        let bytes = [line.as_bytes(), b"\n"].concat();
        self.add(&bytes).map_err(|error| Error::new(&self.path, "write to", error))
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.cut()?;
        let before = self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(bytes).inspect_err(|_| {
            self.torn = Some(before);
            // The error that is told is that of the write.
            let _ = self.cut();
        })
    }

    fn cut(&mut self) -> io::Result<()> {
        if let Some(length) = self.torn {
            self.file.set_len(length)?;
            self.torn = None;
        }
        Ok(())
    }

    /// Waits until the disk has it.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|error| Error::new(&self.path, "sync", error))
    }
}

/// Puts a text in the place of what the file held, so that a reader sees the one or the other.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let (new, mut file) = beside(path).map_err(|error| Error::new(path, "write", error))?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_data())
        .and_then(|()| fs::rename(&new, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&new);
        Error::new(path, "write", error)
    })
}

/// A new file beside another. Its name is nobody else's: two who save at once do not mix, and what
/// somebody put there is neither written to nor followed.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{}.new", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let new = path.with_file_name(name);
        match careful().write(true).create_new(true).open(&new) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (new, file)),
        }
    }
}

/// What a file holds.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::new(path, "read", error))
}

/// Locks a file until it is closed, also when the process is killed. A device has no lines to lose,
/// and where the file system knows no locks, that there is one recorder is left to the user.
fn lock(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        let locked = rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        if locked == Err(rustix::io::Errno::WOULDBLOCK) {
            let held = "another recorder writes to it";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, held));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// Ends the file with its last whole line, and says whether half a line was cut off. A last line
/// that only lacks its line break is whole.
fn mend(file: &mut File) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    let begin = last_line(file, length)?;
    if begin == length {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(begin))?;
    let mut last = Vec::new();
    file.read_to_end(&mut last)?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(&last).is_ok() {
        file.write_all(b"\n")?;
        return Ok(false);
    }
    file.set_len(begin)?;
    Ok(true)
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
