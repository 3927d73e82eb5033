//! Spans as lines of OTLP JSON, and back. Pure.
//!
//! One `TracesData` object a line, as the specification of the OTLP file exporter asks: ids
//! in hexadecimal, enums as integers, 64-bit integers as text, names in lower camel case.
//! `opentelemetry-proto` has a mapping of its own (its feature `with-serde`). Its 0.33.1 is
//! not used: it writes floats that are no numbers as `null` and cannot read them as the words
//! that the mapping has for them, and it refuses an empty list that has no `values`.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/>,
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding> (OTLP 1.10)

mod read;
mod write;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, TracesData};

use self::write::Json;

/// What stands around the spans of a line: made once, as it is the same in every line.
#[derive(Debug)]
pub(crate) struct Envelope {
    head: Vec<u8>,
}

/// What closes the list of spans and all that is around it.
const TAIL: &[u8] = b"]}]}]}\n";

/// A line with its newline.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) bytes: Vec<u8>,
    pub(crate) spans: u64,
}

impl Envelope {
    pub(crate) fn new(
        resource: &Resource,
        scope: &InstrumentationScope,
    ) -> serde_json::Result<Self> {
        let mut head = b"{\"resourceSpans\":[{\"resource\":".to_vec();
        serde_json::to_writer(&mut head, &Json(resource))?;
        head.extend_from_slice(b",\"scopeSpans\":[{\"scope\":");
        serde_json::to_writer(&mut head, &Json(scope))?;
        head.extend_from_slice(b",\"spans\":[");
        Ok(Self { head })
    }

    /// The spans in order, in lines of at most so many bytes. A span that is larger alone has
    /// a longer line to itself: no line holds a part of a span.
    pub(crate) fn lines(&self, spans: &[Span], max_bytes: usize) -> serde_json::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut open: Option<Line> = None;
        for span in spans {
            let span = serde_json::to_vec(&Json(span))?;
            let room = |line: &Line| line.bytes.len() + 1 + span.len() + TAIL.len() <= max_bytes;
            match &mut open {
                Some(line) if room(line) => {
                    line.bytes.push(b',');
                    line.bytes.extend_from_slice(&span);
                    line.spans += 1;
                }
                _ => {
                    let mut bytes = self.head.clone();
                    bytes.extend_from_slice(&span);
                    lines.extend(open.replace(Line { bytes, spans: 1 }));
                }
            }
        }
        lines.extend(open);
        for line in &mut lines {
            line.bytes.extend_from_slice(TAIL);
        }
        Ok(lines)
    }
}

/// The spans of a line, with or without its newline.
pub(crate) fn read(line: &[u8]) -> serde_json::Result<Vec<ResourceSpans>> {
    let data: read::TracesData = serde_json::from_slice(line)?;
    Ok(TracesData::from(data).resource_spans)
}

#[cfg(test)]
mod tests;
