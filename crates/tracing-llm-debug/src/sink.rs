//! Where the text goes.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// The target of the events that [`DebugHandler::tracing`](crate::DebugHandler::tracing) and
/// [`SimpleLlmHandler::tracing`](crate::SimpleLlmHandler::tracing) emit, at level DEBUG.
pub const TARGET: &str = "tracing_llm_debug";

/// Where the text goes; each block in one call, so that nothing gets in between.
pub(crate) enum Sink {
    Stdout,
    Stderr,
    Writer(Mutex<Box<dyn Write + Send>>),
    Tracing,
}

impl Sink {
    pub(crate) fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::Writer(Mutex::new(Box::new(writer)))
    }

    /// Writes a block whole and flushes it.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if let Self::Tracing = self {
            emit(text);
            return Ok(());
        }
        self.with(|writer| {
            writer.write_all(text.as_bytes())?;
            writer.flush()
        })
    }

    pub(crate) fn flush(&self) -> io::Result<()> {
        self.with(|writer| writer.flush())
    }

    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
            Self::Writer(_) | Self::Tracing => false,
        }
    }

    /// Whether escape sequences would be taken for text.
    pub(crate) fn is_tracing(&self) -> bool {
        matches!(self, Self::Tracing)
    }

    fn with(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Stdout => write(&mut io::stdout().lock()),
            Self::Stderr => write(&mut io::stderr().lock()),
            Self::Writer(writer) => {
                write(&mut **writer.lock().unwrap_or_else(PoisonError::into_inner))
            }
            Self::Tracing => Ok(()),
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "Stdout",
            Self::Stderr => "Stderr",
            Self::Writer(_) => "Writer",
            Self::Tracing => "Tracing",
        })
    }
}

/// A block of several lines begins on a line of its own, so that they stay aligned.
fn emit(text: &str) {
    let text = text.trim_end_matches('\n');
    let before = if text.contains('\n') { "\n" } else { "" };
    tracing::debug!(target: TARGET, "{before}{text}");
}
