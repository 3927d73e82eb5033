//! The handler: trees and rows of events, into the run.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::json;
use tracing_llm::{Event, EventType, Handler, HandlerResult, Health, Timestamp, Trace};

use crate::calls::{Figures, Kind};
use crate::convert::Clip;
use crate::error::Error;
use crate::forest::Forest;
use crate::history::{self, LLM_CALLS, Row, TRACE};
use crate::journal::Journal;
use crate::run::Run;
use crate::settings::{Builder, Settings};
use crate::table::Table;
use crate::time;
use crate::tree::Tree;
use crate::writer::Writer;

/// Writes events as an offline run of Weights & Biases.
///
/// Each call of a model that ends is a row of the history, and each trace another one, with its
/// tree; LLM calls are rows of a table, too. Each record is in the file when its hook returns. The
/// run ends at shutdown; `wandb sync` uploads it.
///
/// ```
/// use tracing_llm::prelude::*;
/// use tracing_llm_wandb::Wandb;
/// use tracing_subscriber::prelude::*;
///
/// # let folder = std::env::temp_dir().join(format!("wandb-handler-{}", std::process::id()));
/// let wandb = Wandb::builder().dir(&folder).project("rag").config("top_k", 3).build()?;
/// let run = wandb.run();
/// let (layer, callbacks) = tracing_llm::layer().handler(wandb).build();
/// let subscriber = tracing_subscriber::registry().with(layer.filtered());
/// tracing::subscriber::with_default(subscriber, || {
///     let query = event_span!(QUERY, "answer", query_str = "What is a span?").entered();
///     let call = event_span!(LLM, "chat", model = "gpt-5-mini").entered();
///     call.llm().messages([Message::user("What is a span?")]).reply("A period of time.");
///     call.llm().usage(Usage::new(12, 5));
/// });
/// callbacks.shutdown_blocking(std::time::Duration::from_secs(10))?;
///
/// let counts = run.map(|run| run.counts()).unwrap_or_default();
/// assert_eq!((counts.traces, counts.calls), (1, 1));
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Wandb {
    open: Option<Open>,
    run: Option<Run>,
    /// Said at the first event, not when it is made: then a subscriber listens.
    says_offline: bool,
}

/// A run that has not ended.
struct Open {
    writer: Writer,
    journal: Journal,
    forest: Forest,
    table: Table,
    totals: Figures,
    run: Run,
}

impl Wandb {
    /// A run with the settings of the environment: see [`Builder::environment`].
    ///
    /// # Errors
    ///
    /// If a variable cannot be used, or the run's folder or file cannot be made.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().environment()?.build()
    }

    /// Settings by code.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The run that is written; none if it is disabled. Got before the handler is given to the
    /// layer.
    #[must_use]
    pub fn run(&self) -> Option<Run> {
        self.run.clone()
    }

    pub(crate) fn new(settings: Option<Settings>) -> Result<Self, Error> {
        let Some(settings) = settings else {
            return Ok(Self { open: None, run: None, says_offline: false });
        };
        let Settings { dir, arguments, text_limit, online } = settings;
        let start = now();
        let mut writer = Writer::create(&dir, &time::stamp(start), &arguments.id)?;
        let mut journal = Journal::new(&arguments.id, start);
        let run = Run::new(&arguments.id, writer.folder(), writer.path());
        for record in journal.begin(&arguments) {
            writer.append(&record)?;
            run.wrote_record();
        }
        let clip = Clip(text_limit);
        let open = Open {
            writer,
            journal,
            forest: Forest::new(clip),
            table: Table::new(clip),
            totals: Figures::default(),
            run: run.clone(),
        };
        Ok(Self { open: Some(open), run: Some(run), says_offline: online })
    }

    fn say_offline(&mut self) {
        if let (true, Some(run)) = (self.says_offline, &self.run) {
            self.says_offline = false;
            tracing::warn!(
                "WANDB_MODE asks for an online run; it is written offline: {}",
                run.sync_command()
            );
        }
    }
}

impl Open {
    fn start(&mut self, event: &Arc<Event>) -> Result<(), Error> {
        let evicted = self.forest.begin(event);
        Error::all(evicted.into_iter().map(|tree| self.write_tree(tree)).collect::<Vec<_>>())
    }

    fn end(&mut self, event: &Event) -> Result<(), Error> {
        let ended = self.forest.end(event);
        self.totals.remove(&ended.replaced);
        self.totals.add(&Figures::of(event, ended.counts));
        let mut results = vec![self.write_waiting(false)];
        if let (Some(kind), true) = (Kind::of(event.event_type), ended.counts.has_row()) {
            let row = history::call(event, kind, ended.counts, &self.totals);
            results.push(self.write_row(row, event.end()).map(|()| self.run.wrote_call()));
        }
        if event.event_type == EventType::LLM && ended.counts.has_row() {
            self.table.push(event);
            if self.table.is_full() {
                results.push(self.write_table(event.end()));
            }
        }
        results.extend(ended.evicted.into_iter().map(|tree| self.write_tree(tree)));
        Error::all(results)
    }

    fn trace_end(&mut self, trace: &Trace) -> Result<(), Error> {
        let waiting = self.write_waiting(false);
        let tree = self.forest.trace_ends(trace).filter(|_| !trace.context.suppressed);
        let written = tree.map_or(Ok(()), |tree| self.write_tree(tree));
        Error::all([waiting, written])
    }

    fn flush(&mut self) -> Result<(), Error> {
        let waiting = self.write_waiting(false);
        let table = self.write_table(now());
        Error::all([waiting, table, self.write_summary(true)])
    }

    /// Writes what is left, and that the run has ended.
    fn finish(mut self) -> Result<(), Error> {
        let mut results = vec![self.write_waiting(true)];
        for tree in self.forest.rest() {
            results.push(self.write_tree(tree));
        }
        results.push(self.write_table(now()));
        results.push(self.write_summary(true));
        let exit = self.journal.exit(now());
        results.push(self.append(&exit));
        results.push(self.writer.sync());
        Error::all(results)
    }

    fn write_tree(&mut self, tree: Tree) -> Result<(), Error> {
        let mut row = history::trace(&tree, &self.totals);
        let (end, left_out, is_cut) = (tree.end, tree.left_out, tree.is_cut);
        // A span is plain data with text for keys: it always has a JSON form.
        let dumps = serde_json::to_string(&tree.into_root()).unwrap_or_default();
        let value = json!({ "_type": "wb_trace_tree", "root_span_dumps": dumps });
        row.push((TRACE.to_owned(), value));
        let written = self.write_row(row, end);
        if written.is_ok() {
            self.run.wrote_trace(left_out, is_cut);
        }
        Error::all([written, self.write_summary(false)])
    }

    /// The file first: a record never names one that is not there.
    fn write_table(&mut self, at: Timestamp) -> Result<(), Error> {
        let Some(part) = self.table.take(LLM_CALLS, self.journal.step()) else { return Ok(()) };
        if let Err(error) = self.writer.write_file(&part.path, &part.content) {
            self.run.failed();
            return Err(error);
        }
        let file = self.journal.file(&part.path);
        self.append(&file)?;
        self.write_row(vec![(LLM_CALLS.to_owned(), part.value.into())], at)?;
        self.run.wrote_table(part.rows);
        Ok(())
    }

    /// What the program logs by itself.
    fn write_waiting(&mut self, last: bool) -> Result<(), Error> {
        let waiting = self.run.waiting(last);
        for (name, value) in waiting.summary {
            self.journal.set(name, value);
        }
        let rows = waiting.rows.into_iter();
        Error::all(rows.map(|(row, at)| self.write_row(row, at)).collect::<Vec<_>>())
    }

    fn write_row(&mut self, row: Row, at: Timestamp) -> Result<(), Error> {
        let record = self.journal.row(row, at);
        self.append(&record)
    }

    fn write_summary(&mut self, whole: bool) -> Result<(), Error> {
        let record = self.journal.summary(whole);
        record.map_or(Ok(()), |record| self.append(&record))
    }

    fn append(&mut self, record: &[u8]) -> Result<(), Error> {
        let written = self.writer.append(record);
        match written {
            Ok(()) => self.run.wrote_record(),
            Err(_) => self.run.failed(),
        }
        written
    }
}

impl Handler for Wandb {
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        self.say_offline();
        match &mut self.open {
            Some(open) if !event.context.suppressed => Ok(open.start(event)?),
            _ => Ok(()),
        }
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        self.say_offline();
        match &mut self.open {
            Some(open) if !event.context.suppressed => Ok(open.end(event)?),
            _ => Ok(()),
        }
    }

    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        if let Some(open) = &mut self.open {
            open.forest.trace_begins(trace);
        }
        Ok(())
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        match &mut self.open {
            Some(open) => Ok(open.trace_end(trace)?),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> HandlerResult {
        match &mut self.open {
            Some(open) => Ok(open.flush()?),
            None => Ok(()),
        }
    }

    fn shutdown(&mut self) -> HandlerResult {
        match self.open.take() {
            Some(open) => Ok(open.finish()?),
            None => Ok(()),
        }
    }

    fn health(&self) -> Health {
        self.run.as_ref().map_or_else(Health::none, Run::health)
    }
}

impl fmt::Debug for Wandb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wandb").field("run", &self.run).finish_non_exhaustive()
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

#[cfg(test)]
mod tests;
