//! A handle to the run that is being written.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;
use tracing_llm::{Health, OutputStats, Timestamp};

use crate::error::Error;
use crate::history::Row;

/// How many rows and values wait for the handler's thread at most.
const WAITING: usize = 10_000;

/// The run that a [`Wandb`](crate::Wandb) handler writes: where it is, what became of it, and a way
/// to log values of one's own into it. A cheap clone, for any thread.
///
/// Nothing blocks: a value is written on the handler's thread, with the next event or trace that
/// ends, at [`flush`](tracing_llm::Callbacks::flush), or at shutdown.
///
/// ```
/// use tracing_llm_wandb::Wandb;
///
/// # let folder = std::env::temp_dir().join(format!("wandb-run-{}", std::process::id()));
/// let wandb = Wandb::builder().dir(&folder).build()?;
/// let run = wandb.run().expect("it is not disabled");
/// let (layer, callbacks) = tracing_llm::layer().handler(wandb).build();
/// # drop(layer);
///
/// run.log([("eval/accuracy", 0.92), ("eval/latency_s", 1.5)])?;
/// run.summarize("eval/questions", 120)?;
/// callbacks.shutdown_blocking(std::time::Duration::from_secs(10))?;
/// println!("{}", run.sync_command()); // wandb sync ./wandb/offline-run-20261125_111719-k3v9x0qa
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Run {
    shared: Arc<Shared>,
}

struct Shared {
    id: String,
    folder: PathBuf,
    file: PathBuf,
    inbox: Mutex<Inbox>,
    tally: Tally,
}

#[derive(Default)]
struct Inbox {
    waiting: Waiting,
    has_ended: bool,
}

/// What the program logs by itself, until it is written.
#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) rows: Vec<(Row, Timestamp)>,
    pub(crate) summary: Vec<(String, Value)>,
}

#[derive(Default)]
struct Tally {
    traces: AtomicU64,
    calls: AtomicU64,
    table_rows: AtomicU64,
    records: AtomicU64,
    failed: AtomicU64,
    left_out: AtomicU64,
    cut: AtomicU64,
}

/// What was written of a run so far.
///
/// ```
/// use tracing_llm_wandb::RunCounts;
///
/// let counts = RunCounts::default();
/// assert_eq!(counts.to_string(), "0 traces, 0 calls, 0 records");
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Trace trees.
    pub traces: u64,
    /// Rows of the history that stand for calls of models.
    pub calls: u64,
    /// Rows of the table of LLM calls.
    pub table_rows: u64,
    /// Records of the file.
    pub records: u64,
    /// Records and files that could not be written.
    pub failed: u64,
    /// Spans that a tree had no room for: it holds 10,000.
    pub spans_left_out: u64,
    /// Trees that were written before their traces had ended: too much was open, or the run ended.
    /// What comes of such a trace afterwards is another tree.
    pub traces_cut: u64,
}

impl Run {
    pub(crate) fn new(id: &str, folder: &Path, file: &Path) -> Self {
        Self {
            shared: Arc::new(Shared {
                id: id.to_owned(),
                folder: folder.to_owned(),
                file: file.to_owned(),
                inbox: Mutex::default(),
                tally: Tally::default(),
            }),
        }
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// The run's folder: `<dir>/wandb/offline-run-<time>-<id>`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// The run's file, in that folder.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.shared.file
    }

    /// The command that uploads it, for a person to run.
    #[must_use]
    pub fn sync_command(&self) -> String {
        format!("wandb sync {}", self.shared.folder.display())
    }

    /// Logs a row of the history, as `wandb.log` does: names and any JSON values.
    ///
    /// Events come to the handler by a queue of their own, so the row may stand a few steps before
    /// calls that ended just before it. A step's time is never before that of the step before.
    ///
    /// JSON has no number for NaN and the infinities: [`Value`] makes null of them. W&B knows the
    /// texts `"NaN"`, `"Infinity"` and `"-Infinity"` in their place.
    ///
    /// # Errors
    ///
    /// If a name is empty or begins with `_` (those are W&B's), if 10,000 rows wait already, or if
    /// the run has ended.
    pub fn log<N: Into<String>, V: Into<Value>>(
        &self,
        row: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), Error> {
        let row: Row = row.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        row.iter().try_for_each(|(name, _)| check(name))?;
        let at = Timestamp::from(SystemTime::now());
        self.inbox()?.waiting.rows.push((row, at));
        Ok(())
    }

    /// Sets a value of the summary, as `wandb.summary` does: any JSON value.
    ///
    /// # Errors
    ///
    /// As [`log`](Self::log).
    pub fn summarize(&self, name: impl Into<String>, value: impl Into<Value>) -> Result<(), Error> {
        let name = name.into();
        check(&name)?;
        self.inbox()?.waiting.summary.push((name, value.into()));
        Ok(())
    }

    /// What was written so far.
    #[must_use]
    pub fn counts(&self) -> RunCounts {
        let Tally { traces, calls, table_rows, records, failed, left_out, cut } =
            &self.shared.tally;
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RunCounts {
            traces: load(traces),
            calls: load(calls),
            table_rows: load(table_rows),
            records: load(records),
            failed: load(failed),
            spans_left_out: load(left_out),
            traces_cut: load(cut),
        }
    }

    /// What becomes of the records, for the layer's statistics.
    pub(crate) fn health(&self) -> Health {
        let run = self.clone();
        Health::reading(move || {
            let counts = run.counts();
            let mut output = OutputStats::new("file");
            output.exported = counts.records;
            output.failed = counts.failed;
            output.failures = counts.failed;
            output.waiting = run.locked().waiting.rows.len() as u64;
            vec![output]
        })
    }

    /// Takes what waits; after the `last` time nothing more is taken in.
    pub(crate) fn waiting(&self, last: bool) -> Waiting {
        let mut inbox = self.locked();
        inbox.has_ended |= last;
        std::mem::take(&mut inbox.waiting)
    }

    pub(crate) fn wrote_trace(&self, spans_left_out: u64, is_cut: bool) {
        self.shared.tally.traces.fetch_add(1, Ordering::Relaxed);
        self.shared.tally.left_out.fetch_add(spans_left_out, Ordering::Relaxed);
        self.shared.tally.cut.fetch_add(is_cut.into(), Ordering::Relaxed);
    }

    pub(crate) fn wrote_call(&self) {
        self.shared.tally.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wrote_table(&self, rows: u64) {
        self.shared.tally.table_rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn wrote_record(&self) {
        self.shared.tally.records.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.shared.tally.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// The inbox, if it takes one more.
    fn inbox(&self) -> Result<MutexGuard<'_, Inbox>, Error> {
        let inbox = self.locked();
        if inbox.has_ended {
            return Err(Error::ended());
        }
        if inbox.waiting.rows.len() + inbox.waiting.summary.len() >= WAITING {
            return Err(Error::full());
        }
        Ok(inbox)
    }

    fn locked(&self) -> MutexGuard<'_, Inbox> {
        self.shared.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.starts_with('_') {
        return Err(Error::setting("a name", "is empty or begins with _, as W&B's own do"));
    }
    Ok(())
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("id", &self.id())
            .field("folder", &self.folder())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for RunCounts {
    /// `3 traces, 12 calls, 40 records`, and what is missing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |count: u64, noun: &str| match count {
            1 => format!("1 {noun}"),
            _ => format!("{count} {noun}s"),
        };
        let (traces, calls) = (of(self.traces, "trace"), of(self.calls, "call"));
        write!(f, "{traces}, {calls}, {}", of(self.records, "record"))?;
        if self.failed > 0 {
            write!(f, ", {} not written", self.failed)?;
        }
        if self.spans_left_out > 0 {
            write!(f, ", {} left out", of(self.spans_left_out, "span"))?;
        }
        if self.traces_cut > 0 {
            write!(f, ", {} cut", of(self.traces_cut, "trace"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
