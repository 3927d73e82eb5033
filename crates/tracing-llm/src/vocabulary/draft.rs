//! Where fields become a payload and a context.

use std::time::Duration;

use serde_json::Value;

use super::error::Failed;
use super::flatten::Flattened;
use super::key::{CallPart, Side, TemplatePart, ToolPart};
use super::model::Models;
use super::parameters::set_parameter;
use super::provider::set_provider;
use super::read::embeddings::is_vector;
use super::usage_fields::{set_cost, set_tokens};
use super::{Key, Role, Scalar, Tag, context};
use crate::{EventType, Exception, Message, Outcome, Payload, Text};

/// Collects the fields of one event into a payload and a context, on the worker. Later wins.
///
/// [`settle`](Self::settle) brings in what only the fields together tell; call it before the
/// payload is handed over, as often as that happens.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(super) payload: Payload,
    failed: Failed,
    name: Option<Text>,
    kind: Option<Text>,
    models: Models,
    pub(super) flattened: Flattened,
    pub(super) instructions: Option<Message>,
    /// The instructions as they stand before the messages.
    placed: Option<Message>,
    /// The finish reason that the replies told; if another stands in the payload, it came itself.
    derived_finish: Option<Text>,
    /// A retrieval of the GenAI conventions: there `top_k` is no parameter of a model.
    retrieval: bool,
    /// The field whose plain text stands in for the main input, as long as no messages come.
    spare_input: Option<&'static str>,
    /// The same for the main output.
    spare_output: Option<&'static str>,
    pub(super) unreadable: u64,
}

impl Draft {
    /// A draft with nothing in it.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Takes a field. Never fails: what cannot be read is kept as text, or counted.
    ///
    /// Of the fields that the layer itself acts on, it may leave out `trace_name` and a tag of
    /// ours that named the event's type; a tag that names no type with a constant is kept as an
    /// attribute, for it is somebody else's field.
    pub(crate) fn set(&mut self, role: Role, name: &'static str, value: Scalar) {
        match role {
            Role::Tag(tag) => self.set_tag(tag, name, value),
            Role::Name => self.name = Some(value.into_text()),
            // The layer gathers the context along the spans.
            Role::TraceName | Role::Context(_) => {}
            Role::Error(key) => {
                if let Some(rest) = self.failed.set(key, value) {
                    self.payload.attributes.insert(Text::literal(name), rest);
                }
            }
            Role::Payload { key, .. } => self.set_part(key, name, value),
            Role::Other => self.keep(name, value),
        }
    }

    /// Brings into the payload what only the fields together tell: flattened lists, the system's
    /// instructions before the messages, the name of the function that is called, the reason
    /// why the model stopped.
    pub(crate) fn settle(&mut self) {
        let changed = self.flattened.take_changed();
        for (key, json) in changed.lists {
            if !self.fill(key, json, &Text::default()) {
                self.unreadable += 1;
            }
        }
        for (name, value) in changed.odd {
            self.refuse(name, value);
        }
        self.place_instructions();
        self.derive();
    }

    /// What the event carries.
    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The same, to be changed by typed parts.
    pub(crate) fn payload_mut(&mut self) -> &mut Payload {
        &mut self.payload
    }

    /// What the event failed with, if its fields tell of a failure.
    pub(crate) fn exception(&self) -> Option<Exception> {
        self.failed.exception()
    }

    /// Error if the fields tell of a failure, ok if they say so, else unset.
    pub(crate) fn outcome(&self) -> Outcome {
        self.failed.outcome()
    }

    /// The name of the event (`otel.name`).
    pub(crate) fn name(&self) -> Option<&Text> {
        self.name.as_ref()
    }

    /// The OpenInference span kind, as it came.
    pub(crate) fn kind(&self) -> Option<&Text> {
        self.kind.as_ref()
    }

    /// How many values could not be read as what their names say: texts kept among the
    /// attributes or in place of what they should be, and numbers left out.
    pub(crate) fn unreadable(&self) -> u64 {
        self.unreadable
    }

    fn set_tag(&mut self, tag: Tag, name: &'static str, value: Scalar) {
        match tag {
            Tag::SpanKind => self.kind = Some(value.into_text()),
            // The operation says more than the type it names: `text_completion`, `chat` …
            Tag::Operation => {
                self.retrieval = matches!(&value, Scalar::Text(text) if *text == "retrieval");
                self.keep(name, value);
            }
            Tag::LangfuseType | Tag::TraceloopKind | Tag::LangsmithKind => self.keep(name, value),
            Tag::EventType | Tag::LlmEventType => {
                let text = value.text();
                if EventType::parse(&text).or_else(|| EventType::from_value(&text)).is_none() {
                    self.keep(name, value);
                }
            }
        }
    }

    fn set_part(&mut self, key: Key, name: &'static str, value: Scalar) {
        // An earlier value of this field that could not be read.
        self.payload.attributes.remove(name);
        let payload = &mut self.payload;
        match key {
            Key::Attribute => self.keep(name, value),
            // The list has no place for a sparse vector, which OpenInference writes as JSON text.
            Key::Item(_) if name.ends_with(".embedding.vector") && !is_vector(&value.text()) => {
                self.refuse(name, value);
            }
            Key::Item(list) => {
                if let Err(value) = self.flattened.set(list, name, value) {
                    self.keep(name, value);
                }
            }
            Key::Text(part) => *part.place(payload) = Some(value.into_text()),
            Key::Count(part) => match value.count() {
                Some(count) => *part.place(payload) = Some(count),
                None => self.leave_out(name, value),
            },
            Key::ModelName | Key::RequestModel | Key::ResponseModel => {
                self.models.set(payload, key, value.into_text());
            }
            Key::ProviderName => set_provider(payload, value.into_text()),
            Key::Parameter(_) | Key::NamedParameter | Key::OutputType => {
                if let Err(value) = set_parameter(payload, key, name, value) {
                    self.keep(name, value);
                }
            }
            Key::Tokens(part) => {
                if !set_tokens(payload, part, &value) {
                    self.leave_out(name, value);
                }
            }
            Key::Cost(part) => {
                if !set_cost(payload, part, &value) {
                    self.leave_out(name, value);
                }
            }
            Key::FirstToken => {
                match value.amount().and_then(|secs| Duration::try_from_secs_f64(secs).ok()) {
                    Some(first) => {
                        payload.stream.get_or_insert_default().first_token = Some(first);
                    }
                    None => self.leave_out(name, value),
                }
            }
            Key::Main(side) => self.set_main(side, value.into_value()),
            Key::Observed(side) => self.set_observed(side, value),
            Key::Tool(ToolPart::Name) => {
                payload.tool.get_or_insert_default().name = value.into_text();
            }
            Key::Tool(ToolPart::Description) => {
                payload.tool.get_or_insert_default().description = Some(value.into_text());
            }
            Key::Call(CallPart::Id) => {
                payload.function_call.get_or_insert_default().id = Some(value.into_text());
            }
            Key::Call(CallPart::Name) => {
                payload.function_call.get_or_insert_default().name = value.into_text();
            }
            Key::Call(CallPart::Arguments) => {
                payload.function_call.get_or_insert_default().arguments = value.into_text();
            }
            Key::Template(part) if part != TemplatePart::Variables => {
                context::set_template(payload.template.get_or_insert_default(), part, value);
            }
            _ => self.set_structured(key, name, value),
        }
    }

    /// Keeps a value under its own name.
    pub(super) fn keep(&mut self, name: &'static str, value: Scalar) {
        self.payload.attributes.insert(Text::literal(name), value.into_value());
    }

    /// Keeps and counts a value that is not what its name says.
    pub(super) fn refuse(&mut self, name: &'static str, value: Scalar) {
        self.unreadable += 1;
        self.keep(name, value);
    }

    /// Counts a number that cannot be one; keeps any other value. A number that is kept under a
    /// name of a vocabulary would be believed by the next reader.
    fn leave_out(&mut self, name: &'static str, value: Scalar) {
        self.unreadable += 1;
        if !value.is_number() {
            self.keep(name, value);
        }
    }

    fn main(&mut self, side: Side) -> (&mut Option<Value>, &mut Option<&'static str>) {
        match side {
            Side::In => (&mut self.payload.input, &mut self.spare_input),
            Side::Out => (&mut self.payload.output, &mut self.spare_output),
        }
    }

    /// The main input or output under its own name.
    pub(super) fn set_main(&mut self, side: Side, value: Value) {
        let (place, spare) = self.main(side);
        let before = place.replace(value);
        if let (Some(name), Some(text)) = (spare.take(), before) {
            self.payload.attributes.insert(Text::literal(name), text);
        }
    }

    /// Plain text where messages are expected: the main input or output, unless there is one.
    pub(super) fn set_spare(
        &mut self,
        side: Side,
        name: &'static str,
        text: Text,
    ) -> Result<(), Text> {
        let (place, spare) = self.main(side);
        if place.is_some() && spare.is_none() {
            return Err(text);
        }
        *place = Some(Value::String(text.into_string()));
        *spare = Some(name);
        Ok(())
    }

    /// Messages have come: a plain text in their stead goes.
    pub(super) fn drop_spare(&mut self, side: Side) {
        let (place, spare) = self.main(side);
        if spare.take().is_some() {
            *place = None;
        }
    }

    /// Why the model stopped, from a field of its own.
    pub(super) fn set_finish_reason(&mut self, reason: Text) {
        self.derived_finish = None;
        self.payload.finish_reason = Some(reason);
    }

    fn place_instructions(&mut self) {
        let Some(instructions) = &self.instructions else { return };
        let list = &self.payload.messages;
        if list.first() != Some(instructions) {
            let is_old = self.placed.is_some() && list.first() == self.placed.as_ref();
            let others = list.iter().skip(usize::from(is_old)).cloned();
            self.payload.messages = std::iter::once(instructions.clone()).chain(others).collect();
        }
        self.placed = Some(instructions.clone());
    }

    /// What one part tells of another.
    fn derive(&mut self) {
        let payload = &mut self.payload;
        if let (Some(call), Some(tool)) = (&mut payload.function_call, &payload.tool) {
            if call.name.is_empty() {
                call.name = tool.name.clone();
            }
        }
        if payload.finish_reason == self.derived_finish {
            let reasons = payload.replies.iter().filter_map(|reply| reply.finish_reason.clone());
            payload.finish_reason = super::structured::one_reason(reasons.collect());
            self.derived_finish.clone_from(&payload.finish_reason);
        }
        if self.retrieval && payload.top_k.is_none() {
            let parameter = payload.parameters.as_ref().and_then(|given| given.get("top_k"));
            payload.top_k = parameter.and_then(Value::as_f64).and_then(|k| Scalar::F64(k).count());
        }
    }
}
