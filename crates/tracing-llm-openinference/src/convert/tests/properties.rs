//! What holds for every event.

use std::collections::HashSet;

use opentelemetry::{Array, Value};
use proptest::prelude::*;
use serde_json::json;
use tracing_llm::{EventType, Log, Text, Usage};

use super::conformance::full;
use crate::convert::{Options, span};
use crate::genai::GenAiVersion;
use crate::mask::TraceConfig;
use crate::testing::START;

/// An event with parts at random, each text of which says `secret`.
fn any_event() -> impl Strategy<Value = tracing_llm::Event> {
    let kinds = proptest::option::of(proptest::sample::select(vec![
        "LLM",
        "prompt",
        "RERANKER",
        "EMBEDDING",
        "TOOL",
        "RETRIEVER",
        "UNKNOWN",
        "",
    ]));
    let types = proptest::sample::select(EventType::ALL.to_vec());
    (types, kinds, any::<u32>(), "[a-z.]{0,20}").prop_map(|(event_type, kind, parts, key)| {
        let mut event = secret(full(event_type));
        event.kind = kind.map(Into::into);
        event.payload.usage = Some(Usage::new(u64::from(parts), u64::MAX));
        let odd = [
            ("llm.input_messages", json!("[{\"secret\"")),
            ("llm.token_count.new", json!(7)),
            ("message.content", json!("secret")),
            ("gen_ai.prompt.0.content", json!("secret")),
            ("annotations.0.annotation.name", json!("n")),
        ];
        for (name, value) in odd {
            event.payload.attributes.insert(name.into(), value);
        }
        event.payload.attributes.insert(Text::from(key), json!(["secret"]));
        // Each part is there or not.
        let payload = &mut event.payload;
        let gone = |bit: u32| parts & 1 << bit != 0;
        let lists = [&mut payload.messages, &mut payload.replies];
        lists.into_iter().enumerate().filter(|(at, _)| gone(*at as u32)).for_each(|(_, list)| {
            *list = [].into();
        });
        payload.prompt.take_if(|_| gone(2));
        payload.completion.take_if(|_| gone(3));
        payload.response.take_if(|_| gone(4));
        payload.input.take_if(|_| gone(5));
        payload.output.take_if(|_| gone(6));
        payload.query.take_if(|_| gone(7));
        payload.template.take_if(|_| gone(8));
        payload.function_call.take_if(|_| gone(9));
        if gone(10) {
            payload.nodes = [].into();
        }
        event
    })
}

/// The same event with `secret` in every text of content.
fn secret(event: tracing_llm::Event) -> tracing_llm::Event {
    const METADATA: [&str; 33] = [
        "event_type",
        "name",
        "kind",
        "target",
        "trace_id",
        "span_id",
        "trace_name",
        "outcome",
        "model",
        "response_model",
        "provider",
        "system",
        "finish_reason",
        "response_id",
        "agent",
        "input_mime_type",
        "output_mime_type",
        "mime_type",
        "role",
        "id",
        "tool_call_id",
        "version",
        "vendor",
        "session_id",
        "user_id",
        "tags",
        "label",
        "annotator_kind",
        "identifier",
        "signature",
        "reasoning_signature",
        "parent_id",
        "scope_id",
    ];
    fn walk(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = format!("secret {text}"),
            serde_json::Value::Array(list) => list.iter_mut().for_each(walk),
            serde_json::Value::Object(fields) => {
                for (key, value) in fields {
                    // A message may name its speaker, a tool has a name; a document's is content.
                    if !METADATA.contains(&key.as_str()) && key != "kind" {
                        walk(value);
                    }
                }
            }
            _ => {}
        }
    }
    let name_of = event.name.clone();
    let mut stored = serde_json::to_value(&event).unwrap();
    walk(&mut stored);
    let mut event: tracing_llm::Event = serde_json::from_value(stored).unwrap();
    event.name = name_of;
    event.payload.response = Some("secret".into());
    event.payload.input = Some(json!({ "in": "secret" }));
    event.payload.output = Some(json!("secret"));
    event.payload.exception = Some(tracing_llm::Exception::new("secret").with_kind("Kind"));
    event.logs = vec![Log::new(START, "secret")];
    event
}

fn everything() -> TraceConfig {
    TraceConfig::default()
        .hide_inputs(true)
        .hide_outputs(true)
        .hide_input_messages(true)
        .hide_output_messages(true)
        .hide_input_images(true)
        .hide_input_text(true)
        .hide_output_text(true)
        .hide_prompts(true)
        .hide_choices(true)
        .hide_llm_invocation_parameters(true)
        .hide_llm_tools(true)
        .hide_embeddings_vectors(true)
        .hide_embeddings_text(true)
        .hide_retrieval_documents(true)
        .strict(true)
}

fn options(masks: TraceConfig, genai: Option<GenAiVersion>) -> Options {
    let masks = masks.resolve();
    Options { embedding_vectors: true, parsed_texts: true, masks, genai, ..Options::default() }
}

proptest! {
    #[test]
    fn every_event_is_a_span_with_unique_keys_a_kind_and_whole_token_counts(event in any_event()) {
        for genai in [None, Some(GenAiVersion::V1_41), Some(GenAiVersion::Latest)] {
            let span = span(&event, options(TraceConfig::default(), genai));
            let keys: HashSet<&str> =
                span.attributes.iter().map(|pair| pair.key.as_str()).collect();
            prop_assert_eq!(keys.len(), span.attributes.len());
            prop_assert!(keys.contains("openinference.span.kind"));
            for pair in &span.attributes {
                let key = pair.key.as_str();
                if key.contains(".token_count.") || key.starts_with("gen_ai.usage.") {
                    prop_assert!(matches!(pair.value, Value::I64(_)), "{} = {:?}", key, pair.value);
                }
            }
        }
    }

    #[test]
    fn strict_with_every_setting_leaves_no_secret(event in any_event()) {
        let open = span(&event, options(TraceConfig::default(), None));
        let all = format!("{:?}", open.attributes);
        prop_assert!(all.contains("secret"));
        let masked = span(&event, options(everything(), Some(GenAiVersion::Latest)));
        for pair in &masked.attributes {
            let says = match &pair.value {
                Value::Array(Array::String(list)) => format!("{list:?}"),
                other => other.as_str().into_owned(),
            };
            // The name of a tool is metadata.
            let is_name = pair.key.as_str() == "tool.name" || pair.key.as_str() == "gen_ai.tool.name";
            prop_assert!(is_name || !says.contains("secret"), "{} = {}", pair.key, says);
        }
        let rest = format!("{:?} {:?} {:?}", masked.status, masked.events, masked.name);
        prop_assert!(!rest.contains("secret"), "{}", rest);
    }
}
