//! The readers of JSON that others may use: what stands in requests and responses.

use serde_json::Value;

use super::read;
use crate::{Embedding, Message, Tool};

impl Message {
    /// Reads messages in any shape that providers and libraries use: OpenAI's chat (also a choice
    /// with its `finish_reason`) and Responses, Anthropic's blocks, Gemini's parts, the GenAI
    /// conventions, OpenInference, plain texts; a list of them, or one.
    ///
    /// A message that does not say who speaks gets this role. Each tool result becomes a message
    /// of its own with the role `tool`. What is nothing known is kept as its JSON text.
    ///
    /// ```
    /// use serde_json::json;
    /// use tracing_llm::Message;
    ///
    /// let choices = json!([{"message": {"role": "assistant", "content": "Hi!"}, "finish_reason": "stop"}]);
    /// let replies = Message::list_from_json(choices, "assistant");
    /// assert_eq!(replies[0].text(), "Hi!");
    /// assert_eq!(replies[0].finish_reason.as_deref(), Some("stop"));
    /// ```
    #[must_use]
    pub fn list_from_json(json: Value, role: &'static str) -> Vec<Self> {
        read::messages::messages(json, role)
    }
}

impl Tool {
    /// Reads tools as they are offered to a model: OpenAI (nested or flat), Anthropic, Gemini, MCP.
    ///
    /// ```
    /// use serde_json::json;
    /// use tracing_llm::Tool;
    ///
    /// let tools = Tool::list_from_json(json!([{"type": "function", "function": {"name": "search"}}]));
    /// assert_eq!(tools[0].name, "search");
    /// ```
    #[must_use]
    pub fn list_from_json(json: Value) -> Vec<Self> {
        read::tools::tools(json)
    }
}

impl Embedding {
    /// Reads the vectors of a response, such as OpenAI's `data`. One that is no list of numbers
    /// (base64) is left out.
    ///
    /// ```
    /// use serde_json::json;
    /// use tracing_llm::Embedding;
    ///
    /// let read = Embedding::list_from_json(json!({"data": [{"embedding": [0.5, 1.0]}]}));
    /// assert_eq!(read[0].dimensions(), Some(2));
    /// ```
    #[must_use]
    pub fn list_from_json(json: Value) -> Vec<Self> {
        read::embeddings::embeddings(json).map(|(list, _)| list).unwrap_or_default()
    }
}
