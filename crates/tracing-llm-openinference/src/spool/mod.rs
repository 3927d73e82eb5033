//! A folder in which spans wait while the collector is away.
//!
//! Spans are appended to a segment, a file of OTLP JSON lines; it is closed by a new name when
//! it is large or old, and removed when all of it has been sent. What was sent of the oldest
//! segment stands in a small file beside it. `name.rs` shows the files, `lane.rs` how several
//! processes share a folder.
//!
//! # What can be relied on
//!
//! - When [`append`](Spool::append) returns, its spans outlive this process, however it ends.
//!   They are with the operating system: only a power cut can take those of the open segment.
//! - Spans come out in the order in which they went in, those of earlier processes first.
//! - After a crash the spans of one packet at most may be sent twice; they are counted then.
//! - What the bounds take away is counted, and so is what cannot be read.

mod files;
mod lane;
mod name;
mod packet;
mod position;
mod segment;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;

use self::lane::Lane;
use self::name::{Kind, Name, Owner};
pub(crate) use self::packet::{Packet, Ticket};
use self::position::{Position, Progress};
use self::segment::OpenSegment;
use crate::config::SpoolSettings;
use crate::error::Error;
use crate::json::{Envelope, Line};
use crate::stats::Tally;

/// A Collector's receiver cuts lines at 1 MiB unless it is told otherwise.
const LINE_BYTES: usize = 900 * 1024;

/// A segment is closed when it has so many bytes, or this share of the whole.
const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;
const SEGMENT_SHARE: u64 = 8;

/// … or is this old, so that another process can take it over.
const SEGMENT_AGE: Duration = Duration::from_secs(60);

pub(crate) struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    max_age: Duration,
    envelope: Envelope,
    tally: Arc<Tally>,
    clock: Box<dyn Fn() -> SystemTime + Send>,
    lane: Lane,
    /// Lanes of processes that are gone, as long as they have segments.
    adopted: Vec<Lane>,
    open: Option<OpenSegment>,
    /// Oldest first.
    closed: BTreeMap<Name, Closed>,
    last: (u64, u32),
    /// The packet that is out, and of which segment.
    out: Option<(Name, Weak<()>)>,
}

/// A closed segment.
struct Closed {
    bytes: u64,
    spans: u64,
    sent: Position,
    /// Lines that begin here may have been sent by a process that did not live to say so.
    doubt: Range<u64>,
}

impl Spool {
    /// Opens the folder, and takes over what processes that are gone have left in it.
    pub(crate) fn open(
        settings: &SpoolSettings,
        resource: &Resource,
        scope: &InstrumentationScope,
        tally: Arc<Tally>,
    ) -> Result<Self, Error> {
        Self::with_clock(settings, resource, scope, tally, Box::new(SystemTime::now))
    }

    fn with_clock(
        settings: &SpoolSettings,
        resource: &Resource,
        scope: &InstrumentationScope,
        tally: Arc<Tally>,
        clock: Box<dyn Fn() -> SystemTime + Send>,
    ) -> Result<Self, Error> {
        let SpoolSettings { folder, max_bytes, max_age } = settings;
        let failed = |during| move |error| Error::file(folder, during, error);
        files::create_folder(folder).map_err(failed("create the folder"))?;
        let envelope = Envelope::new(resource, scope)
            .map_err(|error| Error::file(folder, "encode for", error.into()))?;
        let mut spool = Self {
            folder: folder.clone(),
            max_bytes: *max_bytes,
            max_age: *max_age,
            envelope,
            tally,
            clock,
            lane: Lane::create(folder).map_err(failed("lock a file in"))?,
            adopted: Vec::new(),
            open: None,
            closed: BTreeMap::new(),
            last: (0, 0),
            out: None,
        };
        spool.adopt().map_err(failed("read the folder"))?;
        spool.trim();
        Ok(spool)
    }

    /// Appends spans. On an error none of them is in the folder.
    pub(crate) fn append(&mut self, spans: &[Span]) -> Result<(), Error> {
        let failed = |error| Error::file(&self.folder, "write to", error);
        let lines = self.envelope.lines(spans, LINE_BYTES).map_err(|error| failed(error.into()))?;
        if lines.is_empty() {
            return Ok(());
        }
        self.write(&lines).map_err(|error| Error::file(&self.folder, "write to", error))?;
        let long = lines.iter().filter(|line| line.bytes.len() > LINE_BYTES).count();
        self.tally.long_lines(long as u64);
        // The spans are in: what goes wrong from here on is tried again at the next call.
        let segment_bytes = SEGMENT_BYTES.min(self.max_bytes / SEGMENT_SHARE);
        let is_full =
            |open: &OpenSegment| open.bytes >= segment_bytes || self.age(open.name) >= SEGMENT_AGE;
        if self.open.as_ref().is_some_and(is_full) {
            let _ = self.close();
            let _ = self.adopt();
        }
        self.trim();
        Ok(())
    }

    /// The oldest spans that were not sent yet, at most about so many bytes of protobuf, but
    /// one line at least. The same again until they are [`done`](Self::done).
    pub(crate) fn next(&mut self, bytes: usize) -> Result<Option<Packet>, Error> {
        self.trim();
        loop {
            if self.closed.is_empty() {
                self.close_segment()?;
            }
            let Some((&name, segment)) = self.closed.first_key_value() else { return Ok(None) };
            let path = self.folder.join(name.closed(segment.spans));
            let found = files::read(&path)
                .and_then(|file| packet::read(file, segment.sent, bytes, &segment.doubt));
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    // It stands in the way of all others, and may be readable another time.
                    self.forget(name);
                    return Err(Error::file(&path, "read", error));
                }
            };
            let held = Arc::new(());
            let out = Arc::downgrade(&held);
            let ticket = Ticket {
                name,
                until: found.until,
                unreadable: found.unreadable,
                doubt: segment.doubt.clone(),
                _held: held,
            };
            if found.spans == 0 {
                self.done(ticket)?;
                continue;
            }
            self.tally.resent(found.doubtful);
            self.give(name, found.until.bytes);
            self.out = Some((name, out));
            return Ok(Some(Packet { resource_spans: found.resource_spans, ticket }));
        }
    }

    /// They were sent, or refused for good: they are not given again, also not after a restart.
    pub(crate) fn done(&mut self, ticket: Ticket) -> Result<(), Error> {
        let Ticket { name, until, unreadable, doubt: _, _held: _ } = ticket;
        self.out = None;
        let Some(segment) = self.closed.get_mut(&name) else { return Ok(()) };
        self.tally.torn_lines(unreadable);
        segment.sent = until;
        let path = self.folder.join(name.position(segment.spans));
        let progress = Progress { sent: until, given: until.bytes };
        if until.bytes < segment.bytes {
            return progress.save(&path).map_err(|error| Error::file(&path, "write", error));
        }
        let closed = self.folder.join(name.closed(segment.spans));
        self.remove(name).map_err(|error| {
            // It is at its end, also for the next process.
            let _ = progress.save(&path);
            self.forget(name);
            Error::file(&closed, "remove", error)
        })
    }

    /// Closes the segment that is being written: it gets its last name, and is synced.
    pub(crate) fn close_segment(&mut self) -> Result<(), Error> {
        self.close().map_err(|error| Error::file(&self.folder, "close a file in", error))
    }

    /// Nobody has taken them: they are given again, and not in doubt because of this time.
    pub(crate) fn give_back(&mut self, ticket: Ticket) {
        let Ticket { name, doubt, .. } = ticket;
        self.out = None;
        let Some(segment) = self.closed.get_mut(&name) else { return };
        segment.doubt = doubt;
        let path = self.folder.join(name.position(segment.spans));
        // What cannot be noted is in doubt: that counts too much, not too little.
        let _ = Progress { sent: segment.sent, given: segment.doubt.end }.save(&path);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.open.as_ref().is_none_or(|open| open.spans == 0)
    }

    /// The size of the segments.
    pub(crate) fn bytes(&self) -> u64 {
        let open = self.open.as_ref().map_or(0, |open| open.bytes);
        open + self.closed.values().map(|segment| segment.bytes).sum::<u64>()
    }

    /// Notes that spans are on their way. If it cannot be noted, such as on a full disk, they
    /// are sent all the same: that makes room.
    fn give(&mut self, name: Name, until: u64) {
        let Some(segment) = self.closed.get_mut(&name) else { return };
        segment.doubt.start = segment.doubt.start.max(until);
        let given = until.max(segment.doubt.end);
        let path = self.folder.join(name.position(segment.spans));
        let _ = Progress { sent: segment.sent, given }.save(&path);
    }

    fn write(&mut self, lines: &[Line]) -> io::Result<()> {
        if self.open.is_none() {
            let name = self.next_name();
            self.open = Some(OpenSegment::create(&self.folder, name)?);
        }
        self.open.as_mut().map_or(Ok(()), |open| open.append(lines))
    }

    /// Later than all names that are known, whatever the clock says.
    fn next_name(&mut self) -> Name {
        let now = (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let newest = self.closed.last_key_value().map_or(0, |(name, _)| {
            // In the same millisecond, two processes may count the same.
            name.millis + u64::from(name.owner != self.lane.owner)
        });
        let millis = u64::try_from(now).unwrap_or(0).max(self.last.0).max(newest);
        self.last = (millis, self.last.1 + 1);
        Name { millis, sequence: self.last.1, owner: self.lane.owner }
    }

    fn age(&self, name: Name) -> Duration {
        let began = UNIX_EPOCH + Duration::from_millis(name.millis);
        (self.clock)().duration_since(began).unwrap_or_default()
    }

    /// Closes the segment that is being written, so that it can be read.
    fn close(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.close(&self.folder)?;
        let (name, bytes, spans) = (open.name, open.bytes, open.spans);
        self.open = None;
        if spans > 0 {
            let segment = Closed { bytes, spans, sent: Position::default(), doubt: 0..0 };
            self.closed.insert(name, segment);
        }
        Ok(())
    }

    /// Takes over the lanes whose processes are gone.
    fn adopt(&mut self) -> io::Result<()> {
        let mut owners: Vec<Owner> =
            files::list(&self.folder)?.into_iter().map(Kind::owner).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|owner| {
            let ours = |lane: &Lane| lane.owner == *owner;
            !ours(&self.lane) && !self.adopted.iter().any(ours)
        });
        for owner in owners {
            // A lock that cannot be tried, such as another user's, is none that is free.
            if let Ok(Some(lane)) = Lane::lock(&self.folder, owner) {
                self.take_over(&lane)?;
                self.adopted.push(lane);
            }
        }
        self.end_lanes();
        Ok(())
    }

    /// The segments are looked for anew now that the lane is locked: until then somebody else
    /// may have sent them. A file that cannot be opened stays where it is.
    fn take_over(&mut self, lane: &Lane) -> io::Result<()> {
        let files = files::list(&self.folder)?;
        let of_lane = |kind: &&Kind| kind.owner() == lane.owner;
        for kind in files.iter().filter(of_lane) {
            match *kind {
                Kind::Open(name) => {
                    let Ok(found) = segment::salvage(&self.folder, name) else { continue };
                    self.tally.torn_lines(u64::from(found.torn));
                    if found.spans > 0 {
                        self.found(name, found.spans, found.bytes);
                    }
                }
                Kind::Closed(name, spans) => {
                    let file = files::read(&self.folder.join(name.closed(spans)));
                    let Ok(about) = file.and_then(|file| file.metadata()) else { continue };
                    self.found(name, spans, about.len());
                }
                // Left by a process that was killed between two removals.
                Kind::Position(name, spans) if !files.contains(&Kind::Closed(name, spans)) => {
                    let _ = files::remove(&self.folder.join(name.position(spans)));
                }
                Kind::Position(..) | Kind::Lock(_) => {}
            }
        }
        Ok(())
    }

    fn found(&mut self, name: Name, spans: u64, bytes: u64) {
        let Progress { sent, given } = Progress::load(&self.folder.join(name.position(spans)));
        self.tally.recovered(spans.saturating_sub(sent.spans));
        self.closed.insert(name, Closed { bytes, spans, sent, doubt: sent.bytes..given });
    }

    /// Drops the oldest segments until both bounds are kept.
    fn trim(&mut self) {
        if self.open.as_ref().is_some_and(|open| self.age(open.name) > self.max_age) {
            let _ = self.close();
        }
        loop {
            let open = self.open.as_ref().map_or(0, |open| open.bytes);
            let bytes = self.bytes();
            let held = self.out.as_ref().filter(|(_, ticket)| ticket.strong_count() > 0);
            let held = held.map(|(name, _)| *name);
            let oldest = self.closed.keys().find(|name| Some(**name) != held).copied();
            let too_large = bytes > self.max_bytes;
            match oldest {
                Some(name) if too_large || self.age(name) > self.max_age => {
                    // What cannot be removed is tried again at the next call.
                    if self.remove(name).is_err() {
                        return;
                    }
                }
                // One append was larger than all that is allowed.
                None if too_large && open > self.max_bytes => {
                    if self.close().is_err() {
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// Removes a segment. What was not sent of it is counted as dropped: that is all, if its
    /// time is up, and the spans of lines that could not be read, if it was sent.
    fn remove(&mut self, name: Name) -> io::Result<()> {
        let Some(segment) = self.closed.get(&name) else { return Ok(()) };
        files::remove(&self.folder.join(name.closed(segment.spans)))?;
        let position = self.folder.join(name.position(segment.spans));
        let _ = files::remove(&position);
        let _ = files::remove(&position.with_extension(files::NEW));
        self.forget(name);
        Ok(())
    }

    /// Has nothing to do with a segment any more; what was not sent of it counts as dropped.
    fn forget(&mut self, name: Name) {
        if let Some(segment) = self.closed.remove(&name) {
            self.tally.spool_dropped(segment.spans.saturating_sub(segment.sent.spans));
        }
        self.end_lanes();
    }

    /// Lets go of adopted lanes that have no segments any more.
    fn end_lanes(&mut self) {
        let closed = &self.closed;
        self.adopted.retain(|lane| {
            let has_segments = closed.keys().any(|name| name.owner == lane.owner);
            if !has_segments {
                lane.end();
            }
            has_segments
        });
    }
}

impl Drop for Spool {
    /// Closes the segment that is open, and leaves the folder to whoever comes next.
    fn drop(&mut self) {
        let _ = self.close();
        self.end_lanes();
        if !self.closed.keys().any(|name| name.owner == self.lane.owner) {
            self.lane.end();
        }
    }
}

#[cfg(test)]
mod tests;
