//! A value of Aim's, as a tree.

use serde_json::Value;
use tracing_llm::Text;

/// A value: what Python has as `None`, `bool`, `int`, `float`, `str`, `list`, `dict` and `aim.Text`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Text),
    Array(Vec<Node>),
    Object(Vec<(Key, Node)>),
    /// The object `aim.Text`: what Aim's text explorer shows.
    Text(Text),
}

/// The name of a branch: a field's name, a list's index, or a hash.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Key {
    Str(Text),
    Int(i64),
}

impl Node {
    pub(crate) fn literal(text: &'static str) -> Self {
        Self::Str(Text::literal(text))
    }

    pub(crate) fn object<const N: usize>(fields: [(&'static str, Node); N]) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl From<&'static str> for Key {
    fn from(name: &'static str) -> Self {
        Self::Str(Text::literal(name))
    }
}

impl From<i64> for Key {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Key> for Node {
    fn from(key: Key) -> Self {
        match key {
            Key::Str(name) => Self::Str(name),
            Key::Int(number) => Self::Int(number),
        }
    }
}

impl From<&Value> for Node {
    /// A whole number that fits no `i64` becomes a float.
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Self::Int(number),
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::Str(Text::from(text)),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(fields) => {
                let field = |(name, value)| (Key::Str(Text::from(name)), Self::from(value));
                Self::Object(fields.iter().map(field).collect())
            }
        }
    }
}
