//! An answer in pieces, put together.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::read::Object;

/// A message as it grows, block by block.
#[derive(Default)]
pub(crate) struct MessagesStream {
    message: Object,
    blocks: BTreeMap<u64, Block>,
    stopped: bool,
}

#[derive(Default)]
struct Block {
    start: Object,
    /// The input of a tool comes as pieces of JSON text.
    input: String,
}

impl MessagesStream {
    /// Takes an event; true if it brings something of the answer.
    pub(crate) fn push(&mut self, event: &mut Object) -> bool {
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => {
                if let Some(Value::Object(message)) = event.get_mut("message") {
                    self.message = std::mem::take(message);
                }
                false
            }
            "content_block_start" => {
                if let Some(Value::Object(start)) = event.get_mut("content_block") {
                    let start = std::mem::take(start);
                    self.blocks.insert(index, Block { start, input: String::new() });
                }
                false
            }
            "content_block_delta" => {
                let Some(Value::Object(delta)) = event.get("delta") else { return false };
                self.blocks.entry(index).or_default().push(delta)
            }
            "message_delta" => {
                if let Some(Value::Object(delta)) = event.get_mut("delta") {
                    self.message.extend(std::mem::take(delta));
                }
                false
            }
            "message_stop" => {
                self.stopped = true;
                false
            }
            _ => false,
        }
    }

    /// Whether the last event was there.
    pub(crate) fn is_whole(&self) -> bool {
        self.stopped
    }

    /// The message as a response without a stream is.
    pub(crate) fn finish(mut self) -> Object {
        // What it said of the usage at its beginning is out of date: the pieces were read.
        self.message.remove("usage");
        let blocks = self.blocks.into_values().map(Block::finish).collect();
        self.message.insert("content".to_owned(), Value::Array(blocks));
        self.message
    }
}

impl Block {
    fn push(&mut self, delta: &Object) -> bool {
        let mut answers = false;
        for (name, value) in delta {
            let Value::String(text) = value else { continue };
            match &**name {
                "type" => continue,
                "partial_json" => self.input.push_str(text),
                _ => match self.start.get_mut(name) {
                    Some(Value::String(before)) => before.push_str(text),
                    _ => {
                        self.start.insert(name.clone(), text.as_str().into());
                    }
                },
            }
            answers |= !text.is_empty();
        }
        self.start.entry("type").or_insert_with(|| "text".into());
        answers
    }

    fn finish(mut self) -> Value {
        if !self.input.is_empty() {
            // What was cut off is no JSON: it is kept as the text that it is.
            let input = serde_json::from_str(&self.input).unwrap_or(Value::String(self.input));
            self.start.insert("input".to_owned(), input);
        }
        json!(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_put_together_by_their_index() {
        let mut stream = MessagesStream::default();
        let answers: Vec<bool> = [
            json!({"type": "message_start", "message": {"id": "m", "model": "c", "content": [], "usage": {"input_tokens": 3}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "ping"}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
            json!({"type": "content_block_start", "index": 1,
                   "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"a\":"}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "1}"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}}),
            json!({"type": "message_stop"}),
        ]
        .into_iter()
        .map(|event| match event {
            Value::Object(mut event) => stream.push(&mut event),
            _ => false,
        })
        .collect();
        assert_eq!(answers.iter().position(|answers| *answers), Some(3));
        assert!(stream.is_whole());
        let message = stream.finish();
        assert_eq!(message["content"][0], json!({"type": "text", "text": "Hi"}));
        assert_eq!(message["content"][1]["input"], json!({"a": 1}));
        assert_eq!(message["stop_reason"], "tool_use");
    }
}
