//! What became of the model calls.

use std::fmt;

use tracing_llm::OutputStats;

use crate::convert::Skip;

/// How many model calls became examples, and why the others did not.
///
/// Each LLM event that ended is in exactly one of `recorded` to `duplicates`.
///
/// ```
/// use tracing_llm_finetuning::FineTuning;
///
/// assert_eq!(FineTuning::new().counts().recorded, 0);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that became an example.
    pub recorded: u64,
    /// Calls below a [`suppress`](tracing_llm::suppress) span: no content of theirs is kept.
    pub suppressed: u64,
    /// Calls that failed or were cancelled, such as a stream that its consumer left before the end.
    pub failed: u64,
    /// Calls whose stream did not reach its end, or that were open at shutdown.
    pub unfinished: u64,
    /// Calls without a prompt or an answer, such as with `capture(Metadata)`, or whose texts were
    /// left out under memory pressure.
    pub without_content: u64,
    /// Calls that cannot stand in a training file: with a film, a role that nobody knows, a call of
    /// a tool that has no answer. The [rules](crate::Rule) for a line are those of the validator.
    pub refused: u64,
    /// Why the first of them was refused.
    pub first_refusal: Option<String>,
    /// Calls that the filter did not let through.
    pub filtered: u64,
    /// Calls that gave an example that was there already.
    pub duplicates: u64,
    /// Examples that could not be written to the file; they are in memory.
    pub not_written: u64,
    /// Examples that are no longer in memory, since it is bounded; they are in the file, if there
    /// is one.
    pub forgotten: u64,
    /// Halves of lines at the end of the file, left by a process that crashed, that were cut off.
    pub torn_lines: u64,
}

impl Counts {
    pub(crate) fn skipped(&mut self, skip: Skip) {
        *match skip {
            Skip::Suppressed => &mut self.suppressed,
            Skip::Failed => &mut self.failed,
            Skip::Unfinished => &mut self.unfinished,
            Skip::WithoutContent => &mut self.without_content,
            Skip::Refused(why) => {
                self.first_refusal.get_or_insert(why);
                &mut self.refused
            }
        } += 1;
    }

    /// What became of the lines of the file, in the words that all handlers share.
    pub(crate) fn output(&self, written: u64) -> OutputStats {
        let mut output = OutputStats::new("file");
        output.exported = written;
        output.failed = self.not_written;
        output.waiting = self.recorded.saturating_sub(written + self.not_written);
        output.failures = self.not_written;
        output
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} example{}", self.recorded, if self.recorded == 1 { "" } else { "s" })?;
        for (calls, fate) in [
            (self.suppressed, "suppressed"),
            (self.failed, "failed"),
            (self.unfinished, "unfinished"),
            (self.without_content, "without content"),
            (self.refused, "refused"),
            (self.filtered, "filtered"),
            (self.duplicates, "duplicates"),
            (self.not_written, "not written"),
            (self.forgotten, "forgotten"),
        ] {
            if calls > 0 {
                write!(f, ", {fate}: {calls}")?;
            }
        }
        match &self.first_refusal {
            Some(why) => write!(f, " (first refused: {why})"),
            None => Ok(()),
        }
    }
}
