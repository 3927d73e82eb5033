//! What is taken out of a segment to be sent at once.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;

use super::name::Name;
use super::position::Position;
use crate::json;
use crate::lines::{Line, Lines};
use crate::resource_spans::{count, join};

/// Spans to send, oldest first.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) resource_spans: Vec<ResourceSpans>,
    pub(crate) ticket: Ticket,
}

/// Says which spans were given out. As long as it is kept, they are not dropped to make room;
/// dropped, it leaves them in the spool, to be given again.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(super) name: Name,
    pub(super) until: Position,
    pub(super) unreadable: u64,
    /// Which lines were in doubt before.
    pub(super) doubt: Range<u64>,
    pub(super) _held: Arc<()>,
}

/// What a walk over lines found.
pub(super) struct Found {
    pub(super) resource_spans: Vec<ResourceSpans>,
    pub(super) until: Position,
    pub(super) spans: u64,
    /// Lines that hold no spans that can be read.
    pub(super) unreadable: u64,
    /// Spans of lines that begin in the range that was asked for.
    pub(super) doubtful: u64,
}

/// Reads lines from a position on, until their spans have about so many bytes in protobuf.
pub(super) fn read(
    mut file: File,
    from: Position,
    bytes: usize,
    doubt: &Range<u64>,
) -> io::Result<Found> {
    file.seek(SeekFrom::Start(from.bytes))?;
    let mut lines = Lines::new(BufReader::new(file), from.bytes);
    let mut found =
        Found { resource_spans: Vec::new(), until: from, spans: 0, unreadable: 0, doubtful: 0 };
    let mut encoded = 0;
    while let Some(line) = lines.next()? {
        let read = match &line {
            Line::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => Some(Vec::new()),
            Line::Whole(line) | Line::Torn(line) => json::read(line).ok(),
            Line::TooLong => None,
        };
        let more = read.unwrap_or_else(|| {
            found.unreadable += 1;
            Vec::new()
        });
        let size: usize = more.iter().map(Message::encoded_len).sum();
        if found.spans > 0 && size > 0 && encoded + size > bytes {
            break;
        }
        encoded += size;
        let spans = count(&more);
        if doubt.contains(&found.until.bytes) {
            found.doubtful += spans;
        }
        found.spans += spans;
        found.until = Position { bytes: lines.at(), spans: found.until.spans + spans };
        join(&mut found.resource_spans, more);
    }
    Ok(found)
}
