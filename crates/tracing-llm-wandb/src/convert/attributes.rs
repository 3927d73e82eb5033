//! What stands beside inputs and outputs: model, tokens, cost, context …

use serde_json::{Map, Value, json};
use tracing_llm::{Event, Outcome, Payload};

use super::clip::Clip;

pub(super) fn of(event: &Event, clip: Clip) -> Map<String, Value> {
    let mut all = Attributes { clip, all: Map::new() };
    all.put("event_type", Some(event.event_type.name()));
    all.put("trace_id", Some(event.trace_id.to_string()));
    if event.outcome != Outcome::Unset {
        all.put("outcome", Some(event.outcome.as_str()));
    }
    model(&mut all, &event.payload);
    usage(&mut all, &event.payload);
    course(&mut all, event);
    context(&mut all, event);
    for (name, value) in &event.payload.attributes {
        // Ours win: they are typed.
        if !all.all.contains_key(&**name) {
            all.json(name, Some(value));
        }
    }
    all.all
}

struct Attributes {
    clip: Clip,
    all: Map<String, Value>,
}

impl Attributes {
    fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.all.insert(name.to_owned(), value.into());
        }
    }

    fn text(&mut self, name: &str, text: Option<impl AsRef<str>>) {
        let clip = self.clip;
        self.put(name, text.map(|text| clip.text(text.as_ref())));
    }

    /// What may hold content.
    fn json(&mut self, name: &str, value: Option<&Value>) {
        if !self.clip.is_nothing() {
            let clip = self.clip;
            self.put(name, value.map(|value| clip.json(value)));
        }
    }
}

fn model(all: &mut Attributes, payload: &Payload) {
    all.put("model", payload.model.as_deref());
    all.put("response_model", payload.response_model.as_deref());
    all.put("provider", payload.provider.as_deref());
    all.put("system", payload.system.as_deref());
    all.json("parameters", payload.parameters.as_ref());
    all.put("finish_reason", payload.finish_reason.as_deref());
    all.put("response_id", payload.response_id.as_deref());
    all.put("agent", payload.agent.as_deref());
}

/// The first three names are the original's.
fn usage(all: &mut Attributes, payload: &Payload) {
    if let Some(usage) = &payload.usage {
        all.put("formatted_prompt_tokens_count", usage.input);
        all.put("prediction_tokens_count", usage.output);
        all.put("total_tokens_used", usage.total());
        all.put("cache_read_tokens", usage.cache_read);
        all.put("cache_write_tokens", usage.cache_write);
        all.put("reasoning_tokens", usage.reasoning);
        all.put("audio_input_tokens", usage.audio_input);
        all.put("audio_output_tokens", usage.audio_output);
        all.put("tokens_estimated", usage.estimated.then_some(true));
    }
    all.put("cost_usd", payload.cost.and_then(|cost| cost.total));
}

fn course(all: &mut Attributes, event: &Event) {
    all.put("busy_ms", Some(event.busy.as_secs_f64() * 1e3).filter(|busy| *busy > 0.0));
    if let Some(stream) = &event.payload.stream {
        all.put("first_token_ms", stream.first_token.map(|time| time.as_secs_f64() * 1e3));
        all.put("stream_chunks", Some(stream.chunks));
        all.put("stream_finished", Some(stream.finished));
    }
    if let Some(exception) = &event.payload.exception {
        all.put("exception_type", exception.kind.as_deref());
        all.text("exception_stacktrace", exception.stacktrace.as_ref());
    }
    if !event.logs.is_empty() {
        let clip = all.clip;
        let lines: Vec<String> = event.logs.iter().map(|log| clip.text(&log.message)).collect();
        all.put("logs", Some(lines));
    }
    if !event.payload.annotations.is_empty() {
        let annotations = serde_json::to_value(&event.payload.annotations).ok();
        all.json("annotations", annotations.as_ref());
    }
    all.put("lost_bytes", Some(event.lost_bytes).filter(|lost| *lost > 0));
}

fn context(all: &mut Attributes, event: &Event) {
    let context = &event.context;
    all.put("session_id", context.session_id.as_deref());
    all.put("user_id", context.user_id.as_deref());
    if !context.tags.is_empty() {
        all.put("tags", Some(json!(context.tags)));
    }
    all.json("metadata", context.metadata.as_ref());
    for (name, value) in &context.keys {
        all.json(name, Some(value));
    }
    if let Some(template) = &context.template {
        all.put("template_version", template.version.as_deref());
    }
}
