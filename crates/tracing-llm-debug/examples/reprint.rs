//! Prints what was recorded as JSON lines.
//!
//! ```text
//! cargo run -p tracing-llm-debug --example reprint -- [tree|compat|json] [FILE]
//! ```
//!
//! A program that writes `Format::JsonLines` into a file can be looked at later. Without a
//! file it reprints `rag.jsonl`, which lies beside it.

use std::error::Error;
use std::fs;
use std::sync::Arc;

use serde::Deserialize;
use tracing_llm::{Event, Handler, Trace};
use tracing_llm_debug::{DebugHandler, Format};

const RAG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/rag.jsonl");

/// A line has one of these.
#[derive(Deserialize)]
struct Line {
    end: Option<Arc<Event>>,
    trace_end: Option<Arc<Trace>>,
    unfinished: Option<Arc<Event>>,
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let format = match arguments.next().as_deref() {
        None | Some("tree") => Format::Tree,
        Some("compat") => Format::Compat,
        Some("json") => Format::JsonLines,
        Some(other) => return Err(format!("no format {other:?}: tree, compat or json").into()),
    };
    let file = arguments.next().unwrap_or_else(|| RAG.to_owned());
    let mut debug = DebugHandler::stdout().format(format);
    reprint(&fs::read_to_string(file)?, &mut debug)?;
    #[allow(clippy::print_stderr, reason = "an example talks")]
    {
        eprintln!("{}", debug.time_info(None));
    }
    Ok(())
}

/// Hands the recorded lines to a handler, as the layer does.
///
/// # Errors
///
/// If a line cannot be read, or the handler fails.
pub(crate) fn reprint(
    lines: &str,
    debug: &mut DebugHandler,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    for line in lines.lines() {
        let line: Line = serde_json::from_str(line)?;
        // An event that ended is told by its end alone: that record is complete.
        line.unfinished.map_or(Ok(()), |event| debug.on_start(&event))?;
        line.end.map_or(Ok(()), |event| debug.on_end(&event))?;
        line.trace_end.map_or(Ok(()), |trace| debug.on_trace_end(&trace))?;
    }
    debug.shutdown()
}
