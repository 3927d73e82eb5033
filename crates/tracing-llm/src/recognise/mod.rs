//! Which event type is this? What a callsite's names say, decided once for each callsite.
//!
//! The order of belief is [`rank`](mod@rank). What each of its steps goes by is data, in one table
//! that says which version it was read from:
//!
//! | rank | what says the type | its data |
//! |---|---|---|
//! | 0, 1 | our own tags, `llm.event_type` and `event_type` | `EventType::parse`, and the types that the user registered |
//! | 2 | a rule of the user's | `rule` |
//! | 3 | `openinference.span.kind` | `SPAN_KINDS` in `vocabulary/tag.rs` |
//! | 4 | `gen_ai.operation.name` (rig, genai) | `operation` in `vocabulary/tag.rs` |
//! | 5 | a field that only one type has | `DECISIVE` in `vocabulary/decisive.rs` |
//! | 6 – 8 | the kinds of Langfuse, OpenLLMetry, LangSmith | `LANGFUSE_TYPES`, `TRACELOOP_KINDS`, `LANGSMITH_KINDS` in `vocabulary/tag.rs` |
//! | 9 | target and name of a library's span (langchain-rust, swiftide) | `libraries/`, a file each |
//!
//! Which fields are these tags, and what all other names mean, is `vocabulary/table.rs` and, for
//! vendors, `vocabulary/vendors.rs`. What was read of the libraries that need no rule stands in
//! [`libraries`].

mod callsite;
mod config;
mod content;
mod known;
mod libraries;
mod rank;
mod rule;
mod settings;
mod target;

pub(crate) use self::callsite::{OUR_TARGET, Plan, is_claimed, is_seen};
pub use self::config::CaptureContent;
pub(crate) use self::config::Recognition;
pub(crate) use self::content::is_content;
pub(crate) use self::known::{Known, known};
pub(crate) use self::rank::{PRESENCE, Rank, Ranks, bit, rank};
pub use self::rule::Rule;
pub(crate) use self::settings::Settings;
