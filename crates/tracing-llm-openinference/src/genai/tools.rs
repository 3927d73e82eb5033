//! Tools: those that are offered, and the one that is called.

use serde_json::{Value as Json, json};

use super::Said;
use super::names;
use super::read::{Item, Read, json_or_text, text_in};
use crate::names as oi;

pub(super) fn offered(read: &Read<'_>, said: &mut Said) {
    let tools = read.items(oi::LLM_TOOLS).iter().filter_map(definition).collect();
    said.json(&names::TOOL_DEFINITIONS, tools);
}

/// A definition, flat: `{type, name, description, parameters}`. Name and description that stand
/// beside the schema win over those in it; a shape that nobody knows stays as it is.
fn definition(item: &Item<'_>) -> Option<Json> {
    let schema = text_in(item, oi::TOOL_JSON_SCHEMA).map(json_or_text).filter(Json::is_object);
    let (name, about) = (text_in(item, oi::TOOL_NAME), text_in(item, oi::TOOL_DESCRIPTION));
    let mut tool = match schema {
        Some(schema) => flat(schema),
        None => json!({ "type": "function", "name": name? }),
    };
    let fields = tool.as_object_mut()?;
    for (key, value) in [("name", name), ("description", about)] {
        if let Some(value) = value {
            fields.insert(key.to_owned(), Json::from(value));
        }
    }
    Some(tool)
}

fn flat(schema: Json) -> Json {
    let is_there = |value: &&Json| !value.is_null();
    if let Some(function) = schema.get("function").filter(|function| function.is_object()) {
        let kind = schema.get("type").and_then(Json::as_str).unwrap_or("function");
        let mut tool = json!({ "type": kind });
        for key in ["name", "description", "parameters"] {
            let empty = json!({});
            let value = function.get(key).filter(is_there).filter(|value| **value != empty);
            if let (Some(value), Some(fields)) = (value, tool.as_object_mut()) {
                fields.insert(key.to_owned(), value.clone());
            }
        }
        return tool;
    }
    let mut tool = schema;
    if let Some(fields) = tool.as_object_mut() {
        // Anthropic's name for the parameters.
        if !fields.contains_key("parameters") {
            if let Some(parameters) = fields.remove("input_schema") {
                fields.insert("parameters".to_owned(), parameters);
            }
        }
        let says =
            ["name", "parameters", "description"].iter().any(|key| fields.contains_key(*key));
        if says {
            fields.entry("type").or_insert_with(|| Json::from("function"));
        }
    }
    tool
}

pub(super) fn call(read: &Read<'_>, said: &mut Said) {
    if !read.is("TOOL") {
        return;
    }
    let name = read.text(oi::TOOL_NAME);
    said.put(&names::TOOL_NAME, name.map(str::to_owned));
    said.put(&names::TOOL_TYPE, name.map(|_| "function"));
    said.put(&names::TOOL_DESCRIPTION, read.text(oi::TOOL_DESCRIPTION).map(str::to_owned));
    let id = read.text(oi::TOOL_ID).or_else(|| read.text(oi::TOOL_CALL_ID));
    said.put(&names::TOOL_CALL_ID, id.map(str::to_owned));
    said.put(&names::TOOL_CALL_ARGUMENTS, arguments(read));
    said.put(&names::TOOL_CALL_RESULT, read.text(oi::OUTPUT_VALUE).map(compact));
}

/// `tool.parameters` is the tool's schema in some spans, and the call's arguments in others: of a
/// schema nobody asks, so then it is the input.
fn arguments(read: &Read<'_>) -> Option<String> {
    let parameters = read.text(oi::TOOL_PARAMETERS);
    let is_schema = read.json(oi::TOOL_PARAMETERS).is_some_and(|json| {
        json.get("properties").is_some() || json.get("type").is_some_and(|kind| kind == "object")
    });
    match (parameters, read.text(oi::INPUT_VALUE)) {
        (Some(_), Some(input)) if is_schema => Some(compact(input)),
        (parameters, _) => parameters.map(compact),
    }
}

/// JSON in its shortest form, any other text as it is.
fn compact(text: &str) -> String {
    match json_or_text(text) {
        Json::String(text) => text,
        json => json.to_string(),
    }
}
