//! Chat messages.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Document, Text, ToolCall};

/// One message of a chat.
///
/// ```
/// use tracing_llm::Message;
///
/// let message = Message::user("What is a span?");
/// assert_eq!(message.role, "user");
/// assert_eq!(message.text(), "What is a span?");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks: `system`, `user`, `assistant`, `tool` …
    pub role: Text,
    /// What is said, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<Content>,
    /// The calls of tools that the model asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// In an answer of a tool: the id of the call that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<Text>,
    /// The name of the speaker, or of the function that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// In a reply: why the model stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<Text>,
}

/// One item of a message's contents.
///
/// ```
/// use tracing_llm::Content;
///
/// let picture = Content::image("https://example.com/cat.png");
/// assert_eq!(picture.text(), None);
/// assert_eq!(Content::Text("a cat".into()).text().map(|text| text.as_str()), Some("a cat"));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Plain text.
    Text(Text),
    /// What the model thought before it answered.
    #[non_exhaustive]
    Reasoning {
        /// The thought, where the provider shows it.
        text: Option<Text>,
        /// The provider's signature, as it came.
        signature: Option<Text>,
        /// The thought encrypted or redacted by the provider, as it came.
        encrypted: Option<Text>,
        /// The provider's id of this item.
        id: Option<Text>,
    },
    /// A picture.
    #[non_exhaustive]
    Image {
        /// Where it is: an http address or a `data:` URI.
        url: Text,
        /// How closely the model is to look, in OpenAI's words: `low`, `high`, `original` or
        /// `auto`. None is `auto`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<Text>,
    },
    /// A recording.
    Audio {
        /// Where it is: an http address or a `data:` URI.
        url: Option<Text>,
        /// Its media type, such as `audio/wav`.
        mime_type: Option<Text>,
        /// What is said in it.
        transcript: Option<Text>,
    },
    /// A film: an http address or a `data:` URI.
    Video {
        /// Where it is.
        url: Text,
    },
    /// A file.
    Document(Document),
    /// A call of a tool, at its place among the other contents.
    ToolUse(ToolCall),
}

impl Content {
    /// A picture at this http address or in this `data:` URI.
    #[must_use]
    pub fn image(url: impl Into<Text>) -> Self {
        Self::Image { url: url.into(), detail: None }
    }

    /// A picture, and how closely the model is to look at it: `low`, `high`, `original`, `auto`.
    ///
    /// ```
    /// use tracing_llm::{Content, Message};
    ///
    /// let picture = Content::image_with_detail("https://example.com/cat.png", "low");
    /// let message = Message::user("What is in it?").with(picture);
    /// # assert_eq!(message.contents.len(), 2);
    /// ```
    #[must_use]
    pub fn image_with_detail(url: impl Into<Text>, detail: impl Into<Text>) -> Self {
        Self::Image { url: url.into(), detail: Some(detail.into()) }
    }

    /// A thought that the provider shows.
    #[must_use]
    pub fn reasoning(text: impl Into<Text>) -> Self {
        Self::Reasoning { text: Some(text.into()), signature: None, encrypted: None, id: None }
    }

    /// A reasoning item with all that a provider may send with it.
    #[must_use]
    pub fn reasoning_item(
        text: Option<Text>,
        signature: Option<Text>,
        encrypted: Option<Text>,
        id: Option<Text>,
    ) -> Self {
        Self::Reasoning { text, signature, encrypted, id }
    }

    /// The text, if this item is one.
    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Message {
    /// A message with one text.
    #[must_use]
    pub fn new(role: impl Into<Text>, text: impl Into<Text>) -> Self {
        Self { role: role.into(), contents: vec![Content::Text(text.into())], ..Self::default() }
    }

    /// A message without contents, to be filled.
    #[must_use]
    pub fn empty(role: impl Into<Text>) -> Self {
        Self { role: role.into(), ..Self::default() }
    }

    /// A message of the system.
    #[must_use]
    pub fn system(text: impl Into<Text>) -> Self {
        Self::new(Text::literal("system"), text)
    }

    /// A message of the user.
    #[must_use]
    pub fn user(text: impl Into<Text>) -> Self {
        Self::new(Text::literal("user"), text)
    }

    /// A message of the model.
    #[must_use]
    pub fn assistant(text: impl Into<Text>) -> Self {
        Self::new(Text::literal("assistant"), text)
    }

    /// The answer of a tool to the call with this id.
    #[must_use]
    pub fn tool(call_id: impl Into<Text>, text: impl Into<Text>) -> Self {
        Self { tool_call_id: Some(call_id.into()), ..Self::new(Text::literal("tool"), text) }
    }

    /// The same with this item added.
    #[must_use]
    pub fn with(mut self, content: Content) -> Self {
        self.contents.push(content);
        self
    }

    /// The same with this call added.
    #[must_use]
    pub fn with_tool_call(mut self, call: ToolCall) -> Self {
        self.tool_calls.push(call);
        self
    }

    /// All texts of the message, joined by newlines; other items are left out.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut texts = self.contents.iter().filter_map(Content::text);
        match (texts.next(), texts.next()) {
            (None, _) => Text::default(),
            (Some(only), None) => only.clone(),
            (Some(first), Some(second)) => {
                let mut joined = format!("{first}\n{second}");
                for text in texts {
                    joined.push('\n');
                    joined.push_str(text);
                }
                Text::from(joined)
            }
        }
    }
}

/// As LlamaIndex prints it: `role: text`.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.role, self.text())
    }
}
