//! What a span's state says of its end.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Tick};
use crate::event::{Context, Event, Exception, Log, Outcome, Payload, StreamProgress, Text};
use crate::state::{Rare, Record, State, Stream, TraceCell, Verdict};

/// Taken out of the state when the event ends.
pub(super) struct Ending {
    pub(super) end: Tick,
    pub(super) charged: usize,
    pub(super) above: Option<Arc<Record>>,
    pub(super) trace: Option<Arc<TraceCell>>,
    busy: Duration,
    /// Its span was open at shutdown.
    incomplete: bool,
    verdict: Verdict,
    rare: Option<Box<Rare>>,
    context: Option<Arc<Context>>,
}

impl Ending {
    /// `shutdown` is the time of the shutdown, if that is what ends the event.
    pub(super) fn take(state: &mut State, shutdown: Option<Tick>) -> Self {
        let open_until = state.open_until(shutdown);
        Self {
            end: state.end.or(open_until).or(state.last).unwrap_or(state.start),
            charged: std::mem::take(&mut state.charged),
            above: state.above.0.clone(),
            trace: state.trace.clone(),
            busy: state.busy(open_until),
            incomplete: open_until.is_some(),
            verdict: state.verdict,
            rare: state.rare.take(),
            context: state.resolve_context(),
        }
    }

    /// Completes the record of an event. `recorded` is the exception that its fields told.
    pub(super) fn complete(
        self,
        event: &mut Event,
        recorded: Option<Exception>,
        start: Tick,
        clock: &Clock,
    ) {
        event.elapsed = self.end.since(start);
        let Rare { exceptions, logs, links, stream, lost } =
            self.rare.map(|rare| *rare).unwrap_or_default();
        event.busy = self.busy;
        event.links = links;
        event.lost_bytes = lost;
        event.logs =
            logs.into_iter().map(|(time, text)| Log::new(clock.timestamp(time), text)).collect();
        if let Some(context) = self.context {
            event.context = context;
        }
        let exception = recorded
            .or_else(|| exceptions.into_iter().next())
            .or_else(|| event.payload.exception.take());
        event.outcome = match self.verdict {
            _ if exception.is_some() => Outcome::Error,
            Verdict::Failed => Outcome::Error,
            Verdict::Cancelled => Outcome::Cancelled,
            Verdict::Finished => Outcome::Ok,
            Verdict::Unset if self.incomplete => Outcome::Incomplete,
            Verdict::Unset => Outcome::Unset,
        };
        event.payload.exception = exception;
        let (has_stream, is_whole) = (stream.is_some(), has_answer(&event.payload));
        if let Some(stream) = stream {
            let finished = stream.finished || self.verdict == Verdict::Finished;
            complete_stream(event, stream, start, finished);
        }
        // Whoever has the whole answer has seen its end, unless a failure says otherwise. Where the
        // pieces were counted elsewhere, what is said of their end holds.
        let counted_here =
            has_stream || event.payload.stream.as_ref().is_some_and(|told| told.chunks == 0);
        if counted_here && is_whole && !event.outcome.is_failure() {
            if let Some(stream) = &mut event.payload.stream {
                stream.finished = true;
            }
        }
    }
}

/// Whether the answer was given in one piece.
fn has_answer(payload: &Payload) -> bool {
    payload.response.is_some() || payload.completion.is_some() || !payload.replies.is_empty()
}

/// The pieces of a streamed answer make up the answer, unless it was given whole.
fn complete_stream(event: &mut Event, stream: Stream, start: Tick, finished: bool) {
    let payload = &mut event.payload;
    if !has_answer(payload) && !stream.text.is_empty() {
        payload.response = Some(Text::from(stream.text));
    }
    let first_token = stream.first.map(|first| first.since(start));
    // What a field told of the stream (a library's own measure) stays where ours says nothing.
    let told = payload.stream.take().and_then(|told| told.first_token);
    payload.stream =
        Some(StreamProgress { first_token: first_token.or(told), chunks: stream.chunks, finished });
}
