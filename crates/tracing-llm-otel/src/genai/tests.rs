#![allow(clippy::unwrap_used, reason = "a test may")]

use tracing_llm::{Exception, Outcome, Usage};

use super::*;

fn chat() -> Event {
    let mut event = Event::new(EventType::LLM, "chat");
    let payload = &mut event.payload;
    payload.model = Some("gpt-5-mini".into());
    payload.response_model = Some("gpt-5-mini-2025-08-07".into());
    payload.provider = Some("openai".into());
    payload.parameters = Some(json!({ "temperature": 0.5, "max_completion_tokens": 100 }));
    payload.messages = vec![Message::user("What is a secret?")].into();
    payload.replies = vec![Message::assistant("A secret.")].into();
    payload.finish_reason = Some("stop".into());
    payload.usage = Some(Usage::new(12, 5));
    event
}

fn found(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let mut found = attributes.iter().filter(|pair| pair.key.as_str() == key);
    let value = found.next().map(|pair| pair.value.clone());
    assert_eq!(found.next(), None, "{key} stands twice");
    value
}

#[test]
fn numbers_are_numbers_and_names_are_those_of_the_conventions() {
    let attributes = attributes(&chat());
    for (key, value) in [
        ("gen_ai.operation.name", Value::from("chat")),
        ("gen_ai.provider.name", "openai".into()),
        ("gen_ai.request.model", "gpt-5-mini".into()),
        ("gen_ai.response.model", "gpt-5-mini-2025-08-07".into()),
        ("gen_ai.request.temperature", 0.5.into()),
        ("gen_ai.request.max_tokens", 100.into()),
        ("gen_ai.usage.input_tokens", 12.into()),
        ("gen_ai.usage.output_tokens", 5.into()),
        ("gen_ai.response.finish_reasons", Value::Array(vec![StringValue::from("stop")].into())),
    ] {
        assert_eq!(found(&attributes, key), Some(value), "{key}");
    }
}

#[test]
fn content_is_there_only_where_it_is_asked_for() {
    let mut event = chat();
    event.outcome = Outcome::Error;
    event.payload.exception = Some(Exception::new("a secret failure").with_kind("Timeout"));
    let without = attributes(&event);
    assert!(!format!("{without:?}").contains("secret"), "{without:?}");
    assert_eq!(found(&without, "error.type"), Some("Timeout".into()));

    let with = attributes_with_content(&event);
    let messages = |key: &str| match found(&with, key) {
        Some(Value::String(text)) => serde_json::from_str::<Json>(text.as_str()).unwrap(),
        other => panic!("{key}: {other:?}"),
    };
    assert_eq!(
        messages("gen_ai.input.messages"),
        json!([{ "role": "user", "parts": [{ "type": "text", "content": "What is a secret?" }] }])
    );
    assert_eq!(
        messages("gen_ai.output.messages"),
        json!([{ "role": "assistant", "finish_reason": "stop",
            "parts": [{ "type": "text", "content": "A secret." }] }])
    );
}

#[test]
fn a_call_of_a_tool_and_its_answer_are_parts() {
    let mut event = chat();
    let call = ToolCall::new("weather", r#"{"city":"Ulm"}"#).with_id("call-1");
    event.payload.messages =
        vec![Message::empty("assistant").with_tool_call(call), Message::tool("call-1", "rain")]
            .into();
    let told: Vec<Json> =
        event.payload.messages.iter().map(|message| told(message, None)).collect();
    assert_eq!(
        told[0]["parts"][0],
        json!({ "type": "tool_call", "id": "call-1", "name": "weather",
            "arguments": { "city": "Ulm" } })
    );
    assert_eq!(
        told[1]["parts"][0],
        json!({ "type": "tool_call_response", "id": "call-1", "response": "rain" })
    );
}

#[test]
fn a_stage_that_the_conventions_do_not_know_says_its_event_type() {
    let attributes = attributes(&Event::new(EventType::SYNTHESIZE, "synthesize"));
    assert_eq!(attributes, [KeyValue::new("tracing_llm.event_type", "SYNTHESIZE")]);
}

#[test]
fn spans_and_metrics_name_a_call_by_the_same_words() {
    let mut event = chat();
    event.payload.provider = Some("azure".into());
    event.payload.system = Some("openai".into());
    event.payload.prompt = Some("beside the messages".into());
    event.outcome = Outcome::Error;
    let spans = attributes(&event);
    assert_eq!(found(&spans, "gen_ai.provider.name"), Some("azure.ai.openai".into()));
    assert_eq!(found(&spans, "gen_ai.operation.name"), Some("chat".into()));
    assert_eq!(found(&spans, "error.type"), Some("_OTHER".into()));
    for pair in crate::metrics::of_call(&event) {
        assert_eq!(found(&spans, pair.key.as_str()), Some(pair.value.clone()), "{}", pair.key);
    }

    event.payload.attributes.insert("gen_ai.operation.name".into(), "generate_content".into());
    event.outcome = Outcome::Incomplete;
    let spans = attributes(&event);
    assert_eq!(found(&spans, "gen_ai.operation.name"), Some("generate_content".into()));
    assert_eq!(found(&spans, "error.type"), None, "it has not ended");
}
