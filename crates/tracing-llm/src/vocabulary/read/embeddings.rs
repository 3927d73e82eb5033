//! Texts and their vectors.

use std::sync::Arc;

use serde_json::Value;

use super::{Parsed, items, nested, parse, parsed, take, take_text, unwrapped};
use crate::{Embedding, Text};

/// Embeddings: vectors, one vector, texts, objects with either or both (OpenAI's `data`,
/// OpenInference's `embedding.text` and `embedding.vector`), and how many items could not be
/// read, such as sparse or base64 ones. None for a value that is nothing of the kind.
pub(crate) fn embeddings(json: Value) -> Option<(Vec<Embedding>, u64)> {
    let json = match json {
        Value::Object(mut object) => match take(&mut object, &["data", "embeddings"]) {
            Some(list @ Value::Array(_)) => list,
            Some(other) => {
                object.insert("data".to_owned(), other);
                Value::Object(object)
            }
            None => Value::Object(object),
        },
        Value::Array(list) if list.first().is_some_and(Value::is_number) => {
            return vector(&Value::Array(list)).map(|v| (vec![Embedding::of_vector(v)], 0));
        }
        list @ Value::Array(_) => list,
        _ => return None,
    };
    let (mut list, mut unread) = (Vec::new(), 0);
    for item in items(json) {
        match item {
            Value::Object(object) => {
                let mut object = unwrapped(nested(object), "embedding");
                let text = take_text(&mut object, &["text", "input", "content", "chunk"]);
                let raw = take(&mut object, &["vector", "embedding", "values"]);
                let given = raw.is_some();
                let vector = raw.and_then(|raw| vector(&parsed(raw)));
                if vector.is_none() && (given || text.is_none()) {
                    unread += 1;
                }
                if text.is_some() || vector.is_some() {
                    list.push(Embedding { text, vector });
                }
            }
            Value::String(text) => list.push(Embedding::of_text(Text::from(text))),
            other => match vector(&other) {
                Some(vector) => list.push(Embedding::of_vector(vector)),
                None => unread += 1,
            },
        }
    }
    Some((list, unread))
}

/// Whether a text is a vector.
pub(crate) fn is_vector(text: &str) -> bool {
    matches!(parse(text), Parsed::Json(json) if vector(&json).is_some())
}

#[allow(clippy::cast_possible_truncation, reason = "vectors are kept as f32")]
fn vector(json: &Value) -> Option<Arc<[f32]>> {
    let numbers = json.as_array()?;
    let coordinate = |number: &Value| number.as_f64().map(|number| number as f32);
    numbers.iter().map(|number| coordinate(number).filter(|c| c.is_finite())).collect()
}
