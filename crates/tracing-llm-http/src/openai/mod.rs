//! OpenAI's APIs, and whoever speaks the same: pure readers of JSON.

mod request;
mod response;
mod responses_stream;
mod stream;

pub(crate) use self::request::{messages, request};
pub(crate) use self::response::{failed_inside, response};
pub(crate) use self::responses_stream::ResponsesStream;
pub(crate) use self::stream::{ChatStream, CompletionStream};
