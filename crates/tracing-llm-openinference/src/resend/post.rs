//! The one place where a resent body meets the client.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use opentelemetry_http::{HttpClient, Request};
use ureq::http::header::CONTENT_TYPE;

use crate::client::{Answer, Client};
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

/// Takes an encoded request to the collector, once, and says what became of it.
pub(super) type Post = Box<dyn FnMut(Vec<u8>) -> Fate>;

pub(super) fn post(settings: &OtlpSettings) -> Result<Post, Error> {
    let client = Client::new(settings)?;
    let url = settings.endpoint.to_url();
    Ok(Box::new(move |body| {
        let request =
            Request::post(&url).header(CONTENT_TYPE, "application/x-protobuf").body(body.into());
        let request = match request {
            Ok(request) => request,
            Err(error) => return Fate::Refused { why: error.to_string() },
        };
        // Its future never waits, since the client blocks.
        let sent = pin!(client.send_bytes(request)).poll(&mut Context::from_waker(Waker::noop()));
        debug_assert!(matches!(sent, Poll::Ready(_)));
        match client.take_answer() {
            Some(Answer::Accepted { rejected, .. }) => Fate::Taken { rejected },
            Some(Answer::Refused { status, message }) => {
                let why = format!("status {status} {message}").trim_end().to_owned();
                match status {
                    429 | 502 | 503 | 504 => Fate::Later { why },
                    400 | 413 | 422 => Fate::Split { why },
                    _ => Fate::Refused { why },
                }
            }
            Some(Answer::Unreachable { why }) => Fate::Later { why },
            None => Fate::Later { why: "no request was made".to_owned() },
        }
    }))
}
