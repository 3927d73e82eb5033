//! What a span is, where it is on its way, and how it came out.

use crate::EventType;
use crate::recognise::Rank;

/// What a span is to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Node {
    /// No event: it carries context, or its tag names no event type. Its children belong to the event above.
    #[default]
    Carrier,
    /// Opens a trace.
    Scope,
    /// Declares a tag whose value has not come yet.
    Candidate,
    /// An event of this type, by what has this rank (the lowest wins).
    Event(EventType, Rank),
}

impl Node {
    /// Whether it has a place in the tree.
    #[inline]
    pub(crate) fn is_in_tree(self) -> bool {
        matches!(self, Self::Candidate | Self::Event(..))
    }

    /// Whether it is told to the worker when it begins and ends.
    #[inline]
    pub(crate) fn is_delivered(self) -> bool {
        !matches!(self, Self::Carrier)
    }
}

/// What is known of how it came out; a later verdict replaces a weaker one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    #[default]
    Unset,
    Finished,
    Cancelled,
    Failed,
}

/// Where an event is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// In the pool.
    #[default]
    Free,
    /// Its span was created.
    Open,
    /// A wrapper saw its end: delivered at close, or a little after its last part.
    Finishing,
    /// Its span is closed, or it was ended by hand.
    Ended,
    /// Delivered, or given up: what comes now is late.
    Gone,
}
