//! What is answered.

use std::time::Duration;

use serde_json::Value;
use tracing_llm::{Payload, Text, Usage};

use super::failure::shown;
use super::stream::read_stream;
use super::{Object, Unread, exception, take_text};
use crate::capture::Captured;
use crate::keys::Keys;
use crate::{Api, anthropic, openai, partial};

/// In which form an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    /// Server-sent events.
    Stream,
    /// Compressed, and so not read.
    Coded,
}

/// Everything that is known of an answer when it has ended.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) api: Api,
    pub(crate) status: u16,
    pub(crate) form: Form,
    pub(crate) body: Captured,
    /// Up to which byte the body had come, and when, since the start of the call.
    pub(crate) marks: Vec<(usize, Duration)>,
    /// The body was read to its end.
    pub(crate) ended: bool,
    /// Those of the request.
    pub(crate) keys: Keys,
}

impl Answer {
    /// Reads it into the payload. What an error says back of a key is masked.
    pub(crate) fn read(self, payload: &mut Payload) -> Result<(), Unread> {
        let read = self.read_as_said(payload);
        if let Some(exception) = &mut payload.exception {
            self.keys.mask_in(exception);
        }
        read
    }

    fn read_as_said(&self, payload: &mut Payload) -> Result<(), Unread> {
        let failed = self.status >= 400;
        if self.form == Form::Coded {
            if failed {
                payload.exception = Some(exception(Some(self.status), &Value::Null));
            }
            return Ok(());
        }
        if self.form == Form::Stream && !failed {
            return read_stream(self, payload);
        }
        let head = self.body.head();
        if failed {
            let said = serde_json::from_slice(&head)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&head).trim()));
            let said = if said == "" { Value::Null } else { said };
            payload.exception = Some(exception(Some(self.status), &said));
            return Ok(());
        }
        match (serde_json::from_slice(&head), &self.body.tail) {
            (Ok(body @ Value::Object(_)), None) => {
                whole(self.api, body, payload);
                Ok(())
            }
            (_, Some(tail)) => {
                part(&head, tail, payload);
                Ok(())
            }
            _ if head.is_empty() || !self.ended => Ok(()),
            _ => {
                // A page of a proxy, say: an error in all but its status.
                let page = shown(&String::from_utf8_lossy(&head));
                payload.output = Some(self.keys.masked(&page).unwrap_or(page).into());
                Err(Unread)
            }
        }
    }
}

/// Reads a whole response.
pub(super) fn whole(api: Api, body: Value, payload: &mut Payload) {
    merge_usage(payload, &body);
    let Value::Object(mut body) = body else { return };
    payload.exception = openai::failed_inside(&body);
    named(&mut body, payload);
    match api {
        Api::Messages => anthropic::response(&mut body, payload),
        _ => openai::response(api, &mut body, payload),
    }
}

/// Takes who answered, and the answer's id.
pub(super) fn named(body: &mut Object, payload: &mut Payload) {
    if let Some(model) = take_text(body, "model") {
        payload.response_model = Some(model);
    }
    if let Some(id) = take_text(body, "id") {
        payload.response_id = Some(id);
    }
}

pub(super) fn merge_usage(payload: &mut Payload, body: &Value) {
    if let Some(usage) = Usage::from_json(body) {
        payload.usage.get_or_insert_default().merge(&usage);
    }
}

/// Of a response that is larger than the bound: who answered, and what was used.
pub(super) fn part(head: &[u8], tail: &[u8], payload: &mut Payload) {
    let text = |name: &str| {
        let found = partial::first(head, name, Value::is_string)
            .or_else(|| partial::last(tail, name, Value::is_string));
        found.as_ref().and_then(Value::as_str).map(Text::from)
    };
    payload.response_model = payload.response_model.take().or_else(|| text("model"));
    payload.response_id = payload.response_id.take().or_else(|| text("id"));
    let usage = partial::last(tail, "usage", Value::is_object)
        .or_else(|| partial::first(head, "usage", Value::is_object));
    if let Some(usage) = usage {
        merge_usage(payload, &usage);
    }
}
