//! The handler: collects a trace's events, and keeps or hands on its rows.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tracing_llm::{Event, Handler, HandlerResult, Health, OutputStats, SpanId, Trace};

use super::build;
use super::row::{NodeRow, QueryRow};

/// How many rows of each kind are kept if nothing else is said.
const ROWS: usize = 10_000;

/// How many events of open traces are kept.
const EVENTS: usize = 10_000;

type Callback = Box<dyn FnMut(&[QueryRow], &[NodeRow]) -> HandlerResult + Send>;

/// Makes a table of the traces: a row for each query with its prompt, response and retrieved
/// documents, and a row for each node. LlamaIndex's `OpenInferenceCallbackHandler`.
///
/// The rows of a trace are made at its end. They go to the [callback](Self::on_trace), or,
/// without one, are kept until they are taken ([`flush_query_data_buffer`],
/// [`flush_node_data_buffer`]). Clones share their rows: one goes to the layer, one stays.
///
/// Rows hold texts as all handlers get them, after the core's redaction; the exporter's masking
/// of spans is not applied. Token counts, errors and nesting have no place in this format: for
/// them there are spans.
///
/// ```
/// use tracing_llm_openinference::OpenInferenceTable;
///
/// let table = OpenInferenceTable::new();
/// let (layer, callbacks) = tracing_llm::layer().handler(table.clone()).build();
/// // … the pipeline …
/// # drop(layer);
/// callbacks.flush_blocking(std::time::Duration::from_secs(5))?;
/// let mut lines = Vec::new();
/// OpenInferenceTable::write_jsonl(&table.flush_query_data_buffer(), &mut lines)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Into files, while the program runs:
///
/// ```
/// use std::fs::File;
/// use tracing_llm_openinference::OpenInferenceTable;
///
/// # let folder = std::env::temp_dir();
/// let mut queries = File::create(folder.join("queries.jsonl"))?;
/// let mut nodes = File::create(folder.join("nodes.jsonl"))?;
/// let table = OpenInferenceTable::new().on_trace(move |query_rows, node_rows| {
///     OpenInferenceTable::write_jsonl(query_rows, &mut queries)?;
///     OpenInferenceTable::write_jsonl(node_rows, &mut nodes)?;
///     Ok(())
/// });
/// # drop(table);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// [`flush_query_data_buffer`]: Self::flush_query_data_buffer
/// [`flush_node_data_buffer`]: Self::flush_node_data_buffer
#[derive(Clone)]
pub struct OpenInferenceTable {
    state: Arc<Mutex<State>>,
    /// Apart from the state, so that it may use the table.
    callback: Arc<Mutex<Option<Callback>>>,
}

struct State {
    only: Option<Vec<String>>,
    max_rows: usize,
    /// Ended events of traces that have not ended, in the order of their ends.
    events: VecDeque<Arc<Event>>,
    queries: VecDeque<QueryRow>,
    nodes: VecDeque<NodeRow>,
    counts: TableCounts,
}

/// What became of the rows of an [`OpenInferenceTable`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableCounts {
    /// Query rows that were made.
    pub query_rows: u64,
    /// Node rows that were made.
    pub node_rows: u64,
    /// Query rows that were dropped since nobody took them.
    pub dropped_query_rows: u64,
    /// Node rows that were dropped since nobody took them.
    pub dropped_node_rows: u64,
    /// Events that were dropped since too many traces were open: something is missing in
    /// their rows.
    pub dropped_events: u64,
}

impl OpenInferenceTable {
    /// A table of all traces, which keeps 10,000 rows of each kind.
    #[must_use]
    pub fn new() -> Self {
        let state = State {
            only: None,
            max_rows: ROWS,
            events: VecDeque::new(),
            queries: VecDeque::new(),
            nodes: VecDeque::new(),
            counts: TableCounts::default(),
        };
        Self { state: Arc::new(Mutex::new(state)), callback: Arc::default() }
    }

    /// Takes only traces of these names. LlamaIndex takes `query` and `chat`.
    #[must_use]
    pub fn only_traces<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.state().only = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// How many rows of each kind are kept until they are taken; of more, the oldest are
    /// dropped and counted.
    #[must_use]
    pub fn max_rows(self, rows: usize) -> Self {
        self.state().max_rows = rows;
        self
    }

    /// Calls this at the end of each trace that has rows, on the handler's thread, with the
    /// rows of that trace. They are not kept then. An error goes to the trap.
    #[must_use]
    pub fn on_trace(
        self,
        callback: impl FnMut(&[QueryRow], &[NodeRow]) -> HandlerResult + Send + 'static,
    ) -> Self {
        *self.callback.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(callback));
        self
    }

    /// Takes the query rows that are kept, oldest first.
    #[must_use]
    pub fn flush_query_data_buffer(&self) -> Vec<QueryRow> {
        std::mem::take(&mut self.state().queries).into()
    }

    /// Takes the node rows that are kept, oldest first.
    #[must_use]
    pub fn flush_node_data_buffer(&self) -> Vec<NodeRow> {
        std::mem::take(&mut self.state().nodes).into()
    }

    /// What became of the rows so far.
    #[must_use]
    pub fn counts(&self) -> TableCounts {
        self.state().counts
    }

    /// Writes rows as JSON, one a line, by the names of their columns. `pandas.read_json` with
    /// `lines=True` reads them.
    ///
    /// # Errors
    ///
    /// If the writer fails.
    pub fn write_jsonl<R: Serialize>(rows: &[R], mut to: impl Write) -> io::Result<()> {
        for row in rows {
            let mut line = serde_json::to_vec(row)?;
            line.push(b'\n');
            to.write_all(&line)?;
        }
        to.flush()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn takes(&self, trace_name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|name| name == trace_name))
    }

    fn note(&mut self, event: &Arc<Event>) {
        if self.events.len() >= EVENTS {
            self.events.pop_front();
            self.counts.dropped_events += 1;
        }
        self.events.push_back(Arc::clone(event));
    }

    /// The events of a trace that has ended.
    fn take_events(&mut self, trace: &Trace) -> Vec<Arc<Event>> {
        // Traces without a scope may share an id that came from another process: there the
        // map says whose an event is, unless it was full.
        let by_map = trace.scope_id.is_none() && trace.map.omitted() == 0;
        let in_map: Vec<SpanId> =
            if by_map { sorted(trace.map.walk().map(|(_, id)| id)) } else { Vec::new() };
        let (own, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.events).into_iter().partition(|event| {
                event.trace_id == trace.id
                    && event.scope_id == trace.scope_id
                    && (!by_map || in_map.binary_search(&event.span_id).is_ok())
            });
        self.events = others.into();
        own
    }

    fn keep(&mut self, query: Option<QueryRow>, nodes: Vec<NodeRow>) {
        self.queries.extend(query);
        self.nodes.extend(nodes);
        let beyond = self.queries.len().saturating_sub(self.max_rows);
        self.counts.dropped_query_rows += self.queries.drain(..beyond).len() as u64;
        let beyond = self.nodes.len().saturating_sub(self.max_rows);
        self.counts.dropped_node_rows += self.nodes.drain(..beyond).len() as u64;
    }
}

fn sorted(ids: impl Iterator<Item = SpanId>) -> Vec<SpanId> {
    let mut ids: Vec<SpanId> = ids.collect();
    ids.sort_unstable();
    ids
}

impl Handler for OpenInferenceTable {
    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        let mut state = self.state();
        if build::is_used(event) && state.takes(&event.trace_name) {
            state.note(event);
        }
        Ok(())
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let events = self.state().take_events(trace);
        let (query, nodes) = build::rows(trace, &events);
        if query.is_none() && nodes.is_empty() {
            return Ok(());
        }
        {
            let mut state = self.state();
            state.counts.query_rows += u64::from(query.is_some());
            state.counts.node_rows += nodes.len() as u64;
        }
        let mut callback = self.callback.lock().unwrap_or_else(PoisonError::into_inner);
        match callback.as_mut() {
            Some(callback) => callback(query.as_slice(), &nodes),
            None => {
                self.state().keep(query, nodes);
                Ok(())
            }
        }
    }

    fn health(&self) -> Health {
        let table = self.clone();
        Health::reading(move || {
            let state = table.state();
            let counts = &state.counts;
            let mut rows = OutputStats::new("rows");
            rows.dropped = counts.dropped_query_rows + counts.dropped_node_rows;
            rows.waiting = (state.queries.len() + state.nodes.len()) as u64;
            rows.exported =
                (counts.query_rows + counts.node_rows).saturating_sub(rows.dropped + rows.waiting);
            vec![rows]
        })
    }
}

impl Default for OpenInferenceTable {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for OpenInferenceTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenInferenceTable").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
