//! Opens files with care: for the owner's eyes only, and never through a link that somebody
//! put into the folder.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::name::Kind;

/// Makes the folder if it is missing. One that is there keeps its permissions.
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Our files in the folder; links and folders are none of ours, whatever their name.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Kind>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_name().to_str().and_then(Kind::of);
        // The type of the entry itself: a link is not followed. What is gone by now is gone.
        if let (Some(kind), true) = (kind, entry.file_type().is_ok_and(|file| file.is_file())) {
            files.push(kind);
        }
    }
    Ok(files)
}

/// A new file to append to; an error if there is one.
pub(super) fn create(path: &Path) -> io::Result<File> {
    careful().append(true).create_new(true).open(path)
}

pub(super) fn read(path: &Path) -> io::Result<File> {
    careful().read(true).open(path)
}

pub(super) fn read_and_write(path: &Path) -> io::Result<File> {
    careful().read(true).write(true).open(path)
}

/// The ending of a file that is about to replace another.
pub(super) const NEW: &str = "new";

/// Puts a small file in the place of another, so that a reader sees the one or the other.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension(NEW);
    let written = careful().write(true).create(true).truncate(true).open(&new);
    written.and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&new, path))
}

/// Removes a file; that it is gone already is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens a file and locks it until it is closed, also when the process is killed. None if
/// another process has it.
pub(super) fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = careful();
    options.read(true).write(true).create(true).truncate(false);
    // Windows locks a file by sharing nothing of it but its removal.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, SHARE_DELETE);
    let file = match options.open(path) {
        #[cfg(windows)]
        Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => return Ok(None),
        opened => opened?,
    };
    #[cfg(unix)]
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
        locked => locked?,
    }
    // Between the two calls somebody may have locked the file, and removed it: then this is a
    // lock that nobody can see.
    #[cfg(unix)]
    if !is_at(&file, path) {
        return Ok(None);
    }
    Ok(Some(file))
}

/// Unlocks a file, whoever else has it open. Windows does so when it is closed.
pub(super) fn unlock(file: &File) {
    #[cfg(unix)]
    let _ = rustix::fs::flock(file, rustix::fs::FlockOperation::Unlock);
    #[cfg(not(unix))]
    let _ = file;
}

/// Whether the path leads to this very file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(ours), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

#[cfg(windows)]
const SHARE_DELETE: u32 = 4;
#[cfg(windows)]
const SHARING_VIOLATION: i32 = 32;

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
