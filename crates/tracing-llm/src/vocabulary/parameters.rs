//! Request parameters.

use serde_json::{Value, json};

use super::read::Object;
use super::{Key, Scalar};
use crate::Payload;

/// The namespace whose names end with the name of a parameter.
pub(super) const REQUEST: &str = "gen_ai.request.";

/// Takes one request parameter into the object of all parameters, key by key.
///
/// The names in it are those that OpenInference uses (`stop`, `n`, `reasoning_effort` …); a
/// parameter that the table does not know is named by the end of its field's name.
/// Gives the value back if it is no parameter.
pub(super) fn set_parameter(
    payload: &mut Payload,
    key: Key,
    name: &str,
    value: Scalar,
) -> Result<(), Scalar> {
    let (parameter, value) = match key {
        Key::Parameter(parameter) => (parameter, value.into_json()),
        Key::NamedParameter => (name.strip_prefix(REQUEST).unwrap_or(name), value.into_json()),
        Key::OutputType => ("response_format", response_format(value)?),
        _ => return Err(value),
    };
    let (parameter, value) = match (parameter, value) {
        ("encoding_formats", Value::Array(mut one)) if one.len() == 1 => {
            ("encoding_format", one.pop().unwrap_or_default())
        }
        other => other,
    };
    add(&mut payload.parameters, [(parameter.to_owned(), value)]);
    Ok(())
}

/// Takes an object of parameters, which add to those that are there; false for any other value.
pub(super) fn set_parameters(payload: &mut Payload, json: Value) -> bool {
    match json {
        Value::Object(given) => {
            add(&mut payload.parameters, given);
            true
        }
        _ => false,
    }
}

/// Adds to the object in a place; what is no object gives way.
fn add(place: &mut Option<Value>, parameters: impl IntoIterator<Item = (String, Value)>) {
    let mut object = match place.take() {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    };
    object.extend(parameters);
    *place = Some(Value::Object(object));
}

/// `json` and `text` are what OpenAI calls a response format; other types of output are not.
fn response_format(value: Scalar) -> Result<Value, Scalar> {
    match &value {
        Scalar::Text(kind) if *kind == "json" => Ok(json!({"type": "json_object"})),
        Scalar::Text(kind) if *kind == "text" => Ok(json!({"type": "text"})),
        _ => Err(value),
    }
}
