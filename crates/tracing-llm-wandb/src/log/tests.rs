use proptest::collection::vec;
use proptest::prelude::*;

use super::read::records;
use super::*;

fn file(written: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
    let mut file = HEADER.to_vec();
    let mut ends = Vec::new();
    for record in written {
        file.extend(framed(record, file.len() as u64));
        ends.push(file.len());
    }
    (file, ends)
}

fn record(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 31 % 251) as u8).collect()
}

/// Recorded from `wandb` 0.31.0: the header of a file, and a record of two bytes.
#[test]
fn the_bytes_are_those_of_the_format() {
    let (file, _) = file(&[b"\x08\x01".to_vec()]);
    assert_eq!(&file[..7], b":W&B\xE1\xBE\x00");
    assert_eq!(&file[11..], b"\x02\x00\x01\x08\x01");
    assert_eq!(file[7..11], crc32fast::hash(b"\x01\x08\x01").to_le_bytes());
}

#[test]
fn a_record_that_fills_its_block_stands_whole_and_one_byte_more_is_cut() {
    let fits = BLOCK - HEADER.len() - PIECE_HEADER;
    for (length, kinds) in [(fits, vec![1]), (fits + 1, vec![2, 4])] {
        let (file, _) = file(&[record(length), record(3)]);
        let first = file[7 + 6];
        assert_eq!(first, kinds[0], "{length}");
        assert_eq!(records(&file), [record(length), record(3)]);
    }
}

#[test]
fn the_rest_of_a_block_that_is_too_short_for_a_header_is_zeros() {
    for left in 0..=7 {
        let first = record(BLOCK - HEADER.len() - PIECE_HEADER - left);
        let (file, _) = file(&[first.clone(), record(5)]);
        let padding = &file[BLOCK - left..BLOCK];
        if left < 7 {
            assert!(padding.iter().all(|byte| *byte == 0), "{left}");
            assert_eq!(file.len(), BLOCK + 7 + 5, "{left}");
        }
        assert_eq!(records(&file), [first, record(5)], "{left}");
    }
}

#[test]
fn a_record_of_ninety_kilobytes_lies_over_three_blocks() {
    let (file, _) = file(&[record(90_000)]);
    let kinds: Vec<u8> =
        (0..3).map(|block| file[block * BLOCK + if block == 0 { 13 } else { 6 }]).collect();
    assert_eq!(kinds, [2, 3, 4]);
    assert_eq!(records(&file), [record(90_000)]);
}

/// Every length of a file that a killed process can leave: what was whole is read.
#[test]
fn a_file_that_is_cut_anywhere_gives_every_record_before_the_cut() {
    let written =
        [record(10), record(0), record(40_000), record(32_761), record(1), record(90_000)];
    let (file, ends) = file(&written);
    for cut in (0..file.len()).filter(|cut| cut % 1_009 == 0 || is_near(*cut, &ends)) {
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(records(&file[..cut]), written[..whole], "cut at {cut}");
    }
}

fn is_near(cut: usize, ends: &[usize]) -> bool {
    ends.iter().any(|end| cut.abs_diff(*end) < 20) || cut % BLOCK < 20 || cut % BLOCK > BLOCK - 20
}

/// Lengths around those at which something changes, and any others.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![0..40_usize, BLOCK - 30..BLOCK + 30, 0..3 * BLOCK]
}

proptest! {
    // The reader computes checksums bit by bit: what fails is not made small for minutes.
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read(lengths in vec(lengths(), 0..6)) {
        let written: Vec<Vec<u8>> = lengths.into_iter().map(record).collect();
        prop_assert_eq!(records(&file(&written).0), written);
    }

    #[test]
    fn whatever_is_cut_off_leaves_what_was_whole(lengths in vec(lengths(), 1..5), cut: prop::sample::Index) {
        let written: Vec<Vec<u8>> = lengths.into_iter().map(record).collect();
        let (file, ends) = file(&written);
        let cut = cut.index(file.len() + 1);
        let whole = ends.iter().filter(|end| **end <= cut).count();
        prop_assert_eq!(records(&file[..cut]), &written[..whole]);
    }

    #[test]
    fn a_byte_that_is_changed_never_gives_a_record_that_was_not_written(
        lengths in vec(lengths(), 1..6),
        place: prop::sample::Index,
        flip in 1..=255_u8,
    ) {
        let written: Vec<Vec<u8>> = lengths.into_iter().map(record).collect();
        let (mut file, _) = file(&written);
        let place = place.index(file.len());
        file[place] ^= flip;
        let read = records(&file);
        prop_assert_eq!(&read[..], &written[..read.len()]);
    }
}
