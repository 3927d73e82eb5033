//! What happens, as it happens.

use tracing_llm::{Event, Trace, TraceId};

use super::line::{self, End, GAP};
use super::units::human;
use super::{Look, MAX_INDENT, content};

/// A trace has begun.
pub(crate) fn trace_start(trace: &Trace, look: Look) -> String {
    let name = look.paint.strong(&line::name(&trace.name));
    write(trace.id, 0, look, &format!("● {name}"))
}

/// A trace has ended.
pub(crate) fn trace_end(trace: &Trace, look: Look) -> String {
    let name = look.paint.strong(&line::name(&trace.name));
    let time = look.paint.number(&human(trace.elapsed));
    write(trace.id, 0, look, &format!("■ {name}{GAP}{time}"))
}

/// An event has begun.
pub(crate) fn start(event: &Event, depth: usize, look: Look) -> String {
    let facts = line::facts(event, End::ToCome, look);
    event_line(event, depth, look, "┌ ", &facts, content::input(event, look.preview))
}

/// An event has ended.
pub(crate) fn end(event: &Event, depth: usize, look: Look) -> String {
    let facts = line::facts(event, End::Known, look);
    let output = content::output(event, look.preview).map(|output| format!("→ {output}"));
    event_line(event, depth, look, "└ ", &facts, output)
}

/// An event will not end any more.
pub(crate) fn unfinished(event: &Event, depth: usize, look: Look) -> String {
    let facts = line::facts(event, End::Unknown, look);
    event_line(event, depth, look, "└ ", &facts, None)
}

fn event_line(
    event: &Event,
    depth: usize,
    look: Look,
    sign: &str,
    facts: &str,
    preview: Option<String>,
) -> String {
    let preview = preview.map(|text| format!("{GAP}{}", look.paint.faint(&text)));
    let text = format!("{sign}{facts}{}", preview.unwrap_or_default());
    let deeper = match depth {
        0..=MAX_INDENT => String::new(),
        _ => format!("(depth {depth}) "),
    };
    // The trace's own lines are above its events.
    write(event.trace_id, depth.min(MAX_INDENT) + 1, look, &format!("{deeper}{text}"))
}

fn write(trace: TraceId, indent: usize, look: Look, text: &str) -> String {
    let guides = format!("{}  {}", line::short(trace), "│ ".repeat(indent));
    format!("{}{text}\n", look.paint.faint(&guides))
}

#[cfg(test)]
mod tests;
