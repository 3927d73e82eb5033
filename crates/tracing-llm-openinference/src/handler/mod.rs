//! The handler: makes spans of events and gives them to the outputs.

use std::fmt;
use std::sync::Arc;

use opentelemetry_sdk::trace::SpanData;
use tracing_llm::{Event, Handler, HandlerResult, Trace};

use crate::backends::Quirks;
use crate::config::{Builder, Settings};
use crate::convert::{self, Options};
use crate::error::Error;
use crate::feedback::{self, Feedback, Pending};
use crate::otlp::{FLUSH_LIMIT, Otlp};
use crate::roots::Roots;
use crate::selection::Selection;
use crate::stats::ExportStats;
use crate::writer::Writer;

/// Exports events as OpenInference spans: over OTLP to a collector, to a file, or both.
///
/// With neither it is off: it says so once (by `tracing`, with the target
/// `tracing_llm_openinference`) and does nothing more.
///
/// Spans are built at the end of each event and sent by a thread of its own: no hook waits
/// for the network. A request is sent when 512 spans or 3.5 MiB wait, when a trace ends, when
/// a span has waited 5 seconds, and at flush and shutdown. While the collector is away, the
/// newest 32 MiB are kept and tried again; [`stats`](Self::stats) counts all.
///
/// ```
/// use tracing_llm_openinference::OpenInference;
///
/// let spans = OpenInference::from_env()?;
/// println!("spans: {}", spans.destination());
/// let (layer, callbacks) = tracing_llm::layer().handler(spans).build();
/// # drop((layer, callbacks));
/// # Ok::<(), tracing_llm_openinference::Error>(())
/// ```
pub struct OpenInference {
    otlp: Option<Otlp>,
    file: Option<Writer>,
    roots: Roots,
    options: Options,
    quirks: Quirks,
    selection: Selection,
    feedback: Pending,
    stats: ExportStats,
    disabled: bool,
    said_off: bool,
}

impl OpenInference {
    /// An exporter with the settings of the environment: see [`Builder::environment`].
    ///
    /// # Errors
    ///
    /// If a variable cannot be read, or the file that one names cannot be opened.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().environment()?.build()
    }

    /// Settings by code.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where the spans go, for a person to read: `./spans.jsonl`,
    /// `http://127.0.0.1:6006/v1/traces`, both joined by `and`, or `off`.
    ///
    /// ```
    /// use tracing_llm_openinference::OpenInference;
    ///
    /// let spans = OpenInference::builder().build()?;
    /// assert_eq!(spans.destination(), "off");
    /// # Ok::<(), tracing_llm_openinference::Error>(())
    /// ```
    #[must_use]
    pub fn destination(&self) -> String {
        let otlp = self.otlp.as_ref().map(|otlp| otlp.endpoint().to_string());
        let file = self.file.as_ref().map(|file| file.path().display().to_string());
        match (otlp, file) {
            (Some(otlp), Some(file)) => format!("{otlp} and {file}"),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => "off".to_owned(),
        }
    }

    /// Whether the spans go nowhere.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.otlp.is_none() && self.file.is_none()
    }

    /// What became of the spans; the clone that is given stays up to date.
    #[must_use]
    pub fn stats(&self) -> ExportStats {
        self.stats.clone()
    }

    /// A handle by which events that have ended are judged; got before the exporter is given to
    /// the layer.
    #[must_use]
    pub fn feedback(&self) -> Feedback {
        self.feedback.handle()
    }

    pub(crate) fn new(settings: Settings) -> Result<Self, Error> {
        let Settings { otlp, file, origin, options, quirks, selection, disabled, limits } =
            settings;
        let stats = ExportStats::default();
        let resource = origin.resource(process_name().as_deref());
        let outputs = [
            otlp.is_some().then(|| stats.otlp_tally()),
            file.is_some().then(|| stats.file_tally()),
        ];
        Ok(Self {
            otlp: otlp
                .map(|settings| Otlp::new(&settings, limits, &resource, stats.otlp_tally()))
                .transpose()?,
            file: file
                .map(|path| Writer::open(&path, &resource, stats.file_tally()))
                .transpose()?,
            roots: Roots::default(),
            options,
            quirks,
            selection,
            feedback: Pending::new(outputs.into_iter().flatten().collect()),
            stats,
            disabled,
            said_off: false,
        })
    }

    /// Gives a span to each output; one that fails does not keep it from the other.
    fn export(&mut self, span: SpanData) -> Result<(), Error> {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write(&span));
        if let Some(otlp) = &self.otlp {
            otlp.push(span);
        }
        written
    }

    /// Converts an event and gives its span to the outputs.
    fn export_event(&mut self, event: &Event) -> Result<(), Error> {
        let mut span = convert::span(event, self.options);
        self.quirks.apply(event, &mut span.attributes);
        self.export(span)
    }

    /// Exports judgements that came meanwhile, each as an event of its own.
    fn export_feedback(&mut self) -> Result<(), Error> {
        let sampler = self.selection.sampler;
        let judgements = self.feedback.take().into_iter();
        let carriers = judgements
            .filter(|judgement| sampler.may_have_taken(judgement.target.trace_id))
            .map(|judgement| {
                let (trace, span) = feedback::random_ids();
                feedback::carrier(judgement, trace, span)
            });
        let results: Vec<_> = carriers.map(|event| self.export_event(&event)).collect();
        Error::all(results)
    }

    /// Said at the first event, not when it is made: then a subscriber listens.
    fn say_off(&mut self) {
        if std::mem::replace(&mut self.said_off, true) {
            return;
        }
        if self.disabled {
            tracing::info!("OpenInference spans are off: OTEL_SDK_DISABLED is set");
        } else {
            tracing::warn!(
                "OpenInference spans are off: neither an OTLP endpoint \
                 (OTEL_EXPORTER_OTLP_ENDPOINT, TRACING_LLM_BACKEND …) nor a file \
                 (TRACING_LLM_SPANS_FILE) is set"
            );
        }
    }
}

impl Handler for OpenInference {
    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        if self.is_off() {
            self.say_off();
            return Ok(());
        }
        let judged = self.export_feedback();
        if !self.selection.takes_event(event) {
            return Ok(judged?);
        }
        self.roots.note(event);
        let exported = self.export_event(event);
        Ok(Error::all([judged, exported])?)
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let judged = self.export_feedback();
        let top = self.roots.take(trace);
        let root = match convert::root(trace, top.as_deref()) {
            Some(mut root) if !self.is_off() && self.selection.takes_trace(trace) => {
                self.quirks.apply_to_root(trace, top.as_deref(), &mut root.attributes);
                self.export(root)
            }
            _ => Ok(()),
        };
        if let Some(otlp) = &self.otlp {
            otlp.trace_ended();
        }
        Ok(Error::all([judged, root])?)
    }

    fn flush(&mut self) -> HandlerResult {
        let judged = self.export_feedback();
        // The file is written line by line; only OTLP keeps spans back.
        let sent = self.otlp.as_ref().map_or(Ok(()), |otlp| otlp.flush(FLUSH_LIMIT));
        Ok(Error::all([judged, sent])?)
    }

    fn shutdown(&mut self) -> HandlerResult {
        self.feedback.close();
        let judged = self.export_feedback();
        let sent = self.otlp.as_ref().map_or(Ok(()), |otlp| otlp.shutdown(FLUSH_LIMIT));
        Ok(Error::all([judged, sent])?)
    }
}

impl fmt::Debug for OpenInference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenInference")
            .field("destination", &self.destination())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

fn process_name() -> Option<String> {
    Some(std::env::current_exe().ok()?.file_stem()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests;
