//! Prompt templates and sub-questions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Document, Text};

/// A prompt template and what it was filled with.
///
/// ```
/// use serde_json::json;
/// use tracing_llm::Template;
///
/// let template = Template::new("Answer {question}").with_variables(json!({"question": "why?"}));
/// assert_eq!(template.template.as_deref(), Some("Answer {question}"));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// The text with its placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Text>,
    /// The values: a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Value>,
    /// The template's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Text>,
    /// The vendor's id of the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Text>,
    /// Where the prompt comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Text>,
    /// The vendor's page of the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
    /// The system prompt that goes before it (LlamaIndex).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<Text>,
    /// The template around the query (LlamaIndex).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_wrapper_prompt: Option<Text>,
}

impl Template {
    /// A template with this text.
    #[must_use]
    pub fn new(template: impl Into<Text>) -> Self {
        Self { template: Some(template.into()), ..Self::default() }
    }

    /// The same with its values, a JSON object.
    #[must_use]
    pub fn with_variables(mut self, variables: Value) -> Self {
        self.variables = Some(variables);
        self
    }

    /// The same with its version.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<Text>) -> Self {
        self.version = Some(version.into());
        self
    }
}

/// A part of a question, its answer, and what the answer rests on.
///
/// ```
/// use tracing_llm::SubQuestion;
///
/// let part = SubQuestion::new("What is a span?").with_answer("A period of time.");
/// assert_eq!(part.answer.as_deref(), Some("A period of time."));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubQuestion {
    /// The question.
    pub question: Text,
    /// The tool or index that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Text>,
    /// The answer, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Text>,
    /// What the answer rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Document>,
}

impl SubQuestion {
    /// A part of a question.
    #[must_use]
    pub fn new(question: impl Into<Text>) -> Self {
        Self { question: question.into(), ..Self::default() }
    }

    /// The same with its answer.
    #[must_use]
    pub fn with_answer(mut self, answer: impl Into<Text>) -> Self {
        self.answer = Some(answer.into());
        self
    }

    /// The same with the tool or index that is asked.
    #[must_use]
    pub fn with_tool(mut self, tool: impl Into<Text>) -> Self {
        self.tool = Some(tool.into());
        self
    }
}
