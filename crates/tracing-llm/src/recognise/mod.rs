//! Which event type is this? What a callsite's names say, decided once for each callsite.

mod callsite;
mod config;
mod content;
mod known;
mod libraries;
mod rank;
mod rule;
mod settings;
mod target;

pub(crate) use self::callsite::{Plan, is_seen};
pub use self::config::CaptureContent;
pub(crate) use self::config::Recognition;
pub(crate) use self::content::is_content;
pub(crate) use self::known::{Known, known};
pub(crate) use self::rank::{PRESENCE, Rank, Ranks, bit, rank};
pub use self::rule::Rule;
pub(crate) use self::settings::Settings;
