//! Re-enacts a recorded run with real spans under the real layer.

use std::collections::HashMap;
use std::time::Duration;

use tracing::field::Empty;
use tracing::{Dispatch, Span, dispatcher, info_span};
use tracing_llm::testing::ManualClock;
use tracing_llm::{EventType, SpanId, Stats};
use tracing_llm_debug::{DebugHandler, Format};
use tracing_subscriber::prelude::*;

use super::{Callback, Scenario};
use crate::output::Output;

/// How far the recording's clock moved before each start and each end.
const TICK: Duration = Duration::from_millis(250);

const PATIENCE: Duration = Duration::from_secs(60);

/// How the layer is put into the subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Plain,
    /// With its own filter.
    Filtered,
}

/// What came of it.
#[derive(Debug)]
pub struct Reenacted {
    /// The handler, to be asked.
    pub debug: DebugHandler,
    /// What it printed.
    pub text: String,
    /// The recorded id of each event.
    pub ids: HashMap<SpanId, String>,
    /// What the layer counted.
    pub stats: Stats,
}

/// Runs a scenario.
///
/// # Panics
///
/// If the layer fails to deliver, or the recording makes no sense.
#[must_use]
pub fn reenact(scenario: &Scenario, form: Form) -> Reenacted {
    let output = Output::default();
    let debug = DebugHandler::writer(output.clone())
        .format(Format::Compat)
        .event_starts_to_ignore(scenario.ignored().iter().copied())
        .event_ends_to_ignore(scenario.ignored().iter().copied());
    let clock = ManualClock::new();
    let builder = tracing_llm::layer().handler(debug.clone()).manual_clock(clock.clone());
    let (layer, callbacks) = builder.build();
    let dispatch = match form {
        Form::Plain => Dispatch::new(tracing_subscriber::registry().with(layer)),
        Form::Filtered => Dispatch::new(tracing_subscriber::registry().with(layer.filtered())),
    };
    let mut stage =
        Stage { scenario, clock, spans: HashMap::new(), held: Vec::new(), ids: HashMap::new() };
    dispatcher::with_default(&dispatch, || {
        for callback in scenario.callbacks() {
            stage.play(callback);
        }
        stage.held.clear();
        assert!(stage.spans.is_empty(), "{}: no end for {:?}", scenario.name(), stage.spans);
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    let stats = callbacks.stats();
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    Reenacted { debug, text: output.take(), ids: stage.ids, stats }
}

/// The spans that are open. What a recording cannot tell is told here, scenario by scenario.
struct Stage<'a> {
    scenario: &'a Scenario,
    clock: ManualClock,
    /// By recorded id; `root` is the trace's scope.
    spans: HashMap<String, Span>,
    /// Spans that a stream holds open until it is dropped.
    held: Vec<Span>,
    ids: HashMap<SpanId, String>,
}

impl Stage<'_> {
    fn play(&mut self, callback: Callback) {
        match callback {
            Callback::StartTrace { trace_id } => {
                if !self.is_of_a_stream(&trace_id) {
                    self.spans.insert("root".into(), info_span!("trace", trace_name = trace_id));
                }
            }
            Callback::EndTrace { trace_id } => {
                if !self.is_of_a_stream(&trace_id) {
                    self.spans.remove("root").unwrap();
                }
            }
            Callback::Start { event_type, event_id, parent_id, payload_keys } => {
                let Some(event_type) = self.event_type(&event_type) else { return };
                self.tick(event_type);
                let span = event(event_type, self.parent(&event_id, &parent_id).as_ref());
                let ids = in_span(&span, payload_keys);
                self.ids.insert(ids, event_id.clone());
                self.spans.insert(event_id, span);
            }
            Callback::End { event_type, event_id, payload_keys } => {
                let Some(event_type) = self.event_type(&event_type) else { return };
                self.tick(event_type);
                let span = self.spans.remove(&event_id).unwrap();
                in_span(&span, payload_keys);
                if self.is("query_streaming_compact") && event_type == EventType::SYNTHESIZE {
                    self.held.push(span);
                }
            }
        }
    }

    fn is(&self, scenario: &str) -> bool {
        self.scenario.name() == scenario
    }

    /// The type of an event; none for what is no event with us: the original makes a second
    /// event of an exception, ours is the outcome of the event that failed.
    fn event_type(&self, value: &str) -> Option<EventType> {
        let event_type = EventType::from_value(value).unwrap();
        let is_exception = event_type == EventType::EXCEPTION;
        (!(is_exception && self.is("exception_llm_inside_callback"))).then_some(event_type)
    }

    /// Only what the debug handler kept moved the recording's clock.
    fn tick(&self, event_type: EventType) {
        if !self.scenario.ignored().contains(&event_type) {
            self.clock.advance(TICK);
        }
    }

    /// The original lost the context of the stream and gave it a trace of its own.
    fn is_of_a_stream(&self, trace: &str) -> bool {
        self.is("query_streaming_compact") && trace == "completion"
    }

    fn parent(&self, event: &str, recorded: &str) -> Option<Span> {
        match (self.scenario.name(), event) {
            // The generator that fills the template and calls the model belongs to the synthesis.
            ("query_streaming_compact", "e12" | "e13") => self.held.first().cloned(),
            // The original's inner trace, which is not in the recording.
            ("synthetic_nested_traces", "e2") => {
                Some(info_span!(parent: &self.spans["e1"], "trace", trace_name = "inner"))
            }
            _ if recorded == "root" => self.spans.get("root").cloned(),
            _ => Some(self.spans[recorded].clone()),
        }
    }
}

/// An event's span, by plain `tracing` alone, with all the names that the recordings have.
fn event(event_type: EventType, parent: Option<&Span>) -> Span {
    info_span!(
        parent: parent.and_then(Span::id),
        "event",
        event_type = event_type.name(),
        additional_kwargs = Empty,
        chunks = Empty,
        completion = Empty,
        documents = Empty,
        embeddings = Empty,
        exception = Empty,
        formatted_prompt = Empty,
        function_call = Empty,
        function_call_response = Empty,
        level = Empty,
        messages = Empty,
        nodes = Empty,
        query_str = Empty,
        query_wrapper_prompt = Empty,
        response = Empty,
        serialized = Empty,
        sub_question = Empty,
        summaries = Empty,
        system_prompt = Empty,
        template = Empty,
        template_vars = Empty,
        tool = Empty,
        x = Empty,
        y = Empty,
    )
}

/// Enters a span for a moment, records a text for each name, and gives back the event's id.
fn in_span(span: &Span, payload_keys: Option<Vec<String>>) -> SpanId {
    span.in_scope(|| {
        for key in payload_keys.unwrap_or_default() {
            assert!(span.has_field(key.as_str()), "{key} is not declared");
            span.record(key.as_str(), "a text");
        }
        tracing_llm::current().unwrap().span_id
    })
}
