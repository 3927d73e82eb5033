//! A bounded copy of the bytes that pass by.

use bytes::{Buf, Bytes, BytesMut};
use std::io::IoSlice;

/// Pieces from this length on are shared, not copied.
const SHARED: usize = 4096;

/// Room is asked for in steps of this.
const STEP: usize = 16 * 1024;

/// How much of the end is kept of a body that is longer than the bound: there stand the usage and
/// the reason for which the model stopped.
pub(crate) const TAIL: usize = 4096;

/// Collects what passes, up to a bound, and of what is beyond it the end.
pub(crate) struct Capture {
    limit: usize,
    pieces: Vec<Bytes>,
    small: BytesMut,
    kept: usize,
    room: usize,
    full: bool,
    tail: Vec<u8>,
    total: usize,
}

/// What was collected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured {
    /// The beginning: all of it, if there is no tail.
    pieces: Vec<Bytes>,
    /// The end of what did not fit, if something between the beginning and it is missing.
    pub(crate) tail: Option<Bytes>,
    /// How many bytes are missing there.
    missing: usize,
}

impl Capture {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            pieces: Vec::new(),
            small: BytesMut::new(),
            kept: 0,
            room: 0,
            full: false,
            tail: Vec::new(),
            total: 0,
        }
    }

    /// How many bytes have passed.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Takes a piece. `room` is asked whether so many bytes more may be held.
    pub(crate) fn push(&mut self, piece: &Bytes, room: impl FnMut(usize) -> bool) {
        self.total += piece.len();
        let fits = if self.full { 0 } else { self.fits(piece.len(), room) };
        self.full |= fits < piece.len();
        if let Some((head, rest)) = piece.split_at_checked(fits) {
            // A part of a piece would hold all of its memory: it is copied out.
            self.keep(if rest.is_empty() { piece.clone() } else { Bytes::copy_from_slice(head) });
            self.keep_end(rest);
        }
    }

    fn fits(&mut self, length: usize, mut room: impl FnMut(usize) -> bool) -> usize {
        let wanted = length.min(self.limit.saturating_sub(self.kept));
        let missing = (self.kept + wanted).saturating_sub(self.room);
        if missing > 0 {
            let step = missing.max(STEP.min(self.limit.saturating_sub(self.room)));
            if !room(step) {
                return 0;
            }
            self.room += step;
        }
        wanted
    }

    fn keep(&mut self, piece: Bytes) {
        self.kept += piece.len();
        if piece.len() < SHARED {
            self.small.extend_from_slice(&piece);
        } else {
            self.close_small();
            self.pieces.push(piece);
        }
    }

    fn keep_end(&mut self, rest: &[u8]) {
        let end = rest.get(rest.len().saturating_sub(TAIL)..).unwrap_or_default();
        self.tail.extend_from_slice(end);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    fn close_small(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push(self.small.split().freeze());
        }
    }

    pub(crate) fn finish(mut self) -> Captured {
        self.close_small();
        let excess = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..excess);
        let missing = self.total - self.kept - self.tail.len();
        let mut captured = Captured { pieces: self.pieces, tail: None, missing };
        match Bytes::from(self.tail) {
            tail if missing > 0 => captured.tail = Some(tail),
            // The end goes on where the beginning stops: the body is whole.
            tail if !tail.is_empty() => captured.pieces.push(tail),
            _ => {}
        }
        captured
    }
}

impl Captured {
    #[cfg(test)]
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self { pieces: vec![bytes], tail: None, missing: 0 }
    }

    /// Whether nothing passed.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.tail.is_none()
    }

    /// How many bytes are not read of a body that is one piece of JSON: with a gap in it, it is
    /// none, and only who answered and what was used is found in its parts.
    pub(crate) fn lost_of_json(&self) -> usize {
        let kept = |tail: &Bytes| tail.len() + self.pieces.iter().map(Bytes::len).sum::<usize>();
        self.missing + self.tail.as_ref().map_or(0, kept)
    }

    /// How many bytes are not read of a stream: the events on both sides of a gap are read.
    pub(crate) fn lost_of_stream(&self) -> usize {
        self.missing
    }

    /// The beginning in one piece.
    pub(crate) fn head(&self) -> Bytes {
        match &self.pieces[..] {
            [] => Bytes::new(),
            [only] => only.clone(),
            pieces => {
                let mut all = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
                pieces.iter().for_each(|piece| all.extend_from_slice(piece));
                all.freeze()
            }
        }
    }
}

/// The bytes of a piece, which stays as it is: shared if it is `Bytes`, else copied.
pub(crate) fn bytes_of<D: Buf + 'static>(data: &D) -> Bytes {
    if let Some(bytes) = (data as &dyn std::any::Any).downcast_ref::<Bytes>() {
        return bytes.clone();
    }
    let mut slices = [IoSlice::new(&[]); 32];
    let count = data.chunks_vectored(&mut slices);
    let mut copy = BytesMut::with_capacity(data.remaining());
    slices.iter().take(count).for_each(|slice| copy.extend_from_slice(slice));
    copy.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(limit: usize, pieces: &[usize], mut room: usize) -> Captured {
        let mut capture = Capture::new(limit);
        let mut next = 0_usize;
        for length in pieces {
            let piece: Vec<u8> = (next..next + length).map(|n| (n % 251) as u8).collect();
            next += length;
            capture.push(&Bytes::from(piece), |asked| {
                let granted = asked <= room;
                room -= if granted { asked } else { 0 };
                granted
            });
        }
        capture.finish()
    }

    fn at(range: std::ops::Range<usize>) -> Vec<u8> {
        range.map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn what_fits_is_kept_whole_in_any_pieces() {
        for pieces in [&[10_000][..], &[1; 300], &[5000, 3, 5000, 1, 1], &[0, 0], &[]] {
            let total = pieces.iter().sum();
            let kept = captured(20_000, pieces, usize::MAX);
            assert_eq!(kept.head(), at(0..total));
            assert_eq!((kept.tail.clone(), kept.lost_of_json()), (None, 0));
        }
    }

    #[test]
    fn of_what_is_beyond_the_bound_the_end_is_kept_and_the_rest_counted() {
        for pieces in [&[50_000][..], &[5_000; 10], &[9_999, 1, 40_000]] {
            let kept = captured(10_000, pieces, usize::MAX);
            assert_eq!(kept.head(), at(0..10_000));
            assert_eq!(kept.tail.as_deref(), Some(&at(50_000 - TAIL..50_000)[..]));
            assert_eq!(kept.lost_of_stream(), 50_000 - 10_000 - TAIL);
            assert_eq!(kept.lost_of_json(), 50_000, "nothing of it can be read");
        }
    }

    #[test]
    fn a_body_is_whole_until_a_byte_between_its_beginning_and_its_end_is_missing() {
        for room in [usize::MAX, 0] {
            let limit = if room == 0 { 0 } else { 10 };
            let barely = captured(10, &[10, TAIL - 10, limit], room);
            assert_eq!((barely.tail.clone(), barely.lost_of_json()), (None, 0));
            assert_eq!(barely.head(), at(0..TAIL + limit));
            let beyond = captured(10, &[10, TAIL - 10, limit + 1], room);
            assert_eq!(beyond.lost_of_stream(), 1);
            assert_eq!(beyond.lost_of_json(), TAIL + limit + 1);
        }
    }

    #[test]
    fn a_piece_that_is_cut_does_not_hold_all_of_its_memory() {
        let piece = Bytes::from(vec![b'x'; 100 * SHARED]);
        let mut capture = Capture::new(2 * SHARED);
        capture.push(&piece, |_| true);
        assert!(piece.is_unique(), "nothing of it is shared");
        let mut capture = Capture::new(100 * SHARED);
        capture.push(&piece, |_| true);
        assert!(!piece.is_unique(), "what fits is not copied");
    }

    #[test]
    fn without_room_only_the_end_is_kept() {
        let kept = captured(1 << 20, &[8_000, 8_000], 0);
        assert!(kept.head().is_empty());
        assert_eq!(kept.tail.unwrap(), at(16_000 - TAIL..16_000));
    }

    #[test]
    fn a_piece_that_is_no_bytes_is_copied_whole() {
        let chained = Buf::chain(&b"ab"[..], &b"cd"[..]);
        assert_eq!(bytes_of(&chained), "abcd");
        assert_eq!(chained.remaining(), 4);
    }
}
