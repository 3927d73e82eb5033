//! A list of attributes with unique keys.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use opentelemetry::{Array, Key, KeyValue, StringValue, Value};
use tracing_llm::Text;

use crate::names;

/// Attributes in the order in which they were put: important ones first.
///
/// Each key stands once, and the first value stays, so that a plain attribute
/// cannot replace what was written from a typed part. Absent values are left
/// out: OTLP has none. Texts are shared, so that a clone of a span is cheap.
#[derive(Default)]
pub(crate) struct Attributes {
    list: Vec<KeyValue>,
    keys: HashSet<Key>,
}

impl Attributes {
    /// Puts a value under a name of the table.
    pub(crate) fn put(&mut self, key: &'static str, value: impl ToValue) {
        if let Some(value) = value.to_value() {
            self.push(Key::from_static_str(key), value);
        }
    }

    /// Puts a value under a name that is only known at run time.
    pub(crate) fn put_dynamic(&mut self, key: &str, value: impl ToValue) {
        if let Some(value) = value.to_value() {
            self.push(Key::from(Arc::from(key)), value);
        }
    }

    /// The item with this index of a list: `llm.tools.0`.
    pub(crate) fn item(&mut self, list: &str, index: usize) -> Path<'_> {
        Path { path: format!("{list}.{index}"), attributes: self }
    }

    /// Any JSON value under a name: scalars and lists of scalars as they are, objects and
    /// lists of objects as JSON text, unless the table says that the list is flattened.
    pub(crate) fn put_json(&mut self, key: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::Array(items)
                if names::is_list(key) && items.iter().any(serde_json::Value::is_object) =>
            {
                for (index, item) in items.iter().enumerate() {
                    self.flatten(&format!("{key}.{index}"), item);
                }
            }
            _ => self.put_dynamic(key, value),
        }
    }

    fn flatten(&mut self, path: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    self.flatten(&format!("{path}.{name}"), value);
                }
            }
            serde_json::Value::Array(items) if items.iter().any(serde_json::Value::is_object) => {
                for (index, item) in items.iter().enumerate() {
                    self.flatten(&format!("{path}.{index}"), item);
                }
            }
            scalar => self.put_dynamic(path, scalar),
        }
    }

    pub(crate) fn finish(self) -> Vec<KeyValue> {
        self.list
    }

    fn push(&mut self, key: Key, value: Value) {
        if self.keys.insert(key.clone()) {
            self.list.push(KeyValue::new(key, value));
        }
    }
}

/// A place below which attributes are put: an item of a flattened list.
pub(crate) struct Path<'a> {
    attributes: &'a mut Attributes,
    path: String,
}

impl Path<'_> {
    /// Puts a value under the path and a leaf's name.
    pub(crate) fn put(&mut self, leaf: &str, value: impl ToValue) {
        let Some(value) = value.to_value() else { return };
        let mut key = String::with_capacity(self.path.len() + 1 + leaf.len());
        key.push_str(&self.path);
        key.push('.');
        key.push_str(leaf);
        self.attributes.push(Key::from(Arc::from(key)), value);
    }

    /// The item with this index of a list below this path.
    pub(crate) fn item(&mut self, list: &str, index: usize) -> Path<'_> {
        let mut path = self.path.clone();
        let _ = write!(path, ".{list}.{index}");
        Path { path, attributes: self.attributes }
    }

    /// The object below this path.
    pub(crate) fn object(&mut self, name: &str) -> Path<'_> {
        Path { path: format!("{}.{name}", self.path), attributes: self.attributes }
    }
}

/// What can stand in an attribute; nothing for what is absent.
pub(crate) trait ToValue {
    fn to_value(self) -> Option<Value>;
}

/// JSON text of a value.
pub(crate) struct Json<'a>(pub(crate) &'a serde_json::Value);

impl ToValue for Json<'_> {
    fn to_value(self) -> Option<Value> {
        match self.0 {
            serde_json::Value::Null => None,
            // Text that was not valid JSON is kept as it came.
            serde_json::Value::String(text) => text.as_str().to_value(),
            other => other.to_string().to_value(),
        }
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(self) -> Option<Value> {
        self.and_then(ToValue::to_value)
    }
}

impl ToValue for &str {
    fn to_value(self) -> Option<Value> {
        Some(Value::String(shared(self)))
    }
}

impl ToValue for &Text {
    fn to_value(self) -> Option<Value> {
        self.as_str().to_value()
    }
}

impl ToValue for String {
    fn to_value(self) -> Option<Value> {
        self.as_str().to_value()
    }
}

impl ToValue for &[Text] {
    fn to_value(self) -> Option<Value> {
        let texts = self.iter().map(|text| shared(text)).collect();
        (!self.is_empty()).then_some(Value::Array(Array::String(texts)))
    }
}

impl ToValue for &[f32] {
    fn to_value(self) -> Option<Value> {
        let floats = self.iter().copied().map(f64::from).collect();
        (!self.is_empty()).then_some(Value::Array(Array::F64(floats)))
    }
}

/// OTLP integers are signed; what is beyond them is no token count of this world.
impl ToValue for u64 {
    fn to_value(self) -> Option<Value> {
        Some(Value::I64(i64::try_from(self).unwrap_or(i64::MAX)))
    }
}

impl ToValue for f64 {
    fn to_value(self) -> Option<Value> {
        Some(Value::F64(self))
    }
}

impl ToValue for bool {
    fn to_value(self) -> Option<Value> {
        Some(Value::Bool(self))
    }
}

impl ToValue for &serde_json::Value {
    fn to_value(self) -> Option<Value> {
        use serde_json::Value as J;
        match self {
            J::Null => None,
            J::Bool(flag) => Some(Value::Bool(*flag)),
            J::Number(number) => {
                number.as_i64().map(Value::I64).or_else(|| number.as_f64().map(Value::F64))
            }
            J::String(text) => text.as_str().to_value(),
            J::Array(items) => match homogeneous(items) {
                Some(array) => Some(Value::Array(array)),
                None => Json(self).to_value(),
            },
            J::Object(_) => Json(self).to_value(),
        }
    }
}

/// The list as an array of one scalar type, if it is one.
fn homogeneous(items: &[serde_json::Value]) -> Option<Array> {
    fn all<'a, T>(
        items: &'a [serde_json::Value],
        read: impl Fn(&'a serde_json::Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        items.iter().map(read).collect()
    }
    if items.is_empty() {
        return None;
    }
    all(items, |item| item.as_str().map(shared))
        .map(Array::String)
        .or_else(|| all(items, serde_json::Value::as_bool).map(Array::Bool))
        .or_else(|| all(items, serde_json::Value::as_i64).map(Array::I64))
        .or_else(|| all(items, serde_json::Value::as_f64).map(Array::F64))
}

fn shared(text: &str) -> StringValue {
    StringValue::from(Arc::<str>::from(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put_json(key: &str, value: &serde_json::Value) -> Vec<(String, Value)> {
        let mut attributes = Attributes::default();
        attributes.put_json(key, value);
        attributes.finish().into_iter().map(|pair| (pair.key.to_string(), pair.value)).collect()
    }

    #[test]
    fn a_key_stands_once_and_its_first_value_stays() {
        let mut attributes = Attributes::default();
        attributes.put("llm.model_name", "typed");
        attributes.put_dynamic("llm.model_name", "plain");
        attributes.put("absent", None::<&str>);
        assert_eq!(attributes.finish(), [KeyValue::new("llm.model_name", "typed")]);
    }

    #[test]
    fn integers_stay_integers_and_lists_of_scalars_stay_lists() {
        assert_eq!(put_json("n", &json!(7)), [("n".into(), Value::I64(7))]);
        assert_eq!(put_json("n", &json!(-7)), [("n".into(), Value::I64(-7))]);
        assert_eq!(put_json("n", &json!(0.5)), [("n".into(), Value::F64(0.5))]);
        assert_eq!(put_json("n", &json!(true)), [("n".into(), Value::Bool(true))]);
        assert_eq!(put_json("n", &json!(null)), []);
        assert_eq!(
            put_json("n", &json!([1, 2])),
            [("n".into(), Value::Array(vec![1i64, 2].into()))]
        );
        assert_eq!(
            put_json("n", &json!([1, 2.5])),
            [("n".into(), Value::Array(vec![1.0, 2.5].into()))]
        );
        assert_eq!(put_json("n", &json!([1, "a"])), [("n".into(), Value::from(r#"[1,"a"]"#))]);
        assert_eq!(put_json("n", &json!({"a": 1})), [("n".into(), Value::from(r#"{"a":1}"#))]);
    }

    #[test]
    fn a_number_beyond_the_integers_is_kept_as_near_as_can_be() {
        assert_eq!(put_json("n", &json!(u64::MAX)), [("n".into(), Value::F64(u64::MAX as f64))]);
        assert_eq!(u64::MAX.to_value(), Some(Value::I64(i64::MAX)));
    }

    #[test]
    fn lists_of_the_table_are_flattened_and_others_become_text() {
        let feedback = json!([{"annotation.name": "good", "annotation.score": 1}]);
        assert_eq!(
            put_json("annotations", &feedback),
            [
                ("annotations.0.annotation.name".into(), Value::from("good")),
                ("annotations.0.annotation.score".into(), Value::I64(1)),
            ]
        );
        let nested = json!([{"annotation": {"name": "good", "labels": ["a", "b"]}}]);
        assert_eq!(
            put_json("annotations", &nested),
            [
                (
                    "annotations.0.annotation.labels".into(),
                    Value::Array(vec![StringValue::from("a"), StringValue::from("b")].into())
                ),
                ("annotations.0.annotation.name".into(), Value::from("good")),
            ]
        );
        assert_eq!(
            put_json("mine", &json!([{"a": 1}])),
            [("mine".into(), Value::from(r#"[{"a":1}]"#))]
        );
    }
}
