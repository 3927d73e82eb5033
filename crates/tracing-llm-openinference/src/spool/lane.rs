//! Whose segments are whose, among processes that share a folder.
//!
//! Each process has a lane: its segments, and a lock file that the system unlocks when the
//! process ends, however it ends. Whoever gets the lock of another lane knows that its owner
//! is gone, and takes its segments over. The id of a lane is used once, so that a lane without
//! its owner never gets new segments.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use super::files;
use super::name::Owner;

/// To lose one race is likely enough; to lose so many is not.
const TRIES: usize = 100;

pub(super) struct Lane {
    pub(super) owner: Owner,
    lock: File,
    path: PathBuf,
}

impl Lane {
    /// A lane of our own. Somebody who looks for lanes without an owner may take the file of
    /// a new one before it is locked: then it is another one.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        for _ in 0..TRIES {
            // Randomly seeded by the standard library, anew each time.
            let owner = Owner(RandomState::new().build_hasher().finish());
            if let Some(lane) = Self::lock(folder, owner)? {
                return Ok(lane);
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// The lane of another process; none as long as that lives.
    pub(super) fn lock(folder: &Path, owner: Owner) -> io::Result<Option<Self>> {
        let path = folder.join(owner.lock());
        Ok(files::lock(&path)?.map(|lock| Self { owner, lock, path }))
    }

    /// Removes the lock file of a lane that has no segments any more. It goes while it is
    /// locked: another process that waits for it finds a lane without segments.
    pub(super) fn end(&self) {
        let _ = files::remove(&self.path);
    }
}

impl Drop for Lane {
    /// To close the file is not enough: a child process between its fork and its exec has it
    /// open, too.
    fn drop(&mut self) {
        files::unlock(&self.lock);
    }
}
