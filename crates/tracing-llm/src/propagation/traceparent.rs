//! The headers of [W3C Trace Context](https://www.w3.org/TR/trace-context-2/): pure.

use crate::{SpanId, TraceId};

/// Our trace is sampled: somebody here keeps it.
const SAMPLED: u8 = 0b01;

/// The trace id is random in its lower 7 bytes (level 2).
const RANDOM: u8 = 0b10;

/// What a `traceparent` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traceparent {
    pub(crate) trace_id: TraceId,
    pub(crate) parent: SpanId,
    pub(crate) sampled: bool,
    /// The flag of level 2, which goes on as it came.
    pub(crate) random: bool,
}

impl Traceparent {
    /// Reads version 00, and of a later version what version 00 knows, as the specification asks:
    /// such a version may add parts behind a dash. Version ff is none.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let header = header.trim_matches([' ', '\t']);
        let mut parts = header.split('-');
        let version = hex_byte(parts.next()?)?;
        let trace_id = parts.next()?.parse().ok()?;
        let parent = parts.next()?.parse().ok()?;
        let flags = hex_byte(parts.next()?)?;
        let ended = parts.next().is_none();
        (version != 0xff && (version != 0 || ended)).then_some(Self {
            trace_id,
            parent,
            sampled: flags & SAMPLED != 0,
            random: flags & RANDOM != 0,
        })
    }
}

/// Written in version 00, whatever version came: that is the one that we know.
impl std::fmt::Display for Traceparent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 } | if self.random { RANDOM } else { 0 };
        write!(f, "00-{}-{}-{flags:02x}", self.trace_id, self.parent)
    }
}

/// Two digits, in lower case.
fn hex_byte(text: &str) -> Option<u8> {
    let all_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (text.len() == 2 && all_hex).then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn flags(text: &str) -> Option<(bool, bool)> {
        Traceparent::parse(&format!("00-{TRACE}-{SPAN}-{text}"))
            .map(|parsed| (parsed.sampled, parsed.random))
    }

    #[test]
    fn the_flags_that_are_known_are_read_and_others_ignored() {
        assert_eq!(flags("00"), Some((false, false)));
        assert_eq!(flags("01"), Some((true, false)));
        assert_eq!(flags("02"), Some((false, true)));
        assert_eq!(flags("03"), Some((true, true)));
        assert_eq!(flags("fc"), Some((false, false)));
        for none in ["", "1", "+1", "0x", "0A", "001", "zz"] {
            assert_eq!(flags(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_later_version_may_have_more_parts_and_version_00_not() {
        let read = |version: &str, rest: &str| {
            Traceparent::parse(&format!("{version}-{TRACE}-{SPAN}-01{rest}")).is_some()
        };
        assert!(read("00", "") && !read("00", "-") && !read("00", "-what"));
        assert!(read("01", "") && read("cc", "-what") && read("cc", "-"));
        assert!(!read("cc", ".what") && !read("ff", "") && !read("0", "") && !read("0X", ""));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for header in ["00", "01", "02", "03"].map(|flags| format!("00-{TRACE}-{SPAN}-{flags}")) {
            assert_eq!(Traceparent::parse(&header).unwrap().to_string(), header);
        }
        let later = format!("cc-{TRACE}-{SPAN}-01-more");
        let written = Traceparent::parse(&later).unwrap().to_string();
        assert_eq!(written, format!("00-{TRACE}-{SPAN}-01"));
    }
}
