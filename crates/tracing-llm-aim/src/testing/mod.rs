//! What tests need: values, events, and servers that do as they are told.

mod aim_server;
mod script;

use std::sync::Arc;

use crate::track::{Context, Track, Value};

pub(crate) use self::aim_server::{AimServer, Mood};
pub(crate) use self::script::{Call, Script};

/// A number in a context of its own kind.
pub(crate) fn number(step: u64) -> Track {
    track("latency", step, Value::Number(0.5))
}

pub(crate) fn text(step: u64, text: &str) -> Track {
    track("prompt", step, Value::Text(text.into()))
}

pub(crate) fn track(name: &'static str, step: u64, value: Value) -> Track {
    let context = Arc::new(Context::new([("event_type", crate::encode::Node::literal("llm"))]));
    Track { name, context, step, time: 1_700_000_000.5, value }
}
