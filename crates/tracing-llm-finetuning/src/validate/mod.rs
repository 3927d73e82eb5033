//! Holds a training file against the rules of the provider.

mod example;
mod message;
mod rule;
pub(crate) mod tokens;
mod tools;

use std::fmt;
use std::path::Path;
use std::str::Utf8Error;

pub use self::rule::{Problem, Rule};
use crate::error::Error;
use crate::statistics::Statistics;
use crate::writer;

/// A file needs so many examples (supervised fine-tuning guide, 2026-08).
const LEAST_EXAMPLES: usize = 10;
/// A file may have so many bytes (files API 2.3.0: 512 MB).
const MOST_BYTES: usize = 512 << 20;
/// An example may have so many tokens (gpt-4o and gpt-4.1 families, model pages of 2026-08).
const MOST_TOKENS: u64 = 65_536;

type Count = Box<dyn Fn(&str) -> usize + Send + Sync>;

/// Checks training files of chat models before they are uploaded.
///
/// The rules are those of OpenAI's supervised fine-tuning as documented in August 2026: the
/// schema `FineTuneChatRequestInput` of the API description 2.3.0, the guide, and the rules for
/// tool calls of the chat API. [`Rule`] names each.
///
/// ```
/// use tracing_llm_finetuning::{Rule, Validator};
///
/// let report = Validator::openai().least_examples(1).check(
///     r#"{"messages": [{"role": "user", "content": "2+3="}]}"#,
/// );
/// let problem = &report.problems[0];
/// assert_eq!((problem.line, problem.rule), (Some(1), Rule::LastIsAssistant));
/// assert_eq!(problem.to_string(), "line 1: the last message is from user, not from the assistant");
/// ```
#[must_use = "it checks nothing until it is asked"]
pub struct Validator {
    least_examples: usize,
    max_tokens: u64,
    count: Option<Count>,
}

/// What a check found.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What is wrong, by line; of the whole file at the end.
    pub problems: Vec<Problem>,
    /// How long the examples are.
    pub statistics: Statistics,
}

impl Validator {
    /// The rules of OpenAI's supervised fine-tuning of chat models.
    pub fn openai() -> Self {
        Self { least_examples: LEAST_EXAMPLES, max_tokens: MOST_TOKENS, count: None }
    }

    /// How many examples a file needs; 10 by default.
    pub fn least_examples(mut self, examples: usize) -> Self {
        self.least_examples = examples;
        self
    }

    /// How many tokens an example may have; 65,536 by default, as the models of the GPT-4o and
    /// GPT-4.1 families take. `gpt-3.5-turbo` takes 16,385. Only checked with a
    /// [tokenizer](Self::tokenizer).
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = tokens;
        self
    }

    /// Counts the tokens of a text. `tracing-llm-tokens` has tokenizers; without one, tokens are
    /// neither checked nor counted.
    pub fn tokenizer(mut self, count: impl Fn(&str) -> usize + Send + Sync + 'static) -> Self {
        self.count = Some(Box::new(count));
        self
    }

    /// Checks the text of a file.
    #[must_use]
    pub fn check(&self, text: &str) -> Report {
        self.check_bytes(text.as_bytes())
    }

    fn check_bytes(&self, bytes: &[u8]) -> Report {
        let mut problems = Vec::new();
        let lines: Vec<Result<&str, Utf8Error>> = lines(bytes).map(std::str::from_utf8).collect();
        for (place, line) in lines.iter().enumerate() {
            let before = problems.len();
            let example = match line {
                Ok(line) => example::check(line, &mut problems),
                Err(error) => {
                    let reason = format!("no UTF-8 behind byte {}", error.valid_up_to());
                    problems.push(Problem::new(Rule::Json, reason));
                    None
                }
            };
            if let (Some(example), Some(count)) = (example, &self.count) {
                let tokens = tokens::of_example(&example, count);
                if tokens > self.max_tokens {
                    let reason = format!("{tokens} tokens, {} are allowed", self.max_tokens);
                    problems.push(Problem::new(Rule::Tokens, reason));
                }
            }
            for problem in problems.iter_mut().skip(before) {
                problem.line = Some(place + 1);
            }
        }
        if lines.len() < self.least_examples {
            let reason = format!("{} examples, {} are needed", lines.len(), self.least_examples);
            problems.push(Problem::new(Rule::Examples, reason));
        }
        if bytes.len() > MOST_BYTES {
            let reason = format!("{} bytes, {MOST_BYTES} are allowed", bytes.len());
            problems.push(Problem::new(Rule::Bytes, reason));
        }
        let count = self.count.as_ref().map(|count| count as &dyn Fn(&str) -> usize);
        Report { problems, statistics: Statistics::of(lines.into_iter().flatten(), count) }
    }

    /// Checks a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn check_file(&self, path: impl AsRef<Path>) -> Result<Report, Error> {
        Ok(self.check_bytes(&writer::read(path.as_ref())?))
    }
}

/// The last line may lack its line break; what follows the last one is no line.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

/// What is wrong with one example first.
pub(crate) fn first_problem(line: &str) -> Option<Problem> {
    let mut problems = Vec::new();
    example::check(line, &mut problems);
    problems.into_iter().next()
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        let found = self.problems.len();
        write!(f, "{found} problem{} in {}", if found == 1 { "" } else { "s" }, self.statistics)
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator")
            .field("least_examples", &self.least_examples)
            .field("max_tokens", &self.max_tokens)
            .field("tokenizer", &self.count.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests;
