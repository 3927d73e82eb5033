//! What is answered in pieces.

use serde_json::Value;
use tracing_llm::Payload;

use super::answer::{Answer, merge_usage, named, part, whole};
use super::{Object, Unread};
use crate::anthropic::MessagesStream;
use crate::openai::{ChatStream, CompletionStream, ResponsesStream};
use crate::sse::{SseEvent, events};
use crate::{Api, openai};

/// The answer of one API, as it grows.
enum Growing {
    Chat(ChatStream),
    Completion(CompletionStream),
    Responses(ResponsesStream),
    Messages(MessagesStream),
}

impl Growing {
    fn of(api: Api) -> Self {
        match api {
            Api::Chat | Api::Embedding => Self::Chat(ChatStream::default()),
            Api::Completion => Self::Completion(CompletionStream::default()),
            Api::Responses => Self::Responses(ResponsesStream::default()),
            Api::Messages => Self::Messages(MessagesStream::default()),
        }
    }

    /// True if the piece brings something of the answer.
    fn push(&mut self, piece: &mut Object) -> bool {
        match self {
            Self::Chat(stream) => stream.push(piece),
            Self::Completion(stream) => stream.push(piece),
            Self::Responses(stream) => stream.push(piece),
            Self::Messages(stream) => stream.push(piece),
        }
    }

    fn is_whole(&self) -> bool {
        match self {
            Self::Chat(_) | Self::Completion(_) => false,
            Self::Responses(stream) => stream.is_whole(),
            Self::Messages(stream) => stream.is_whole(),
        }
    }

    /// Reads it as the response that it would have been without a stream.
    fn finish(self, api: Api, payload: &mut Payload) {
        let mut response = Object::new();
        match self {
            Self::Chat(stream) => {
                response.insert("choices".to_owned(), stream.finish());
            }
            Self::Completion(stream) => {
                response.insert("choices".to_owned(), stream.finish());
            }
            Self::Responses(stream) => response = stream.finish(),
            Self::Messages(stream) => response = stream.finish(),
        }
        // An error that a piece told stays where the whole says nothing of one.
        let told = payload.exception.take();
        whole(api, Value::Object(response), payload);
        payload.exception = payload.exception.take().or(told);
    }
}

/// Reads the pieces of an answer into the payload, and its course.
pub(super) fn read_stream(answer: &Answer, payload: &mut Payload) -> Result<(), Unread> {
    let head = answer.body.head();
    let mut pieces = events(&head);
    if answer.body.tail.is_some() {
        pieces.pop(); // it is cut off at the bound
    }
    let mut growing = Growing::of(answer.api);
    let (mut finished, mut unread, mut first, mut chunks) = (false, false, None, 0);
    let mut take = |piece: &SseEvent, payload: &mut Payload| {
        if piece.data == "[DONE]" {
            finished = true;
            return;
        }
        if piece.data.is_empty() {
            return;
        }
        let Ok(mut json) = serde_json::from_str::<Value>(&piece.data) else {
            unread = true;
            return;
        };
        merge_usage(payload, &json);
        let Some(object) = json.as_object_mut() else { return };
        payload.exception = payload.exception.take().or_else(|| openai::failed_inside(object));
        if answer.api != Api::Responses && answer.api != Api::Messages {
            named(object, payload);
        }
        if growing.push(object) {
            chunks += 1;
            first = first.or(Some(piece.end));
        }
    };
    for piece in &pieces {
        take(piece, payload);
    }
    if let Some(tail) = &answer.body.tail {
        for piece in events(tail).iter().skip(1) {
            take(&SseEvent { data: piece.data.clone(), end: usize::MAX }, payload);
        }
        part(&[], tail, payload);
    }
    finished |= growing.is_whole();
    growing.finish(answer.api, payload);

    let mut progress = tracing_llm::StreamProgress::default();
    progress.first_token = first.and_then(|end| arrival(answer, end));
    progress.chunks = chunks;
    progress.finished = finished || (answer.ended && payload.finish_reason.is_some());
    payload.stream = Some(progress);
    // What was cut off ends in the middle of a piece: that is no surprise.
    if unread && answer.ended && answer.body.tail.is_none() { Err(Unread) } else { Ok(()) }
}

/// When this byte had come.
fn arrival(answer: &Answer, end: usize) -> Option<std::time::Duration> {
    let at = answer.marks.partition_point(|(total, _)| *total < end);
    answer.marks.get(at).or(answer.marks.last()).map(|(_, when)| *when)
}
