//! One call that is watched, from its request to the end of its answer.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use tracing::Span;
use tracing_llm::{EventHandle, Exception, LlmSpan, event_span};

use crate::capture::Capture;
use crate::config::Decision;
use crate::end_mark::EndMark;
use crate::keys::Keys;
use crate::read::{Answer, Form, read_request};
use crate::secrets::without_secrets;
use crate::{Api, LlmHttp, inject};

/// How many moments of a stream are remembered: the first token is among the first pieces.
const MARKS: usize = 1024;

/// The headers of a response that are kept: they name the call to the provider's support, and say
/// how long to wait. None of them holds a key.
const HEADERS: &[(&str, &str)] = &[
    ("x-request-id", "http.response.header.x-request-id"),
    ("request-id", "http.response.header.request-id"),
    ("apim-request-id", "http.response.header.apim-request-id"),
    ("retry-after", "http.response.header.retry-after"),
];

/// Ends its event once: by what is told, or as cancelled when it is dropped.
pub(crate) struct Call {
    api: Api,
    handle: EventHandle,
    keys: Keys,
    seen: Option<Seen>,
    limit: usize,
    over: bool,
    // Last: the event is told before its span may close.
    span: Span,
}

/// What is seen of an answer.
struct Seen {
    status: StatusCode,
    form: Form,
    body: Capture,
    end: EndMark,
    marks: Vec<(usize, Duration)>,
}

impl Call {
    /// Begins an event; none if nobody wants it.
    pub(crate) fn begin(http: &LlmHttp, decision: Decision) -> Option<Self> {
        let api = decision.api;
        let span = match api {
            Api::Chat | Api::Responses | Api::Messages => event_span!(LLM, "chat"),
            Api::Completion => event_span!(LLM, "completion"),
            Api::Embedding => event_span!(EMBEDDING, "embedding"),
        };
        let handle = span.llm();
        if span.is_disabled() || !handle.is_enabled() {
            return None;
        }
        if let Some(provider) = decision.provider {
            handle.provider(provider);
        }
        if let Some(system) = decision.system {
            handle.system(system);
        }
        let keys = Keys::default();
        Some(Self { api, handle, keys, seen: None, limit: http.limit_bytes(), over: false, span })
    }

    /// Says whom it asks. The port goes along where the host does, as semantic conventions 1.41 of
    /// GenAI require it.
    pub(crate) fn asks(&self, host: &str, port: Option<u16>) {
        if host.is_empty() {
            return;
        }
        self.handle.attribute("server.address", host.to_owned());
        if let Some(port) = port {
            self.handle.attribute("server.port", port);
        }
    }

    /// Keeps the keys of the request until its answer is read.
    pub(crate) fn opened_with(&mut self, headers: &HeaderMap, query: Option<&str>) {
        self.keys = Keys::of(headers, query);
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Adds the trace to the headers of the request.
    pub(crate) fn propagate(&self, http: &LlmHttp, headers: &mut HeaderMap) {
        if !headers.contains_key("traceparent") {
            inject(http.headers(), &self.span, headers);
        }
    }

    /// The body of the request is at hand: it is in the start of the event already.
    #[cfg(any(feature = "reqwest", feature = "reqwest-middleware"))]
    pub(crate) fn request(&self, body: Bytes) {
        let mut watch = self.watch_request();
        watch.push(&body);
    }

    /// Watches the body of the request while it is sent.
    pub(crate) fn watch_request(&self) -> RequestWatch {
        RequestWatch {
            api: self.api,
            handle: self.handle.clone(),
            body: Some(Capture::new(self.limit)),
        }
    }

    /// The head of the answer has come.
    pub(crate) fn answered(&mut self, status: StatusCode, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let is_stream = text(header::CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"));
        let is_coded =
            text(header::CONTENT_ENCODING.as_str()).is_some_and(|code| code != "identity");
        let form = match (is_coded, is_stream) {
            (true, _) => Form::Coded,
            (_, true) => Form::Stream,
            _ => Form::Json,
        };
        self.handle.attribute("http.response.status_code", status.as_u16());
        for (name, attribute) in HEADERS {
            if let Some(value) = text(name) {
                self.handle.attribute(attribute, value.to_owned());
            }
        }
        let (body, end) = (Capture::new(self.limit), EndMark::new(self.api));
        self.seen = Some(Seen { status, form, body, end, marks: Vec::new() });
    }

    /// A piece of the answer passes.
    pub(crate) fn piece(&mut self, piece: &Bytes) {
        let Some(seen) = &mut self.seen else { return };
        if seen.form == Form::Coded {
            return;
        }
        seen.body.push(piece, |bytes| self.handle.room_for(bytes));
        if seen.form != Form::Stream {
            return;
        }
        seen.end.push(piece);
        if seen.marks.len() < MARKS {
            let elapsed = self.handle.elapsed().unwrap_or_default();
            seen.marks.push((seen.body.total(), elapsed));
        }
    }

    /// The answer was read to its end.
    pub(crate) fn ended(&mut self) {
        if !self.over {
            self.handle.ok();
            self.deliver(true);
        }
    }

    /// The call failed: no answer came, or it broke off.
    pub(crate) fn failed(&mut self, error: &str) {
        if !self.over {
            let mut exception = Exception::new(without_secrets(error));
            self.keys.mask_in(&mut exception);
            self.handle.exception(exception);
            self.deliver(false);
        }
    }

    fn deliver(&mut self, ended: bool) {
        self.over = true;
        let keys = std::mem::take(&mut self.keys);
        if let Some(Seen { status, form, body, end: _, marks }) = self.seen.take() {
            let body = body.finish();
            self.handle.lost_bytes(match form {
                Form::Stream => body.lost_of_stream(),
                Form::Json | Form::Coded => body.lost_of_json(),
            });
            let (api, status) = (self.api, status.as_u16());
            let answer = Answer { api, status, form, body, marks, ended, keys };
            self.handle.read_later(move |payload| answer.read(payload));
        }
        self.handle.end();
    }

    /// Whether the answer says itself that it is complete: many clients stop reading there.
    fn is_told_complete(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.form == Form::Stream && seen.end.is_told())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if self.is_told_complete() {
            self.ended();
        } else {
            // A panic is an error by itself: the span is left while the thread unwinds.
            self.handle.cancelled();
            self.deliver(false);
        }
    }
}

/// Watches the body of a request; what was sent of it is read when it is dropped.
pub(crate) struct RequestWatch {
    api: Api,
    handle: EventHandle,
    body: Option<Capture>,
}

impl RequestWatch {
    pub(crate) fn push(&mut self, piece: &Bytes) {
        if let Some(body) = &mut self.body {
            body.push(piece, |bytes| self.handle.room_for(bytes));
        }
    }
}

impl Drop for RequestWatch {
    fn drop(&mut self) {
        let Some(body) = self.body.take().map(Capture::finish) else { return };
        if body.is_empty() {
            return;
        }
        self.handle.lost_bytes(body.lost_of_json());
        let api = self.api;
        self.handle.read_later(move |payload| read_request(api, &body, payload));
    }
}
