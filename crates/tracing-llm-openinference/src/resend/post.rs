//! The one place where a resent body meets the client.

use crate::client::{self, Answer};
use crate::config::OtlpSettings;
use crate::error::Error;

/// What became of a request.
pub(super) enum Fate {
    /// It was taken, but so many spans of it not.
    Taken { rejected: u64 },
    /// A smaller one may be taken: it is too large, or one of its spans spoils it.
    Split { why: String },
    /// It is refused, and so it will be the next time.
    Refused { why: String },
    /// Not now.
    Later { why: String },
}

impl From<Answer> for Fate {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Accepted { rejected, .. } => Self::Taken { rejected },
            Answer::TooLarge { why } | Answer::Malformed { why } => Self::Split { why },
            Answer::Refused { why } => Self::Refused { why },
            Answer::Later { why, .. } => Self::Later { why },
        }
    }
}

/// Takes an encoded request to the collector, once, and says what became of it.
pub(super) type Post = Box<dyn FnMut(Vec<u8>) -> Fate>;

pub(super) fn post(settings: &OtlpSettings) -> Result<Post, Error> {
    let (mut transport, limit) = (client::connect(settings)?, settings.timeout);
    Ok(Box::new(move |body| transport.send(&body, limit).into()))
}
