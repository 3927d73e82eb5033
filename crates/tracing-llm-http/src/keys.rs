//! The keys of one request: what a provider says back of them is masked in the texts of its errors.

use std::ops::Range;

use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use tracing_llm::Exception;

use crate::secrets::is_key;

/// Headers that hold keys, beside those that their client marks as sensitive.
const HEADERS: &[&str] =
    &["authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// What stands in the place of a key.
const MASK: &str = "[key]";

/// From this length on a part of a key is masked: its beginning, or its end.
const PART: usize = 8;

/// Shorter values are no keys.
const SHORTEST: usize = 4;

/// Kept from the request until its answer is read, and shown nowhere. Taking them costs no more
/// than a count: they are looked at where an error is.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    headers: Vec<HeaderValue>,
    query: Option<Box<str>>,
}

impl Keys {
    pub(crate) fn of(headers: &HeaderMap, query: Option<&str>) -> Self {
        let is_key =
            |name: &str, value: &HeaderValue| value.is_sensitive() || HEADERS.contains(&name);
        let keys = headers.iter().filter(|(name, value)| is_key(name.as_str(), value));
        Self {
            headers: keys.map(|(_, value)| value.clone()).collect(),
            query: query.map(Box::from),
        }
    }

    /// Masks them in all that an exception says.
    pub(crate) fn mask_in(&self, exception: &mut Exception) {
        let Exception { message, kind, stacktrace, .. } = exception;
        for text in [Some(message), kind.as_mut(), stacktrace.as_mut()].into_iter().flatten() {
            if let Some(masked) = self.masked(text) {
                *text = masked.into();
            }
        }
    }

    /// The text without them; none if there is nothing of them in it.
    pub(crate) fn masked(&self, text: &str) -> Option<String> {
        let mut found: Vec<_> = self.texts().iter().flat_map(|key| places(text, key)).collect();
        found.sort_unstable_by_key(|place| place.start);
        let (mut masked, mut end) = (String::with_capacity(text.len()), 0);
        for place in &found {
            if place.start >= end {
                masked.push_str(text.get(end..place.start).unwrap_or_default());
                masked.push_str(MASK);
            }
            end = end.max(place.end);
        }
        masked.push_str(text.get(end..).unwrap_or_default());
        (!found.is_empty()).then_some(masked)
    }

    /// Those of the headers without the scheme before, those of the query as they are and decoded.
    fn texts(&self) -> Vec<String> {
        let of_header = |value: &HeaderValue| {
            let text = std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim();
            text.split_once(' ').map_or(text, |(_scheme, key)| key.trim()).to_owned()
        };
        let mut keys: Vec<String> = self.headers.iter().map(of_header).collect();
        for pair in self.query.iter().flat_map(|query| query.split('&')) {
            if let Some((_, value)) = pair.split_once('=').filter(|(name, _)| is_key(name)) {
                let meant = percent_decode_str(value).decode_utf8_lossy();
                keys.extend([value.to_owned(), meant.into_owned()]);
            }
        }
        keys.retain(|key| key.len() >= SHORTEST);
        keys
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// Where a key stands in a text, whole or in part.
fn places(text: &str, key: &str) -> Vec<Range<usize>> {
    let (Some(start), Some(end)) = (key.get(..PART), key.get(key.len().saturating_sub(PART)..))
    else {
        return words(text, key);
    };
    let starts =
        text.match_indices(start).map(|(at, _)| at..at + common_start(rest(text, at), key));
    let ends = text.match_indices(end).map(|(at, found)| {
        let until = at + found.len();
        until - common_end(text.get(..until).unwrap_or_default(), key)..until
    });
    starts.chain(ends).chain(starred(text, key)).collect()
}

/// A key so short that it may be a word: where it is one.
fn words(text: &str, key: &str) -> Vec<Range<usize>> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let is_word = |(at, found): &(usize, &str)| {
        let before = text.get(..*at).unwrap_or_default().chars().next_back();
        let behind = rest(text, at + found.len()).chars().next();
        ![before, behind].into_iter().flatten().any(is_part)
    };
    let found = text.match_indices(key).filter(is_word);
    found.map(|(at, found)| at..at + found.len()).collect()
}

/// A key whose middle the provider has masked: `sk-abcd***wxyz`, `sk-a...wxyz`.
fn starred(text: &str, key: &str) -> Vec<Range<usize>> {
    let is_star = |c: char| matches!(c, '*' | '•' | '…' | '.');
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = rest(text, from).find(is_star) {
        let stars = from + at;
        let stars_end =
            rest(text, stars).find(|c| !is_star(c)).map_or(text.len(), |length| stars + length);
        from = stars_end;
        let before = text.get(..stars).unwrap_or_default();
        let starts = key.char_indices().map(|(at, c)| at + c.len_utf8());
        let starts =
            starts.filter(|end| key.get(..*end).is_some_and(|start| before.ends_with(start)));
        let start = starts.max().unwrap_or(0);
        let ends = key.char_indices().map(|(at, _)| rest(key, at));
        let end = ends.filter(|end| rest(text, stars_end).starts_with(end)).map(str::len).max();
        let end = end.unwrap_or(0);
        // A full stop ends a sentence; three stars between are more than that.
        if stars_end - stars >= 3 && start + end >= SHORTEST {
            found.push(stars - start..stars_end + end);
        }
    }
    found
}

/// How many bytes two texts begin with alike.
fn common_start(text: &str, key: &str) -> usize {
    let alike = text.chars().zip(key.chars()).take_while(|(a, b)| a == b);
    alike.map(|(c, _)| c.len_utf8()).sum()
}

/// How many bytes two texts end with alike.
fn common_end(text: &str, key: &str) -> usize {
    let alike = text.chars().rev().zip(key.chars().rev()).take_while(|(a, b)| a == b);
    alike.map(|(c, _)| c.len_utf8()).sum()
}

fn rest(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn masked(key: &str, text: &str) -> String {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, key.parse().unwrap())]);
        Keys::of(&headers, None).masked(text).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn a_key_goes_whole_and_in_parts_of_eight_characters_and_nothing_else_does() {
        for (text, shown) in [
            ("no sk-abcdefghijklmnop.", "no [key]."),
            ("sk-abcdefghijklmnopq", "[key]q"),
            ("no sk-abcde, no ijklmnop!", "no [key], no [key]!"),
            ("sk-abcdefghijklmnopsk-abcdefghijklmnop", "[key][key]"),
            ("no sk-abcd", "no sk-abcd"),
            ("no jklmnop", "no jklmnop"),
            ("no sk-abcd***mnop?", "no [key]?"),
            ("no sk-****************mnop.", "no [key]."),
            ("no sk-abcde…mnop", "no [key]"),
            ("no ....mnop", "no [key]"),
            ("as keys are... nothing", "as keys are... nothing"),
            ("no sk-a. mnop", "no sk-a. mnop"),
            ("é sk-abcdefghé", "é [key]é"),
            ("", ""),
        ] {
            assert_eq!(masked("Bearer sk-abcdefghijklmnop", text), shown, "{text}");
        }
    }

    #[test]
    fn a_short_key_goes_where_it_is_a_word() {
        assert_eq!(masked("Bearer sk-BAD", "sk-BAD, 'sk-BAD' sk-BADE"), "[key], '[key]' sk-BADE");
        assert_eq!(masked("Bearer x", "x is x"), "x is x", "that is no key");
    }

    #[test]
    fn a_key_of_a_query_goes_as_it_is_written_and_as_it_is_meant() {
        let keys = Keys::of(&HeaderMap::new(), Some("a=bcdefghij&sig=ab%2Bc%3d%&api-key=12345678"));
        let shown = keys.masked("ab%2Bc%3d% ab+c=% bcdefghij 12345678");
        assert_eq!(shown.as_deref(), Some("[key] [key] bcdefghij [key]"));
    }

    #[test]
    fn what_a_client_marks_as_sensitive_is_a_key() {
        let mut value = HeaderValue::from_static("sesame-0123");
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
        let keys = Keys::of(&headers, Some("key=sesame-4567"));
        assert_eq!(keys.masked("open sesame-0123").as_deref(), Some("open [key]"));
        assert_eq!(keys.masked("open"), None);
        assert!(!format!("{keys:?}").contains("sesame"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(key in ".{0,30}", text in ".{0,60}", cut in 0_usize..30) {
            let part: String = key.chars().skip(cut).collect();
            for text in [text.clone(), format!("{text}{key}…{part}{text}{key}")] {
                let _ = places(&text, &key);
            }
        }
    }
}
