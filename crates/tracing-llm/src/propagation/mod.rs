//! A trace that goes on in another process.

mod baggage;
mod inject;
mod traceparent;
pub(crate) mod tracestate;

use tracing::Span;
use tracing::field::Empty;

pub(crate) use self::traceparent::Traceparent;
use crate::Text;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// Takes a trace from process to process in headers: `traceparent` and `tracestate` of
/// [W3C Trace Context](https://www.w3.org/TR/trace-context-2/) (level 2, version 00; what a later
/// version adds is ignored), and, if asked, session and user in
/// [W3C Baggage](https://www.w3.org/TR/baggage/).
///
/// It needs no OpenTelemetry and knows no HTTP library: headers are pairs of texts. Whoever is
/// called [extracts](Self::extract) them, whoever calls [injects](Self::inject) them. The pieces
/// are then one trace: the same trace id, and the event on the far side has the caller's event for
/// its [remote parent](crate::Event::remote_parent). A [sampled](crate::HandlerExt::sampled)
/// handler follows the caller's choice.
///
/// ```
/// use tracing_llm::Propagation;
/// use tracing_llm::prelude::*;
/// use tracing_llm::testing::Capture;
/// use tracing_subscriber::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tracing_llm::Error> {
/// let events = Capture::new();
/// let (layer, callbacks) = tracing_llm::layer().handler(events.clone()).build();
/// # let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer.filtered()));
/// // The one process calls …
/// let mut headers = Vec::new();
/// event_span!(QUERY, "answer").in_scope(|| {
///     Propagation::new().inject(|name, value| headers.push((name, value)));
/// });
///
/// // … and the other, which got the headers, goes on.
/// let pairs = headers.iter().map(|(name, value)| (*name, value.as_str()));
/// let request = Propagation::new().extract(pairs);
/// request.in_scope(|| {
///     let _search = event_span!(RETRIEVE, "search").entered();
/// });
///
/// callbacks.shutdown().await?;
/// let events = events.captured();
/// let (answer, search) = (events.event("answer"), events.event("search"));
/// assert_eq!(search.trace_id, answer.trace_id);
/// assert_eq!(search.remote_parent, Some(answer.span_id));
/// # Ok(())
/// # }
/// ```
///
/// A span of your own does the same as the extracted one with the fields `traceparent` and
/// `tracestate`, as a web framework's span of a request may have them. Headers that are invalid
/// are ignored and counted ([`Stats::unreadable`](crate::Stats::unreadable)).
#[derive(Clone, Debug, Default)]
pub struct Propagation {
    session: Option<Text>,
    user: Option<Text>,
}

impl Propagation {
    /// Trace context alone: nothing of the baggage is read or sent.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the session from the baggage member with this name, and sends it under this name.
    ///
    /// Whoever can send a header can name a session: ask for it only between programs that
    /// trust one another. At most 256 bytes are taken, and no control characters.
    #[must_use]
    pub fn session_baggage(mut self, member: impl Into<Text>) -> Self {
        self.session = Some(member.into());
        self
    }

    /// The same for the user.
    #[must_use]
    pub fn user_baggage(mut self, member: impl Into<Text>) -> Self {
        self.user = Some(member.into());
        self
    }

    /// A span that continues the caller's trace: what begins below it belongs to that trace.
    ///
    /// Takes all headers of a request, in any order and case. It is no event; its target is
    /// `tracing_llm`, its level INFO. Without a `traceparent` the events below begin traces of
    /// their own.
    #[must_use = "the span does nothing until something runs in it"]
    pub fn extract<'a>(&self, headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Span {
        let (mut parent, mut state, mut baggage) = (None, String::new(), String::new());
        for (name, value) in headers {
            if name.eq_ignore_ascii_case(TRACEPARENT) {
                // Two are none: nobody knows which is the caller's.
                parent = Some(if parent.is_some() { "more than one" } else { value });
            } else if name.eq_ignore_ascii_case(TRACESTATE) {
                append(&mut state, value);
            } else if name.eq_ignore_ascii_case(BAGGAGE) {
                append(&mut baggage, value);
            }
        }
        let known = |name: &Option<Text>| baggage::value(&baggage, name.as_deref()?);
        let span = tracing::info_span!(
            target: "tracing_llm", "remote",
            traceparent = Empty, tracestate = Empty, session.id = Empty, user.id = Empty,
        );
        if let Some(parent) = parent {
            span.record(TRACEPARENT, parent);
            if !state.is_empty() {
                span.record(TRACESTATE, state.as_str());
            }
        }
        for (field, value) in [("session.id", known(&self.session)), ("user.id", known(&self.user))]
        {
            if let Some(value) = value {
                span.record(field, value.as_str());
            }
        }
        span
    }
}

/// Headers that come in pieces are one list.
fn append(list: &mut String, piece: &str) {
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(piece);
}
