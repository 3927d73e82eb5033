//! Cutting a text, so that a reader sees that it was cut. Pure.

/// The longest mark, in bytes: an ellipsis, brackets, words, and twenty digits.
pub(super) const MARK_BYTES: usize = "… [ bytes cut]".len() + 20;
/// The mark in characters, but for its digits.
const MARK_CHARACTERS: usize = MARK_BYTES - 2 - 20;

/// Keeps at most so many bytes of a text, and marks how many are missing. Says how many those
/// are, none if the text is not longer by more than the mark.
pub(super) fn cut_bytes(text: &mut String, keep: usize) -> u64 {
    if text.len() <= keep.saturating_add(MARK_BYTES) {
        return 0;
    }
    cut_at(text, floor_char_boundary(text, keep))
}

/// Leaves a text of at most so many characters, its mark included; where there is no room for
/// the mark, without one.
pub(super) fn cut_characters(text: &mut String, limit: usize) -> u64 {
    // No text has more characters than bytes.
    if text.len() <= limit || text.char_indices().nth(limit).is_none() {
        return 0;
    }
    let at = |characters| text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    let (whole, before) = mark(text);
    let digits = before.saturating_add(whole as u64).to_string().len();
    if let Some(keep) = limit.checked_sub(MARK_CHARACTERS + digits) {
        let keep = at(keep);
        return cut_at(text, keep);
    }
    let keep = at(limit);
    let cut = text.len() - keep;
    text.truncate(keep);
    cut as u64
}

fn cut_at(text: &mut String, keep: usize) -> u64 {
    let (whole, before) = mark(text);
    let keep = keep.min(whole);
    let cut = (whole - keep) as u64;
    text.truncate(keep);
    text.push_str(&format!("… [{} bytes cut]", before.saturating_add(cut)));
    cut
}

/// Where an earlier mark begins (else the end), and how many bytes it says are missing.
fn mark(text: &str) -> (usize, u64) {
    let marked = || {
        let inside = text.strip_suffix(" bytes cut]")?;
        let (before, digits) = inside.rsplit_once("… [")?;
        Some((before.len(), digits.parse().ok()?))
    };
    marked().unwrap_or((text.len(), 0))
}

fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cut_text_says_how_many_bytes_are_missing_also_when_it_is_cut_twice() {
        let mut text = "x".repeat(12_445);
        assert_eq!(cut_bytes(&mut text, 100), 12_345);
        assert_eq!(text, format!("{}… [12345 bytes cut]", "x".repeat(100)));
        assert_eq!(cut_bytes(&mut text, 10), 90);
        assert_eq!(text, "xxxxxxxxxx… [12435 bytes cut]");
        // The mark would be longer than what it stands for.
        assert_eq!(cut_bytes(&mut text, 10), 0);
    }

    #[test]
    fn a_short_limit_has_no_room_for_a_mark() {
        let mut text = "äöü!".to_owned();
        assert_eq!(cut_characters(&mut text, 2), 3);
        assert_eq!(text, "äö");
        assert_eq!(cut_characters(&mut text, 2), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_at_a_character_and_within_the_limit(text in ".{0,200}", keep in 0usize..300) {
            let mut cut = text.clone();
            let lost = cut_bytes(&mut cut, keep);
            prop_assert!(cut.len() <= keep + MARK_BYTES);
            let kept = cut.rsplit_once("… [").map_or(cut.as_str(), |(kept, _)| kept);
            prop_assert!(lost == 0 && cut == text || text.starts_with(kept));
            if lost > 0 {
                let mark = format!("… [{lost} bytes cut]");
                prop_assert!(cut.ends_with(&mark));
                prop_assert_eq!(cut.len() - mark.len() + lost as usize, text.len());
            }
        }

        #[test]
        fn characters_are_limited_with_the_mark_included(text in ".{0,200}", limit in 0usize..120) {
            let mut cut = text.clone();
            let lost = cut_characters(&mut cut, limit);
            prop_assert!(cut.chars().count() <= limit || lost == 0);
            prop_assert_eq!(lost == 0, text.chars().count() <= limit);
            prop_assert!(lost > 0 || cut == text);
        }
    }
}
