//! Server-sent events, as the
//! [HTML standard](https://html.spec.whatwg.org/multipage/server-sent-events.html) has them: pure.

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Its data: the lines of it, joined.
    pub(crate) data: String,
    /// Behind which byte of the stream it was complete.
    pub(crate) end: usize,
}

/// The events that are complete in these bytes, and one that only lacks the empty line behind it:
/// some servers leave that out at the end.
///
/// The names of events are not read: providers say the same in the data.
pub(crate) fn events(bytes: &[u8]) -> Vec<SseEvent> {
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut events = Vec::new();
    let mut data: Option<String> = None;
    let mut at = bytes.len() - body.len();
    let mut rest = body;
    while !rest.is_empty() {
        let (line, length) = line(rest);
        at += length;
        rest = rest.get(length..).unwrap_or_default();
        if line.is_empty() {
            if let Some(data) = data.take() {
                events.push(SseEvent { data, end: at });
            }
        } else if let Some(value) = value(line) {
            let value = String::from_utf8_lossy(value);
            match &mut data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => data = Some(value.into_owned()),
            }
        }
    }
    events.extend(data.map(|data| SseEvent { data, end: at }));
    events
}

/// The first line, and its length with what ends it: `\n`, `\r\n` or `\r`.
fn line(bytes: &[u8]) -> (&[u8], usize) {
    match memchr::memchr2(b'\n', b'\r', bytes) {
        Some(end) => {
            let (line, ending) = bytes.split_at(end);
            let length = if ending.starts_with(b"\r\n") { 2 } else { 1 };
            (line, end + length)
        }
        None => (bytes, bytes.len()),
    }
}

/// The value of a line of data.
fn value(line: &[u8]) -> Option<&[u8]> {
    match line.strip_prefix(b"data")? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(bytes: &str) -> Vec<String> {
        events(bytes.as_bytes()).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn data_is_read_whatever_ends_the_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let stream =
                "\u{feff}: hello\nevent: x\ndata: {\"a\":\ndata:1}\n\nid: 3\n\ndata\n\ndata: é\n\n"
                    .replace('\n', end);
            assert_eq!(data(&stream), ["{\"a\":\n1}", "", "é"], "{end:?}");
        }
    }

    #[test]
    fn a_last_event_needs_no_empty_line() {
        assert_eq!(data("data: 1\n\ndata: [DONE]"), ["1", "[DONE]"]);
        assert_eq!(data("data: 1\n\n: end"), ["1"]);
        assert_eq!(data("database: 1\n\n"), [""; 0]);
    }

    #[test]
    fn an_event_ends_behind_its_empty_line() {
        let ends: Vec<_> = events(b"data: 1\n\n\ndata: 2\r\n\r\n").iter().map(|e| e.end).collect();
        assert_eq!(ends, [9, 21]);
    }
}
