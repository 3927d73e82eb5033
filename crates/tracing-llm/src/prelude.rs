//! What pipelines and setups use most.
//!
//! ```
//! use tracing_llm::prelude::*;
//! ```

#[doc(no_inline)]
pub use crate::{
    Document, Embedding, Enricher, Event, EventType, Exception, FutureExt as _, Handler,
    HandlerExt as _, HandlerResult, LlmSpan as _, Message, Outcome, StreamExt as _, Template, Text,
    Tool, ToolCall, Trace, Usage, embedding_span, event_span, llm_span, query_span, retrieve_span,
    tool_span,
};
