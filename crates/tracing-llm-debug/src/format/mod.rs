//! The texts that are printed: pure functions of records.

pub(crate) mod compat;
mod content;
pub(crate) mod json;
mod line;
pub(crate) mod live;
pub(crate) mod tree;
pub(crate) mod units;

use crate::color::Paint;

/// What is printed, and when.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler};
/// use tracing_llm_debug::{DebugHandler, Format};
///
/// let mut debug = DebugHandler::stdout().format(Format::JsonLines);
/// debug.on_end(&Arc::new(Event::new(EventType::LLM, "chat")))?; // {"end":{"event_type":"LLM",…
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// A tree for each trace, when it has ended:
    ///
    /// ```text
    /// ● query  8d0e4736  1.52 s  2 events
    /// └─ QUERY  answer  1.52 s
    ///    │ What does a Layer do? → A Layer observes spans.
    ///    └─ LLM  chat  gpt-5-mini  1.40 s  120 → 30 tokens
    ///         What does a Layer do? → A Layer observes spans.
    /// ```
    #[default]
    Tree,
    /// LlamaIndex's own text, byte for byte, when a trace has ended; see
    /// [`compat_text`](crate::compat_text).
    Compat,
    /// A JSON object a line, in the order in which things happen:
    /// `{"end": EVENT}` for each event that has ended, `{"trace_end": TRACE}` for each trace,
    /// and at shutdown `{"unfinished": EVENT}` for each event that has not ended. A trace whose
    /// map was full has `"omitted": N` beside it: how many events the map leaves out.
    ///
    /// EVENT and TRACE are [`Event`](tracing_llm::Event) and [`Trace`](tracing_llm::Trace) as
    /// they serialize, and can be read back: times are nanoseconds since the Unix epoch, and a
    /// duration is `{"secs": …, "nanos": …}`. All content is in it, whole. Control characters
    /// are escaped, also those that JSON would allow.
    JsonLines,
    /// A line for each start and each end, as they happen, indented by depth. Each begins
    /// with the end of its trace's id, since concurrent traces come mixed.
    Live,
}

/// How a text for people looks.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) paint: Paint,
    /// How many characters of an input or output are shown; with 0 there is none.
    pub(crate) preview: usize,
}

/// Indentation ends somewhere: what is nested more deeply says how deep it is.
const MAX_INDENT: usize = 48;
