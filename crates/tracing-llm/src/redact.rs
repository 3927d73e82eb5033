//! What masks texts before any handler sees them.

/// Masks texts, once, for all handlers: every text of the payload, the context, the logs and the
/// exceptions of every record, and every text inside JSON values.
///
/// Runs on the worker, after the [`Enricher`](crate::Enricher)s. Names of spans, models and
/// providers, ids and numbers are not shown to it. If it panics, the text is replaced by a note:
/// nothing leaks.
///
/// A closure is a redactor.
///
/// ```
/// let (layer, callbacks) = tracing_llm::layer()
///     .redactor(|_part: &'static str, text: &str| {
///         text.contains("@").then(|| String::from("[mail]"))
///     })
///     .build();
/// # drop((layer, callbacks));
/// ```
pub trait Redactor: Send + 'static {
    /// The text to show instead; none to leave it as it is.
    ///
    /// `part` is where it stands: the name of a field of [`Payload`](crate::Payload), or
    /// `context`, `log`.
    fn redact(&mut self, part: &'static str, text: &str) -> Option<String>;
}

impl<F: FnMut(&'static str, &str) -> Option<String> + Send + 'static> Redactor for F {
    fn redact(&mut self, part: &'static str, text: &str) -> Option<String> {
        self(part, text)
    }
}
