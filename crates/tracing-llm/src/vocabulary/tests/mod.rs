//! Names and values in, payloads out.

mod bad_input;
mod context;
mod errors;
mod gen_ai;
mod llama_index;
mod names;
mod numbers;
mod open_inference;
mod properties;

use super::{Draft, Role, Scalar, role, set_context};
use crate::{Context, Text};

/// A settled draft of these fields, in this order.
fn draft<V: Into<Scalar>>(fields: impl IntoIterator<Item = (&'static str, V)>) -> Draft {
    let mut draft = Draft::new();
    add(&mut draft, fields);
    draft
}

/// Adds fields, as `Span::record` does, and settles.
fn add<V: Into<Scalar>>(draft: &mut Draft, fields: impl IntoIterator<Item = (&'static str, V)>) {
    for (name, value) in fields {
        draft.set(role(name), name, value.into());
    }
    draft.settle();
}

/// The context that these fields set, as the layer gathers it.
fn context_of<V: Into<Scalar>>(fields: impl IntoIterator<Item = (&'static str, V)>) -> Context {
    let mut context = Context::default();
    for (name, value) in fields {
        if let Role::Context(key) = role(name) {
            set_context(&mut context, key, &value.into());
        }
    }
    context
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self::Text(Text::from(text))
    }
}

impl From<i64> for Scalar {
    fn from(number: i64) -> Self {
        Self::I64(number)
    }
}

impl From<u64> for Scalar {
    fn from(number: u64) -> Self {
        Self::U64(number)
    }
}

impl From<f64> for Scalar {
    fn from(number: f64) -> Self {
        Self::F64(number)
    }
}

impl From<bool> for Scalar {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// A value of any type, for lists of fields with several.
fn any(value: impl Into<Scalar>) -> Scalar {
    value.into()
}
