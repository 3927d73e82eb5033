//! What a span's fields tell of a failure.

use serde_json::Value;

use super::read::{Object, Parsed, parse, take, take_text, text};
use super::{ErrorKey, Scalar};
use crate::{Exception, Outcome, Text};

/// The parts of a failure, in whatever order they come.
#[derive(Debug, Default)]
pub(super) struct Failed {
    flagged: bool,
    message: Option<Text>,
    kind: Option<Text>,
    stacktrace: Option<Text>,
    status: Option<Outcome>,
    status_message: Option<Text>,
}

impl Failed {
    /// Takes a field. Gives back what an `exception` in JSON says beyond the three parts.
    ///
    /// No failure is told by an empty text, and for `error` and `exception` by `false`, zero,
    /// `null` or `None`: fields that are there in every case say so where nothing failed.
    pub(super) fn set(&mut self, key: ErrorKey, value: Scalar) -> Option<Value> {
        match key {
            ErrorKey::Error | ErrorKey::Exception => return self.set_error(key, value),
            ErrorKey::Status => {
                let code = value.text();
                if code.eq_ignore_ascii_case("error") {
                    self.status = Some(Outcome::Error);
                } else if code.eq_ignore_ascii_case("ok") {
                    self.status = Some(Outcome::Ok);
                }
            }
            ErrorKey::Message => self.message = told(value),
            ErrorKey::Kind => self.kind = told(value),
            ErrorKey::Stacktrace => self.stacktrace = told(value),
            ErrorKey::StatusMessage => self.status_message = told(value),
        }
        None
    }

    fn set_error(&mut self, key: ErrorKey, value: Scalar) -> Option<Value> {
        self.flagged = value == Scalar::Bool(true);
        match value {
            Scalar::Bool(_) => {}
            none if is_none(&none) => self.message = None,
            Scalar::Text(text) if key == ErrorKey::Exception => return self.set_exception(text),
            other => self.message = Some(other.into_text()),
        }
        None
    }

    fn set_exception(&mut self, given: Text) -> Option<Value> {
        let mut object = match parse(&given) {
            Parsed::Json(Value::Object(object)) => object,
            Parsed::Json(Value::String(inner)) => {
                self.message = Some(Text::from(inner));
                return None;
            }
            _ => {
                self.message = Some(given);
                return None;
            }
        };
        let message = take_text(&mut object, &["message", "msg", "error"]);
        let kind = take_text(&mut object, &["type", "kind", "name", "class"]);
        self.stacktrace = stacktrace(&mut object).or(self.stacktrace.take());
        if message.is_none() && kind.is_none() {
            self.message = Some(given);
            return None;
        }
        self.message = message;
        self.kind = kind.or(self.kind.take());
        object.retain(|_, value| !value.is_null());
        (!object.is_empty()).then_some(Value::Object(object))
    }

    /// The exception; none if nothing failed.
    ///
    /// An error's type or the status `ERROR` alone is one; a stack trace or the description of
    /// a status alone is none.
    pub(super) fn exception(&self) -> Option<Exception> {
        let failed = self.flagged
            || self.message.is_some()
            || self.kind.is_some()
            || self.status == Some(Outcome::Error);
        failed.then(|| Exception {
            message: self.message.clone().or(self.status_message.clone()).unwrap_or_default(),
            kind: self.kind.clone(),
            stacktrace: self.stacktrace.clone(),
            propagated: false,
        })
    }

    /// Error if there is an exception, ok if the span says so itself, else unset.
    pub(super) fn outcome(&self) -> Outcome {
        match self.exception() {
            Some(_) => Outcome::Error,
            None => self.status.unwrap_or_default(),
        }
    }
}

/// The text of a field, unless it is empty.
fn told(value: Scalar) -> Option<Text> {
    Some(value.into_text()).filter(|text| !text.is_empty())
}

fn is_none(value: &Scalar) -> bool {
    match value {
        Scalar::Text(text) => matches!(text.trim(), "" | "None" | "null"),
        number => number.amount() == Some(0.0),
    }
}

/// A stack trace: a text, or a list with a line each.
fn stacktrace(object: &mut Object) -> Option<Text> {
    match take(object, &["stacktrace", "stack", "traceback", "backtrace"])? {
        Value::Array(lines) => {
            let lines: Vec<Text> = lines.into_iter().map(text).collect();
            Some(Text::from(lines.join("\n")))
        }
        other => Some(text(other)),
    }
}
