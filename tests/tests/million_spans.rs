//! A million spans: each is delivered or counted as lost, and memory does not grow with them. A
//! test program of its own: it looks at the memory of the whole process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tracing::{Dispatch, dispatcher};
use tracing_llm::prelude::*;
use tracing_subscriber::prelude::*;

const PATIENCE: Duration = Duration::from_secs(300);

const SPANS: u64 = 1_000_000;

/// Spans between two flushes: no queue is full by then, and what waits at most is little beside the
/// growth that would be told.
const BATCH: u64 = 1_000;

/// From here on nobody waits for the worker: what finds no place is lost, and counted.
const RUSH: u64 = 900_000;

/// Spans after which everything that is pooled or kept has its size.
const WARM: u64 = 200_000;

/// How much the process may grow between then and the rush, in bytes: less than a hundredth of what
/// the records of those spans take.
const GROWTH: u64 = 8 * 1024 * 1024;

#[derive(Clone, Default)]
struct Counts {
    ends: Arc<AtomicU64>,
    traces: Arc<AtomicU64>,
}

impl Handler for Counts {
    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        assert!(event.payload.prompt.is_some() || event.event_type == EventType::QUERY);
        self.ends.fetch_add(1, Relaxed);
        Ok(())
    }

    fn on_trace_end(&mut self, _: &Arc<Trace>) -> HandlerResult {
        self.traces.fetch_add(1, Relaxed);
        Ok(())
    }
}

/// A query with nine calls of a model: ten spans.
fn trace() {
    query_span!("answer", query_str = "What is a span?").in_scope(|| {
        for _ in 0..9 {
            let chat = llm_span!("chat", model = "gpt-5-mini", session.id = "s-1");
            chat.in_scope(|| {
                chat.llm().prompt("A period of time?").usage(Usage::new(8, 2)).ok();
            });
        }
    });
}

/// Bytes of the process that are in memory, where the system tells (Linux).
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[test]
fn a_million_spans_are_delivered_or_counted_in_memory_that_does_not_grow() {
    let counts = Counts::default();
    let (layer, callbacks) = tracing_llm::layer().handler(counts.clone()).build();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer.filtered()));
    let (mut warm, mut steady) = (None, None);
    dispatcher::with_default(&dispatch, || {
        for made in (0..RUSH).step_by(BATCH as usize) {
            (0..BATCH / 10).for_each(|_| trace());
            callbacks.flush_blocking(PATIENCE).unwrap();
            if made + BATCH == WARM {
                warm = resident();
            }
        }
        steady = resident();
        assert_eq!(counts.ends.load(Relaxed), RUSH);
        assert_eq!(counts.traces.load(Relaxed), RUSH / 10);
        (0..(SPANS - RUSH) / 10).for_each(|_| trace());
    });
    let shutdown = callbacks.shutdown_blocking(PATIENCE);

    let stats = callbacks.stats();
    let handler = &stats.handlers[0];
    assert_eq!(stats.ends + stats.dropped_events, SPANS);
    assert_eq!(stats.starts, stats.ends);
    let brought = stats.starts + stats.ends + 2 * stats.traces;
    assert_eq!(handler.delivered + handler.dropped, brought);
    assert_eq!(handler.failed + handler.waiting + stats.late + stats.failures, 0);
    let lost = stats.dropped_events + handler.dropped;
    assert_eq!(shutdown.is_err(), lost > 0, "{shutdown:?}");

    match warm.zip(steady) {
        Some((warm, steady)) => {
            let growth = steady.saturating_sub(warm);
            println!("resident: {warm} bytes at {WARM} spans, {steady} at {RUSH}; {lost} lost");
            assert!(growth < GROWTH, "grew by {growth} bytes after {WARM} spans");
        }
        None => println!("memory was not measured: this system has no /proc/self/status"),
    }
}
