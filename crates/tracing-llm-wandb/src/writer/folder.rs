//! Makes folders and files with care: for the owner's eyes only, never over what is there, and
//! never through a link that somebody put into the way.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Makes the folder of a run, as `wandb` lays it out; that of another run is never taken.
pub(super) fn create(dir: &Path, name: &str) -> Result<PathBuf, Error> {
    let failed = |path: &Path, error| Error::file(path, "create the folder", error);
    // What the user names may be a link: it is what the user wants.
    builder().recursive(true).create(dir).map_err(|error| failed(dir, error))?;
    // As `wandb` does: a hidden folder, if there is one.
    let hidden = dir.join(".wandb");
    let above = if fs::symlink_metadata(&hidden).is_ok() { hidden } else { dir.join("wandb") };
    ensure(&above).map_err(|error| failed(&above, error))?;
    let folder = above.join(name);
    builder().create(&folder).map_err(|error| failed(&folder, error))?;
    for part in ["files", "logs"] {
        let part = folder.join(part);
        builder().create(&part).map_err(|error| failed(&part, error))?;
    }
    Ok(folder)
}

/// A folder that may be there already, but is no link.
pub(super) fn ensure(path: &Path) -> io::Result<()> {
    match builder().create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(path)?.is_dir() {
                Ok(())
            } else {
                Err(io::Error::new(error.kind(), "it is a link, or no folder"))
            }
        }
        made => made,
    }
}

/// A new file to append to; an error if something is there.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
        // The same bits, in the type that the standard library takes.
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    options.open(path)
}

fn builder() -> DirBuilder {
    #[allow(unused_mut, reason = "it has a mode on Unix alone")]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
