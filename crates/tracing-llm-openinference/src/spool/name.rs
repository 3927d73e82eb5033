//! The names of a spool's files. Pure.
//!
//! | file | what it is |
//! |---|---|
//! | `1790000000000-000001-5be8efff79803810.jsonl.open` | a segment that is being written |
//! | `1790000000000-000001-5be8efff79803810-42.jsonl` | a closed segment with 42 spans |
//! | `1790000000000-000001-5be8efff79803810-42.position` | how far it has been sent |
//! | `5be8efff79803810.lock` | locked as long as the process lives that wrote it |
//!
//! The parts are the milliseconds since 1970 at which the segment began, a number that its
//! process counts up, and the process's own id. Sorted by name they are sorted by age.

use std::fmt;

const OPEN: &str = ".jsonl.open";
const CLOSED: &str = ".jsonl";
const POSITION: &str = ".position";
const LOCK: &str = ".lock";

/// A process that writes to the folder, or did: random, 16 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner(pub(super) u64);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Owner {
    pub(super) fn lock(self) -> String {
        format!("{self}{LOCK}")
    }
}

/// A segment. In the order of age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) millis: u64,
    pub(super) sequence: u32,
    pub(super) owner: Owner,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { millis, sequence, owner } = self;
        write!(f, "{millis:013}-{sequence:06}-{owner}")
    }
}

impl Name {
    pub(super) fn open(self) -> String {
        format!("{self}{OPEN}")
    }

    pub(super) fn closed(self, spans: u64) -> String {
        format!("{self}-{spans}{CLOSED}")
    }

    pub(super) fn position(self, spans: u64) -> String {
        format!("{self}-{spans}{POSITION}")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let name = Self {
            millis: parts.next()?.parse().ok()?,
            sequence: parts.next()?.parse().ok()?,
            owner: owner(parts.next()?)?,
        };
        (parts.next().is_none() && name.to_string() == text).then_some(name)
    }
}

/// What a file of the folder is to us.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open(Name),
    Closed(Name, u64),
    Position(Name, u64),
    Lock(Owner),
}

impl Kind {
    /// None: a file of somebody else's.
    pub(super) fn of(file: &str) -> Option<Self> {
        let with_spans = |text: &str| {
            let (name, spans) = text.rsplit_once('-')?;
            Some((Name::parse(name)?, spans.parse().ok()?))
        };
        if let Some(text) = file.strip_suffix(OPEN) {
            Name::parse(text).map(Self::Open)
        } else if let Some(text) = file.strip_suffix(CLOSED) {
            with_spans(text).map(|(name, spans)| Self::Closed(name, spans))
        } else if let Some(text) = file.strip_suffix(POSITION) {
            with_spans(text).map(|(name, spans)| Self::Position(name, spans))
        } else {
            file.strip_suffix(LOCK).and_then(owner).map(Self::Lock)
        }
    }

    pub(super) fn owner(self) -> Owner {
        match self {
            Self::Open(name) | Self::Closed(name, _) | Self::Position(name, _) => name.owner,
            Self::Lock(owner) => owner,
        }
    }
}

fn owner(text: &str) -> Option<Owner> {
    let owner = Owner(u64::from_str_radix(text, 16).ok()?);
    (owner.to_string() == text).then_some(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(millis: u64, sequence: u32, owner: u64) -> Name {
        Name { millis, sequence, owner: Owner(owner) }
    }

    #[test]
    fn names_are_read_as_they_were_written() {
        let name = name(1_790_000_000_000, 7, 0xab);
        assert_eq!(name.closed(42), "1790000000000-000007-00000000000000ab-42.jsonl");
        let same = |file: String, kind: Kind| assert!(Kind::of(&file) == Some(kind), "{file}");
        same(name.open(), Kind::Open(name));
        same(name.closed(42), Kind::Closed(name, 42));
        same(name.position(42), Kind::Position(name, 42));
        same(name.owner.lock(), Kind::Lock(name.owner));
    }

    #[test]
    fn files_of_others_are_none_of_ours() {
        for file in [
            "",
            "spans.jsonl",
            ".lock",
            "x.lock",
            "00AB.lock",
            "1-2-3.jsonl",
            "1790000000000-000007-00000000000000ab.jsonl",
            "1790000000000-000007-00000000000000ab-x.jsonl",
            "1790000000000-000007-00000000000000AB-1.jsonl",
            "1790000000000-000007-00000000000000ab-1-1.jsonl",
            "../1790000000000-000007-00000000000000ab-1.jsonl",
            "1790000000000-000007-00000000000000ab-1.jsonl.gz",
        ] {
            assert!(Kind::of(file).is_none(), "{file}");
        }
    }

    #[test]
    fn a_closed_segment_alone_ends_in_what_a_collector_looks_for() {
        let name = name(1, 1, 1);
        assert!(name.closed(1).ends_with(".jsonl"));
        for other in [name.open(), name.position(1), name.owner.lock()] {
            assert!(!other.ends_with(".jsonl"), "{other}");
        }
    }

    #[test]
    fn their_order_is_that_of_their_texts() {
        let names =
            [name(9, 2, 5), name(10, 1, 9), name(10, 2, 1), name(10, 2, 3), name(10, 11, 0)];
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(names.windows(2).all(|pair| pair[0].closed(9) < pair[1].closed(10)));
    }
}
