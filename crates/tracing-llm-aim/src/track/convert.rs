//! Events become values to track. Pure: it counts, and knows no clock and no server.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tracing_llm::{Event, EventType, Outcome, Text, Timestamp};

use super::wrappers::Wrappers;
use super::{Context, Track, Value, names};
use crate::encode::Node;

/// How many models have series of their own; names made up by a program must not fill Aim.
const MODELS: usize = 256;
/// A text is cut to this many bytes. It goes over the wire three times, in one message, and while
/// Aim's server stores that it does nothing else.
const TEXT_BYTES: usize = 4 * 1024 * 1024;

/// Numbers the events of each type, and says what is tracked of each.
#[derive(Debug)]
pub(crate) struct Convert {
    texts: bool,
    text_bytes: usize,
    ended: HashMap<EventType, u64>,
    models: BTreeSet<Text>,
    wrappers: Wrappers,
    shortened: u64,
}

impl Convert {
    pub(crate) fn new(texts: bool) -> Self {
        Self {
            texts,
            text_bytes: TEXT_BYTES,
            ended: HashMap::new(),
            models: BTreeSet::new(),
            wrappers: Wrappers::default(),
            shortened: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn with_text_bytes(self, text_bytes: usize) -> Self {
        Self { text_bytes, ..self }
    }

    /// How many texts were cut since the last time that this was asked.
    pub(crate) fn take_shortened(&mut self) -> u64 {
        std::mem::take(&mut self.shortened)
    }

    /// An event begins.
    pub(crate) fn start(&mut self, event: &Event) {
        self.wrappers.start(event);
    }

    /// An event has ended: what is tracked of it, texts first.
    pub(crate) fn end(&mut self, event: &Event) -> Vec<Track> {
        let payload = &event.payload;
        let is_call = payload.usage.is_some_and(|usage| !usage.is_empty())
            || payload.cost.is_some_and(|cost| cost.total.is_some());
        // What is not tracked is repeated by nobody.
        let wraps = self.wrappers.end(event, is_call && !event.context.suppressed);
        if event.context.suppressed {
            return Vec::new();
        }
        let time = seconds_since_1970(event.end());
        // LlamaIndex numbers chunks, too, by the calls of models before them.
        let calls = self.ended.get(&EventType::LLM).copied().unwrap_or_default();
        let count = self.ended.entry(event.event_type).or_default();
        let step = *count;
        *count += 1;

        let mut tracks = Vec::new();
        if self.texts {
            self.texts(event, calls, step, time, &mut tracks);
        }
        self.numbers(event, wraps, step, time, &mut tracks);
        tracks
    }

    fn texts(&mut self, event: &Event, calls: u64, step: u64, time: f64, to: &mut Vec<Track>) {
        let mut text = |name, context: &Arc<Context>, step, text: Text| {
            let value = Value::Text(self.cut(text));
            to.push(Track { name, context: Arc::clone(context), step, time, value });
        };
        let id = || (names::EVENT_ID, Node::Str(event.span_id.to_string().into()));
        let payload = &event.payload;
        if event.event_type == EventType::LLM {
            let context = Arc::new(Context::new([id()]));
            if let Some(prompt) = payload.input_text() {
                text(names::PROMPT, &context, step, prompt);
            }
            if let Some(response) = payload.output_text() {
                text(names::RESPONSE, &context, step, response);
            }
        }
        if event.event_type == EventType::CHUNKING {
            for (index, chunk) in (0i64..).zip(payload.chunks.iter()) {
                let context = Context::new([(names::CHUNK_ID, Node::Int(index)), id()]);
                text(names::CHUNK, &Arc::new(context), calls, chunk.clone());
            }
        }
        if let Some(error) = error(event) {
            let context = Context::new([(names::EVENT_TYPE, event_type(event)), id()]);
            text(names::ERROR, &Arc::new(context), step, error);
        }
    }

    fn numbers(&mut self, event: &Event, wraps: bool, step: u64, time: f64, to: &mut Vec<Track>) {
        let payload = &event.payload;
        let usage = payload.usage.filter(|_| !wraps);
        let cost = payload.cost.filter(|_| !wraps).and_then(|cost| cost.total);
        let first_token = payload.stream.as_ref().and_then(|stream| stream.first_token);
        let failed = if event.outcome.is_failure() { 1.0 } else { 0.0 };
        let model = event.model().map(|model| (names::MODEL, Node::Str(self.model(model))));
        let context =
            Context::new([(names::EVENT_TYPE, event_type(event))].into_iter().chain(model));
        let context = Arc::new(context);
        for (name, number) in [
            (names::LATENCY, Some(event.elapsed.as_secs_f64())),
            (names::ERRORS, Some(failed)),
            (names::FIRST_TOKEN, first_token.as_ref().map(Duration::as_secs_f64)),
            (names::TOKENS_INPUT, usage.and_then(|usage| usage.input).map(to_f64)),
            (names::TOKENS_OUTPUT, usage.and_then(|usage| usage.output).map(to_f64)),
            (names::TOKENS_TOTAL, usage.and_then(|usage| usage.total()).map(to_f64)),
            (names::COST, cost),
        ] {
            // Aim orders numbers; one that is none has no place among them.
            if let Some(number) = number.filter(|number| number.is_finite()) {
                let (context, value) = (Arc::clone(&context), Value::Number(number));
                to.push(Track { name, context, step, time, value });
            }
        }
    }

    /// The model's name, as long as there are few.
    fn model(&mut self, name: &Text) -> Text {
        if self.models.contains(name) {
            return name.clone();
        }
        if self.models.len() >= MODELS {
            return Text::literal(names::OTHER_MODELS);
        }
        self.models.insert(name.clone());
        name.clone()
    }

    /// A text that is too long loses its end, and says so.
    fn cut(&mut self, text: Text) -> Text {
        if text.len() <= self.text_bytes {
            return text;
        }
        self.shortened += 1;
        let mut end = self.text_bytes;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Text::from(format!("{}… ({} bytes cut)", &text[..end], text.len() - end))
    }
}

/// What an event failed with; not where the same error only passes through.
fn error(event: &Event) -> Option<Text> {
    match (&event.payload.exception, event.outcome) {
        (Some(exception), _) if exception.propagated => None,
        (Some(exception), _) => Some(exception.to_string().into()),
        (None, Outcome::Cancelled | Outcome::Incomplete) => {
            Some(Text::literal(event.outcome.as_str()))
        }
        (None, _) => None,
    }
}

fn event_type(event: &Event) -> Node {
    Node::literal(event.event_type.value())
}

#[allow(clippy::cast_precision_loss, reason = "Aim's numbers are doubles, and clocks less exact")]
fn seconds_since_1970(time: Timestamp) -> f64 {
    time.as_unix_nanos() as f64 / 1e9
}

#[allow(clippy::cast_precision_loss, reason = "no call has 2^53 tokens")]
fn to_f64(count: u64) -> f64 {
    count as f64
}
