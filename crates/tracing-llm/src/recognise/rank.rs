//! What is believed where a span says several things of its type.

use crate::vocabulary::Tag;

/// A way to recognise a span: the lowest that says something is believed.
pub(crate) type Rank = u8;

/// A rule of the user's: behind our own tags, before all others.
pub(crate) const RULE: Rank = 2;

/// A decisive field that has a value.
pub(crate) const PRESENCE: Rank = 5;

/// The span of a library, known by target and name.
pub(crate) const LIBRARY: Rank = 9;

/// The rank of a tag.
pub(crate) fn rank(tag: Tag) -> Rank {
    match tag {
        Tag::LlmEventType => 0,
        Tag::EventType => 1,
        Tag::SpanKind => 3,
        Tag::Operation => 4,
        Tag::LangfuseType => 6,
        Tag::TraceloopKind => 7,
        Tag::LangsmithKind => 8,
    }
}

/// Ranks of which something depends on a value: a bit for each.
pub(crate) type Ranks = u16;

/// The bit of a rank.
pub(crate) const fn bit(rank: Rank) -> Ranks {
    1 << rank
}
