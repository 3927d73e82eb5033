use std::collections::BTreeMap;

use opentelemetry::{Array, Key};
use serde_json::{Value as Json, json};
use tracing_llm::{
    Content, Document, Embedding, EventType, Exception, Log, Message, Outcome, ToolCall,
};

use super::config::Hide;
use super::*;
use crate::convert::{self, Options};
use crate::testing::{START, event};

const DATA: &str = include_str!("../testdata/mask-0.1.72.json");

fn data() -> Json {
    serde_json::from_str(DATA).unwrap()
}

/// The configuration with one setting of the Python package.
fn with(flag: &str) -> TraceConfig {
    let config = TraceConfig::default();
    match flag {
        "none" => config,
        "hide_llm_invocation_parameters" => config.hide_llm_invocation_parameters(true),
        "hide_llm_tools" => config.hide_llm_tools(true),
        "hide_inputs" => config.hide_inputs(true),
        "hide_outputs" => config.hide_outputs(true),
        "hide_input_messages" => config.hide_input_messages(true),
        "hide_output_messages" => config.hide_output_messages(true),
        "hide_input_images" => config.hide_input_images(true),
        "hide_input_text" => config.hide_input_text(true),
        "hide_output_text" => config.hide_output_text(true),
        // Two names for one thing.
        "hide_embedding_vectors" | "hide_embeddings_vectors" => {
            config.hide_embeddings_vectors(true)
        }
        "hide_embeddings_text" => config.hide_embeddings_text(true),
        "hide_prompts" => config.hide_prompts(true),
        "hide_choices" => config.hide_choices(true),
        "hide_retrieval_documents" => config.hide_retrieval_documents(true),
        other => panic!("a setting that is not ours: {other}"),
    }
}

fn fate_of(key: &str, value: Value, masks: &Masks) -> &'static str {
    let mut list = vec![KeyValue::new(Key::from(key.to_owned()), value.clone())];
    mask(&mut list, masks);
    match list.pop() {
        None => "drop",
        Some(pair) if pair.value == Value::from(REDACTED) => "redact",
        Some(pair) => {
            assert_eq!(pair.value, value, "{key} was changed");
            "keep"
        }
    }
}

#[test]
fn each_setting_does_to_each_key_what_the_official_masker_does() {
    let data = data();
    let long: Vec<&str> =
        data["long"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    let mut checked = 0;
    for (flag, rows) in data["by_flag"].as_object().unwrap() {
        let masks = with(flag).resolve();
        for key in data["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()) {
            let value = if long.contains(&key) {
                Value::from(format!("data:image/png;base64,{}", "A".repeat(32_000)))
            } else if key.ends_with("embedding.vector") {
                Value::Array(Array::F64(vec![0.5]))
            } else {
                Value::from("v")
            };
            let expected = rows.get(key).map_or("keep", |fate| fate.as_str().unwrap());
            assert_eq!(fate_of(key, value, &masks), expected, "{flag}: {key}");
            checked += 1;
        }
    }
    assert_eq!(checked, 16 * 58);
}

#[test]
fn a_span_with_inputs_and_outputs_hidden_is_that_of_the_official_masker() {
    let data = data();
    let case = &data["hide_inputs_and_outputs"];
    let masks = TraceConfig::default().hide_inputs(true).hide_outputs(true).resolve();
    let mut list: Vec<KeyValue> = case["input"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| {
            let value = match value {
                Json::String(text) => Value::from(text.clone()),
                Json::Number(number) => {
                    number.as_i64().map_or_else(|| Value::F64(number.as_f64().unwrap()), Value::I64)
                }
                other => panic!("{other}"),
            };
            KeyValue::new(key.clone(), value)
        })
        .collect();
    mask(&mut list, &masks);
    let shown: BTreeMap<&str, String> =
        list.iter().map(|pair| (pair.key.as_str(), pair.value.to_string())).collect();
    let expected: BTreeMap<&str, String> = case["output"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            (key.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn code_wins_over_the_environment_and_that_over_the_default() {
    let environment = |name: &str| {
        let value = match name {
            "OPENINFERENCE_HIDE_INPUTS" => "TRUE",
            "OPENINFERENCE_HIDE_OUTPUTS" => "true",
            "OPENINFERENCE_HIDE_INPUT_TEXT" => "1",
            "OPENINFERENCE_HIDE_PROMPTS" => " ",
            "OPENINFERENCE_HIDE_EMBEDDINGS_VECTORS" => "false",
            "OPENINFERENCE_HIDE_EMBEDDING_VECTORS" => "True",
            "OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH" => "10",
            "TRACING_LLM_MASK_STRICT" => "true",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let config = TraceConfig::default().hide_outputs(false).or_environment(&environment);
    let masks = config.resolve();
    assert!(masks.hides(Hide::Inputs) && masks.strict);
    assert!(!masks.hides(Hide::Outputs), "the code said so");
    assert!(!masks.hides(Hide::InputText), "1 is neither true nor false");
    assert!(masks.hides(Hide::EmbeddingVectors), "the older name hides too");
    assert_eq!(masks.base64_image_max_length, 10);
    assert_eq!(config.unread(), ["OPENINFERENCE_HIDE_INPUT_TEXT"]);

    let nothing = TraceConfig::default().or_environment(&|_| None);
    assert_eq!(nothing.resolve(), Masks::default());
    let odd = TraceConfig::default()
        .or_environment(&|name| name.contains("BASE64").then(|| "many".to_owned()));
    assert_eq!(odd.resolve().base64_image_max_length, 32_000);
    assert_eq!(odd.unread(), ["OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH"]);
}

#[test]
fn every_variable_of_the_official_configuration_hides_its_own() {
    let mut variables = 0;
    for (hide, names) in Hide::ALL {
        for name in *names {
            let config = TraceConfig::default()
                .or_environment(&|asked| (asked == *name).then(|| "true".to_owned()));
            let masks = config.resolve();
            let hidden: Vec<Hide> =
                Hide::ALL.iter().map(|(hide, _)| *hide).filter(|hide| masks.hides(*hide)).collect();
            assert_eq!(hidden, [*hide], "{name}");
            variables += 1;
        }
    }
    assert_eq!(variables, 15);
}

/// The attributes of an event's span under a configuration.
fn shown(event: &tracing_llm::Event, config: TraceConfig) -> BTreeMap<String, String> {
    let options = Options { masks: config.resolve(), ..Options::default() };
    let span = convert::span(event, options);
    span.attributes
        .iter()
        .map(|pair| (pair.key.to_string(), pair.value.as_str().into_owned()))
        .collect()
}

fn chat() -> tracing_llm::Event {
    let mut event = event(EventType::LLM, "chat");
    event.payload.messages = vec![
        Message::system("be brief"),
        Message::user("the question").with(Content::image("https://example.com/cat.png")),
    ]
    .into();
    event.payload.replies = vec![Message::assistant("the answer")].into();
    event
}

#[test]
fn what_is_derived_comes_from_what_is_left() {
    let event = chat();
    let text = shown(&event, TraceConfig::default().hide_input_text(true));
    assert_eq!(
        text["input.value"],
        concat!(
            r#"{"messages":[{"role":"system","content":"__REDACTED__"},"#,
            r#"{"role":"user","content":[{"type":"text","text":"__REDACTED__"},"#,
            r#"{"type":"image_url","image_url":{"url":"https://example.com/cat.png"}}]}]}"#
        )
    );
    assert_eq!(text["output.value"], "the answer");
    let images = shown(&event, TraceConfig::default().hide_input_images(true));
    assert!(images["input.value"].contains(r#"{"type":"image_url"}"#), "{images:?}");
    assert!(!images.values().any(|value| value.contains("cat.png")));
    let contents = "llm.input_messages.1.message.contents.1.message_content";
    assert_eq!(images[&format!("{contents}.type")], "image");
    let messages = shown(&event, TraceConfig::default().hide_input_messages(true));
    assert!(!messages.contains_key("input.value"), "nothing is left: {messages:?}");
    let replies = shown(&event, TraceConfig::default().hide_output_text(true));
    assert_eq!(replies["output.value"], REDACTED);
    assert_eq!(replies["llm.output_messages.0.message.content"], REDACTED);
    let inputs = shown(&event, TraceConfig::default().hide_inputs(true));
    assert_eq!(inputs["input.value"], REDACTED);
    assert!(!inputs.contains_key("input.mime_type"));
}

#[test]
fn a_reply_that_is_kept_as_text_alone_is_an_output_text_too() {
    let mut event = chat();
    event.payload.replies = [].into();
    event.payload.response = Some("the answer".into());
    let text = shown(&event, TraceConfig::default().hide_output_text(true));
    assert_eq!(text["output.value"], REDACTED);
    let messages = shown(&event, TraceConfig::default().hide_output_messages(true));
    assert!(!messages.contains_key("output.value"));
}

#[test]
fn the_short_output_of_a_retriever_shows_no_hidden_document() {
    let mut event = event(EventType::RETRIEVE, "search");
    event.payload.nodes = vec![Document::new("secret").with_id("n1").with_score(0.5)].into();
    let shown = shown(&event, TraceConfig::default().hide_retrieval_documents(true));
    assert_eq!(shown["output.value"], r#"[{"id":"n1","score":0.5,"content":"__REDACTED__"}]"#);
    assert_eq!(shown["retrieval.documents.0.document.content"], REDACTED);
    assert_eq!(shown["retrieval.documents.0.document.id"], "n1");
}

#[test]
fn embedded_texts_are_hidden_in_the_input_too() {
    let mut event = event(EventType::EMBEDDING, "embed");
    event.payload.embeddings = vec![Embedding::of_text("secret")].into();
    event.payload.chunks = vec!["secret".into(), "secret two".into()].into();
    let shown = shown(&event, TraceConfig::default().hide_embeddings_text(true));
    assert_eq!(shown["input.value"], r#"["__REDACTED__","__REDACTED__"]"#);
    assert!(!shown.values().any(|value| value.contains("secret")));
}

#[test]
fn a_root_shows_no_more_than_its_top_event() {
    let mut trace = tracing_llm::Trace::new(chat().trace_id, "ask", START);
    trace.scope_id = tracing_llm::SpanId::new(9);
    let masks = TraceConfig::default().hide_input_text(true).resolve();
    let options = Options { masks, ..Options::default() };
    let root = convert::root(&trace, Some(&chat()), options).unwrap();
    let input = root.attributes.iter().find(|pair| pair.key.as_str() == "input.value").unwrap();
    assert!(!input.value.as_str().contains("question"), "{input:?}");
}

#[test]
fn strict_hides_what_a_setting_for_texts_leaves_in_messages() {
    let mut event = chat();
    let call = ToolCall::new("look", r#"{"for":"secret"}"#);
    let message = Message::user("secret")
        .with(Content::Audio { url: None, mime_type: None, transcript: Some("secret".into()) })
        .with(Content::Document(Document::new("secret")))
        .with(Content::reasoning_item(None, None, Some("secret".into()), None))
        .with_tool_call(call);
    event.payload.messages = vec![message].into();
    event.payload.input = Some(json!({ "said": "secret" }));
    event.payload.input_mime_type = Some("application/json".into());
    let config = TraceConfig::default().hide_input_text(true);
    let plain = shown(&event, config.clone());
    assert!(plain.values().filter(|value| value.contains("secret")).count() >= 5, "{plain:?}");
    let strict = shown(&event, config.strict(true));
    let leaks: Vec<_> = strict.iter().filter(|(_, value)| value.contains("secret")).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    assert_eq!(strict["input.mime_type"], "text/plain");
}

#[test]
fn strict_alone_hides_nothing() {
    let event = chat();
    assert_eq!(
        shown(&event, TraceConfig::default().strict(true)),
        shown(&event, TraceConfig::default())
    );
}

#[test]
fn strict_keeps_what_says_how_it_went_and_hides_why() {
    let mut event = chat();
    event.outcome = Outcome::Error;
    let mut exception = Exception::new("no answer to 'secret'").with_kind("Refused");
    exception.stacktrace = Some("secret".into());
    event.payload.exception = Some(exception);
    event.logs = vec![Log::new(START, "secret")];
    event.payload.attributes.insert("customer".into(), json!("secret"));
    event.payload.attributes.insert("attempt".into(), json!(2));
    let masks = TraceConfig::default().hide_outputs(true).strict(true).resolve();
    let span = convert::span(&event, Options { masks, ..Options::default() });
    assert!(!format!("{span:?}").contains("secret"), "{span:?}");
    let status = opentelemetry::trace::Status::error("Refused: __REDACTED__");
    assert_eq!(span.status, status);
    assert!(span.attributes.iter().any(|pair| pair.key.as_str() == "attempt"));
    // What goes in was not to be hidden.
    assert!(format!("{span:?}").contains("the question"));
}

#[test]
fn strict_limits_media_of_every_kind() {
    let mut event = chat();
    let url = format!("data:audio/wav;base64,{}", "A".repeat(100));
    let content =
        Content::Audio { url: Some(url.as_str().into()), mime_type: None, transcript: None };
    event.payload.messages = vec![Message::user("hear").with(content)].into();
    let key = "llm.input_messages.0.message.contents.1.message_content.audio.audio.url";
    let config = TraceConfig::default().base64_image_max_length(50);
    assert_eq!(shown(&event, config.clone())[key], url);
    assert_eq!(shown(&event, config.strict(true))[key], REDACTED);
}

#[test]
fn debug_output_says_what_is_set() {
    let shown = format!("{:?}", TraceConfig::default().hide_inputs(true).strict(false));
    assert!(shown.contains("(Inputs, true)") && shown.contains("strict: Some(false)"), "{shown}");
}
