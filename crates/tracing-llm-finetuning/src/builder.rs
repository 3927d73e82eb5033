//! Settings of a recorder.

use std::fmt;
use std::path::PathBuf;

use tracing_llm::Event;

use crate::error::Error;
use crate::handler::FineTuning;
use crate::writer::Writer;

/// 64 MiB of examples in memory.
pub(crate) const MAX_BYTES: usize = 64 << 20;

pub(crate) type Filter = Box<dyn FnMut(&Event) -> bool + Send>;

/// Settings of a [`FineTuning`] recorder.
///
/// ```no_run
/// use tracing_llm_finetuning::FineTuning;
///
/// let recorder = FineTuning::builder()
///     .file("train.jsonl") // each example as soon as the call has ended
///     .filter(|call| call.model().is_some_and(|model| model.starts_with("gpt-5")))
///     .deduplicate(true)
///     .build()?;
/// # Ok::<(), tracing_llm_finetuning::Error>(())
/// ```
#[must_use = "it records nothing until it is built"]
pub struct Builder {
    file: Option<PathBuf>,
    pub(crate) filter: Option<Filter>,
    pub(crate) deduplicate: bool,
    pub(crate) max_bytes: usize,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { file: None, filter: None, deduplicate: false, max_bytes: MAX_BYTES }
    }

    /// Appends each example to this file as soon as its call has ended, as a line: the file is
    /// valid at any moment, and a crash loses at most the last line. Half a line that an earlier
    /// crash has left is cut off. Without a file, examples are in memory until they are
    /// [saved](FineTuning::save_finetuning_events).
    ///
    /// The file is made readable by its owner alone, since it holds prompts. One file has one
    /// recorder at a time: it is locked until the last clone of the recorder is gone, or the
    /// process.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Records only the calls for which this is true. It sees the event with its answer, tokens,
    /// cost, annotations and context, on the thread of the handler.
    pub fn filter(mut self, filter: impl FnMut(&Event) -> bool + Send + 'static) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// Whether an example that was recorded before is left out; false by default. The first
    /// million examples of this process are compared, by hash; what the file held before is not.
    pub fn deduplicate(mut self, deduplicate: bool) -> Self {
        self.deduplicate = deduplicate;
        self
    }

    /// How many bytes of examples, their lines and their messages, stay in memory; 64 MiB by
    /// default. Older ones are forgotten and [counted](FineTuning::counts); a [file](Self::file)
    /// has all.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// # Errors
    ///
    /// If the file cannot be opened, is a link, or another recorder has it.
    pub fn build(mut self) -> Result<FineTuning, Error> {
        let writer = self.file.take().map(|path| Writer::open(&path)).transpose()?;
        Ok(FineTuning::with(self, writer))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, filter, deduplicate, max_bytes } = self;
        f.debug_struct("Builder")
            .field("file", file)
            .field("filter", &filter.is_some())
            .field("deduplicate", deduplicate)
            .field("max_bytes", max_bytes)
            .finish()
    }
}
