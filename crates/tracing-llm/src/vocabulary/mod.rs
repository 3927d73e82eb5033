//! Field names → typed payload parts: the boundary at which every vocabulary ends.
//!
//! Libraries name the same things differently. Here each name that we read is told once
//! (`table`), with the vocabulary and version it comes from; behind it there is one model,
//! the [`Payload`](crate::Payload) and the [`Context`](crate::Context). These are
//! read:
//!
//! - LlamaIndex's payload names and a few short forms of ours: bare words such as `messages`,
//! - OpenInference attributes: `llm.model_name`, `llm.input_messages.0.message.content` …,
//! - OpenTelemetry GenAI attributes: `gen_ai.request.model` …, with the aliases that libraries use,
//! - what vendors of backends have made (`vendors`): `langfuse.input` …
//!
//! Two steps, which is why there are two entry points:
//!
//! - [`role`] tells what a *name* means. It is asked once a callsite, at registration.
//! - [`Draft`] takes the *values*, on the worker, and brings them into their places.
//!
//! # Rules
//!
//! - **Later wins.** One value for each place, whatever name it came by. Only lists of single
//!   keys add up: request parameters key by key, token counts number by number.
//! - **Lists and objects arrive as JSON text**, in any of the shapes that are in use (`read`).
//! - **What cannot be read as what its name says is kept** under its own name among the
//!   attributes, and counted ([`Draft::unreadable`]). It does not replace what was read before.
//!   Only a number that cannot be a count (negative, beyond 2^53, not whole) or an amount is
//!   left out; it is counted too.
//! - **Plain text where a list is expected** is taken for what it most likely is: one document,
//!   one chunk, the name of a tool, the question. Plain text for messages says neither who
//!   speaks nor how many there are: it becomes the main input (`Payload::input`), or output.
//! - **A name in a namespace that we know, but newer than our table**, is an attribute under its
//!   own name with its real type.

mod context;
mod decisive;
mod draft;
mod error;
mod flatten;
mod from_json;
mod key;
mod model;
mod observed;
mod parameters;
mod provider;
pub(crate) mod read;
mod role;
mod scalar;
mod structured;
mod table;
mod tag;
mod usage_fields;
mod vendors;
mod vocabularies;

#[cfg(test)]
mod tests;

pub(crate) use self::context::set_context;
pub(crate) use self::decisive::{decided, decisive};
pub(crate) use self::draft::Draft;
pub(crate) use self::key::{
    CallPart, ContextKey, ErrorKey, Key, Role, Tag, TemplatePart, TextPart, ToolPart,
};
pub use self::provider::genai_provider;
pub(crate) use self::role::{role, vocabulary_of};
pub(crate) use self::scalar::Scalar;
pub(crate) use self::tag::{event_type, original_event_type};
pub use self::vocabularies::Vocabulary;
