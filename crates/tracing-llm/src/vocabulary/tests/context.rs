//! What the events below inherit.

use serde_json::json;

use super::super::{ContextKey, Scalar, set_context};
use super::{context_of, draft};
use crate::{Context, Text};

#[test]
fn context_fields_are_read() {
    let fields = [
        ("session.id", "s-1"),
        ("user.id", "u-1"),
        ("metadata", r#"{"tier": "free"}"#),
        ("tag.tags", r#"["a", "b"]"#),
        ("llm.prompt_template.template", "Answer {q}"),
        ("llm.prompt_template.variables", r#"{"q": 1}"#),
        ("llm.prompt_template.version", "v2"),
        ("prompt.id", "p-1"),
        ("prompt.vendor", "phoenix"),
        ("prompt.url", "https://example.com/p-1"),
    ];
    let context = context_of(fields);
    assert_eq!(context.session_id.as_deref(), Some("s-1"));
    assert_eq!(context.user_id.as_deref(), Some("u-1"));
    assert_eq!(context.metadata, Some(json!({"tier": "free"})));
    assert_eq!(context.tags, ["a", "b"]);
    let template = context.template.as_ref().unwrap();
    assert_eq!(template.template.as_deref(), Some("Answer {q}"));
    assert_eq!(template.variables, Some(json!({"q": 1})));
    assert_eq!(template.version.as_deref(), Some("v2"));
    assert_eq!(template.id.as_deref(), Some("p-1"));
    assert_eq!(template.vendor.as_deref(), Some("phoenix"));
    assert_eq!(template.url.as_deref(), Some("https://example.com/p-1"));
    assert!(draft(fields).payload().attributes.is_empty());
}

#[test]
fn a_conversation_is_a_session() {
    let context = context_of([("gen_ai.conversation.id", "c-1")]);
    assert_eq!(context.session_id.as_deref(), Some("c-1"));
}

#[test]
fn numbers_are_ids_too_and_an_empty_text_says_nothing() {
    let mut context = Context::default();
    set_context(&mut context, ContextKey::SessionId, &Scalar::U64(42));
    set_context(&mut context, ContextKey::UserId, &Scalar::from(""));
    set_context(&mut context, ContextKey::SessionId, &Scalar::from(""));
    assert_eq!(context.session_id.as_deref(), Some("42"));
    assert_eq!(context.user_id, None);
}

#[test]
fn what_is_not_json_is_kept_as_text() {
    let context = context_of([("metadata", "{tier: free"), ("tag.tags", "just one")]);
    assert_eq!(context.metadata, Some(json!("{tier: free")));
    assert_eq!(context.tags, ["just one"]);
}

#[test]
fn metadata_and_tags_are_replaced_not_merged() {
    let context = context_of([
        ("metadata", r#"{"a": 1}"#),
        ("metadata", r#"{"b": 2}"#),
        ("tag.tags", r#"["a"]"#),
        ("tag.tags", r#"["b"]"#),
    ]);
    assert_eq!(context.metadata, Some(json!({"b": 2})));
    assert_eq!(context.tags, ["b"]);
}

#[test]
fn a_key_of_the_users_own_keeps_its_type() {
    let mut context = Context::default();
    set_context(&mut context, ContextKey::Custom("tenant"), &Scalar::U64(7));
    assert_eq!(context.keys[&Text::literal("tenant")], json!(7));
}

#[test]
fn the_ids_of_w3c_are_the_layers_own_business() {
    let fields = [
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("tracestate", "vendor=1"),
    ];
    assert!(context_of(fields).is_empty());
    assert!(draft(fields).payload().attributes.is_empty());
}

#[test]
fn what_is_suppressed_stays_so() {
    assert!(context_of([("tracing_llm.suppress", true)]).suppressed);
    assert!(context_of([("tracing_llm.suppress", "true")]).suppressed);
    assert!(context_of([("tracing_llm.suppress", 1_u64)]).suppressed);
    assert!(!context_of([("tracing_llm.suppress", false)]).suppressed);
    assert!(!context_of([("tracing_llm.suppress", "False")]).suppressed);
    let twice = [("tracing_llm.suppress", true), ("tracing_llm.suppress", false)];
    assert!(context_of(twice).suppressed);
}
