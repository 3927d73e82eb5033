//! Tools and their calls.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Text;

/// A tool that is offered to a model, or that is called.
///
/// ```
/// use tracing_llm::Tool;
///
/// let tool = Tool::new("search").with_description("Search the documentation");
/// assert_eq!(tool.name, "search");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The JSON schema of its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// The whole definition as the provider got it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Value>,
}

impl Tool {
    /// A tool with this name.
    #[must_use]
    pub fn new(name: impl Into<Text>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same with a description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<Text>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same with the JSON schema of its parameters.
    #[must_use]
    pub fn with_parameters(mut self, schema: Value) -> Self {
        self.parameters = Some(schema);
        self
    }
}

/// A call of a tool that a model asks for, or that a program makes.
///
/// ```
/// use tracing_llm::ToolCall;
///
/// let call = ToolCall::new("search", r#"{"query":"span"}"#).with_id("call_1");
/// assert_eq!(call.arguments, r#"{"query":"span"}"#);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Text>,
    /// The function's name.
    #[serde(default)]
    pub name: Text,
    /// The arguments: JSON text, as the model wrote it.
    #[serde(default)]
    pub arguments: Text,
    /// The provider's signature of the thought that led to the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_signature: Option<Text>,
}

impl ToolCall {
    /// A call of this function with these arguments (JSON text).
    #[must_use]
    pub fn new(name: impl Into<Text>, arguments: impl Into<Text>) -> Self {
        Self { name: name.into(), arguments: arguments.into(), ..Self::default() }
    }

    /// The same with the provider's id of the call.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Text>) -> Self {
        self.id = Some(id.into());
        self
    }
}
