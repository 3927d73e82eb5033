//! The prompt and the completion of each call.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

use tracing_llm::{Event, EventType, Handler, HandlerResult, Message, Text};

use crate::escape::Lines;
use crate::sink::Sink;

/// Prints what went into each call of a model and what came out: LlamaIndex's
/// `SimpleLLMHandler` (llama-index-core 0.14.25), byte for byte.
///
/// A call that failed or was cancelled prints nothing; what is missing is printed as `None`.
/// Line breaks and tabs stay as they are; other control characters are escaped, which the
/// original does not do.
///
/// ```
/// use std::sync::Arc;
/// use tracing_llm::{Event, EventType, Handler};
/// use tracing_llm_debug::SimpleLlmHandler;
///
/// let mut event = Event::new(EventType::LLM, "complete");
/// event.payload.prompt = Some("What is a span?".into());
/// event.payload.completion = Some("A period of time.".into());
/// SimpleLlmHandler::stdout().on_end(&Arc::new(event))?;
/// // ** Prompt: **
/// // What is a span?
/// // **************************************************
/// // ** Completion: **
/// // A period of time.
/// // **************************************************
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[must_use = "it prints nothing until it is given to a layer"]
#[derive(Debug)]
pub struct SimpleLlmHandler {
    sink: Sink,
}

impl SimpleLlmHandler {
    /// Prints to the standard output.
    pub fn stdout() -> Self {
        Self { sink: Sink::Stdout }
    }

    /// Prints to the standard error.
    pub fn stderr() -> Self {
        Self { sink: Sink::Stderr }
    }

    /// Prints into a writer: each call in one call of `write_all`, then a flush.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self { sink: Sink::writer(writer) }
    }

    /// Prints through `tracing` itself: an event at DEBUG with the target
    /// [`TARGET`](crate::TARGET) for each call of a model.
    pub fn tracing() -> Self {
        Self { sink: Sink::Tracing }
    }
}

impl Handler for SimpleLlmHandler {
    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        if event.event_type == EventType::LLM {
            self.sink.print(&call(event).unwrap_or_default())?;
        }
        Ok(())
    }

    fn flush(&mut self) -> HandlerResult {
        Ok(self.sink.flush()?)
    }
}

/// The text of a call; none if it failed, or if nothing is known of it.
fn call(event: &Event) -> Option<String> {
    let payload = &event.payload;
    if event.outcome.is_failure() || payload.exception.is_some() {
        return None;
    }
    if payload.prompt.is_none() && !payload.messages.is_empty() {
        let messages: Vec<String> = payload.messages.iter().map(Message::to_string).collect();
        return Some(block("Messages", &messages.join("\n"), "Response", &response(event)));
    }
    let prompt = payload.prompt.clone().or_else(|| payload.input_text());
    let completion = payload.completion.clone().or_else(|| payload.output_text());
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let or_none = |text: Option<Text>| text.unwrap_or(Text::literal("None"));
    Some(block("Prompt", &or_none(prompt), "Completion", &or_none(completion)))
}

/// The reply as the original prints it, with the role before it.
fn response(event: &Event) -> String {
    match (event.payload.replies.first(), event.payload.output_text()) {
        (Some(reply), _) => reply.to_string(),
        (None, Some(text)) => Message::assistant(text).to_string(),
        (None, None) => "None".to_owned(),
    }
}

fn block(input_title: &str, input: &str, output_title: &str, output: &str) -> String {
    let line = "*".repeat(50);
    let mut text = String::new();
    for (title, content) in [(input_title, input), (output_title, output)] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "** {title}: **\n{}\n{line}", Lines(content));
    }
    text + "\n\n"
}

#[cfg(test)]
mod tests {
    use tracing_llm::{Exception, Outcome};

    use super::*;

    fn llm(fill: impl FnOnce(&mut Event)) -> Option<String> {
        let mut event = Event::new(EventType::LLM, "chat");
        fill(&mut event);
        call(&event)
    }

    const STARS: &str = "**************************************************";

    #[test]
    fn a_completion_is_printed_as_the_original_prints_it() {
        let text = llm(|event| {
            event.payload.prompt = Some("Why?\nSay it.".into());
            event.payload.completion = Some("Because.".into());
        });
        let expected = format!(
            "** Prompt: **\nWhy?\nSay it.\n{STARS}\n** Completion: **\nBecause.\n{STARS}\n\n\n"
        );
        assert_eq!(text.unwrap(), expected);
    }

    #[test]
    fn a_chat_is_printed_with_roles() {
        let text = llm(|event| {
            event.payload.messages = [Message::system("Be brief."), Message::user("Why?")].into();
            event.payload.replies = [Message::assistant("Because.")].into();
        });
        let expected = format!(
            "** Messages: **\nsystem: Be brief.\nuser: Why?\n{STARS}\n** Response: **\n\
             assistant: Because.\n{STARS}\n\n\n"
        );
        assert_eq!(text.unwrap(), expected);
    }

    #[test]
    fn an_answer_given_as_text_gets_its_role_and_a_missing_one_is_none() {
        let chat = |response: Option<&str>| {
            llm(|event| {
                event.payload.messages = [Message::user("Why?")].into();
                event.payload.response = response.map(Text::from);
            })
        };
        assert!(chat(Some("Because.")).unwrap().contains("\nassistant: Because.\n"));
        assert!(chat(None).unwrap().contains("** Response: **\nNone\n"));
    }

    #[test]
    fn a_call_that_failed_prints_nothing() {
        for outcome in [Outcome::Error, Outcome::Cancelled, Outcome::Incomplete] {
            let text = llm(|event| {
                event.payload.prompt = Some("Why?".into());
                event.outcome = outcome;
            });
            assert_eq!(text, None);
        }
        let text = llm(|event| {
            event.payload.prompt = Some("Why?".into());
            event.payload.exception = Some(Exception::new("overloaded"));
        });
        assert_eq!(text, None);
        assert_eq!(llm(|_| ()), None);
    }

    #[test]
    fn a_prompt_keeps_its_lines_but_cannot_steer_the_terminal() {
        let text = llm(|event| {
            event.payload.prompt = Some("a\n\tb\u{1b}[2J\u{202e}".into());
            event.payload.completion = Some("c\rd".into());
        })
        .unwrap();
        assert!(text.contains("a\n\tb\\u{1b}[2J\\u{202e}\n"), "{text}");
        assert!(text.contains("c\\rd"), "{text}");
    }
}
