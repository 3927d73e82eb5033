//! The names under which values stand in Aim.

/// The texts of LlamaIndex's `AimCallback` (0.14).
pub(super) const PROMPT: &str = "prompt";
pub(super) const RESPONSE: &str = "response";
pub(super) const CHUNK: &str = "chunk";

/// What an event failed with.
pub(super) const ERROR: &str = "error";

/// Numbers: 1 for an event that failed, else 0.
pub(super) const ERRORS: &str = "errors";
/// Seconds.
pub(super) const LATENCY: &str = "latency";
pub(super) const FIRST_TOKEN: &str = "time_to_first_token";
/// Tokens.
pub(super) const TOKENS_INPUT: &str = "tokens_input";
pub(super) const TOKENS_OUTPUT: &str = "tokens_output";
pub(super) const TOKENS_TOTAL: &str = "tokens_total";
/// US dollars.
pub(super) const COST: &str = "cost";

/// Keys of contexts.
pub(super) const EVENT_ID: &str = "event_id";
pub(super) const CHUNK_ID: &str = "chunk_id";
pub(super) const EVENT_TYPE: &str = "event_type";
pub(super) const MODEL: &str = "model";

/// The model of a context when there were too many to keep apart.
pub(super) const OTHER_MODELS: &str = "other";
