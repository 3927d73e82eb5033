//! The rules, by name.

use std::fmt;

/// What a training file has to keep.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Each line is a JSON object, in UTF-8.
    Json,
    /// No keys but `messages`, `tools`, `parallel_tool_calls` and `functions`; in a message, those
    /// of its role.
    Keys,
    /// `messages` is a list with at least one object.
    Messages,
    /// `system`, `developer`, `user`, `assistant`, `tool` or `function`.
    Role,
    /// Text, or a list of the parts that the role may have, each with its value; nothing may lack it
    /// but an assistant that calls a tool. A name and a refusal are text.
    Content,
    /// The last message is from the assistant: it is what the model learns.
    LastIsAssistant,
    /// `weight` is 0 or 1, of an assistant's message, and not 0 for all of them.
    Weight,
    /// Tools and functions: at most 128, each with a name of its own of letters, digits, `_` and
    /// `-`, at most 64, and parameters that are a JSON schema of an object.
    Tools,
    /// A call has an id that no other of its message has, a name and arguments as text. That the
    /// text is JSON is not asked for: the API's description says that models do not always
    /// generate valid JSON there.
    ToolCalls,
    /// Answers of tools follow the call that they answer, and every call but those of the last
    /// message is answered.
    ToolAnswers,
    /// No more tokens than the model takes.
    Tokens,
    /// At least 10 examples.
    Examples,
    /// At most 512 MB.
    Bytes,
}

/// What is wrong, and where.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; none if it is about the whole file.
    pub line: Option<usize>,
    /// The rule that is not kept.
    pub rule: Rule,
    /// Why, in words. Texts of the messages are not in it.
    pub reason: String,
}

impl Problem {
    pub(super) fn new(rule: Rule, reason: impl Into<String>) -> Self {
        Self { line: None, rule, reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => write!(f, "{}", self.reason),
        }
    }
}
