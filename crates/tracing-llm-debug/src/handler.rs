//! Collects records and routes texts.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_llm::{Event, EventType, Handler, HandlerResult, Trace};

use crate::color::{Color, Paint};
use crate::config::Config;
use crate::format::{Format, Look, compat, json, live, tree};
use crate::log::{Log, TraceView};
use crate::record::Phase;
use crate::sink::Sink;

const MAX_EVENTS: usize = 4_096;
const MAX_BYTES: usize = 64 << 20;

/// Prints traces, and keeps the newest events to be asked about.
///
/// A clone shares the log and the sink: give one to the layer and keep one.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler};
/// use tracing_llm_debug::{DebugHandler, Format};
///
/// let debug = DebugHandler::stdout().format(Format::Live).preview(30);
/// # let mut layer = debug.clone();
/// // .handler(debug.clone()) gives it to the layer, which calls it with each event:
/// layer.on_end(&Arc::new(Event::new(EventType::LLM, "chat")))?;
///
/// assert_eq!(debug.event_pairs(EventType::LLM).len(), 1);
/// println!("{}", debug.time_info(None)); // 1 event, total 0 s, …
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
///
/// # What is kept
///
/// The newest 4,096 events with at most 64 MiB of content, both of which are
/// settings; what is older is dropped and counted ([`dropped`](Self::dropped)).
/// A trace with events that are no longer there says how many it does not show.
///
/// # When printing fails
///
/// The failure of each text is handed to the layer, which counts it and reports
/// the first; the log goes on. Nothing panics: not on a closed pipe either.
#[must_use = "it prints nothing until it is given to a layer"]
#[derive(Clone, Debug)]
pub struct DebugHandler {
    config: Config,
    log: Arc<Mutex<Log>>,
    sink: Arc<Sink>,
}

impl DebugHandler {
    /// Prints to the standard output.
    pub fn stdout() -> Self {
        Self::new(Sink::Stdout)
    }

    /// Prints to the standard error.
    pub fn stderr() -> Self {
        Self::new(Sink::Stderr)
    }

    /// Prints into a writer: each block in one call of `write_all`, then a flush.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::new(Sink::writer(writer))
    }

    /// Prints through `tracing` itself: an event at DEBUG with the target
    /// [`TARGET`](crate::TARGET) for each block, never coloured. The other layers get it,
    /// ours does not.
    pub fn tracing() -> Self {
        Self::new(Sink::Tracing)
    }

    fn new(sink: Sink) -> Self {
        Self {
            config: Config::default(),
            log: Arc::new(Mutex::new(Log::new(MAX_EVENTS, MAX_BYTES))),
            sink: Arc::new(sink),
        }
    }

    /// What is printed; [`Format::Tree`] by default.
    pub fn format(mut self, format: Format) -> Self {
        self.config.format = format;
        self
    }

    /// Whether a trace is printed when it ends, and at shutdown if it has not; true by default.
    ///
    /// Lines for single events ([`Format::JsonLines`], [`Format::Live`]) are not affected.
    pub fn print_trace_on_end(mut self, print: bool) -> Self {
        self.config.print_trace_on_end = print;
        self
    }

    /// When texts are coloured; [`Color::Auto`] by default.
    pub fn color(mut self, color: Color) -> Self {
        self.config.color = color;
        self
    }

    /// How many characters of an input and of an output are shown; 60 by default, with 0 none.
    pub fn preview(mut self, characters: usize) -> Self {
        self.config.preview = characters;
        self
    }

    /// Keeps and prints no starts of these types. The children of an ignored event stay.
    pub fn event_starts_to_ignore(mut self, types: impl IntoIterator<Item = EventType>) -> Self {
        self.config.starts_to_ignore = types.into_iter().collect();
        self
    }

    /// Keeps and prints no ends of these types. An event of which neither start nor end is
    /// kept is not in the tree.
    pub fn event_ends_to_ignore(mut self, types: impl IntoIterator<Item = EventType>) -> Self {
        self.config.ends_to_ignore = types.into_iter().collect();
        self
    }

    /// How many events are kept, ignored ones included; 4,096 by default. All clones share it.
    pub fn max_events(self, events: usize) -> Self {
        self.log().bound(Some(events), None);
        self
    }

    /// How many bytes of content the kept events may hold, about; 64 MiB by default. The
    /// newest event is kept whatever its size. All clones share it.
    pub fn max_bytes(self, bytes: usize) -> Self {
        self.log().bound(None, Some(bytes));
        self
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints a trace whole, in the format of traces.
    pub(crate) fn print_trace(&self, view: &TraceView) -> std::io::Result<()> {
        let text = match self.config.format {
            Format::Tree | Format::Live => tree::trace(view, self.look()),
            Format::Compat => compat::trace(view, |t| self.config.starts_to_ignore.contains(&t)),
            Format::JsonLines => json::trace_end(&view.trace)?,
        };
        self.sink.print(&text)
    }

    fn look(&self) -> Look {
        let color = if self.sink.is_tracing() { Color::Never } else { self.config.color };
        let paint: Paint = color.paint(self.sink.is_terminal());
        Look { paint, preview: self.config.preview }
    }

    /// What the end of a trace prints.
    fn print_trace_end(&self, view: &TraceView) -> std::io::Result<()> {
        match self.config.format {
            _ if !self.config.print_trace_on_end => Ok(()),
            Format::Live => self.sink.print(&live::trace_end(&view.trace, self.look())),
            Format::Tree | Format::Compat | Format::JsonLines => self.print_trace(view),
        }
    }

    /// What a trace prints that has not ended at shutdown.
    fn print_unfinished(&self, view: &TraceView) -> std::io::Result<()> {
        match self.config.format {
            Format::Tree | Format::Compat => self.print_trace_end(view),
            Format::JsonLines | Format::Live => {
                let mut text = String::new();
                for node in view.nodes.iter().filter(|node| node.pair.end().is_none()) {
                    let event = node.pair.event();
                    text += &match self.config.format {
                        Format::JsonLines => json::unfinished(event)?,
                        _ => live::unfinished(event, node.depth, self.look()),
                    };
                }
                self.sink.print(&text)
            }
        }
    }
}

impl Handler for DebugHandler {
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        let ignored = self.config.starts_to_ignore.contains(&event.event_type);
        let depth = self.log().add(Phase::Start, event, ignored);
        match self.config.format {
            Format::Live if !ignored => {
                self.sink.print(&live::start(event, depth, self.look()))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        let ignored = self.config.ends_to_ignore.contains(&event.event_type);
        let depth = self.log().add(Phase::End, event, ignored);
        match self.config.format {
            _ if ignored => {}
            Format::Live => self.sink.print(&live::end(event, depth, self.look()))?,
            Format::JsonLines => self.sink.print(&json::end(event)?)?,
            Format::Tree | Format::Compat => {}
        }
        Ok(())
    }

    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        if self.config.format == Format::Live && self.config.print_trace_on_end {
            self.sink.print(&live::trace_start(trace, self.look()))?;
        }
        Ok(())
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let view = self.log().end_trace(trace);
        Ok(self.print_trace_end(&view)?)
    }

    fn flush(&mut self) -> HandlerResult {
        Ok(self.sink.flush()?)
    }

    /// Prints what is kept of the traces that have not ended, marked as unfinished.
    fn shutdown(&mut self) -> HandlerResult {
        let unfinished = self.log().end_unfinished();
        for view in &unfinished {
            self.print_unfinished(view)?;
        }
        self.flush()
    }
}

#[cfg(test)]
mod tests;
