//! The top events of the named traces that are open.

use std::collections::VecDeque;
use std::sync::Arc;

use tracing_llm::{Event, SpanId, Trace};

/// How many open traces are remembered; of older ones the root shows no content.
const OPEN_TRACES: usize = 1_000;

/// For each open named trace the event at its top, as long as it is the only one.
#[derive(Default)]
pub(crate) struct Roots {
    open: VecDeque<(SpanId, Top)>,
}

enum Top {
    One(Arc<Event>),
    Several,
}

impl Roots {
    /// Remembers an event that has ended, if it stands at the top of a named trace.
    pub(crate) fn note(&mut self, event: &Arc<Event>) {
        let (None, Some(scope)) = (event.parent_id, event.scope_id) else { return };
        match self.open.iter_mut().rev().find(|(open, _)| *open == scope) {
            Some((_, top)) => *top = Top::Several,
            None => {
                if self.open.len() >= OPEN_TRACES {
                    self.open.pop_front();
                }
                self.open.push_back((scope, Top::One(Arc::clone(event))));
            }
        }
    }

    /// The only event at the top of a trace that has ended, if there was one.
    pub(crate) fn take(&mut self, trace: &Trace) -> Option<Arc<Event>> {
        let scope = trace.scope_id?;
        let at = self.open.iter().rposition(|(open, _)| *open == scope)?;
        match self.open.remove(at)? {
            (_, Top::One(event)) => Some(event),
            (_, Top::Several) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_llm::{EventType, Timestamp, TraceId};

    use super::*;

    fn top(scope: u64, span: u64) -> Arc<Event> {
        let id = SpanId::new(span).unwrap();
        let mut event = Event::with_ids(EventType::QUERY, "query", TraceId::FIRST, id);
        event.scope_id = SpanId::new(scope);
        Arc::new(event)
    }

    fn trace(scope: u64) -> Trace {
        let mut trace = Trace::new(TraceId::FIRST, "trace", Timestamp::default());
        trace.scope_id = SpanId::new(scope);
        trace
    }

    #[test]
    fn only_a_single_top_event_is_given_back_and_only_once() {
        let mut roots = Roots::default();
        roots.note(&top(1, 10));
        roots.note(&top(2, 20));
        roots.note(&top(2, 21));
        let mut below = (*top(3, 30)).clone();
        below.parent_id = SpanId::new(29);
        roots.note(&Arc::new(below));
        assert_eq!(roots.take(&trace(1)).map(|event| event.span_id.get()), Some(10));
        assert_eq!(roots.take(&trace(1)), None);
        assert_eq!(roots.take(&trace(2)), None);
        assert_eq!(roots.take(&trace(3)), None);
        assert!(roots.open.is_empty());
    }

    #[test]
    fn traces_that_never_end_are_forgotten() {
        let mut roots = Roots::default();
        for scope in 1..=OPEN_TRACES as u64 + 1 {
            roots.note(&top(scope, 1_000_000 + scope));
        }
        assert_eq!(roots.open.len(), OPEN_TRACES);
        assert_eq!(roots.take(&trace(1)), None);
        assert!(roots.take(&trace(2)).is_some());
    }
}
