//! A layer with a handler in memory, and a server on a port of this machine.
#![allow(dead_code, reason = "each test uses some of it")]

pub(crate) mod server;

use std::time::Duration;

use tracing::subscriber::DefaultGuard;
use tracing_llm::testing::Capture;
use tracing_llm::{Builder, Callbacks, Event};
use tracing_subscriber::prelude::*;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A layer for this thread, and what it brings.
pub(crate) struct Stage {
    capture: Capture,
    pub(crate) callbacks: Callbacks,
    _default: DefaultGuard,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let capture = Capture::new();
        let builder = change(tracing_llm::layer().handler(capture.clone()));
        let (layer, callbacks) = builder.build();
        let subscriber = tracing_subscriber::registry().with(layer.filtered());
        let default = tracing::subscriber::set_default(subscriber);
        Self { capture, callbacks, _default: default }
    }

    /// All ends so far, in their order.
    ///
    /// The flush says what bodies lost, which is no failure here: `lost_bytes` is.
    pub(crate) fn ends(&self) -> Vec<Event> {
        let flushed = self.callbacks.flush_blocking(PATIENCE);
        assert!(flushed.is_ok() || self.callbacks.stats().lost_bytes > 0, "{flushed:?}");
        self.capture.captured().ends.iter().map(|event| Event::clone(event)).collect()
    }

    pub(crate) fn starts(&self) -> Vec<Event> {
        self.callbacks.flush_blocking(PATIENCE).unwrap();
        self.capture.captured().starts.iter().map(|event| Event::clone(event)).collect()
    }

    /// The one event that there was.
    pub(crate) fn one(&self) -> Event {
        let ends = self.ends();
        assert_eq!(ends.len(), 1, "{ends:#?}");
        ends[0].clone()
    }
}
