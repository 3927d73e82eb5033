//! What a handler is told.

use std::collections::HashSet;

use tracing_llm::EventType;

use crate::color::Color;
use crate::format::Format;

/// The settings of a [`DebugHandler`](crate::DebugHandler).
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) format: Format,
    pub(crate) print_trace_on_end: bool,
    pub(crate) color: Color,
    pub(crate) preview: usize,
    pub(crate) starts_to_ignore: HashSet<EventType>,
    pub(crate) ends_to_ignore: HashSet<EventType>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            format: Format::default(),
            print_trace_on_end: true,
            color: Color::default(),
            preview: 60,
            starts_to_ignore: HashSet::new(),
            ends_to_ignore: HashSet::new(),
        }
    }
}
