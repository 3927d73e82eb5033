//! Counts long texts at a bounded cost: the worker does nothing else meanwhile.

use crate::cut::pieces;
use crate::tokenizer::CountResult;

/// How much of a text is counted, in bytes. The rest is taken to be like that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Of a run without a place to cut, counted from its beginning. What a tokenizer of the
    /// tiktoken family spends on one word grows faster than the word.
    pub(crate) run: usize,
    /// Of all, counted in pieces at even distances.
    pub(crate) total: usize,
}

/// Counts a text piece by piece. Within the bounds the sum is that of the whole text.
pub(crate) fn count(
    text: &str,
    bounds: Bounds,
    mut count: impl FnMut(&str) -> CountResult,
) -> CountResult {
    let step = text.len().div_ceil(bounds.total.max(1)).max(1);
    let (mut tokens, mut stands_for) = (0, 0);
    for piece in pieces(text, bounds.run).step_by(step) {
        let head = head(piece, bounds.run);
        tokens += scaled(count(head)?, head.len(), piece.len());
        stands_for += piece.len();
    }
    Ok(scaled(tokens, stands_for, text.len()))
}

/// The first characters of a text, up to so many bytes; the first one at least.
fn head(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = (first..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(first);
    text.get(..end.min(text.len())).unwrap_or(text)
}

/// So many tokens in `part` bytes make how many in `whole` bytes?
fn scaled(tokens: usize, part: usize, whole: usize) -> usize {
    if part == whole || part == 0 {
        return tokens;
    }
    let scaled = tokens as u128 * whole as u128 / part as u128;
    usize::try_from(scaled).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { run: 100, total: 1_000 };

    /// A token for each word, and how many bytes were looked at for that.
    fn words(text: &str) -> (usize, usize) {
        let mut work = 0;
        let counted = count(text, BOUNDS, |piece| {
            work += piece.len();
            Ok(piece.split_whitespace().count())
        });
        (counted.unwrap(), work)
    }

    /// A token for each four bytes.
    fn quarters(text: &str) -> (usize, usize) {
        let mut work = 0;
        let counted = count(text, BOUNDS, |piece| {
            work += piece.len();
            Ok(piece.len() / 4)
        });
        (counted.unwrap(), work)
    }

    #[test]
    fn a_text_within_the_bounds_is_counted_to_its_last_byte() {
        let prose = "the quick fox ".repeat(71);
        assert_eq!(words(&prose), (3 * 71, 994));
        assert_eq!(words(""), (0, 0));
    }

    #[test]
    fn of_a_run_without_a_place_to_cut_the_beginning_stands_for_all() {
        assert_eq!(quarters(&"x".repeat(900)), (225, 100));
        assert_eq!(quarters(&"x".repeat(10_000_000)), (2_500_000, 100));
        // Cut between characters: 33 of three bytes are in the bound.
        assert_eq!(quarters(&"好".repeat(300)), (218, 99));
        // The text around it is counted: two words, and five of a fifth of the run each.
        let around = format!("before {} after", "x".repeat(499));
        assert_eq!(words(&around), (2 + 5, "before after".len() + 100));
    }

    #[test]
    fn of_a_giant_text_pieces_at_even_distances_stand_for_all() {
        let (counted, work) = words(&"the quick fox ".repeat(100_000));
        assert!(counted.abs_diff(300_000) < 3_000, "{counted}");
        assert!(work <= BOUNDS.total + BOUNDS.run, "{work}");
        // Also where one half is denser than the other.
        let halves = "a b c d e f g ".repeat(50_000) + &"the quick fox ".repeat(50_000);
        let (counted, work) = words(&halves);
        assert!(counted.abs_diff(500_000) < 50_000, "{counted}");
        assert!(work <= BOUNDS.total + BOUNDS.run, "{work}");
    }

    #[test]
    fn the_first_error_is_given_back() {
        let failed = count("a text", BOUNDS, |_| Err("no vocabulary".into()));
        assert_eq!(failed.unwrap_err().to_string(), "no vocabulary");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_the_text_the_work_is_bounded(text in any::<String>(), times in 1_usize..200) {
            let text = text.repeat(times);
            let (_, work) = quarters(&text);
            prop_assert!(work <= text.len().min(BOUNDS.total + 2 * BOUNDS.run), "{}", work);
        }
    }
}
