//! Judgements of events that have ended, by their ids.

mod carrier;
mod inbox;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing_llm::{Annotation, Link, SpanId, Timestamp, TraceId};

pub(crate) use self::carrier::{carrier, random_ids};
use self::inbox::Inbox;
pub(crate) use self::inbox::Pending;
use crate::error::Error;

/// Sends what people, models or programs say about an event after it has ended: a cheap clone,
/// for any thread, made by [`OpenInference::feedback`](crate::OpenInference::feedback).
///
/// A span that has ended cannot be changed. So each judgement becomes a span of its own, in a
/// trace of its own, of kind EVALUATOR, with one link to the span that it judges (OpenInference,
/// `spec/annotations.md`). Phoenix 20.26 stores such a span, but not its link: what it shows
/// beside the judged span comes by its REST interface, which the example `feedback` does.
///
/// Nothing blocks: the span is made on the exporter's thread, with the next event or trace that
/// ends, at [`flush`](tracing_llm::Callbacks::flush), or at shutdown. It is converted and counted
/// like all others.
///
/// ```
/// use tracing_llm::prelude::*;
/// use tracing_llm::Annotation;
/// use tracing_llm_openinference::OpenInference;
/// use tracing_subscriber::prelude::*;
///
/// let spans = OpenInference::builder().build()?;
/// let feedback = spans.feedback();
/// let (layer, callbacks) = tracing_llm::layer().handler(spans).build();
/// let subscriber = tracing_subscriber::registry().with(layer.filtered());
/// let ids = tracing::subscriber::with_default(subscriber, || {
///     let _answer = event_span!(QUERY, "answer").entered();
///     tracing_llm::current() // goes to the user, in a header of the response
/// });
///
/// // … an hour later the user presses a button.
/// if let Some(ids) = ids {
///     let judged = Annotation::new("thumbs").with_label("up").with_annotator_kind("HUMAN");
///     feedback.annotate(ids.trace_id, ids.span_id, judged)?;
/// }
/// # drop(callbacks);
/// # Ok::<(), tracing_llm_openinference::Error>(())
/// ```
#[derive(Clone)]
pub struct Feedback {
    inbox: Arc<Inbox>,
}

/// A judgement, and what is judged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) target: Link,
    pub(crate) annotation: Annotation,
    pub(crate) at: Timestamp,
}

impl Feedback {
    /// Judges the event with these ids. The same `identifier` again replaces a judgement of this
    /// name, where a backend knows how.
    ///
    /// # Errors
    ///
    /// If the annotation has no name, or neither score, label nor explanation (then
    /// [`is_setting`](Error::is_setting)); if 1,000 judgements wait already, or the exporter is
    /// shut down (then it is counted as dropped).
    pub fn annotate(
        &self,
        trace_id: TraceId,
        span_id: SpanId,
        annotation: Annotation,
    ) -> Result<(), Error> {
        if !annotation.is_valid() {
            return Err(Error::setting(
                "the annotation",
                "has no name, or neither score, label nor explanation",
            ));
        }
        self.inbox.push(Judgement { target: Link { trace_id, span_id }, annotation, at: now() })
    }
}

impl fmt::Debug for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feedback").finish_non_exhaustive()
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::default() + since
}

#[cfg(test)]
mod tests;
