//! What became of the spans.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_llm::{Health, OutputStats};

/// The books of an exporter, shared by the handler, its thread and whoever reads our health: each
/// span is exported, failed, dropped, or waits.
#[derive(Clone, Default)]
pub(super) struct Books(Arc<Mutex<Page>>);

#[derive(Default)]
struct Page {
    exported: u64,
    failed: u64,
    dropped: u64,
    waiting: u64,
    failures: u64,
    untold: Option<Failed>,
}

/// The first failure since the last that was told, and the spans that were lost by all since then.
struct Failed {
    first: String,
    spans: u64,
}

impl Books {
    /// A span is on its way to the thread.
    pub(super) fn sent(&self) {
        self.page().waiting += 1;
    }

    /// So many spans were exported, or lost by a failure.
    pub(super) fn exported(&self, spans: usize, result: Result<(), String>) {
        let spans = spans as u64;
        let mut page = self.page();
        page.waiting = page.waiting.saturating_sub(spans);
        match result {
            Ok(()) => page.exported += spans,
            Err(error) => {
                page.failed += spans;
                page.failures += 1;
                page.untold.get_or_insert(Failed { first: error, spans: 0 }).spans += spans;
            }
        }
    }

    /// The thread has ended: nothing that waits will arrive.
    pub(super) fn give_up(&self) {
        let mut page = self.page();
        page.dropped += std::mem::take(&mut page.waiting);
    }

    /// What failed and was not told yet. It is told once.
    pub(super) fn tell(&self) -> Result<(), String> {
        match self.page().untold.take() {
            None => Ok(()),
            Some(Failed { first, spans: 0 }) => Err(first),
            Some(Failed { first, spans }) => {
                Err(format!("{spans} spans were not exported: {first}"))
            }
        }
    }

    pub(super) fn health(&self) -> Health {
        let books = self.clone();
        Health::reading(move || {
            let page = books.page();
            let mut output = OutputStats::new("exporter");
            output.exported = page.exported;
            output.failed = page.failed;
            output.dropped = page.dropped;
            output.waiting = page.waiting;
            output.failures = page.failures;
            vec![output]
        })
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
