//! A short preview of what goes into an event and what comes out.

use std::fmt::{self, Display};

use tracing_llm::{Document, Event, EventType, Message, Payload, Text, ToolCall};

use super::units::{count, thousands};
use crate::escape::Preview;

/// `input → output`, each cut to so many characters; none if there is nothing to show.
pub(super) fn flow(event: &Event, limit: usize) -> Option<String> {
    match (input(event, limit), output(event, limit)) {
        (Some(input), Some(output)) => Some(format!("{input} → {output}")),
        (Some(input), None) => Some(input),
        (None, Some(output)) => Some(format!("→ {output}")),
        (None, None) => None,
    }
}

/// The main input: of a chat its last message, of a list its length or its first item.
pub(super) fn input(event: &Event, limit: usize) -> Option<String> {
    let payload = &event.payload;
    let cut = |source: &dyn Display| shown(source, limit);
    payload
        .input
        .as_ref()
        .and_then(|value| json(value, limit))
        .or_else(|| payload.messages.last().and_then(|last| cut(&Speech(last))))
        .or_else(|| payload.prompt.as_ref().and_then(|text| cut(text)))
        .or_else(|| payload.query.as_ref().and_then(|text| cut(text)))
        .or_else(|| payload.sub_question.as_ref().and_then(|part| cut(&part.question)))
        .or_else(|| payload.function_call.as_ref().and_then(|call| cut(&Call(call))))
        .or_else(|| cut(payload.template.as_ref()?.template.as_ref()?))
        .or_else(|| documents(&payload.documents, ["document", "documents"], limit))
        .or_else(|| {
            let given = event.event_type != EventType::CHUNKING;
            texts(&payload.chunks, ["text", "texts"], limit).filter(|_| given)
        })
}

/// The main output: the answer, or how many things came out and the first of them.
pub(super) fn output(event: &Event, limit: usize) -> Option<String> {
    let payload = &event.payload;
    let cut = |source: &dyn Display| shown(source, limit);
    payload
        .output
        .as_ref()
        .and_then(|value| json(value, limit))
        .or_else(|| payload.response.as_ref().and_then(|text| cut(text)))
        .or_else(|| payload.completion.as_ref().and_then(|text| cut(text)))
        .or_else(|| payload.replies.first().and_then(|reply| cut(&Reply(reply))))
        .or_else(|| payload.function_output.as_ref().and_then(|text| cut(text)))
        .or_else(|| cut(payload.sub_question.as_ref()?.answer.as_ref()?))
        .or_else(|| documents(&payload.nodes, ["node", "nodes"], limit))
        .or_else(|| texts(&payload.summaries, ["summary", "summaries"], limit))
        .or_else(|| {
            let made = event.event_type == EventType::CHUNKING;
            texts(&payload.chunks, ["chunk", "chunks"], limit).filter(|_| made)
        })
        .or_else(|| vectors(payload))
}

fn shown(source: &dyn Display, limit: usize) -> Option<String> {
    let text = Preview::of(source, limit);
    (!text.is_empty() && limit > 0).then_some(text)
}

/// A JSON text stands for itself; anything else as JSON.
fn json(value: &serde_json::Value, limit: usize) -> Option<String> {
    match value {
        serde_json::Value::String(text) => shown(text, limit),
        other => shown(other, limit),
    }
}

fn documents(list: &[Document], [one, many]: [&str; 2], limit: usize) -> Option<String> {
    first_of(list.len(), list.first().map(|document| &document.content), [one, many], limit)
}

fn texts(list: &[Text], words: [&str; 2], limit: usize) -> Option<String> {
    first_of(list.len(), list.first(), words, limit)
}

/// `3 nodes: the text of the first`.
fn first_of(
    len: usize,
    first: Option<&Text>,
    [one, many]: [&str; 2],
    limit: usize,
) -> Option<String> {
    let first = first.filter(|_| limit > 0)?;
    let number = count(len, one, many);
    Some(match shown(first, limit) {
        Some(text) => format!("{number}: {text}"),
        None => number,
    })
}

fn vectors(payload: &Payload) -> Option<String> {
    let first = payload.embeddings.first()?;
    let vectors = count(payload.embeddings.len(), "vector", "vectors");
    let dimensions = first.dimensions().map(|length| length as u64).or(payload.dimensions);
    Some(match dimensions {
        Some(length) => format!("{vectors} of {} dimensions", thousands(length)),
        None => vectors,
    })
}

/// A message that was sent: the user's as it is, another's with its role.
struct Speech<'a>(&'a Message);

impl Display for Speech<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.role != "user" {
            write!(f, "{}: ", self.0.role)?;
        }
        Reply(self.0).fmt(f)
    }
}

/// A message that came back: its texts, then the calls that it asks for.
struct Reply<'a>(&'a Message);

impl Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for content in &self.0.contents {
            let Some(text) = content.text() else { continue };
            write!(f, "{gap}{text}")?;
            gap = "\n";
        }
        if !gap.is_empty() {
            gap = " ";
        }
        for call in &self.0.tool_calls {
            write!(f, "{gap}{}", Call(call))?;
            gap = ", ";
        }
        Ok(())
    }
}

/// `search({"query":"span"})`.
struct Call<'a>(&'a ToolCall);

impl Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.0.name, self.0.arguments)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tracing_llm::{Content, Embedding};

    use super::*;

    fn preview(event_type: EventType, fill: impl FnOnce(&mut Payload)) -> String {
        let mut event = Event::new(event_type, "stage");
        fill(&mut event.payload);
        flow(&event, 20).unwrap_or_default()
    }

    #[test]
    fn of_a_chat_the_last_message_and_the_reply_are_shown() {
        let text = preview(EventType::LLM, |payload| {
            payload.messages = [Message::system("Be brief."), Message::user("Why?")].into();
            payload.replies = [Message::assistant("Because.")].into();
        });
        assert_eq!(text, "Why? → Because.");
        let text = preview(EventType::LLM, |payload| {
            payload.messages = [Message::tool("1", "42")].into();
            let call = ToolCall::new("add", r#"{"a":1}"#);
            payload.replies = [Message::assistant("So:").with_tool_call(call)].into();
        });
        assert_eq!(text, r#"tool: 42 → So: add({"a":1})"#);
    }

    #[test]
    fn of_a_list_the_number_and_the_first_item_are_shown() {
        let text = preview(EventType::RETRIEVE, |payload| {
            payload.query = Some("Why?".into());
            payload.nodes = [Document::new("One."), Document::new("Two.")].into();
        });
        assert_eq!(text, "Why? → 2 nodes: One.");
        let chunks = |payload: &mut Payload| payload.chunks = ["One.".into()].into();
        assert_eq!(preview(EventType::CHUNKING, chunks), "→ 1 chunk: One.");
        let text = preview(EventType::EMBEDDING, |payload| {
            chunks(payload);
            payload.embeddings = [Embedding::of_vector(vec![0.5; 1_536])].into();
        });
        assert_eq!(text, "1 text: One. → 1 vector of 1,536 dimensions");
    }

    #[test]
    fn what_a_span_names_itself_goes_first_and_json_stays_json() {
        let text = preview(EventType::CHAIN, |payload| {
            payload.query = Some("Why?".into());
            payload.input = Some(json!("a\ttext"));
            payload.output = Some(json!({"answers": [1, 2, 3, 4, 5, 6, 7]}));
        });
        assert_eq!(text, r#"a\ttext → {"answers":[1,2,3,4,…"#);
    }

    #[test]
    fn nothing_to_show_shows_nothing() {
        assert_eq!(preview(EventType::LLM, |_| ()), "");
        let silent = |payload: &mut Payload| {
            payload.response = Some("".into());
            payload.messages = [Message::empty("user").with(Content::reasoning("hm"))].into();
        };
        assert_eq!(preview(EventType::LLM, silent), "");
        let mut event = Event::new(EventType::LLM, "chat");
        event.payload.prompt = Some("Why?".into());
        event.payload.nodes = [Document::new("One.")].into();
        assert_eq!(flow(&event, 0), None);
    }
}
