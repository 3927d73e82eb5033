//! Records model calls.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_llm::{Event, EventType, Handler, HandlerResult, Health};

use crate::builder::{Builder, Filter};
use crate::convert::{self, Example, FineTuningEvent};
use crate::error::Error;
use crate::kept::Kept;
use crate::seen::Seen;
use crate::statistics::Statistics;
use crate::stats::Counts;
use crate::writer::{self, Writer};

/// Records the model calls that succeeded as training examples.
///
/// A clone shares what is recorded: give one to the layer and keep one.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler, Message};
/// use tracing_llm_finetuning::FineTuning;
///
/// let recorder = FineTuning::new();
/// # let mut layer = recorder.clone();
/// // .handler(recorder.clone()) gives it to the layer, which calls it with each event:
/// let mut call = Event::new(EventType::LLM, "complete");
/// call.payload.prompt = Some("2+3=".into());
/// call.payload.completion = Some("5".into());
/// layer.on_end(&Arc::new(call))?;
///
/// # let folder = std::env::temp_dir().join(format!("finetuning-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("train.jsonl");
/// assert_eq!(recorder.save_finetuning_events(&path)?, 1);
/// assert_eq!(
///     std::fs::read_to_string(&path)?,
///     r#"{"messages": [{"role": "user", "content": "2+3="}, {"role": "assistant", "content": "5"}]}"#
/// );
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone)]
pub struct FineTuning {
    shared: Arc<Mutex<State>>,
    /// Not with the rest: nobody who reads the counts waits for a disk.
    writer: Option<Arc<Mutex<Writer>>>,
    file: Option<Arc<Path>>,
    /// Called without the lock, by the one clone that the layer has.
    filter: Arc<Mutex<Option<Filter>>>,
}

struct State {
    kept: Kept,
    seen: Option<Seen>,
    counts: Counts,
    /// Lines of ours that are in the file.
    written: u64,
}

impl FineTuning {
    /// Records into memory.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Builder::new(), None)
    }

    /// Settings: a file, a filter, deduplication.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn with(settings: Builder, writer: Option<(Writer, bool)>) -> Self {
        let torn = writer.as_ref().is_some_and(|(_, torn)| *torn);
        let state = State {
            kept: Kept::new(settings.max_bytes),
            seen: settings.deduplicate.then(Seen::default),
            counts: Counts { torn_lines: torn.into(), ..Counts::default() },
            written: 0,
        };
        Self {
            shared: Arc::new(Mutex::new(state)),
            file: writer.as_ref().map(|(writer, _)| writer.path().into()),
            writer: writer.map(|(writer, _)| Arc::new(Mutex::new(writer))),
            filter: Arc::new(Mutex::new(settings.filter)),
        }
    }

    /// The recorded calls that are in memory, in the order in which they began.
    #[must_use]
    pub fn finetuning_events(&self) -> Vec<FineTuningEvent> {
        let examples = self.state().kept.in_order();
        examples.into_iter().map(|example| example.event).collect()
    }

    /// Writes the recorded calls that are in memory to a file, one a line, in the order in which
    /// they began, and gives back how many: what the original's `save_finetuning_events` writes,
    /// without a line break after the last. What the file held before is replaced, at once.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; then it is as it was.
    pub fn save_finetuning_events(&self, path: impl AsRef<Path>) -> Result<usize, Error> {
        let examples = self.state().kept.in_order();
        let lines: Vec<&str> = examples.iter().map(|example| &*example.line).collect();
        writer::replace(path.as_ref(), &lines.join("\n"))?;
        Ok(lines.len())
    }

    /// What became of the calls.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    /// How long the examples in memory are.
    ///
    /// `tokens` counts the tokens of a text; without one, tokens are not counted. A tokenizer is in
    /// `tracing-llm-tokens`.
    #[must_use]
    pub fn statistics(&self, tokens: Option<&dyn Fn(&str) -> usize>) -> Statistics {
        let examples = self.state().kept.in_order();
        Statistics::of(examples.iter().map(|example| &*example.line), tokens)
    }

    /// Forgets what is in memory, and what was seen. The file and the counts stay.
    pub fn clear(&self) {
        let mut state = self.state();
        state.kept.clear();
        if let Some(seen) = &mut state.seen {
            seen.clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.shared)
    }

    /// Whether the filter lets a call through. No lock that others wait for is held meanwhile.
    fn lets_through(&self, event: &Event) -> bool {
        let mut filter = self.filter.lock().unwrap_or_else(PoisonError::into_inner);
        filter.as_mut().is_none_or(|filter| filter(event))
    }

    fn record(&self, example: Example) -> HandlerResult {
        let line = Arc::clone(&example.line);
        if !self.state().keep(example) || self.file.is_none() {
            return Ok(());
        }
        let written = self.write(|writer| writer.append(&line));
        let mut state = self.state();
        match written {
            Ok(()) => state.written += 1,
            Err(_) => state.counts.not_written += 1,
        }
        drop(state);
        Ok(written?)
    }

    /// Does this with the file, if there is one.
    fn write(&self, write: impl FnOnce(&mut Writer) -> Result<(), Error>) -> Result<(), Error> {
        let Some(writer) = &self.writer else { return Ok(()) };
        write(&mut writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Says whether it is the first time.
    fn keep(&mut self, example: Example) -> bool {
        if self.seen.as_mut().is_some_and(|seen| !seen.is_new(&example.line)) {
            self.counts.duplicates += 1;
            return false;
        }
        self.counts.recorded += 1;
        self.counts.forgotten += self.kept.push(example);
        true
    }
}

impl Handler for FineTuning {
    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        if event.event_type != EventType::LLM {
            return Ok(());
        }
        match convert::example(event) {
            Ok(_) if !self.lets_through(event) => self.state().counts.filtered += 1,
            Ok(example) => return self.record(example),
            Err(skip) => self.state().counts.skipped(skip),
        }
        Ok(())
    }

    fn flush(&mut self) -> HandlerResult {
        Ok(self.write(|writer| writer.sync())?)
    }

    /// None without a file: examples in memory go nowhere.
    fn health(&self) -> Health {
        if self.file.is_none() {
            return Health::none();
        }
        let shared = Arc::clone(&self.shared);
        Health::reading(move || {
            let state = locked(&shared);
            vec![state.counts.output(state.written)]
        })
    }
}

impl Default for FineTuning {
    fn default() -> Self {
        Self::new()
    }
}

/// Never the examples themselves.
impl fmt::Debug for FineTuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FineTuning")
            .field("file", &self.file)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
