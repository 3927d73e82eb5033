//! Cuts long texts where it does not change the count.

/// Cuts a text into pieces of about `limit` bytes whose counts add up to the count of the whole.
///
/// A tokenizer of the tiktoken family first splits a text by a regular
/// expression into words, and encodes each word by itself. So a cut between
/// two words changes nothing, and [`is_between_words`] knows places that are
/// between words whatever lies around them. A piece without such a place is
/// longer than the limit.
pub(crate) fn pieces(text: &str, limit: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at_checked(first_cut(rest, limit))?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The last good place within the limit, else the first one after it, else the end.
fn first_cut(text: &str, limit: usize) -> usize {
    if text.len() <= limit {
        return text.len();
    }
    let good = |&(at, after): &(usize, char)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        before.is_some_and(|before| is_between_words(before, after))
    };
    let limit = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let (head, tail) = text.split_at_checked(limit).unwrap_or((text, ""));
    let in_head = head.char_indices().rev().find(good);
    let in_tail = || tail.char_indices().map(|(at, after)| (limit + at, after)).find(good);
    in_head.or_else(in_tail).map_or(text.len(), |(at, _)| at)
}

/// Whether no word of cl100k_base or o200k_base goes over from one character to the other, and
/// none before depends on what comes after.
///
/// Their expressions look ahead only from white space to what follows it, and
/// only punctuation takes line ends after it. So it is safe before a space
/// that follows anything but white space; before any white space that follows
/// a letter or digit; between a letter and a digit; and between an ideograph,
/// kana or hangul and the punctuation of such texts.
fn is_between_words(before: char, after: char) -> bool {
    let space = matches!(after, ' ' | '\t') && !before.is_whitespace();
    let line_end = before.is_ascii_alphanumeric() && after.is_ascii_whitespace();
    let number = (before.is_ascii_alphabetic() && after.is_ascii_digit())
        || (before.is_ascii_digit() && after.is_ascii_alphabetic());
    space || line_end || number || (is_east_asian(before) && is_east_asian_punctuation(after))
}

/// Ideographs, kana and hangul: letters without case, and no marks.
fn is_east_asian(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

fn is_east_asian_punctuation(sign: char) -> bool {
    matches!(sign, '、' | '。' | '，' | '！' | '？' | '；' | '：' | '」' | '』' | '）')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::pieces;

    #[test]
    fn a_short_text_is_one_piece() {
        assert_eq!(pieces("a b c", 5).collect::<Vec<_>>(), ["a b c"]);
        assert_eq!(pieces("", 5).count(), 0);
    }

    #[test]
    fn a_long_text_is_cut_before_the_last_space_within_the_limit() {
        assert_eq!(
            pieces("one two three four", 9).collect::<Vec<_>>(),
            ["one two", " three", " four"]
        );
    }

    #[test]
    fn a_word_longer_than_the_limit_stays_whole() {
        assert_eq!(pieces("abcdefghij k", 4).collect::<Vec<_>>(), ["abcdefghij", " k"]);
        assert_eq!(pieces("     ", 2).collect::<Vec<_>>(), ["     "]);
    }

    #[test]
    fn a_text_without_spaces_is_cut_at_digits_and_at_its_own_punctuation() {
        assert_eq!(pieces("abc123def", 4).collect::<Vec<_>>(), ["abc", "123", "def"]);
        assert_eq!(pieces("你好。世界。", 8).collect::<Vec<_>>(), ["你好", "。世界", "。"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_pieces_are_the_text(text in any::<String>(), limit in 0_usize..16) {
            prop_assert_eq!(pieces(&text, limit).collect::<String>(), text);
        }
    }
}
