//! LlamaIndex's own text: `LlamaDebugHandler` of llama-index-core 0.14.25 on Python 3.11.

use std::fmt::Write as _;

use tracing_llm::{Event, EventType, SpanId, Timestamp, TraceMap};

use crate::escape::OneLine;
use crate::log::TraceView;

/// Python gives up on a tree that is more deeply nested than this.
const MAX_DEPTH: usize = 1_000;

/// A trace as `LlamaDebugHandler` prints it, byte for byte.
///
/// `event` gives the type of an event and the seconds that it took, or nothing for an event
/// that is ignored: it is left out, but its children keep their deeper indentation. Seconds
/// are written as Python writes a float. Control characters in a name are escaped, which the
/// original does not do.
///
/// ```
/// use tracing_llm::{EventType, SpanId, TraceMap};
///
/// let (query, llm) = (SpanId::new(1).unwrap(), SpanId::new(2).unwrap());
/// let mut map = TraceMap::default();
/// map.insert(None, query);
/// map.insert(Some(query), llm);
///
/// let text = tracing_llm_debug::compat_text("query", &map, |id| {
///     Some(if id == query { (EventType::QUERY, 0.25) } else { (EventType::LLM, 4e-5) })
/// });
/// assert_eq!(text, "\
/// **********
/// Trace: query
///     |_CBEventType.QUERY -> 0.25 seconds
///       |_CBEventType.LLM -> 4e-05 seconds
/// **********
/// ");
/// ```
#[must_use]
pub fn compat_text(
    trace_name: &str,
    map: &TraceMap,
    mut event: impl FnMut(SpanId) -> Option<(EventType, f64)>,
) -> String {
    let lines = map.walk().take(map.len()).filter_map(|(depth, id)| Some((depth, event(id)?)));
    write(trace_name, lines)
}

/// A trace of the log; `untimed` are types whose starts are ignored: the original knows no
/// time for those.
pub(crate) fn trace(view: &TraceView, untimed: impl Fn(EventType) -> bool) -> String {
    let lines = view.nodes.iter().map(|node| {
        let event_type = node.pair.event().event_type;
        let seconds = match node.pair.end() {
            Some(end) if !untimed(event_type) => seconds(end),
            _ => 0.0,
        };
        (node.depth, (event_type, seconds))
    });
    write(&view.trace.name, lines)
}

fn write(name: &str, lines: impl Iterator<Item = (usize, (EventType, f64))>) -> String {
    let mut text = format!("**********\nTrace: {}\n", OneLine(name));
    for (depth, (event_type, seconds)) in lines {
        let indent = 4 + 2 * depth.min(MAX_DEPTH);
        let name = OneLine(event_type.name());
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:indent$}|_CBEventType.{name} -> {} seconds",
            "",
            python_float(seconds)
        );
    }
    text.push_str("**********\n");
    text
}

/// Seconds as the original gets them: the difference of two times in whole microseconds.
#[allow(clippy::cast_precision_loss, reason = "Python divides to a float, too")]
fn seconds(event: &Event) -> f64 {
    let micros = |time: Timestamp| time.as_unix_nanos() / 1_000;
    (micros(event.end()) - micros(event.start)) as f64 / 1e6
}

/// A float as Python's `repr` writes it: the shortest digits that read back as the same
/// number, and an exponent outside of 1e-4 to 1e16.
fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let size = number.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        let shortest = format!("{number:?}");
        let places = shortest.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        return even(number, format!("{number:.places$}"), shortest);
    }
    let shortest = format!("{number:e}");
    let (digits, _) = shortest.split_once('e').unwrap_or((&shortest, ""));
    let places = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let text = even(number, format!("{number:.places$e}"), shortest);
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

/// Of two texts that are equally short and near, Python takes the one with the even digit,
/// as rounding to so many digits does.
fn even(number: f64, rounded: String, shortest: String) -> String {
    if rounded.parse() == Ok(number) { rounded } else { shortest }
}

#[cfg(test)]
mod tests;
