//! Callback events for LLM pipelines, as a `tracing` layer.

mod enrich;
mod error;
mod event;
mod handler;
mod trap;
mod usage;

pub use self::enrich::Enricher;
pub use self::error::Error;
pub use self::event::{
    Content, Context, Document, Embedding, Event, EventType, Exception, Link, Log, Message,
    Outcome, Payload, SpanId, StreamProgress, SubQuestion, Template, Text, Timestamp, Tool,
    ToolCall, Trace, TraceId, TraceMap,
};
pub use self::handler::{Handler, HandlerExt, HandlerResult, Ignore, Sampled};
pub use self::trap::{Failure, Trap};
pub use self::usage::{Cost, Usage};
