use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::cut::pieces;

/// A text and what Python's tiktoken 0.14.0 counts; made by `tests/tiktoken/counts.py`.
#[derive(Deserialize)]
struct Case {
    text: Option<String>,
    repeat: Option<(String, usize)>,
    o200k_base: usize,
    cl100k_base: usize,
}

impl Case {
    fn text(&self) -> String {
        let repeated = || self.repeat.as_ref().map(|(unit, times)| unit.repeat(*times));
        self.text.clone().or_else(repeated).unwrap()
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../tests/tiktoken/counts.json")).unwrap()
}

fn count(encoding: Encoding, text: &str) -> usize {
    Tiktoken::new().fallback(encoding).count(None, text).unwrap()
}

#[test]
fn the_counts_are_those_of_python_s_tiktoken() {
    let cases = cases();
    assert!(cases.len() > 40);
    for case in cases {
        let text = case.text();
        let shown: String = text.chars().take(40).collect();
        assert_eq!(count(Encoding::O200kBase, &text), case.o200k_base, "o200k_base: {shown:?}");
        assert_eq!(count(Encoding::Cl100kBase, &text), case.cl100k_base, "cl100k_base: {shown:?}");
    }
}

#[test]
fn a_million_spaces_do_not_panic() {
    let spaces = " ".repeat(1_000_000);
    for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
        let text = format!("{spaces}b");
        // As a whole it cannot be encoded, as little as by Python's tiktoken.
        assert!(vocabulary(encoding).count(&text, &HashSet::new()).is_err());
        let counted = count(encoding, &text);
        let of_a_part = count(encoding, &" ".repeat(10_000));
        assert!(counted.abs_diff(100 * of_a_part) <= 2 * of_a_part, "{counted} tokens");
    }
}

/// No space, no letter and no end of a character says when to stop.
#[test]
fn a_long_run_an_empty_text_and_bytes_that_were_no_text_are_counted_by_both_backends() {
    let bytes: Vec<u8> =
        (0..200_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let lossy = String::from_utf8_lossy(&bytes);
    assert!(lossy.contains('\u{fffd}'));
    for tiktoken in all().filter(|tiktoken| !tiktoken.special_tokens) {
        let fast = tiktoken.fast();
        // Eight letters are a token of both encodings.
        let letters = "a".repeat(1_000_000);
        assert_eq!(tiktoken.count(None, &letters).unwrap(), 125_000);
        assert_eq!(fast.count(None, &letters).unwrap(), 125_000);
        let spaces = " ".repeat(1_000_000);
        assert_eq!(fast.count(None, &spaces).unwrap(), tiktoken.count(None, &spaces).unwrap());
        let counted = tiktoken.count(None, &lossy).unwrap();
        assert!(counted > 0);
        assert_eq!(fast.count(None, &lossy).unwrap(), counted);
        assert_eq!(tiktoken.count(None, "").unwrap() + fast.count(None, "").unwrap(), 0);
    }
}

#[test]
fn ten_million_letters_are_counted_by_their_first() {
    // Eight letters are a token of both encodings.
    assert_eq!(count(Encoding::O200kBase, &"a".repeat(10_000_000)), 1_250_000);
}

#[test]
fn a_long_text_of_words_is_counted_exactly_however_it_is_cut() {
    let words = "tiktoken is great! ".repeat(10_000);
    assert!(words.len() > 5 * BOUNDS.run);
    assert_eq!(count(Encoding::O200kBase, words.trim_end()), 6 * 10_000);
}

#[test]
fn an_empty_text_has_no_tokens() {
    assert_eq!(count(Encoding::O200kBase, ""), 0);
}

#[test]
fn making_a_tokenizer_loads_nothing() {
    // A constant is made by the compiler.
    const TIKTOKEN: Tiktoken = Tiktoken::new().fallback(Encoding::Cl100kBase);
    assert_eq!(TIKTOKEN.fallback, Encoding::Cl100kBase);
}

#[test]
fn a_model_is_counted_with_its_own_encoding_and_an_unknown_one_with_the_fallback() {
    // A text that the two encodings count differently.
    let text = "お誕生日おめでとう";
    let (o200k, cl100k) = (count(Encoding::O200kBase, text), count(Encoding::Cl100kBase, text));
    assert_ne!(o200k, cl100k);

    let tiktoken = Tiktoken::new();
    for (model, expected) in [
        ("gpt-5-mini", o200k),
        ("gpt-4o-2024-08-06", o200k),
        ("o3-mini", o200k),
        ("gpt-oss-120b", o200k),
        ("openai/gpt-4.1", o200k),
        ("gpt-4", cl100k),
        ("gpt-3.5-turbo-0125", cl100k),
        ("ft:gpt-3.5-turbo:acme::7p4lURel", cl100k),
        ("text-embedding-3-small", cl100k),
        ("claude-sonnet-4-5", o200k),
        ("text-davinci-003", o200k),
        ("", o200k),
    ] {
        assert_eq!(tiktoken.count(Some(model), text).unwrap(), expected, "{model}");
    }
    let other = tiktoken.fallback(Encoding::Cl100kBase);
    assert_eq!(other.count(Some("claude-sonnet-4-5"), text).unwrap(), cl100k);
    assert_eq!(other.count(Some("gpt-4o"), text).unwrap(), o200k);
}

/// Text with all that the expressions of the encodings look at.
fn tricky() -> impl Strategy<Value = String> {
    let part = prop::sample::select(
        [
            " ",
            "  ",
            "\t",
            "\n",
            "\r\n",
            "\u{a0}",
            "\u{3000}",
            "\u{85}",
            "a",
            "B",
            "the",
            "It's",
            "'s",
            "'LL",
            "'",
            "1",
            "123",
            "4567",
            "½",
            "。",
            "，",
            "你",
            "好",
            "か",
            "カ",
            "한",
            "é",
            "e\u{301}",
            "ǅ",
            "ʰ",
            "ß",
            "ſ",
            "!",
            "...",
            "/",
            "\n/",
            "\\",
            "-",
            "_",
            "<|endoftext|>",
            "🙂",
            "\u{200d}",
            "ฯ",
            "नि",
            "\0",
        ]
        .as_slice(),
    );
    prop_oneof![
        4 => prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
    ]
}

/// All ways to count.
fn all() -> impl Iterator<Item = Tiktoken> {
    let encodings = [Encoding::O200kBase, Encoding::Cl100kBase].into_iter();
    encodings.flat_map(|encoding| {
        [false, true].map(|special| Tiktoken::new().fallback(encoding).special_tokens(special))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_between_words_does_not_change_the_count(text in tricky(), limit in 0_usize..24) {
        for tiktoken in all() {
            let whole = tiktoken.count(None, &text).unwrap();
            let cut: usize =
                pieces(&text, limit).map(|piece| tiktoken.count(None, piece).unwrap()).sum();
            prop_assert_eq!(cut, whole, "{:?}: {:?}", tiktoken, pieces(&text, limit).collect::<Vec<_>>());
        }
    }

    #[test]
    fn both_backends_count_alike(text in tricky()) {
        for tiktoken in all() {
            let fast = tiktoken.fast().count(None, &text).unwrap();
            prop_assert_eq!(fast, tiktoken.count(None, &text).unwrap(), "{:?}: {:?}", tiktoken, text);
        }
    }
}

#[test]
fn the_names_are_those_of_tiktoken() {
    assert_eq!(Encoding::O200kBase.name(), "o200k_base");
    assert_eq!(Encoding::Cl100kBase.name(), "cl100k_base");
    assert_eq!(Encoding::default(), Encoding::O200kBase);
}
