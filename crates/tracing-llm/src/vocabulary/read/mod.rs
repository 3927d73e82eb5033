//! Readers of JSON in the shapes that are in use.
//!
//! They take the value they read, so that a text in it is moved and not copied, and they are
//! lenient: a key that a type has no place for is left out, an item that is nothing known is
//! kept as its JSON text.

pub(crate) mod annotations;
mod content;
pub(crate) mod documents;
pub(crate) mod embeddings;
pub(crate) mod messages;
pub(crate) mod questions;
pub(crate) mod tools;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::Text;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// What a text turned out to be.
pub(super) enum Parsed {
    /// JSON: a list, an object, a quoted text or `null`.
    Json(Value),
    /// Plain text.
    Plain,
    /// A text that begins like JSON and is none, or is nested too deeply (128 levels).
    Broken,
}

/// Reads a text as JSON. A bare number or word is plain text, and so is what only begins with
/// a quotation mark.
pub(super) fn parse(text: &str) -> Parsed {
    let trimmed = text.trim();
    if trimmed.starts_with(['[', '{']) {
        serde_json::from_str(text).map_or(Parsed::Broken, Parsed::Json)
    } else if trimmed.starts_with('"') || trimmed == "null" {
        serde_json::from_str(text).map_or(Parsed::Plain, Parsed::Json)
    } else {
        Parsed::Plain
    }
}

/// A text that may be JSON, as JSON; else as it is.
pub(super) fn parse_or_text(text: String) -> Value {
    match parse(&text) {
        Parsed::Json(json) => json,
        Parsed::Plain | Parsed::Broken => Value::String(text),
    }
}

/// The value with JSON in place of a text that spells it.
pub(super) fn parsed(value: Value) -> Value {
    match value {
        Value::String(text) => parse_or_text(text),
        other => other,
    }
}

/// A value as text: a text as it is, all else as JSON.
pub(super) fn text(value: Value) -> Text {
    match value {
        Value::String(text) => Text::from(text),
        other => Text::from(other.to_string()),
    }
}

/// The items of a list. An object whose keys are all indexes is a list too, in the order of the
/// indexes; any other value is its only item.
pub(super) fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::Object(object) if is_list(&object) => {
            let mut items: Vec<(String, Value)> = object.into_iter().collect();
            items.sort_by(|(a, _), (b, _)| index_order(a).cmp(&index_order(b)));
            items.into_iter().map(|(_, item)| item).collect()
        }
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

fn is_list(object: &Object) -> bool {
    !object.is_empty() && object.keys().all(|key| key.bytes().all(|b| b.is_ascii_digit()))
}

/// Sorts digits by the number they spell, however long it is.
fn index_order(index: &str) -> (usize, &str) {
    let digits = index.trim_start_matches('0');
    (digits.len(), digits)
}

/// Puts a value at the end of a dotted path; gives it back where a part of the path is taken by
/// something that is no object.
pub(super) fn insert(object: &mut Object, path: &str, value: Value) -> Result<(), Value> {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
            Ok(())
        }
        Some((step, rest)) => {
            let inner = object.entry(step).or_insert_with(|| Value::Object(Object::new()));
            match inner {
                Value::Object(inner) => insert(inner, rest, value),
                _ => Err(value),
            }
        }
    }
}

/// The object with its own dotted keys nested: `{"message.role": …}` → `{"message": {"role": …}}`.
/// A dotted key that contradicts a plain one stays as it is.
pub(super) fn nested(object: Object) -> Object {
    if !object.keys().any(|key| key.contains('.')) {
        return object;
    }
    let mut result = Object::new();
    for (key, value) in object {
        // No vocabulary nests deeper; a longer path would only be a burden.
        let steps = key.split('.').count();
        let rest = if steps <= 8 { insert(&mut result, &key, value).err() } else { Some(value) };
        if let Some(value) = rest {
            result.insert(key, value);
        }
    }
    result
}

/// The object inside of `{"<wrapper>": {…}, …}`, with what stands beside it added.
pub(super) fn unwrapped(mut object: Object, wrapper: &str) -> Object {
    match object.remove(wrapper) {
        Some(Value::Object(mut inner)) => {
            for (key, value) in object {
                inner.entry(key).or_insert(value);
            }
            nested(inner)
        }
        Some(other) => {
            object.insert(wrapper.to_owned(), other);
            object
        }
        None => object,
    }
}

/// Takes the first of these keys that holds something.
pub(super) fn take(object: &mut Object, keys: &[&str]) -> Option<Value> {
    let key = keys.iter().find(|key| object.get(**key).is_some_and(|value| !value.is_null()))?;
    object.remove(*key)
}

/// Takes the first of these keys that holds a text or a number, as text.
pub(super) fn take_text(object: &mut Object, keys: &[&str]) -> Option<Text> {
    let is_text = |value: &Value| value.is_string() || value.is_number();
    let key = keys.iter().find(|key| object.get(**key).is_some_and(is_text))?;
    object.remove(*key).map(text)
}

/// Takes the first of these keys that holds an object.
pub(super) fn take_object(object: &mut Object, keys: &[&str]) -> Option<Object> {
    let key = keys.iter().find(|key| object.get(**key).is_some_and(Value::is_object))?;
    match object.remove(*key) {
        Some(Value::Object(inner)) => Some(nested(inner)),
        _ => None,
    }
}
