//! The same answer, however it is cut into pieces.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;
use tracing_llm::{Message, Payload};

use super::{Answer, Form, read_request};
use crate::Api;
use crate::capture::{Capture, Captured};
use crate::keys::Keys;

fn stream() -> String {
    let chunk = |delta: serde_json::Value| {
        format!("data: {}\r\n\r\n", json!({"id": "c", "choices": [{"index": 0, "delta": delta}]}))
    };
    [
        ": a comment\n\n".to_owned(),
        chunk(json!({"role": "assistant", "content": ""})),
        chunk(json!({"content": "Grüße "})),
        chunk(json!({"content": "🦀"})),
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n"
            .to_owned(),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat()
}

fn read(pieces: &[&[u8]], ended: bool) -> Payload {
    let mut body = Capture::new(1 << 20);
    let mut marks = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        body.push(&Bytes::copy_from_slice(piece), |_| true);
        marks.push((body.total(), Duration::from_millis(at as u64)));
    }
    let body = body.finish();
    let keys = Keys::default();
    let (api, status, form) = (Api::Chat, 200, Form::Stream);
    let answer = Answer { api, status, form, body, marks, ended, keys };
    let mut payload = Payload::default();
    answer.read(&mut payload).unwrap();
    payload
}

proptest! {
    #[test]
    fn a_stream_says_the_same_cut_at_any_bytes(mut cuts in proptest::collection::vec(0_usize..600, 0..40)) {
        let stream = stream();
        let bytes = stream.as_bytes();
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(bytes.len()));
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let mut cut = read(&pieces, true);
        let whole = read(&[bytes], true);
        let said = whole.replies[0].text();
        prop_assert_eq!(said.as_str(), "Grüße 🦀");
        let (course, whole_course) = (cut.stream.take().unwrap(), whole.stream.clone().unwrap());
        prop_assert_eq!((course.chunks, course.finished), (whole_course.chunks, true));
        cut.stream.clone_from(&whole.stream);
        prop_assert_eq!(cut, whole);
        // The first token came with the piece in which its event became complete.
        let first_ends = stream.find("Gr").unwrap() + stream[stream.find("Gr").unwrap()..].find("\r\n\r\n").unwrap() + 4;
        let mut total = 0;
        let piece = pieces.iter().position(|piece| { total += piece.len(); total >= first_ends }).unwrap();
        prop_assert_eq!(course.first_token, Some(Duration::from_millis(piece as u64)));
    }

    #[test]
    fn a_stream_that_ends_anywhere_is_read_as_far_as_it_came(end in 0_usize..600) {
        let stream = stream();
        let bytes = &stream.as_bytes()[..end.min(stream.len())];
        let payload = read(&[bytes], false);
        let said = payload.replies.first().map(Message::text).unwrap_or_default();
        prop_assert!("Grüße 🦀".starts_with(said.as_str()));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0_usize..15) {
        let api = [Api::Chat, Api::Completion, Api::Embedding, Api::Responses, Api::Messages][which % 5];
        let form = [Form::Json, Form::Stream, Form::Coded][which / 5];
        let body = Captured::whole(bytes.into());
        let mut payload = Payload::default();
        let _ = read_request(api, &body, &mut payload);
        for status in [200, 500] {
            let (body, marks, keys) = (body.clone(), Vec::new(), Keys::default());
            let _ = Answer { api, status, form, body, marks, ended: true, keys }.read(&mut payload);
        }
    }
}
