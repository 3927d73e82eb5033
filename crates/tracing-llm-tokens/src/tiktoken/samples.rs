//! Both backends beside Python's tiktoken, on 4,200 texts.
//!
//! The texts are put together by chance; `tests/tiktoken/samples.py`, which wrote the counts, does
//! it in the same way.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// Of which the texts are made.
#[derive(Deserialize)]
struct Parts {
    #[serde(flatten)]
    lists: BTreeMap<String, Vec<String>>,
    ranges: Vec<(u64, u64)>,
}

/// What Python's tiktoken 0.14.0 counts.
#[derive(Deserialize)]
struct Counts {
    checksum: u64,
    o200k_base: Vec<usize>,
    cl100k_base: Vec<usize>,
    o200k_base_special: Vec<usize>,
    cl100k_base_special: Vec<usize>,
}

const PER_KIND: u64 = 420;

/// The kind of a text, and how many parts it has at most.
const KINDS: [(&str, u64); 10] = [
    ("prose", 150),
    ("code", 100),
    ("cjk", 100),
    ("scripts", 60),
    ("emoji", 60),
    ("special", 30),
    ("runs", 3),
    ("numbers", 100),
    ("letters", 200),
    ("ranges", 80),
];

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let at = self.below(items.len() as u64);
        &items[usize::try_from(at).unwrap()]
    }
}

fn text(parts: &Parts, kind: &str, longest: u64, chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..=chance.below(longest) {
        let gaps = match kind {
            "runs" => {
                let unit = chance.of(&parts.lists["runs"]);
                text.push_str(&unit.repeat(usize::try_from(1 + chance.below(700)).unwrap()));
                continue;
            }
            "ranges" => {
                let (low, high) = *chance.of(&parts.ranges);
                let point = u32::try_from(low + chance.below(high - low + 1)).unwrap();
                text.push(char::from_u32(point).unwrap());
                continue;
            }
            "prose" => "punctuation",
            "code" => "gaps",
            "cjk" => "cjk_gaps",
            "scripts" => "script_gaps",
            _ => "",
        };
        let words = if kind == "prose" { "words" } else { kind };
        text += chance.of(&parts.lists[words]).as_str();
        if let Some(gaps) = parts.lists.get(gaps) {
            text += chance.of(gaps).as_str();
        }
    }
    text
}

/// The texts, with their kinds.
fn texts() -> Vec<(&'static str, String)> {
    let parts: Parts =
        serde_json::from_str(include_str!("../../tests/tiktoken/parts.json")).unwrap();
    let kinds = KINDS.iter().cycle().zip(0..PER_KIND * KINDS.len() as u64);
    kinds
        .map(|((kind, longest), seed)| (*kind, text(&parts, kind, *longest, &mut Chance(seed))))
        .collect()
}

fn checksum(texts: &[(&str, String)]) -> u64 {
    let bytes = texts.iter().flat_map(|(_, text)| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The texts that are counted otherwise than Python counts them.
fn wrong<'a>(
    tokenizer: Tiktoken,
    texts: impl Iterator<Item = &'a (&'static str, String)>,
    counts: &[usize],
) -> Vec<String> {
    let texts: Vec<_> = texts.collect();
    assert_eq!(texts.len(), counts.len());
    let all = texts.into_iter().zip(counts);
    all.filter_map(|((kind, text), expected)| {
        let counted = tokenizer.count(None, text).unwrap();
        (counted != *expected).then(|| format!("{kind}: {counted} for {expected}: {text:?}"))
    })
    .collect()
}

#[test]
fn both_backends_count_4200_texts_as_python_s_tiktoken_does() {
    let counts: Counts =
        serde_json::from_str(include_str!("../../tests/tiktoken/samples.json")).unwrap();
    let texts = texts();
    assert_eq!(texts.len(), 4_200);
    assert_eq!(checksum(&texts), counts.checksum, "the texts are not those of the script");

    let special = || texts.iter().filter(|(kind, _)| *kind == "special");
    for tokenizer in [Tiktoken::new(), Tiktoken::new().fast()] {
        let o200k = tokenizer.fallback(Encoding::O200kBase);
        let cl100k = tokenizer.fallback(Encoding::Cl100kBase);
        let nothing: [String; 0] = [];
        assert_eq!(wrong(o200k, texts.iter(), &counts.o200k_base), nothing, "{o200k:?}");
        assert_eq!(wrong(cl100k, texts.iter(), &counts.cl100k_base), nothing, "{cl100k:?}");
        let (o200k, cl100k) = (o200k.special_tokens(true), cl100k.special_tokens(true));
        assert_eq!(wrong(o200k, special(), &counts.o200k_base_special), nothing, "{o200k:?}");
        assert_eq!(wrong(cl100k, special(), &counts.cl100k_base_special), nothing, "{cl100k:?}");
    }
    // Else the choice were none.
    assert_ne!(counts.o200k_base_special.iter().sum::<usize>(), special_as_text(&texts, &counts));
}

fn special_as_text(texts: &[(&str, String)], counts: &Counts) -> usize {
    let special = texts.iter().zip(&counts.o200k_base).filter(|((kind, _), _)| *kind == "special");
    special.map(|(_, count)| count).sum()
}
