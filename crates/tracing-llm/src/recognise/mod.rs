//! Which event type is this? What a callsite's names say, decided once for each callsite.

mod callsite;
mod config;
mod content;
mod known;

pub(crate) use self::callsite::{Callsites, OUR_TARGET, Plan, is_claimed, is_seen};
pub use self::config::CaptureContent;
pub(crate) use self::config::{Recognition, rank};
pub(crate) use self::content::is_content;
pub(crate) use self::known::{Known, known};
