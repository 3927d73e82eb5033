//! What was asked for: the model and the request's parameters.

use opentelemetry::Value;
use serde_json::{Map, Value as Json};

use super::names::{self, Name};
use super::read::Read;
use super::{GenAiVersion, Said};
use crate::names as oi;

pub(super) fn model(read: &Read<'_>, said: &mut Said) {
    let known = [oi::LLM_REQUEST_MODEL_NAME, oi::LLM_MODEL_NAME, oi::EMBEDDING_MODEL_NAME];
    let model = known.into_iter().find_map(|key| read.text(key)).map(str::to_owned);
    let parameter = || Some(given(read).get("model")?.as_str()?.to_owned());
    said.put(&names::REQUEST_MODEL, model.or_else(parameter));
    said.put(&names::RESPONSE_MODEL, read.text(oi::LLM_RESPONSE_MODEL_NAME).map(str::to_owned));
}

/// A type that a parameter has in the conventions.
#[derive(Clone, Copy)]
enum Type {
    Float,
    Int,
    Bool,
    Text,
    Texts,
    /// A number with decimals up to 1.41, an integer since.
    TopK,
}

/// GenAI's name, the names that requests use, and the type.
const PARAMETERS: &[(Name, &[&str], Type)] = &[
    (names::REQUEST_TEMPERATURE, &["temperature"], Type::Float),
    (names::REQUEST_TOP_P, &["top_p"], Type::Float),
    (names::REQUEST_TOP_K, &["top_k"], Type::TopK),
    (
        names::REQUEST_MAX_TOKENS,
        &["max_tokens", "max_completion_tokens", "max_output_tokens"],
        Type::Int,
    ),
    (names::REQUEST_FREQUENCY_PENALTY, &["frequency_penalty"], Type::Float),
    (names::REQUEST_PRESENCE_PENALTY, &["presence_penalty"], Type::Float),
    (names::REQUEST_SEED, &["seed"], Type::Int),
    (names::REQUEST_STREAM, &["stream"], Type::Bool),
    (names::REQUEST_STOP_SEQUENCES, &["stop_sequences", "stop"], Type::Texts),
    (names::REQUEST_CHOICE_COUNT, &["n", "choice_count", "candidate_count"], Type::Int),
    (names::REQUEST_ENCODING_FORMATS, &["encoding_formats", "encoding_format"], Type::Texts),
    (names::REQUEST_REASONING_LEVEL, &["reasoning_effort"], Type::Text),
    (names::REQUEST_PREVIOUS_RESPONSE, &["previous_response_id"], Type::Text),
];

pub(super) fn parameters(read: &Read<'_>, said: &mut Said) {
    let given = given(read);
    for (name, keys, r#type) in PARAMETERS {
        let mut values = keys.iter().filter_map(|key| given.get(*key));
        let value = values.find_map(|value| to_type(value, *r#type, said.version));
        // One choice is the default: it says nothing.
        let is_default = keys.contains(&"n") && value == Some(Value::I64(1));
        said.put(name, value.filter(|_| !is_default));
    }
    said.put(&names::OUTPUT_TYPE, given.get("response_format").and_then(output_type));
}

/// The parameters of the request; those of a model before those of an embedding.
fn given(read: &Read<'_>) -> Map<String, Json> {
    let mut all = Map::new();
    for key in [oi::EMBEDDING_INVOCATION_PARAMETERS, oi::LLM_INVOCATION_PARAMETERS] {
        if let Some(Json::Object(given)) = read.json(key) {
            all.extend(given);
        }
    }
    all
}

fn to_type(value: &Json, r#type: Type, version: GenAiVersion) -> Option<Value> {
    match (r#type, version) {
        (Type::Float, _) | (Type::TopK, GenAiVersion::V1_41) => float(value).map(Value::F64),
        (Type::Int | Type::TopK, _) => int(value).map(Value::I64),
        (Type::Bool, _) => flag(value).map(Value::Bool),
        (Type::Text, _) => Some(Value::from(value.as_str()?.to_owned())),
        (Type::Texts, _) => {
            let texts = match value {
                Json::String(text) => vec![text.clone()],
                Json::Array(items) => items.iter().map(as_text).collect(),
                _ => return None,
            };
            let texts = texts.into_iter().map(opentelemetry::StringValue::from).collect();
            Some(Value::Array(opentelemetry::Array::String(texts)))
        }
    }
}

fn float(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[allow(clippy::cast_possible_truncation, reason = "the number is whole and within the bounds")]
fn int(value: &Json) -> Option<i64> {
    let whole =
        |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    value
        .as_i64()
        .or_else(|| value.as_f64().and_then(whole))
        .or_else(|| value.as_str()?.trim().parse().ok())
}

fn flag(value: &Json) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_str()?.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    })
}

fn as_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `json` or `text`, from a response format of OpenAI.
fn output_type(format: &Json) -> Option<&'static str> {
    let kind = format.as_str().or_else(|| format.get("type")?.as_str())?;
    match kind.to_ascii_lowercase().as_str() {
        "json" | "json_object" | "json_schema" => Some("json"),
        "text" => Some("text"),
        _ => None,
    }
}
