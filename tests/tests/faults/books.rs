//! The books: what was made is delivered or counted as lost, by kind and for each handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tracing_llm::{Event, Handler, HandlerResult, HandlerStats, Payload, Stats, Trace};

use crate::load::Made;

/// What a handler was called with.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) starts: AtomicU64,
    pub(crate) ends: AtomicU64,
    trace_starts: AtomicU64,
    trace_ends: AtomicU64,
    /// Bytes of the texts in the ends.
    texts: AtomicU64,
}

/// A handler that only counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books(pub(crate) Arc<Calls>);

impl Handler for Books {
    fn on_start(&mut self, _: &Arc<Event>) -> HandlerResult {
        self.0.starts.fetch_add(1, Relaxed);
        Ok(())
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        self.0.ends.fetch_add(1, Relaxed);
        let Payload { query, prompt, completion, exception, .. } = &event.payload;
        let error = exception.as_ref().map(|exception| &exception.message);
        let texts = [query.as_ref(), prompt.as_ref(), completion.as_ref(), error];
        let bytes: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
        self.0.texts.fetch_add(bytes as u64, Relaxed);
        Ok(())
    }

    fn on_trace_start(&mut self, _: &Arc<Trace>) -> HandlerResult {
        self.0.trace_starts.fetch_add(1, Relaxed);
        Ok(())
    }

    fn on_trace_end(&mut self, _: &Arc<Trace>) -> HandlerResult {
        self.0.trace_ends.fetch_add(1, Relaxed);
        Ok(())
    }
}

impl Books {
    fn calls(&self) -> u64 {
        let Calls { starts, ends, trace_starts, trace_ends, .. } = &*self.0;
        [starts, ends, trace_starts, trace_ends].map(|count| count.load(Relaxed)).iter().sum()
    }
}

/// After a shutdown: every span that was made and every text is accounted for.
pub(crate) fn balance(stats: &Stats, made: &Made, books: &Books) {
    balance_of_spans(stats, made, books);
    let counted = handler(stats, "Books");
    if stats.dropped_events + counted.dropped == 0 {
        assert_eq!(texts(stats, books), made.texts.load(Relaxed), "texts: {stats:#?}");
    }
    let (told, handed) = (texts(stats, books), made.texts.load(Relaxed));
    assert!(told <= handed, "{told} of {handed} bytes of texts: {stats:#?}");
}

/// The same without the texts: where the layer itself says something of a span.
pub(crate) fn balance_of_spans(stats: &Stats, made: &Made, books: &Books) {
    assert_eq!(stats.starts + stats.dropped_events, made.spans(), "events: {stats:#?}");
    balance_of_deliveries(stats, books);
}

/// The same where spans were also made after the shutdown had begun: those are nobody's.
pub(crate) fn balance_between(seen: u64, stats: &Stats, made: &Made, books: &Books) {
    let counted = stats.starts + stats.dropped_events;
    assert!((seen..=made.spans()).contains(&counted), "{seen} to {made:?}: {stats:#?}");
    balance_of_deliveries(stats, books);
}

/// Bytes of texts that arrived or were counted as lost.
fn texts(stats: &Stats, books: &Books) -> u64 {
    books.0.texts.load(Relaxed) + stats.lost_bytes
}

fn balance_of_deliveries(stats: &Stats, books: &Books) {
    assert_eq!(stats.starts, stats.ends, "what began has ended: {stats:#?}");
    assert_eq!((stats.queued, stats.queued_bytes), (0, 0), "nothing waits: {stats:#?}");
    for handler in &stats.handlers {
        balance_of_handler(stats, handler);
    }
    let counted = handler(stats, "Books");
    assert_eq!(books.calls(), counted.delivered, "{stats:#?}");
}

fn balance_of_handler(stats: &Stats, handler: &HandlerStats) {
    let brought = stats.starts + stats.ends + 2 * stats.traces;
    let counted = handler.delivered + handler.dropped + handler.waiting;
    assert_eq!(counted, brought, "{}: {stats:#?}", handler.name);
    // A span an event. What the others write are records and values of their own.
    let spans = handler.outputs.iter().filter(|_| handler.name.starts_with("OpenInference"));
    for output in spans {
        let taken = output.exported + output.failed + output.dropped;
        let counted = taken + output.waiting + output.spooled;
        assert!(counted <= stats.ends, "{output:?}");
        if handler.dropped + handler.waiting + handler.failed == 0 {
            assert_eq!(counted, stats.ends, "{output:?}");
        }
    }
}

/// What a handler got, by its name.
pub(crate) fn handler<'a>(stats: &'a Stats, name: &str) -> &'a HandlerStats {
    stats.handlers.iter().find(|handler| handler.name == name).expect("a handler")
}
