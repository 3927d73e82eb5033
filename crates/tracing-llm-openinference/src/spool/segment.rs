//! The segment that is being written.

use std::fs::{self, File};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use super::files;
use super::name::Name;
use crate::json::{self, Line};
use crate::lines::{self, Lines};
use crate::resource_spans::count;

pub(super) struct OpenSegment {
    pub(super) name: Name,
    file: File,
    /// What is in it for good.
    pub(super) bytes: u64,
    pub(super) spans: u64,
    /// A write failed half-way, and what it left behind is still there.
    torn: bool,
}

impl OpenSegment {
    pub(super) fn create(folder: &Path, name: Name) -> io::Result<Self> {
        let file = files::create(&folder.join(name.open()))?;
        Ok(Self { name, file, bytes: 0, spans: 0, torn: false })
    }

    /// Appends all of these lines or none: what a failed write leaves is cut off, which needs
    /// no room on a full disk.
    pub(super) fn append(&mut self, lines: &[Line]) -> io::Result<()> {
        self.heal()?;
        self.torn = true;
        // One call a line. Nothing is held back in this process: what is written outlives it.
        let written = lines.iter().try_for_each(|line| self.file.write_all(&line.bytes));
        match written {
            Ok(()) => {
                self.torn = false;
                self.bytes += lines.iter().map(|line| line.bytes.len() as u64).sum::<u64>();
                self.spans += lines.iter().map(|line| line.spans).sum::<u64>();
                Ok(())
            }
            Err(error) => {
                // If this fails, too, it is tried again before the next write.
                let _ = self.heal();
                Err(error)
            }
        }
    }

    fn heal(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.bytes)?;
            self.torn = false;
        }
        Ok(())
    }

    /// Closes the segment: from now on it has the name that readers look for. An empty one
    /// is removed.
    pub(super) fn close(&mut self, folder: &Path) -> io::Result<()> {
        self.heal()?;
        // Once a segment, so that a power cut costs at most the segment that is open. What
        // cannot be synced is no worse than the lines before.
        let _ = self.file.sync_data();
        close(folder, self.name, self.spans)
    }
}

fn close(folder: &Path, name: Name, spans: u64) -> io::Result<()> {
    let open = folder.join(name.open());
    match spans {
        0 => files::remove(&open),
        _ => fs::rename(open, folder.join(name.closed(spans))),
    }
}

/// What was found in a segment that its process left open.
pub(super) struct Salvage {
    pub(super) spans: u64,
    pub(super) bytes: u64,
    /// Its last line has no end.
    pub(super) torn: bool,
}

/// Closes a segment whose process is gone: its torn tail is cut off, its spans are counted.
pub(super) fn salvage(folder: &Path, name: Name) -> io::Result<Salvage> {
    let mut file = files::read_and_write(&folder.join(name.open()))?;
    let mut found = Salvage { spans: 0, bytes: 0, torn: false };
    file.seek(SeekFrom::Start(0))?;
    let mut lines = Lines::new(BufReader::new(&file), 0);
    while let Some(line) = lines.next()? {
        match line {
            lines::Line::Whole(line) => {
                found.spans += json::read(&line).map_or(0, |spans| count(&spans));
            }
            lines::Line::TooLong => {}
            lines::Line::Torn(_) => {
                found.torn = true;
                break;
            }
        }
        found.bytes = lines.at();
    }
    if found.torn {
        file.set_len(found.bytes)?;
    }
    close(folder, name, found.spans)?;
    Ok(found)
}
