//! Where failures go.

use std::fmt;

/// Where the failures of handlers, enrichers and redactors go.
///
/// By default the first failure of each kind is logged by `tracing` at WARN with the
/// target `tracing_llm::trap`, where the other layers see it; the rest is only counted
/// in [`Stats`](crate::Stats). A closure is a trap.
///
/// ```
/// use tracing_llm::Failure;
///
/// let (layer, callbacks) = tracing_llm::layer()
///     .trap(|failure: &Failure| eprintln!("{failure}"))
///     .build();
/// # drop((layer, callbacks));
/// ```
pub trait Trap: Send + Sync + 'static {
    /// Takes a failure. Called on a thread of ours, never on the pipeline's.
    fn trap(&self, failure: &Failure);
}

impl<F: Fn(&Failure) + Send + Sync + 'static> Trap for F {
    fn trap(&self, failure: &Failure) {
        self(failure);
    }
}

/// Something that failed on our side of the pipeline.
///
/// ```
/// use tracing_llm::Failure;
///
/// let failure = Failure::new("Exporter", "on_end", "connection refused");
/// assert_eq!(failure.to_string(), "Exporter failed in on_end: connection refused");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who failed: a handler's name, `enricher`, `redactor` …
    pub source: String,
    /// In what: `on_end`, `flush` …
    pub during: &'static str,
    /// The error's or panic's text.
    pub message: String,
    /// Whether it panicked.
    pub panicked: bool,
    /// Whether this is the first failure of this source in this hook.
    pub first: bool,
}

impl Failure {
    /// A failure of this source.
    #[must_use]
    pub fn new(
        source: impl Into<String>,
        during: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            source: source.into(),
            during,
            message: message.into(),
            panicked: false,
            first: true,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.panicked { "panicked" } else { "failed" };
        write!(f, "{} {verb} in {}: {}", self.source, self.during, self.message)
    }
}

/// The default: the first failure of each kind is logged.
pub(crate) struct LogOnce;

impl Trap for LogOnce {
    fn trap(&self, failure: &Failure) {
        if failure.first {
            tracing::warn!(target: "tracing_llm::trap", "{failure}; more of the same is only counted");
        }
    }
}
