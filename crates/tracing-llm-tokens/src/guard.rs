//! Calls what users give: a panic there is an error, and costs nothing else.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing_llm::HandlerResult;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Foreign code has panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panicked {
    what: &'static str,
    text: String,
}

/// Calls foreign code, which the error names.
pub(crate) fn guarded<T>(what: &'static str, call: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(call))
        .map_err(|panic| Panicked { what, text: panic_text(&*panic) })
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
        .to_owned()
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} panicked: {}", self.what, self.text)
    }
}

impl std::error::Error for Panicked {}

/// What has failed while an event was worked on to its end.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<BoxError>);

impl Failures {
    /// Notes the error, if it is one.
    pub(crate) fn note<T>(&mut self, result: Result<T, impl Into<BoxError>>) -> Option<T> {
        result.map_err(|error| self.0.push(error.into())).ok()
    }

    /// The panics among them, told in one line.
    pub(crate) fn panics(&self) -> Option<String> {
        let panics = self.0.iter().filter(|error| error.is::<Panicked>());
        let texts: Vec<String> = panics.map(ToString::to_string).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// All of them, as one error.
    pub(crate) fn into_result(mut self) -> HandlerResult {
        if self.0.len() > 1 {
            let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
            return Err(texts.join("; ").into());
        }
        self.0.pop().map_or(Ok(()), Err)
    }
}
