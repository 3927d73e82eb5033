//! What is tracked of an event: texts and numbers, each with a name, a context and a step.

mod context;
mod convert;
mod names;
mod wrappers;

use std::sync::Arc;

use tracing_llm::Text;

pub(crate) use self::context::Context;
pub(crate) use self::convert::Convert;

/// One value on its way to Aim.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Track {
    pub(crate) name: &'static str,
    pub(crate) context: Arc<Context>,
    pub(crate) step: u64,
    /// When its event ended, in seconds since 1970.
    pub(crate) time: f64,
    pub(crate) value: Value,
}

/// What is tracked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// For the text explorer.
    Text(Text),
    /// For the metrics explorer.
    Number(f64),
}

impl Track {
    /// About how many bytes it takes on the wire: Aim keeps a text three times, as the first, the
    /// last and one of all, and everything else is paths.
    pub(crate) fn size(&self) -> usize {
        match &self.value {
            Value::Text(text) => 3 * text.len() + 2_048,
            Value::Number(_) => 1_024,
        }
    }
}

#[cfg(test)]
mod tests;
