//! Whether a stream has said itself that it is complete.

use crate::Api;

/// So much of a line is looked at: more than any end is long.
const LOOK: usize = 64;

/// Looks at the beginning of each line that passes, for what an API says last. What a model says
/// stands inside of a line, so that it is never taken for an end.
pub(crate) struct EndMark {
    api: Api,
    /// The beginning of the line that is passing.
    line: [u8; LOOK],
    length: usize,
    told: bool,
}

impl EndMark {
    pub(crate) fn new(api: Api) -> Self {
        Self { api, line: [0; LOOK], length: 0, told: false }
    }

    /// Takes a piece of the stream, cut anywhere.
    pub(crate) fn push(&mut self, mut piece: &[u8]) {
        while let Some(end) = memchr::memchr2(b'\n', b'\r', piece) {
            let (line, rest) = piece.split_at(end);
            self.grow(line);
            self.told |= self.is_end();
            self.length = 0;
            piece = rest.get(1..).unwrap_or_default();
        }
        self.grow(piece);
    }

    /// Whether the end was there. It needs no end of its own line.
    pub(crate) fn is_told(&self) -> bool {
        self.told || self.is_end()
    }

    fn grow(&mut self, piece: &[u8]) {
        let place = self.line.get_mut(self.length..).unwrap_or_default();
        let length = place.len().min(piece.len());
        for (to, from) in place.iter_mut().zip(piece) {
            *to = *from;
        }
        self.length += length;
    }

    fn is_end(&self) -> bool {
        let line = self.line.get(..self.length).unwrap_or_default();
        if let Some(name) = line.strip_prefix(b"event:") {
            return ends(self.api).contains(&name.trim_ascii());
        }
        let Some(data) = line.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else { return false };
        ends(self.api).contains(&kind(data).unwrap_or(data))
    }
}

/// What comes last: the data of chat and completions, else the type of the last event.
fn ends(api: Api) -> &'static [&'static [u8]] {
    match api {
        Api::Chat | Api::Completion | Api::Embedding => &[b"[DONE]"],
        Api::Responses => &[b"response.completed", b"response.incomplete", b"response.failed"],
        Api::Messages => &[b"message_stop"],
    }
}

/// The type that an event's JSON begins with.
fn kind(data: &[u8]) -> Option<&[u8]> {
    let member = data.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"type\"")?;
    let value = member.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let text = value.strip_prefix(b"\"")?;
    text.get(..memchr::memchr(b'"', text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(api: Api, stream: &str) -> bool {
        let mut mark = EndMark::new(api);
        mark.push(stream.as_bytes());
        mark.is_told()
    }

    #[test]
    fn each_api_has_its_end() {
        let long =
            format!("{{\"type\":\"response.completed\",\"response\":\"{}\"", "x".repeat(900));
        for (api, stream) in [
            (Api::Chat, "data: {}\n\ndata: [DONE]\n\n".to_owned()),
            (Api::Completion, "data:[DONE]\r\n\r\n".to_owned()),
            (Api::Chat, "data: {}\r\rdata: [DONE]".to_owned()),
            (Api::Chat, "data: [DONE]\n\n: a comment\n\n".to_owned()),
            (Api::Messages, "event: message_stop\ndata: {\"x\":1}\n\n".to_owned()),
            (Api::Messages, "data: { \"type\" : \"message_stop\" }\n\n".to_owned()),
            (Api::Responses, format!("event: response.completed\ndata: {long}}}\n\n")),
            (Api::Responses, format!("data: {long}}}\n\n")),
            (Api::Responses, "event: response.incomplete\n".to_owned()),
            (Api::Responses, "event: response.failed\n".to_owned()),
        ] {
            assert!(told(api, &stream), "{stream:?}");
            for cut in 0..=stream.len() {
                let mut mark = EndMark::new(api);
                mark.push(&stream.as_bytes()[..cut]);
                mark.push(&stream.as_bytes()[cut..]);
                assert!(mark.is_told(), "{stream:?} at {cut}");
            }
            for byte in [1, 3] {
                let mut mark = EndMark::new(api);
                stream.as_bytes().chunks(byte).for_each(|piece| mark.push(piece));
                assert!(mark.is_told(), "{stream:?} in pieces of {byte}");
            }
        }
    }

    #[test]
    fn what_a_model_says_is_no_end() {
        for (api, stream) in [
            (Api::Chat, r#"data: {"choices":[{"delta":{"content":"[DONE]"}}]}"#),
            (Api::Chat, r#"data: {"choices":[{"delta":{"content":"\ndata: [DONE]\n"}}]}"#),
            (Api::Chat, "data: {}\n\ndata: [DONE] is what it says last"),
            (Api::Chat, "data: {}\n\ndata: [DO"),
            (Api::Chat, "event: message_stop\n\n"),
            (Api::Messages, "data: [DONE]\n\n"),
            (Api::Messages, r#"data: {"type":"content_block_delta","text":"event: message_stop"}"#),
            (Api::Responses, r#"data: {"delta":"\"type\":\"response.completed\""}"#),
            (Api::Responses, "event: response.completed.not\n"),
            (Api::Responses, ": event: response.completed\n"),
        ] {
            assert!(!told(api, stream), "{stream:?}");
            assert!(!told(api, &format!("{stream}\n\n")), "{stream:?}");
        }
    }
}
