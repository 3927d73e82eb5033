//! What came of sending files.

use std::fmt;

/// What came of [`Builder::resend`](crate::Builder::resend).
///
/// ```
/// use tracing_llm_openinference::ResendReport;
///
/// let mut report = ResendReport::default();
/// report.files = 1;
/// report.spans = 13;
/// report.exported = 12;
/// report.failed = 1;
/// report.unreadable_lines = 1;
/// assert_eq!(report.to_string(), "12 of 13 spans in 1 file, 1 failed, 1 line unreadable");
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResendReport {
    /// Files that were read.
    pub files: u64,
    /// Spans that stood in them: the sum of `exported` and `failed`.
    pub spans: u64,
    /// Spans that the collector took.
    pub exported: u64,
    /// Spans that the collector refused, and spans without valid ids, which were not sent:
    /// one of them can make a collector refuse a whole request.
    pub failed: u64,
    /// Lines that hold no spans that can be read: torn, damaged, or of another kind.
    pub unreadable_lines: u64,
}

impl fmt::Display for ResendReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, spans, exported, failed, unreadable_lines } = self;
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        write!(f, "{exported} of {spans} spans in {files} file{}", plural(*files))?;
        if *failed > 0 {
            write!(f, ", {failed} failed")?;
        }
        if *unreadable_lines > 0 {
            write!(f, ", {unreadable_lines} line{} unreadable", plural(*unreadable_lines))?;
        }
        Ok(())
    }
}
