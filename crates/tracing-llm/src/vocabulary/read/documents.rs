//! Documents and nodes.

use serde_json::Value;

use super::{Object, items, nested, parsed, take, take_text, text, unwrapped};
use crate::Document;

/// A list of documents, each in any shape that [`document`] reads.
pub(crate) fn documents(json: Value) -> Vec<Document> {
    items(json).into_iter().filter_map(document).collect()
}

/// A document: a text, or an object as OpenInference (`document.content`), LlamaIndex (`node`
/// beside its score), LangChain (`page_content`), GenAI or a reranker (`document` beside its
/// score) write it. `null` is none.
///
/// What has no place of its own goes into the metadata.
pub(crate) fn document(json: Value) -> Option<Document> {
    match json {
        Value::Null => None,
        Value::Object(object) => Some(from_object(object)),
        other => Some(Document::new(text(other))),
    }
}

fn from_object(object: Object) -> Document {
    let mut object = unwrapped(unwrapped(nested(object), "document"), "node");
    // LlamaIndex keeps a node's text in a resource of its own.
    let resource = take(&mut object, &["text_resource"]);
    let resource_text = match resource {
        Some(Value::Object(mut resource)) => take_text(&mut resource, &["text"]),
        other => other.map(text),
    };
    let content = take_text(&mut object, &["content", "text", "page_content"]);
    let metadata = take(&mut object, &["metadata", "extra_info"]).map(parsed);
    Document {
        id: take_text(&mut object, &["id", "id_", "node_id", "doc_id", "document_id"]),
        content: content.or(resource_text).unwrap_or_default(),
        score: score(&mut object),
        name: take_text(&mut object, &["name", "title", "file_name", "filename"]),
        url: take_text(&mut object, &["url", "uri", "source_url"]),
        mime_type: take_text(&mut object, &["mime_type", "mimetype", "mimeType"]),
        metadata: with_rest(metadata, object),
    }
}

fn score(object: &mut Object) -> Option<f64> {
    let (key, score) = ["score", "relevance_score"].into_iter().find_map(|key| {
        let score = match object.get(key)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        Some((key, score.filter(|score| score.is_finite())?))
    })?;
    object.remove(key);
    Some(score)
}

/// The metadata with all other keys that hold something.
fn with_rest(metadata: Option<Value>, rest: Object) -> Option<Value> {
    let says_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    let mut rest: Object = rest.into_iter().filter(|(_, value)| !says_nothing(value)).collect();
    match metadata {
        metadata if rest.is_empty() => metadata,
        Some(Value::Object(mut known)) => {
            for (key, value) in rest {
                known.entry(key).or_insert(value);
            }
            Some(Value::Object(known))
        }
        other => {
            if let Some(other) = other {
                rest.insert("metadata".to_owned(), other);
            }
            Some(Value::Object(rest))
        }
    }
}
