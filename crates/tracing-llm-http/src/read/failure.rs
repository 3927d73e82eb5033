//! What providers say of a failure.

use serde_json::Value;
use tracing_llm::{Exception, Text};

use crate::secrets::without_secrets;

/// How long a text is kept of an answer that is no JSON: a proxy's page, say.
const SHOWN: usize = 2048;

/// The failure of a call. `status` is the HTTP status, if that tells of it.
///
/// The message is the provider's own: `error.message` (OpenAI, Anthropic), `message`, `detail`; the
/// kind is its `type`, `code` or `status`.
pub(crate) fn exception(status: Option<u16>, body: &Value) -> Exception {
    // Google's compatible API sends a list with one object.
    let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
    let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
    let text = |names: &[&str]| {
        let mut texts = names.iter().filter_map(|name| error.get(*name).and_then(Value::as_str));
        // That it is an `error` is no kind of one: an event that is the error itself has this type.
        texts.find(|text| *text != "error").map(str::to_owned)
    };
    let said = match error {
        Value::String(text) => Some(text.clone()),
        _ => text(&["message", "detail", "error_description"]),
    };
    let kind = text(&["type", "code", "status"]);
    let said = said.or_else(|| (!body.is_null()).then(|| body.to_string())).map(|s| shown(&s));
    let message = match (status, said) {
        (Some(status), Some(said)) => format!("HTTP {status}: {said}"),
        (Some(status), None) => format!("HTTP {status}"),
        (None, said) => said.unwrap_or_default(),
    };
    let exception = Exception::new(message);
    match (kind, status) {
        (Some(kind), _) => exception.with_kind(kind),
        (None, Some(429)) => exception.with_kind(Text::literal("rate_limit")),
        _ => exception,
    }
}

/// The beginning of a text, without keys in addresses.
pub(super) fn shown(text: &str) -> String {
    let mut end = text.len().min(SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let more = if end < text.len() { "…" } else { "" };
    without_secrets(text.get(..end).unwrap_or_default()) + more
}
