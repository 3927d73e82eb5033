//! The attributes of a span, by their names.

use std::collections::BTreeMap;
use std::ops::Bound;

use opentelemetry::{Array, KeyValue, Value};
use serde_json::{Number, Value as Json};

use crate::names::OPENINFERENCE_SPAN_KIND;

pub(super) struct Read<'a> {
    by_key: BTreeMap<&'a str, &'a Value>,
}

/// One item of a flattened list: what stands behind its index, by name.
pub(super) type Item<'a> = BTreeMap<&'a str, &'a Value>;

impl<'a> Read<'a> {
    pub(super) fn of(attributes: &'a [KeyValue]) -> Self {
        Self { by_key: attributes.iter().map(|pair| (pair.key.as_str(), &pair.value)).collect() }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.by_key.get(key).copied()
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(text)
    }

    /// A count; nothing but an integer is one.
    pub(super) fn int(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Value::I64(number)) => Some(*number),
            _ => None,
        }
    }

    /// The value that a text spells in JSON.
    pub(super) fn json(&self, key: &str) -> Option<Json> {
        serde_json::from_str(self.text(key)?).ok()
    }

    /// The items of a flattened list, in their order.
    pub(super) fn items(&self, list: &str) -> Vec<Item<'a>> {
        items(&self.by_key, list)
    }

    /// Whether this is the span's kind.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.text(OPENINFERENCE_SPAN_KIND).is_some_and(|own| own.eq_ignore_ascii_case(kind))
    }
}

/// The items of a list that is flattened among these names.
pub(super) fn items<'a>(names: &BTreeMap<&'a str, &'a Value>, list: &str) -> Vec<Item<'a>> {
    let prefix = format!("{list}.");
    let mut found: BTreeMap<usize, Item<'a>> = BTreeMap::new();
    let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
    for (key, value) in names.range::<str, _>(from) {
        let Some(rest) = key.strip_prefix(prefix.as_str()) else { break };
        let Some((index, name)) = rest.split_once('.') else { continue };
        if let Ok(index) = index.parse() {
            found.entry(index).or_default().insert(name, value);
        }
    }
    found.into_values().collect()
}

pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// A text of an item.
pub(super) fn text_in<'a>(item: &Item<'a>, name: &str) -> Option<&'a str> {
    item.get(name).copied().and_then(text)
}

/// What a text spells in JSON, else the text.
pub(super) fn json_or_text(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
}

/// An attribute as JSON.
pub(super) fn to_json(value: &Value) -> Json {
    let number = |number: f64| Number::from_f64(number).map_or(Json::Null, Json::Number);
    match value {
        Value::Bool(flag) => Json::from(*flag),
        Value::I64(int) => Json::from(*int),
        Value::F64(float) => number(*float),
        Value::String(text) => Json::from(text.as_str()),
        Value::Array(Array::Bool(list)) => list.iter().copied().map(Json::from).collect(),
        Value::Array(Array::I64(list)) => list.iter().copied().map(Json::from).collect(),
        Value::Array(Array::F64(list)) => list.iter().copied().map(number).collect(),
        Value::Array(Array::String(list)) => {
            list.iter().map(|text| Json::from(text.as_str())).collect()
        }
        _ => Json::Null,
    }
}
