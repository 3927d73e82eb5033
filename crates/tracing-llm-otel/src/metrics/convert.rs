//! What an event is in the words of the conventions. Pure.

use std::borrow::Cow;

use opentelemetry::{KeyValue, Value};
use serde_json::Value as Json;
use tracing_llm::{Event, Text};

use super::names;
use super::settings::Settings;
use crate::genai;

/// The attributes of a call on all its metrics, in the order of the conventions.
pub(super) fn of_call(event: &Event, settings: &Settings) -> Vec<KeyValue> {
    let payload = &event.payload;
    let mut list = Vec::new();
    let mut put = |name, value: Option<Value>| {
        list.extend(value.map(|value| KeyValue::new(name, value)));
    };
    put(names::OPERATION_NAME, genai::operation(event).map(of_words));
    put(names::PROVIDER_NAME, genai::provider(event).map(of_words));
    put(names::REQUEST_MODEL, payload.model.as_ref().map(text));
    put(names::RESPONSE_MODEL, payload.response_model.as_ref().map(text));
    let address = attribute(event, names::SERVER_ADDRESS).and_then(Json::as_str);
    if let Some(address) = address {
        put(names::SERVER_ADDRESS, Some(Value::from(address.to_owned())));
        put(names::SERVER_PORT, attribute(event, names::SERVER_PORT).and_then(port));
    }
    list.extend(asked_for(event, settings));
    list
}

/// The attributes of a tool's execution.
pub(super) fn of_tool(event: &Event, settings: &Settings) -> Vec<KeyValue> {
    let payload = &event.payload;
    let called = payload.function_call.as_ref().map(|call| &call.name);
    let name = called.or(payload.tool.as_ref().map(|tool| &tool.name)).unwrap_or(&event.name);
    let mut list = vec![KeyValue::new(names::TOOL_NAME, text(name))];
    list.extend(payload.agent.as_ref().map(|agent| KeyValue::new(names::AGENT_NAME, text(agent))));
    list.extend(asked_for(event, settings));
    list
}

/// The attributes of an agent's step.
pub(super) fn of_agent(event: &Event, settings: &Settings) -> Vec<KeyValue> {
    let name = event.payload.agent.as_ref();
    let mut list: Vec<KeyValue> =
        name.map(|name| KeyValue::new(names::AGENT_NAME, text(name))).into_iter().collect();
    list.extend(asked_for(event, settings));
    list
}

/// The class of the error that it ended with.
pub(super) fn error(event: &Event) -> Option<KeyValue> {
    genai::error_type(event).map(|class| KeyValue::new(names::ERROR_TYPE, class.to_owned()))
}

/// Session, user and keys of the context, where the program asks for them.
fn asked_for(event: &Event, settings: &Settings) -> Vec<KeyValue> {
    let context = &event.context;
    let session = context.session_id.as_ref().filter(|_| settings.by_session);
    let user = context.user_id.as_ref().filter(|_| settings.by_user);
    let ids = [(names::SESSION_ID, session), (names::USER_ID, user)].into_iter();
    let ids = ids.filter_map(|(name, id)| Some(KeyValue::new(name, text(id?))));
    let keys = settings.by_keys.iter().filter_map(|name| {
        let value = match context.keys.get(name.as_str())? {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(KeyValue::new(name.clone(), value))
    });
    ids.chain(keys).collect()
}

fn attribute<'a>(event: &'a Event, name: &str) -> Option<&'a Json> {
    event.payload.attributes.get(name)
}

/// Ports come as numbers, and from `tracing`'s `Display` fields as texts.
fn port(port: &Json) -> Option<Value> {
    let number = port.as_i64().or_else(|| port.as_str()?.parse().ok())?;
    (1..=65_535).contains(&number).then_some(Value::I64(number))
}

fn text(text: &Text) -> Value {
    Value::from(text.to_string())
}

fn of_words(words: Cow<'_, str>) -> Value {
    Value::from(words.into_owned())
}
