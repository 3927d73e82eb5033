//! One test for each event type, and for each rule.

mod conformance;
mod models;
mod properties;
mod spans;
mod stages;

use std::collections::BTreeMap;
use std::sync::Arc;

use opentelemetry::Value;
use tracing_llm::{Event, Text};

use crate::testing::{by_key, span};

/// The attributes of an event's span, as text for strings and Debug for the rest.
fn shown(event: &Event) -> BTreeMap<String, String> {
    let span = span(event);
    by_key(&span.attributes)
        .into_iter()
        .map(|(key, value)| {
            let value = match value {
                Value::String(text) => text.as_str().to_owned(),
                other => format!("{other:?}"),
            };
            (key.to_owned(), value)
        })
        .collect()
}

/// Asserts that the span has exactly these attributes.
#[track_caller]
fn assert_attributes(event: &Event, expected: &[(&str, &str)]) {
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let shown = shown(event);
    for (key, value) in &shown {
        assert_eq!(Some(value), expected.get(key), "of {key}");
    }
    for key in expected.keys() {
        assert!(shown.contains_key(key), "{key} is missing");
    }
}

fn texts<const N: usize>(texts: [&str; N]) -> Arc<[Text]> {
    texts.into_iter().map(Text::from).collect()
}
