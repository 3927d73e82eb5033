//! What became of what a handler sends or writes.

/// What became of what a handler sends or writes to one place: spans to a collector, rows to a
/// file. A handler tells it by its [`Health`](super::Health).
///
/// ```
/// use tracing_llm::OutputStats;
///
/// let mut file = OutputStats::new("file");
/// file.exported = 12;
/// assert_eq!((file.exported, file.failures), (12, 0));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputStats {
    /// Where to: `otlp`, `file` … One word that stays the same while the program runs.
    pub name: String,
    /// Items that arrived.
    pub exported: u64,
    /// Items that were refused for good, or could not be written.
    pub failed: u64,
    /// Items that were given up: too many were waiting, or the program ended.
    pub dropped: u64,
    /// Items that wait in memory, or are on their way.
    pub waiting: u64,
    /// Items that wait in a spool.
    pub spooled: u64,
    /// Bytes of the spool's files.
    pub spool_bytes: u64,
    /// Attempts to send, write or spool that failed. What they were about may have arrived since.
    pub failures: u64,
}

impl OutputStats {
    /// A place that nothing was sent to yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}
