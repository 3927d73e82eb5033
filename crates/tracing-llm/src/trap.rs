//! Where failures go.

use std::fmt;

/// Where the failures of handlers, enrichers and redactors go, and what is wrong with the setup.
///
/// By default the first failure of each kind is logged by `tracing` at WARN with the
/// target `tracing_llm::trap`, where the other layers see it; the rest is only counted
/// in [`Stats`](crate::Stats). What the setup keeps us from is told once: a callsite whose tag
/// names no event type, a filter that lets no event through. A closure is a trap.
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
    /// Who failed: a handler's name, `enricher`, `redactor` … Of the setup: the place in the
    /// source, or the crate.
    pub source: String,
    /// In what: `on_end`, `flush`, `setup` …
    pub during: &'static str,
    /// The error's or panic's text.
    pub message: String,
    /// Whether this is the first panic, or the first error, of this source in this hook.
    pub first: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Error,
    Panic,
    Setup,
}

impl Failure {
    /// An error of this source.
    #[must_use]
    pub fn new(
        source: impl Into<String>,
        during: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let (source, message) = (source.into(), message.into());
        Self { source, during, message, first: true, kind: Kind::Error }
    }

    /// A panic of this source.
    pub(crate) fn panic(source: &str, during: &'static str, message: String) -> Self {
        Self { kind: Kind::Panic, ..Self::new(source, during, message) }
    }

    /// Something that the setup keeps us from.
    pub(crate) fn setup(source: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: Kind::Setup, ..Self::new(source, "setup", message) }
    }

    /// Whether it is a panic, no error.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.kind == Kind::Panic
    }

    /// Whether nothing has failed, but the setup keeps us from seeing what we should.
    #[must_use]
    pub fn is_setup(&self) -> bool {
        self.kind == Kind::Setup
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, during, message, .. } = self;
        match self.kind {
            Kind::Error => write!(f, "{source} failed in {during}: {message}"),
            Kind::Panic => write!(f, "{source} panicked in {during}: {message}"),
            Kind::Setup => write!(f, "{source}: {message}"),
        }
    }
}

/// The default: the first failure of each kind is logged.
pub(crate) struct LogOnce;

impl Trap for LogOnce {
    fn trap(&self, failure: &Failure) {
        if failure.is_setup() {
            tracing::warn!(target: "tracing_llm::trap", "{failure}");
        } else if failure.first {
            tracing::warn!(target: "tracing_llm::trap", "{failure}; more of the same is only counted");
        }
    }
}
