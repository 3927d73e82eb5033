//! A JSON object a line.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use tracing_llm::{Event, Trace};

use crate::escape::is_control;

/// An event has ended.
pub(crate) fn end(event: &Event) -> serde_json::Result<String> {
    Line { end: Some(event), ..Line::default() }.text()
}

/// A trace has ended.
pub(crate) fn trace_end(trace: &Trace) -> serde_json::Result<String> {
    Line { trace_end: Some(trace), omitted: trace.map.omitted(), ..Line::default() }.text()
}

/// An event has not ended at shutdown.
pub(crate) fn unfinished(event: &Event) -> serde_json::Result<String> {
    Line { unfinished: Some(event), ..Line::default() }.text()
}

/// One of the three records, under a key that says what happened.
#[derive(Default, Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<&'a Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_end: Option<&'a Trace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<&'a Event>,
    /// How many events the trace map left out; the map itself does not serialize it.
    #[serde(skip_serializing_if = "is_zero")]
    omitted: u64,
}

impl Line<'_> {
    fn text(&self) -> serde_json::Result<String> {
        let mut bytes = Vec::new();
        self.serialize(&mut Serializer::with_formatter(&mut bytes, ControlsEscaped))?;
        bytes.push(b'\n');
        String::from_utf8(bytes).map_err(serde::ser::Error::custom)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Compact JSON in which the control characters that JSON allows are escaped, too.
struct ControlsEscaped;

impl Formatter for ControlsEscaped {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut plain_from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_control(*c)) {
            writer.write_all(fragment.get(plain_from..at).unwrap_or_default().as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain_from = at + c.len_utf8();
        }
        writer.write_all(fragment.get(plain_from..).unwrap_or_default().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tracing_llm::{EventType, Timestamp, TraceId};

    use super::*;

    #[test]
    fn a_line_says_what_happened_and_holds_the_record() {
        let event = Event::new(EventType::LLM, "chat");
        let line: serde_json::Value = serde_json::from_str(&end(&event).unwrap()).unwrap();
        assert_eq!(line["end"]["event_type"], "LLM");
        assert_eq!(serde_json::from_value::<Event>(line["end"].clone()).unwrap(), event);

        let mut trace = Trace::new(TraceId::FIRST, "query", Timestamp::default());
        let line = trace_end(&trace).unwrap();
        assert!(line.starts_with(r#"{"trace_end":{"id":"0000"#), "{line}");
        assert!(line.ends_with("}}\n"), "{line}");
        trace.map.omit();
        assert!(trace_end(&trace).unwrap().ends_with("},\"omitted\":1}\n"));
        assert!(unfinished(&event).unwrap().starts_with(r#"{"unfinished":{"#));
    }

    #[test]
    fn numbers_that_json_has_not_are_no_failure() {
        let mut event = Event::new(EventType::RERANKING, "rerank");
        event.payload.nodes = [tracing_llm::Document::new("a").with_score(f64::NAN)].into();
        assert!(end(&event).unwrap().contains(r#""score":null"#));
    }

    proptest! {
        #[test]
        fn a_line_has_no_control_character_and_reads_back_the_same(text in "(?s).*") {
            let mut event = Event::new(EventType::LLM, text.as_str());
            event.payload.prompt = Some(text.into());
            event.payload.input = Some(serde_json::json!("\u{9b}31m\u{202e}\u{e0041}\u{7f}"));
            let line = end(&event).unwrap();
            prop_assert!(line.ends_with('\n'));
            prop_assert!(!line.trim_end_matches('\n').chars().any(is_control));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(serde_json::from_value::<Event>(value["end"].clone()).unwrap(), event);
        }
    }
}
