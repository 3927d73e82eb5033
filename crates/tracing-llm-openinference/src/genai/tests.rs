use std::collections::{BTreeMap, HashSet};

use serde_json::{Value as Json, json};

use super::names::ALL;
use super::*;

const DATA: &str = include_str!("../testdata/genai-0.1.72.json");

fn attributes(from: &Json) -> Vec<KeyValue> {
    let value = |value: &Json| match value {
        Json::String(text) => Value::from(text.clone()),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::F64(number.as_f64().unwrap()), Value::I64)
        }
        Json::Array(list) => {
            Value::Array(Array::F64(list.iter().map(|item| item.as_f64().unwrap()).collect()))
        }
        other => panic!("{other}"),
    };
    from.as_object().unwrap().iter().map(|(key, v)| KeyValue::new(key.clone(), value(v))).collect()
}

/// The GenAI attributes of a span, JSON texts read so that spaces and order do not count.
fn said(from: &Json, version: GenAiVersion) -> BTreeMap<String, Json> {
    let mut list = attributes(from);
    add(&mut list, version);
    let keys: HashSet<&str> = list.iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!(keys.len(), list.len(), "a key stands twice");
    list.iter()
        .filter(|pair| pair.key.as_str().starts_with("gen_ai."))
        .map(|pair| (pair.key.to_string(), normal(read::to_json(&pair.value))))
        .collect()
}

fn normal(value: Json) -> Json {
    match &value {
        Json::String(text) if text.starts_with(['[', '{']) => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    }
}

fn expected(case: &Json) -> BTreeMap<String, Json> {
    let gen_ai = case["gen_ai"].as_object().unwrap();
    let mut all: BTreeMap<String, Json> =
        gen_ai.iter().map(|(key, value)| (key.clone(), normal(value.clone()))).collect();
    // What a span says already is there too.
    let own = case["openinference"].as_object().unwrap().iter();
    all.extend(
        own.filter(|(key, _)| key.starts_with("gen_ai.")).map(|(k, v)| (k.clone(), v.clone())),
    );
    all
}

/// Where we say more than the official converter, by what the case is called.
fn beyond(name: &str) -> &'static [&'static str] {
    match name {
        "llm" => &["gen_ai.usage.reasoning.output_tokens"],
        _ => &[],
    }
}

#[test]
fn each_span_says_what_the_official_converter_makes_of_it() {
    let data: Json = serde_json::from_str(DATA).unwrap();
    let cases = data["cases"].as_array().unwrap();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let mut ours = said(&case["openinference"], GenAiVersion::V1_41);
        for key in beyond(name) {
            assert!(ours.remove(*key).is_some(), "{name}: {key}");
        }
        assert_eq!(ours, expected(case), "{name}");
    }
    assert_eq!(cases.len(), 28);
}

#[test]
fn what_we_say_beyond_it() {
    let span = json!({
        "openinference.span.kind": "LLM",
        "llm.model_name": "m-2026",
        "llm.request.model_name": "m",
        "llm.response.model_name": "m-2026",
        "tracing_llm.response_id": "r1",
        "prompt.id": "p",
        "llm.finish_reason": "[\"stop\",\"length\"]",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.contents.0.message_content.type": "reasoning",
        "llm.output_messages.0.message.contents.0.message_content.text": "hm",
        "llm.output_messages.0.message.contents.1.message_content.type": "audio",
        "llm.output_messages.0.message.contents.1.message_content.audio.audio.url": "https://example.com/a",
        "llm.output_messages.0.message.contents.1.message_content.audio.audio.mime_type": "audio/wav",
        "llm.output_messages.0.message.contents.2.message_content.type": "document",
        "llm.output_messages.0.message.contents.2.message_content.document.document.id": "file-1",
    });
    let said = said(&span, GenAiVersion::V1_41);
    let expected = json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m-2026",
        "gen_ai.response.id": "r1",
        "gen_ai.prompt.name": "p",
        "gen_ai.response.finish_reasons": ["stop", "length"],
        "gen_ai.output.messages": [{
            "role": "assistant",
            "finish_reason": "stop",
            "parts": [
                {"type": "reasoning", "content": "hm"},
                {"type": "uri", "modality": "audio", "mime_type": "audio/wav", "uri": "https://example.com/a"},
                {"type": "file", "modality": "document", "file_id": "file-1"},
            ],
        }],
    });
    assert_eq!(serde_json::to_value(said).unwrap(), expected);
}

#[test]
fn the_latest_names_differ_where_they_were_renamed() {
    let llm = json!({
        "openinference.span.kind": "LLM",
        "llm.token_count.prompt_details.cache_write": 5,
        "llm.token_count.prompt_details.audio": 2,
        "llm.prompt_template.version": "v2",
        "llm.invocation_parameters": "{\"top_k\": 40, \"reasoning_effort\": \"low\"}",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "yes",
    });
    let then = said(&llm, GenAiVersion::V1_41);
    let now = said(&llm, GenAiVersion::Latest);
    assert_eq!(then["gen_ai.usage.cache_creation.input_tokens"], json!(5));
    assert_eq!(then["gen_ai.request.top_k"], json!(40.0));
    assert_eq!(then["gen_ai.output.messages"][0]["finish_reason"], "stop");
    for key in [
        "gen_ai.usage.audio.input_tokens",
        "gen_ai.prompt.version",
        "gen_ai.request.reasoning.level",
    ] {
        assert!(!then.contains_key(key) && now.contains_key(key), "{key}");
    }
    assert_eq!(now["gen_ai.usage.cache_write.input_tokens"], json!(5));
    assert!(!now.contains_key("gen_ai.usage.cache_creation.input_tokens"));
    assert_eq!(now["gen_ai.request.top_k"], json!(40));
    assert_eq!(now["gen_ai.output.messages"][0].get("finish_reason"), None);
    assert_eq!(now["gen_ai.response.finish_reasons"], json!(["stop"]));

    let retriever = json!({"openinference.span.kind": "RETRIEVER", "tracing_llm.top_k": 3});
    assert_eq!(said(&retriever, GenAiVersion::V1_41)["gen_ai.request.top_k"], json!(3.0));
    assert_eq!(said(&retriever, GenAiVersion::Latest)["gen_ai.retrieval.top_k"], json!(3));
}

#[test]
fn a_tools_schema_is_not_taken_for_the_arguments_of_a_call() {
    let tool = json!({
        "openinference.span.kind": "TOOL",
        "tool.name": "f",
        "tool.parameters": "{\"type\": \"object\", \"properties\": {}}",
        "input.value": "{\"q\": 1}",
    });
    assert_eq!(said(&tool, GenAiVersion::V1_41)["gen_ai.tool.call.arguments"], json!({"q": 1}));
}

#[test]
fn vectors_that_are_not_exported_have_their_length_all_the_same() {
    let embedding = json!({
        "openinference.span.kind": "EMBEDDING",
        "output.value": "{\"dimensions\": 3, \"embeddings\": 1}",
    });
    assert_eq!(
        said(&embedding, GenAiVersion::V1_41)["gen_ai.embeddings.dimension.count"],
        json!(3)
    );
}

#[test]
fn no_name_stands_twice_in_a_version_but_the_one_that_was_split() {
    for version in [GenAiVersion::V1_41, GenAiVersion::Latest] {
        let mut seen = HashSet::new();
        let twice: Vec<&str> = ALL
            .iter()
            .filter_map(|name| name.of(version))
            .filter(|key| !seen.insert(*key))
            .collect();
        let expected: &[&str] =
            if version == GenAiVersion::V1_41 { &["gen_ai.request.top_k"] } else { &[] };
        assert_eq!(twice, expected);
    }
}
