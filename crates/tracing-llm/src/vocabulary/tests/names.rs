//! The table itself.

use std::collections::HashSet;

use super::super::key::{Key, Side};
use super::super::table::TABLE;
use super::super::{ContextKey, ErrorKey, Role, Tag, event_type, original_event_type, role};
use crate::EventType;

const LLAMA_INDEX: &str = "query_str formatted_prompt messages completion response nodes documents \
    chunks embeddings top_k model_name template template_vars template_version system_prompt \
    query_wrapper_prompt tool function_call function_call_response sub_question serialized \
    additional_kwargs exception summaries level usage";

#[test]
fn no_name_stands_twice() {
    let mut seen = HashSet::new();
    for rows in TABLE {
        assert!(!rows.origin.name.is_empty() && !rows.origin.version.is_empty());
        for (name, _) in rows.names {
            assert!(seen.insert(*name), "{name} stands twice");
        }
    }
}

#[test]
fn every_name_of_the_three_vocabularies_is_known() {
    let open_inference = include_str!("openinference-0.1.42.txt");
    let gen_ai = include_str!("gen-ai-1.41.1.txt");
    let all = LLAMA_INDEX.split_whitespace().chain(open_inference.lines()).chain(gen_ai.lines());
    let unknown: Vec<&str> = all.filter(|name| role(name) == Role::Other).collect();
    assert!(unknown.is_empty(), "not known: {unknown:?}");
}

#[test]
fn what_the_table_should_know_is_not_left_to_the_namespaces() {
    let flattened = |name: &str| name.split('.').any(|step| step == "0");
    let lists = [include_str!("openinference-0.1.42.txt"), include_str!("gen-ai-1.41.1.txt")];
    let rows: HashSet<&str> =
        TABLE.iter().flat_map(|rows| rows.names).map(|(name, _)| *name).collect();
    for name in lists.iter().flat_map(|list| list.lines()).filter(|name| !flattened(name)) {
        assert!(rows.contains(name), "{name} has no row");
    }
}

#[test]
fn a_bare_name_is_told_from_a_dotted_one() {
    for name in LLAMA_INDEX.split_whitespace().filter(|name| *name != "exception") {
        assert!(matches!(role(name), Role::Payload { bare: true, .. }), "{name}");
    }
    for name in ["input.value", "gen_ai.request.model", "llm.input_messages.0.message.role"] {
        assert!(matches!(role(name), Role::Payload { bare: false, .. }), "{name}");
    }
}

#[test]
fn names_of_other_people_mean_nothing() {
    for name in ["message", "http.method", "responses", "Model", "", ".", "llm", "gen_ai", "0"] {
        assert_eq!(role(name), Role::Other, "{name}");
    }
}

#[test]
fn a_name_newer_than_the_table_is_an_attribute() {
    let attribute = Role::Payload { key: Key::Attribute, bare: false };
    assert_eq!(role("gen_ai.usage.image.input_tokens"), attribute);
    assert_eq!(role("llm.brand_new"), attribute);
    assert_eq!(role("langfuse.observation.brand_new"), attribute);
    let parameter = Role::Payload { key: Key::NamedParameter, bare: false };
    assert_eq!(role("gen_ai.request.brand_new"), parameter);
    assert_eq!(role("gen_ai.request."), attribute);
}

#[test]
fn only_an_index_makes_a_flattened_name() {
    let is_item = |name| matches!(role(name), Role::Payload { key: Key::Item(_), .. });
    assert!(is_item("llm.input_messages.0.message.role"));
    assert!(is_item("llm.input_messages.999999999999999999999999.message.role"));
    assert!(is_item("retrieval.documents.3.document.content"));
    assert!(!is_item("llm.input_messages.first.message.role"));
    assert!(!is_item("llm.input_messages..message.role"));
    assert!(!is_item("llm.input_messages_0"));
    let endless = format!("llm.input_messages.0{}", ".a".repeat(100));
    assert!(!is_item(&endless), "nobody means so deep a path");
    assert_eq!(role("retrieval.documents.x"), Role::Other);
}

#[test]
fn the_roles_that_the_layer_acts_on() {
    assert_eq!(role("event_type"), Role::Tag(Tag::EventType));
    assert_eq!(role("llm.event_type"), Role::Tag(Tag::LlmEventType));
    assert_eq!(role("openinference.span.kind"), Role::Tag(Tag::SpanKind));
    assert_eq!(role("gen_ai.operation.name"), Role::Tag(Tag::Operation));
    assert_eq!(role("trace_name"), Role::TraceName);
    assert_eq!(role("otel.name"), Role::Name);
    assert_eq!(role("gen_ai.conversation.id"), Role::Context(ContextKey::SessionId));
    assert_eq!(role("traceparent"), Role::Context(ContextKey::Traceparent));
    assert_eq!(role("exception"), Role::Error(ErrorKey::Exception));
    assert_eq!(role("messages"), Role::Payload { key: Key::Messages(Side::In), bare: true });
}

#[test]
fn our_own_tags_name_a_type_by_its_upper_case_name() {
    for tag in [Tag::EventType, Tag::LlmEventType] {
        for known in EventType::ALL {
            assert_eq!(event_type(tag, known.name(), &[]), Some(*known));
            assert_eq!(event_type(tag, known.value(), &[]), None);
            assert_eq!(original_event_type(tag, known.value(), &[]), Some(*known));
            assert_eq!(original_event_type(tag, known.name(), &[]), None);
        }
        for other in ["", "order_created", "Llm", "RETRIEVER"] {
            assert_eq!(event_type(tag, other, &[]), None, "{other}");
        }
    }
}

#[test]
fn span_kinds_of_openinference_name_types() {
    let kinds = [
        ("LLM", EventType::LLM),
        ("EMBEDDING", EventType::EMBEDDING),
        ("CHAIN", EventType::CHAIN),
        ("RETRIEVER", EventType::RETRIEVE),
        ("RERANKER", EventType::RERANKING),
        ("TOOL", EventType::FUNCTION_CALL),
        ("AGENT", EventType::AGENT_STEP),
        ("GUARDRAIL", EventType::GUARDRAIL),
        ("EVALUATOR", EventType::EVALUATOR),
        ("PROMPT", EventType::TEMPLATING),
        ("DECISION", EventType::DECISION),
        ("UNKNOWN", EventType::CHAIN),
        ("retriever", EventType::RETRIEVE),
    ];
    for (kind, expected) in kinds {
        assert_eq!(event_type(Tag::SpanKind, kind, &[]), Some(expected), "{kind}");
        assert_eq!(original_event_type(Tag::SpanKind, kind, &[]), None);
    }
    assert_eq!(event_type(Tag::SpanKind, "SERVER", &[]), None);
}

#[test]
fn operations_of_the_genai_conventions_name_types() {
    let operations = [
        ("chat", EventType::LLM),
        ("text_completion", EventType::LLM),
        ("generate_content", EventType::LLM),
        ("chat_streaming", EventType::LLM),
        ("interactions", EventType::LLM),
        ("embeddings", EventType::EMBEDDING),
        ("execute_tool", EventType::FUNCTION_CALL),
        ("create_memory", EventType::FUNCTION_CALL),
        ("retrieval", EventType::RETRIEVE),
        ("search_memory", EventType::RETRIEVE),
        ("rerank", EventType::RERANKING),
        ("invoke_agent", EventType::AGENT_STEP),
        ("create_agent", EventType::AGENT_STEP),
        ("plan", EventType::AGENT_STEP),
        ("invoke_workflow", EventType::CHAIN),
    ];
    for (operation, expected) in operations {
        assert_eq!(event_type(Tag::Operation, operation, &[]), Some(expected), "{operation}");
    }
    assert_eq!(event_type(Tag::Operation, "brew_coffee", &[]), None);
}

#[test]
fn types_of_the_user_are_found_where_they_are_registered() {
    let custom = [EventType::custom("BARISTA")];
    for tag in [Tag::EventType, Tag::LlmEventType, Tag::SpanKind, Tag::Operation] {
        assert_eq!(event_type(tag, "BARISTA", &custom), Some(custom[0]));
        assert_eq!(event_type(tag, "BARISTA", &[]), None);
    }
    assert_eq!(original_event_type(Tag::EventType, "barista", &custom), Some(custom[0]));
}
