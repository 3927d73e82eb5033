//! The framing of a `.wandb` file: pure, bytes in and bytes out.
//!
//! After seven bytes of header comes LevelDB's log format: blocks of 32 KiB (the header counts in
//! the first), in which a record stands whole or in pieces, each behind its checksum, length and
//! kind. A piece is never shorter than its own header: what is left of a block then is zeros.
//! Unlike in LevelDB, the checksum is the plain CRC-32 (IEEE) of kind and data, not masked and not
//! CRC-32C: so W&B's own reader computes it (`wandb-core` 0.31).

/// What a file begins with: a name, a magic number, the version of the format.
pub(crate) const HEADER: [u8; 7] = *b":W&B\xE1\xBE\0";

pub(crate) const BLOCK: usize = 32 * 1024;

/// Checksum, length, kind.
pub(crate) const PIECE_HEADER: usize = 4 + 2 + 1;

/// What a piece is of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Full = 1,
    First = 2,
    Middle = 3,
    Last = 4,
}

/// The bytes that add this record to a file that is `at` bytes long.
pub(crate) fn framed(record: &[u8], at: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(record.len() + 2 * PIECE_HEADER);
    let mut rest = record;
    let mut place = place(at);
    let mut is_first = true;
    loop {
        let left = BLOCK - place;
        if left < PIECE_HEADER {
            bytes.resize(bytes.len() + left, 0);
            place = 0;
            continue;
        }
        let (data, after) = rest.split_at(rest.len().min(left - PIECE_HEADER));
        let kind = match (is_first, after.is_empty()) {
            (true, true) => Piece::Full,
            (true, false) => Piece::First,
            (false, false) => Piece::Middle,
            (false, true) => Piece::Last,
        };
        push(&mut bytes, kind, data);
        if after.is_empty() {
            return bytes;
        }
        // The piece filled its block.
        (rest, place, is_first) = (after, 0, false);
    }
}

/// The place in its block.
fn place(at: u64) -> usize {
    // Below 32 Ki, so it fits.
    (at % BLOCK as u64) as usize
}

fn push(bytes: &mut Vec<u8>, kind: Piece, data: &[u8]) {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&[kind as u8]);
    checksum.update(data);
    bytes.extend(checksum.finalize().to_le_bytes());
    // At most a block long, so it fits.
    bytes.extend((data.len() as u16).to_le_bytes());
    bytes.push(kind as u8);
    bytes.extend(data);
}

#[cfg(test)]
pub(crate) mod read;
#[cfg(test)]
mod tests;
