//! Prints the tokens of each call, in LlamaIndex's words.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_llm::EventType;

use crate::record::TokenRecord;

/// Where the lines go.
#[derive(Clone)]
pub(crate) enum Printer {
    Writer(Arc<Mutex<dyn Write + Send>>),
    Tracing,
}

impl Printer {
    pub(crate) fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::Writer(Arc::new(Mutex::new(writer)))
    }

    /// Writes the lines of a call whole, so that nothing gets in between.
    pub(crate) fn print(&self, record: &TokenRecord) -> io::Result<()> {
        let mut text = lines(record);
        match self {
            Self::Tracing => {
                tracing::info!(target: "tracing_llm_tokens", "{text}");
                Ok(())
            }
            Self::Writer(writer) => {
                text.push('\n');
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                writer.write_all(text.as_bytes())?;
                writer.flush()
            }
        }
    }
}

/// The words of `TokenCountingHandler(verbose=True)`.
fn lines(record: &TokenRecord) -> String {
    let usage = &record.usage;
    let input = usage.input.unwrap_or_default();
    if record.event_type == EventType::EMBEDDING {
        return format!("Embedding Token Usage: {}", usage.total().unwrap_or_default());
    }
    let output = usage.output.unwrap_or_default();
    format!("LLM Prompt Token Usage: {input}\nLLM Completion Token Usage: {output}")
}
