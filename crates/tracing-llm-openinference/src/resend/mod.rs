//! Sends spans that stand in files.

mod post;
mod report;
mod source;

use std::path::Path;
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;

use self::post::{Fate, Post, post};
pub use self::report::ResendReport;
use self::source::{Entry, Source, files};
use crate::config::{Builder, OtlpSettings};
use crate::error::Error;
use crate::resource_spans::{count, join, split};

/// How long to wait before a collector that is away is tried again.
const WAITS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// A collector that refuses the first so many spans one by one is the wrong one.
const REFUSALS: u64 = 16;

impl Builder {
    /// Sends the spans of a file of OTLP JSON lines to the endpoint, such as one that was
    /// written because of [`file`](Self::file), by a Collector's `file` exporter or by
    /// another language's SDK. Of a folder all files that end in `.jsonl`, sorted by name.
    ///
    /// It blocks until all is sent. Only what belongs to the sending is used of the settings:
    /// spans keep the resource, and so the project, that stands in the file. The files are
    /// left as they are: called twice, it sends twice. A spool is better emptied by an
    /// exporter that has it: that remembers what was sent.
    ///
    /// ```no_run
    /// use tracing_llm_openinference::OpenInference;
    ///
    /// let report = OpenInference::builder().environment()?.resend("spans.jsonl")?;
    /// println!("{report}");                          // 13 of 13 spans in 1 file
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If no endpoint is set, a file cannot be read, or the collector cannot be reached or takes
    /// nothing (a wrong key or path): the error then says how many spans were taken before,
    /// and at which line it stopped. Single spans that the collector refuses are no error but
    /// counted in the report.
    pub fn resend(self, path: impl AsRef<Path>) -> Result<ResendReport, Error> {
        let settings = self.resolve()?.otlp.ok_or_else(|| {
            Error::setting("the endpoint", "is not set (OTEL_EXPORTER_OTLP_ENDPOINT, or a backend's variables): there is nowhere to send the spans to")
        })?;
        let resend = Resend::new(&settings, post(&settings)?, Box::new(thread::sleep));
        resend.run(path.as_ref())
    }
}

struct Resend {
    post: Post,
    sleep: Box<dyn Fn(Duration)>,
    destination: String,
    batch_bytes: usize,
    batch: Vec<ResourceSpans>,
    /// The bytes of its lines, each by itself: no less than it has.
    encoded: usize,
    /// Where the batch begins.
    from: String,
    report: ResendReport,
    /// Spans that were refused alone.
    refused: u64,
}

impl Resend {
    fn new(settings: &OtlpSettings, post: Post, sleep: Box<dyn Fn(Duration)>) -> Self {
        Self {
            post,
            sleep,
            destination: settings.endpoint.to_string(),
            batch_bytes: settings.batch_bytes,
            batch: Vec::new(),
            encoded: 0,
            from: String::new(),
            report: ResendReport::default(),
            refused: 0,
        }
    }

    fn run(mut self, path: &Path) -> Result<ResendReport, Error> {
        for path in files(path)? {
            let mut source = Source::open(&path)?;
            self.report.files += 1;
            while let Some(Entry { number, spans }) = source.next()? {
                match spans {
                    Some(spans) => self.take(spans, || format!("{}:{number}", path.display()))?,
                    None => self.report.unreadable_lines += 1,
                }
            }
        }
        self.send_batch()?;
        Ok(self.report)
    }

    /// Adds a line's spans to the batch.
    fn take(
        &mut self,
        mut spans: Vec<ResourceSpans>,
        from: impl Fn() -> String,
    ) -> Result<(), Error> {
        let all = count(&spans);
        for scope in spans.iter_mut().flat_map(|origin| &mut origin.scope_spans) {
            scope.spans.retain(has_valid_ids);
        }
        let valid = count(&spans);
        self.report.spans += all;
        self.report.failed += all - valid;
        if valid == 0 {
            return Ok(());
        }
        let bytes = encoded(&spans);
        if self.encoded + bytes > self.batch_bytes {
            self.send_batch()?;
        }
        if self.batch.is_empty() {
            self.from = from();
        }
        self.encoded += bytes;
        join(&mut self.batch, spans);
        Ok(())
    }

    fn send_batch(&mut self) -> Result<(), Error> {
        self.encoded = 0;
        // A stack, so that halves are sent in order.
        let mut open = vec![std::mem::take(&mut self.batch)];
        while let Some(batch) = open.pop() {
            let count = count(&batch);
            if count > 1 && encoded(&batch) > self.batch_bytes {
                open.extend(halves(batch));
                continue;
            }
            if count == 0 {
                continue;
            }
            let request = ExportTraceServiceRequest { resource_spans: batch };
            match self.attempt(&request) {
                Fate::Taken { rejected } => {
                    let rejected = rejected.min(count);
                    self.report.failed += rejected;
                    self.report.exported += count - rejected;
                }
                Fate::Split { .. } if count > 1 => open.extend(halves(request.resource_spans)),
                Fate::Split { why } => {
                    self.report.failed += 1;
                    self.refused += 1;
                    if self.report.exported == 0 && self.refused >= REFUSALS {
                        return Err(self.stopped(&why));
                    }
                }
                Fate::Refused { why } | Fate::Later { why } => return Err(self.stopped(&why)),
            }
        }
        Ok(())
    }

    /// A collector that is away may come back.
    fn attempt(&mut self, request: &ExportTraceServiceRequest) -> Fate {
        for wait in WAITS {
            match (self.post)(request.encode_to_vec()) {
                Fate::Later { .. } => (self.sleep)(wait),
                fate => return fate,
            }
        }
        (self.post)(request.encode_to_vec())
    }

    fn stopped(&self, why: &str) -> Error {
        let Self { destination, from, report, .. } = self;
        let exported = report.exported;
        Error::send(format!(
            "could not send to {destination}: {why} (stopped at {from}; spans taken before: {exported})"
        ))
    }
}

/// What one collector or another refuses a whole request for.
fn has_valid_ids(span: &Span) -> bool {
    let is_id = |id: &[u8], length: usize| id.len() == length && id.iter().any(|byte| *byte != 0);
    is_id(&span.trace_id, 16)
        && is_id(&span.span_id, 8)
        && (span.parent_span_id.is_empty() || span.parent_span_id.len() == 8)
        && span.links.iter().all(|link| is_id(&link.trace_id, 16) && is_id(&link.span_id, 8))
}

fn encoded(batch: &[ResourceSpans]) -> usize {
    batch.iter().map(Message::encoded_len).sum()
}

/// The second half first, as a stack wants it.
fn halves(mut batch: Vec<ResourceSpans>) -> [Vec<ResourceSpans>; 2] {
    let half = count(&batch) / 2;
    let second = split(&mut batch, half);
    [second, batch]
}

#[cfg(test)]
mod tests;
