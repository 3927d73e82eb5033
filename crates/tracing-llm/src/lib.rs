//! Callback events for LLM pipelines, as a [`tracing`] layer.
//!
//! Stages of a pipeline are spans tagged with an [`EventType`]: `QUERY`, `RETRIEVE`, `LLM` … One
//! layer turns them into [`Event`]s with typed payloads, and brings them to as many
//! [`Handler`]s as you like: a debug printer, a token counter, an OpenInference exporter, your own.
//! It is the callback system of LlamaIndex, rebuilt where Rust programs already are.
//!
//! ```
//! use tracing_llm::prelude::*;
//! use tracing_llm::testing::Capture;
//! use tracing_subscriber::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tracing_llm::Error> {
//! let events = Capture::new();
//! let (layer, callbacks) = tracing_llm::layer().handler(events.clone()).build();
//! let subscriber = tracing_subscriber::registry()
//!     .with(layer.filtered()) // sees our callsites only; all others cost nothing
//!     .with(tracing_subscriber::fmt::layer());
//! # let _default = tracing::subscriber::set_default(subscriber);
//!
//! // Plain tracing is enough: a library can be instrumented without depending on this crate.
//! #[tracing::instrument(fields(event_type = "QUERY", query_str = question))]
//! async fn answer(question: &str) -> String {
//!     // The typed way: large or structured data never becomes a tracing field.
//!     let span = event_span!(LLM, "chat", model = "gpt-5-mini", provider = "openai");
//!     span.llm().messages(vec![Message::user(question.to_owned())]);
//!     let reply = async { String::from("A period of time.") }.traced(&span).await;
//!     span.llm().reply(reply.clone()).usage(Usage::new(12, 5));
//!     reply
//! }
//! answer("What is a span?").await;
//!
//! callbacks.shutdown().await?; // everything delivered, or an error that says what was not
//! assert_eq!(events.captured().tree(), "\
//! query
//! └─ QUERY answer
//!    └─ LLM chat [ok]
//! ");
//! # Ok(())
//! # }
//! ```
//!
//! # How data travels
//!
//! On the pipeline's thread, as little as possible happens: a span's fields are taken over as they
//! are, typed parts are moved or shared, and the start and the end of an event are put into a
//! bounded queue that wakes nobody. All else happens on a worker thread: fields become typed parts
//! of the [`Payload`], parents and traces are worked out, [`Enricher`]s add numbers, the
//! [`Redactor`] masks texts, once. Each handler then runs on a thread of its own behind a bounded
//! queue of its own.
//!
//! # What makes an event
//!
//! A span is an event if it says what it is. In this order, and the first that says something is
//! believed:
//!
//! 1. our own tag, `llm.event_type` or `event_type`: `event_type = "RETRIEVE"`; and [`event_span!`]
//!    with its short forms, which is the same with the type checked;
//! 2. a [`Rule`] of yours;
//! 3. `openinference.span.kind`;
//! 4. `gen_ai.operation.name`, as rig and genai emit it;
//! 5. a field that no other span has, once it has a value: `gen_ai.tool.name`,
//!    `gen_ai.retrieval.*`, `gen_ai.embeddings.dimension.count`, `gen_ai.evaluation.name`,
//!    `gen_ai.request.model`, `llm.model_name` …;
//! 6. `langfuse.type` or `langfuse.observation.type`, then `traceloop.span.kind`, then
//!    `langsmith.span.kind`;
//! 7. the target and name of the spans of langchain-rust and swiftide
//!    ([what each library tells](libraries)).
//!
//! Names, targets and rules are looked at once for each place in the code; values when they come,
//! also late by [`Span::record`](tracing::Span::record). A span that says nothing of this is no
//! event, and those below it join the event above.
//!
//! [`Builder::rule`] adds what we do not know, with your names for our fields.
//! [`Builder::vocabulary`] switches off a set of names or a library's rules,
//! [`Builder::exclude_target`] all that comes from some module; both can be done while the program
//! runs ([`Callbacks::vocabulary`], [`Callbacks::exclude_target`]).
//!
//! ```
//! use tracing_llm::{EventType, Rule, Vocabulary};
//!
//! let (layer, callbacks) = tracing_llm::layer()
//!     .rule(Rule::new("acme_llm", EventType::LLM).field("engine", "gen_ai.request.model"))
//!     .vocabulary(Vocabulary::Swiftide, false)
//!     .exclude_target("my_crate::billing")
//!     .build();
//! # drop((layer, callbacks));
//! ```
//!
//! A span with `trace_name = "…"` opens a named trace around several events. A span with
//! `session.id`, `user.id`, `tag.tags`, `metadata`, a prompt template, `traceparent` or a key of
//! your own ([`Builder::context_key`]) passes it on to all events below. Below a [`suppress`] span
//! nothing is exported.
//!
//! # Payloads
//!
//! Fields are read by name in several vocabularies: LlamaIndex's payload names (`query_str`,
//! `messages`, `nodes` …), OpenInference attributes (`input.value`, `llm.token_count.prompt` …),
//! OpenTelemetry GenAI attributes (`gen_ai.usage.input_tokens` …) and Langfuse's (`langfuse.input`
//! …). They may be set at creation,
//! by [`Span::record`](tracing::Span::record), or by a `tracing` event inside the span. Lists and
//! objects arrive as JSON text. The typed API ([`LlmSpan::llm`]) takes what is large or structured.
//!
//! # Start, end and outcome
//!
//! An event starts when its span is created, and ends when [`EventHandle::end`] is called, or when
//! [`traced`](FutureExt::traced) or [`traced_stream`](StreamExt::traced_stream) sees the end, else
//! with the last activity in its span. It is *delivered* once the last handle of its span is dropped,
//! or a moment after a wrapper saw its end: drop the handle, or call `end`, and handlers see it at
//! once. `tracing` alone cannot tell a future that finished from one that was dropped: without a
//! wrapper the [`Outcome`] is `Unset`, unless an error is recorded.
//!
//! # In a `tracing` setup
//!
//! The layer goes beside `fmt`, `EnvFilter`, `tracing-opentelemetry`, `reload` and others, at any
//! place. What `tracing` itself does not allow:
//!
//! - a filtered layer on `fmt().finish()`, or put in by `reload` later: use the plain layer there,
//!   or wrap the filtered one from the start and `modify` it;
//! - a parent that nobody enables: below `parent: &span` with such a span, a filtered layer sees a
//!   span at the top;
//! - more than 64 filtered layers in one subscriber;
//! - a subscriber whose base does not forward `downcast_raw`: the typed API finds no registry;
//! - spans that cross threads with different default subscribers: use a global default;
//! - thousands of nested spans whose parents' handles are dropped before their children's.

pub mod prelude;
pub mod prometheus;
pub mod testing;

mod builder;
mod callbacks;
mod clock;
mod context_source;
mod enrich;
mod error;
mod event;
mod handler;
mod id_source;
mod layer;
mod propagation;
mod queue;
mod recognise;
mod redact;
mod span;
mod state;
mod stats;
mod trap;
mod usage;
mod vocabulary;
mod worker;

pub use self::builder::{Builder, layer};
pub use self::callbacks::{Callbacks, HandlerId};
pub use self::context_source::{ContextSource, ForeignSpan};
pub use self::enrich::Enricher;
pub use self::error::Error;
pub use self::event::{
    Annotation, Content, Context, Document, Embedding, Event, EventType, Exception, Link, Log,
    Message, Outcome, Payload, SpanId, StreamProgress, SubQuestion, Template, Text, Timestamp,
    Tool, ToolCall, Trace, TraceId, TraceMap,
};
pub use self::handler::{AsyncHandler, Handler, HandlerExt, HandlerResult, Ignore, Sampled};
pub use self::id_source::IdSource;
pub use self::layer::{CallbackLayer, CallsiteFilter, UntaggedFilter};
pub use self::propagation::Propagation;
pub use self::recognise::{CaptureContent, Rule};
pub use self::redact::Redactor;
pub use self::span::{
    CurrentEvent, EventHandle, FutureExt, IntoList, IntoText, LlmSpan, StreamExt, Traced,
    TracedStream, TryTraced, TryTracedStream, current, suppress,
};
pub use self::stats::{
    HandlerStats, Health, HealthMetric, HealthPoint, OutputStats, Stats, StatsReader,
};
pub use self::trap::{Failure, Trap};
pub use self::usage::{Cost, Usage};
pub use self::vocabulary::{Vocabulary, genai_provider};

#[doc = include_str!("../docs/libraries.md")]
pub mod libraries {}

#[doc(hidden)]
pub mod __private {
    pub use tracing;
}
