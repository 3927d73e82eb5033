//! An answer of the Responses API in pieces, put together.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::stream::append;
use crate::read::Object;

/// A response as it grows. The last event brings it whole; until then the items stand in for it.
#[derive(Default)]
pub(crate) struct ResponsesStream {
    /// As it was last told as a whole.
    response: Object,
    items: BTreeMap<u64, Object>,
    whole: bool,
}

impl ResponsesStream {
    /// Takes an event; true if it brings something of the answer.
    pub(crate) fn push(&mut self, event: &mut Object) -> bool {
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(Value::Object(response)) = event.get_mut("response") {
            self.response = std::mem::take(response);
            self.whole =
                matches!(&*kind, "response.completed" | "response.incomplete" | "response.failed");
            return false;
        }
        let at = event.get("output_index").and_then(Value::as_u64).unwrap_or(0);
        if let Some(Value::Object(item)) = event.get_mut("item") {
            self.items.insert(at, std::mem::take(item));
            return false;
        }
        let Some(delta) = event.get("delta").and_then(Value::as_str) else { return false };
        let item = self.items.entry(at).or_default();
        match &*kind {
            "response.output_text.delta" => grow(item, "content", "output_text", "text", delta),
            "response.refusal.delta" => grow(item, "content", "refusal", "refusal", delta),
            "response.reasoning_summary_text.delta" => {
                grow(item, "summary", "summary_text", "text", delta);
            }
            "response.function_call_arguments.delta" => append(item, "arguments", delta),
            _ => return false,
        }
        !delta.is_empty()
    }

    /// Whether the last event was there.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The response as one without a stream is.
    pub(crate) fn finish(mut self) -> Object {
        if !self.whole {
            let items = self.items.into_values().map(Value::Object).collect();
            self.response.insert("output".to_owned(), Value::Array(items));
        }
        self.response
    }
}

/// Adds to the last part of an item that has this type.
fn grow(item: &mut Object, list: &str, kind: &str, name: &str, delta: &str) {
    item.entry("type").or_insert_with(|| "message".into());
    let parts = item.entry(list).or_insert_with(|| json!([]));
    let Value::Array(parts) = parts else { return };
    if parts.last().is_none_or(|part| part.get("type").is_none_or(|here| here != kind)) {
        parts.push(json!({"type": kind}));
    }
    if let Some(Value::Object(part)) = parts.last_mut() {
        append(part, name, delta);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(events: &[Value]) -> (Object, Vec<bool>) {
        let mut stream = ResponsesStream::default();
        let answers = events.iter().map(|event| match event.clone() {
            Value::Object(mut event) => stream.push(&mut event),
            _ => false,
        });
        let answers = answers.collect();
        (stream.finish(), answers)
    }

    #[test]
    fn the_items_stand_in_for_a_response_that_was_cut_off() {
        let (response, answers) = fold(&[
            json!({"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}}),
            json!({"type": "response.output_item.added", "output_index": 0,
                   "item": {"type": "message", "role": "assistant", "content": []}}),
            json!({"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"}),
            json!({"type": "response.output_text.delta", "output_index": 0, "delta": "lo"}),
            json!({"type": "response.output_item.added", "output_index": 1,
                   "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}}),
            json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}),
        ]);
        assert_eq!(answers, [false, false, true, true, false, true]);
        assert_eq!(response["id"], "r");
        assert_eq!(response["output"][0]["content"][0]["text"], "Hello");
        assert_eq!(response["output"][1]["arguments"], "{}");
    }

    #[test]
    fn the_last_event_has_the_whole_response() {
        let (response, _) = fold(&[
            json!({"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"}),
            json!({"type": "response.completed", "response": {"id": "r", "output": [1]}}),
        ]);
        assert_eq!(response["output"], json!([1]));
    }
}
