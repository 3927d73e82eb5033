//! The same span in the words of OpenTelemetry's GenAI conventions, beside those of OpenInference.
//!
//! It reads what was written and masked already, so nothing that is hidden comes back, and it
//! never writes over a key. What OpenInference's own converter
//! (`openinference-instrumentation` 0.1.72) makes of a span, this makes too; beyond it there are
//! the model that answered, the response's id, tokens of reasoning, parts for reasoning, audio,
//! video and files, `top_k` of a retrieval, prompt name and version, and dimensions of vectors
//! that are not exported.

mod messages;
mod names;
mod read;
mod request;
mod rest;
mod tools;

use std::collections::HashSet;

use opentelemetry::{Array, KeyValue, StringValue, Value};
use serde_json::Value as Json;

use self::names::Name;
use self::read::Read;

/// Which GenAI attributes are written; they still rename, and have no stable release.
///
/// ```
/// use tracing_llm_openinference::{GenAiVersion, OpenInference};
///
/// let spans = OpenInference::builder().genai(GenAiVersion::V1_41).build()?;
/// # drop(spans);
/// # Ok::<(), tracing_llm_openinference::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GenAiVersion {
    /// Those of semantic conventions 1.41.1, the last release that holds them.
    #[default]
    V1_41,
    /// Those of the repository that they moved to (`semantic-conventions-genai`, as of August 2026), with its
    /// renames. They may change with any release of this crate.
    Latest,
}

/// Adds what the span says in the words of the GenAI conventions.
pub(crate) fn add(attributes: &mut Vec<KeyValue>, version: GenAiVersion) {
    let mut said = Said { version, list: Vec::new() };
    let read = Read::of(attributes);
    rest::base(&read, &mut said);
    request::model(&read, &mut said);
    request::parameters(&read, &mut said);
    rest::usage(&read, &mut said);
    rest::prompt(&read, &mut said);
    messages::all(&read, &mut said);
    rest::response(&read, &mut said);
    tools::offered(&read, &mut said);
    tools::call(&read, &mut said);
    rest::retrieval(&read, &mut said);
    rest::embedding(&read, &mut said);
    let known: HashSet<&str> = attributes
        .iter()
        .map(|pair| pair.key.as_str())
        .filter(|key| key.starts_with("gen_ai."))
        .collect();
    let new: Vec<KeyValue> =
        said.list.into_iter().filter(|pair| !known.contains(pair.key.as_str())).collect();
    attributes.extend(new);
}

/// What is said so far, in the names of one version.
struct Said {
    version: GenAiVersion,
    list: Vec<KeyValue>,
}

impl Said {
    fn put(&mut self, name: &Name, value: Option<impl Into<Value>>) {
        let (Some(key), Some(value)) = (name.of(self.version), value) else { return };
        if !self.list.iter().any(|pair| pair.key.as_str() == key) {
            self.list.push(KeyValue::new(key, value));
        }
    }

    /// A structure is JSON text on a span.
    fn json(&mut self, name: &Name, value: Vec<Json>) {
        self.put(name, (!value.is_empty()).then(|| Json::Array(value).to_string()));
    }

    fn texts(&mut self, name: &Name, texts: Vec<String>) {
        let list: Vec<StringValue> = texts.into_iter().map(StringValue::from).collect();
        self.put(name, (!list.is_empty()).then_some(Value::Array(Array::String(list))));
    }
}

#[cfg(test)]
mod tests;
