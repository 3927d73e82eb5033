//! How much memory an event holds.

use serde_json::Value;
use tracing_llm::{Content, Document, Event, Message, Template, Text, Tool, ToolCall};

/// The bytes of an event's texts, vectors and values, about.
///
/// Text that several events share counts for each: the true use is at most this.
pub(crate) fn bytes(event: &Event) -> usize {
    let payload = &event.payload;
    let texts = [
        &payload.model,
        &payload.response_model,
        &payload.prompt,
        &payload.completion,
        &payload.response,
        &payload.query,
        &payload.function_output,
    ];
    let values = [
        &payload.parameters,
        &payload.input,
        &payload.output,
        &payload.serialized,
        &payload.additional_kwargs,
    ];
    let embeddings = payload.embeddings.iter().map(|embedding| {
        optional(&embedding.text) + embedding.vector.as_ref().map_or(0, |v| size_of_val(&**v))
    });
    size_of::<Event>()
        + event.name.len()
        + texts.into_iter().map(optional).sum::<usize>()
        + values.into_iter().flatten().map(value).sum::<usize>()
        + payload.messages.iter().chain(&*payload.replies).map(message).sum::<usize>()
        + payload.tools.iter().chain(&payload.tool).map(tool).sum::<usize>()
        + payload.documents.iter().chain(&*payload.nodes).map(document).sum::<usize>()
        + payload.chunks.iter().chain(&*payload.summaries).map(text).sum::<usize>()
        + embeddings.sum::<usize>()
        + payload.template.as_ref().map_or(0, template)
        + payload.sub_question.as_ref().map_or(0, |part| {
            text(&part.question)
                + optional(&part.answer)
                + part.sources.iter().map(document).sum::<usize>()
        })
        + payload.function_call.as_ref().map_or(0, call)
        + payload
            .exception
            .as_ref()
            .map_or(0, |exception| text(&exception.message) + optional(&exception.stacktrace))
        + payload.attributes.iter().map(|(key, item)| text(key) + value(item)).sum::<usize>()
        + event.logs.iter().map(|log| text(&log.message)).sum::<usize>()
}

fn text(text: &Text) -> usize {
    size_of::<Text>() + text.len()
}

fn optional(part: &Option<Text>) -> usize {
    part.as_ref().map_or(0, text)
}

fn message(message: &Message) -> usize {
    let contents = message.contents.iter().map(|content| match content {
        Content::Text(part) => text(part),
        Content::Reasoning { text, signature, encrypted, .. } => {
            optional(text) + optional(signature) + optional(encrypted)
        }
        Content::Image { url, .. } | Content::Video { url } => text(url),
        Content::Audio { url, transcript, .. } => optional(url) + optional(transcript),
        Content::Document(part) => document(part),
        Content::ToolUse(part) => call(part),
        _ => 0,
    });
    size_of::<Message>()
        + contents.sum::<usize>()
        + message.tool_calls.iter().map(call).sum::<usize>()
}

fn call(call: &ToolCall) -> usize {
    text(&call.name) + text(&call.arguments) + optional(&call.reasoning_signature)
}

fn tool(tool: &Tool) -> usize {
    text(&tool.name)
        + optional(&tool.description)
        + [&tool.parameters, &tool.definition].into_iter().flatten().map(value).sum::<usize>()
}

fn document(document: &Document) -> usize {
    size_of::<Document>()
        + document.content.len()
        + optional(&document.url)
        + document.metadata.as_ref().map_or(0, value)
}

fn template(template: &Template) -> usize {
    optional(&template.template)
        + optional(&template.system_prompt)
        + optional(&template.query_wrapper_prompt)
        + template.variables.as_ref().map_or(0, value)
}

/// Without recursion: a value may be nested as deeply as whoever made it liked.
fn value(whole: &Value) -> usize {
    let mut bytes = 0;
    let mut rest = vec![whole];
    while let Some(part) = rest.pop() {
        bytes += size_of::<Value>();
        match part {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) => rest.extend(items),
            Value::Object(members) => {
                bytes += members.keys().map(String::len).sum::<usize>();
                rest.extend(members.values());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tracing_llm::{Embedding, EventType};

    use super::*;

    #[test]
    fn each_large_part_of_a_payload_counts() {
        let large = "x".repeat(100_000);
        let text = || Text::from(large.as_str());
        type Fill = fn(&mut Event, Text);
        let parts: [(&str, Fill); 12] = [
            ("prompt", |event, text| event.payload.prompt = Some(text)),
            ("messages", |event, text| event.payload.messages = vec![Message::user(text)].into()),
            ("replies", |event, text| event.payload.replies = vec![Message::user(text)].into()),
            ("nodes", |event, text| event.payload.nodes = vec![Document::new(text)].into()),
            ("chunks", |event, text| event.payload.chunks = vec![text].into()),
            ("input", |event, text| event.payload.input = Some(json!([{"a": text.as_str()}]))),
            ("template", |event, text| event.payload.template = Some(Template::new(text))),
            ("function call", |event, text| {
                event.payload.function_call = Some(ToolCall::new("f", text));
            }),
            ("function output", |event, text| event.payload.function_output = Some(text)),
            ("attributes", |event, text| {
                event.payload.attributes.insert("a".into(), json!(text.as_str()));
            }),
            ("vectors", |event, text| {
                let vector = vec![0.5_f32; text.len() / 4];
                event.payload.embeddings = vec![Embedding::of_vector(vector)].into();
            }),
            ("tools", |event, text| {
                event.payload.tools = vec![Tool::new("t").with_description(text)].into();
            }),
        ];
        for (name, fill) in parts {
            let mut event = Event::new(EventType::LLM, "chat");
            assert!(bytes(&event) < 5_000);
            fill(&mut event, text());
            let bytes = bytes(&event);
            assert!((100_000..105_000).contains(&bytes), "{name}: {bytes}");
        }
    }

    #[test]
    fn a_deeply_nested_value_is_weighed_without_recursion() {
        let mut nested = Value::Null;
        for _ in 0..2_000 {
            nested = Value::Array(vec![nested]);
        }
        assert_eq!(value(&nested), 2_001 * size_of::<Value>());
    }
}
