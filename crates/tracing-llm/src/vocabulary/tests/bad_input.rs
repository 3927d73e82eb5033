//! What is broken, too deep, too big or too much.

use serde_json::{Value, json};

use super::super::{Draft, Scalar, role};
use super::{add, any, draft};
use crate::{Document, Message, Text};

#[test]
fn json_that_does_not_parse_is_kept_as_text_and_counted() {
    for name in
        ["nodes", "documents", "chunks", "embeddings", "usage", "llm.tools", "sub_question", "tool"]
    {
        let draft = draft([(name, "[{\"a\": 1,")]);
        assert_eq!(draft.payload().attributes[name], json!("[{\"a\": 1,"), "{name}");
        assert_eq!(draft.unreadable(), 1, "{name}");
    }
    let messages = draft([("messages", "[Message { role: User }]")]);
    assert_eq!(messages.payload().input, Some(json!("[Message { role: User }]")));
    assert_eq!(messages.unreadable(), 1);
    let arguments = draft([("function_call", "{\"a\": ")]);
    assert_eq!(arguments.payload().function_call.as_ref().unwrap().arguments, "{\"a\": ");
    assert_eq!(arguments.unreadable(), 1);
}

#[test]
fn what_cannot_be_read_does_not_replace_what_was_read() {
    let mut draft = draft([("nodes", r#"["good"]"#), ("messages", r#"["good"]"#)]);
    add(&mut draft, [("nodes", "[broken"), ("messages", "[broken")]);
    assert_eq!(*draft.payload().nodes, [Document::new("good")]);
    assert_eq!(*draft.payload().messages, [Message::user("good")]);
    assert_eq!(draft.payload().attributes["nodes"], json!("[broken"));
    assert_eq!(draft.unreadable(), 2);
    add(&mut draft, [("nodes", r#"["better"]"#)]);
    assert!(!draft.payload().attributes.contains_key("nodes"), "it was replaced");
}

#[test]
fn a_number_where_a_list_is_expected_is_kept_with_its_type() {
    for name in ["nodes", "messages", "embeddings", "tool", "sub_question"] {
        let draft = draft([(name, 5_u64)]);
        assert_eq!(draft.payload().attributes[name], json!(5), "{name}");
        assert_eq!(draft.unreadable(), 1, "{name}");
    }
}

#[test]
fn json_of_the_wrong_shape_is_kept() {
    let wrong = [
        ("embeddings", r#"{"a": 1}"#),
        ("embeddings", r#"["QUJD", null]"#),
        ("usage", r#"["no usage"]"#),
        ("sub_question", r#"{"colour": "red"}"#),
        ("llm.invocation_parameters", r#"["no object"]"#),
    ];
    for (name, json) in wrong {
        let draft = draft([(name, json)]);
        assert_eq!(draft.unreadable(), 1, "{name} = {json}");
        assert_eq!(draft.payload().attributes[name], Value::from(json));
    }
}

#[test]
fn null_is_nothing() {
    for name in ["messages", "nodes", "usage", "tool", "sub_question", "serialized", "embeddings"] {
        let draft = draft([(name, "null")]);
        assert_eq!(*draft.payload(), crate::Payload::default(), "{name}");
        assert_eq!(draft.unreadable(), 0, "{name}");
    }
}

#[test]
fn a_quotation_mark_makes_no_json_of_a_text() {
    let draft = draft([("chunks", "\"Why?\" she said"), ("summaries", "\"quoted\"")]);
    assert_eq!(*draft.payload().chunks, [Text::from("\"Why?\" she said")]);
    assert_eq!(*draft.payload().summaries, [Text::from("quoted")]);
    assert_eq!(draft.unreadable(), 0);
}

#[test]
fn deep_nesting_is_kept_as_text() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for name in ["nodes", "usage", "metadata", "template_vars", "tool", "exception"] {
        let mut draft = Draft::new();
        draft.set(role(name), name, Scalar::from(&*deep));
        draft.settle();
    }
    let draft = draft([("nodes", &*deep)]);
    assert_eq!(draft.payload().attributes["nodes"], Value::from(deep));
    assert_eq!(draft.unreadable(), 1);
}

#[test]
fn nesting_within_the_limit_is_read_to_the_end() {
    let mut answer = json!("the innermost");
    for _ in 0..40 {
        answer = json!([{"type": "tool_result", "content": answer}]);
    }
    let text = json!([{"role": "user", "content": answer}]).to_string();
    let draft = draft([("messages", &*text)]);
    let last = draft.payload().messages.last().unwrap();
    assert_eq!(last.text(), "the innermost");
}

#[test]
fn a_text_that_is_kept_as_text_is_moved() {
    let ten_megabytes = "x".repeat(10 << 20);
    let address = ten_megabytes.as_ptr();
    let prompt = Scalar::Text(Text::from(ten_megabytes));
    let mut draft = Draft::new();
    draft.set(role("formatted_prompt"), "formatted_prompt", prompt);
    assert_eq!(draft.payload().prompt.as_ref().unwrap().as_ptr(), address);

    let owned = String::from("x").repeat(1 << 20);
    let address = owned.as_ptr();
    draft.set(role("input.value"), "input.value", Scalar::Text(Text::from(owned)));
    let Some(Value::String(kept)) = &draft.payload().input else { panic!("no text") };
    assert_eq!(kept.as_ptr(), address);

    let owned = String::from("x").repeat(1 << 20);
    let address = owned.as_ptr();
    draft.set(role("nodes"), "nodes", Scalar::Text(Text::from(owned)));
    assert_eq!(draft.payload().nodes[0].content.as_ptr(), address);
}

#[test]
fn a_text_in_json_is_copied_once() {
    let content = "y".repeat(1 << 20);
    let json = json!([{"role": "user", "content": content}]);
    let address = json[0]["content"].as_str().unwrap().as_ptr();
    let read = super::super::read::messages::messages(json, "user");
    assert_eq!(read[0].text().as_ptr(), address, "the reader moves what the parser made");
}

#[test]
fn a_role_that_does_not_fit_the_name_loses_nothing() {
    let mut draft = Draft::new();
    draft.set(role("llm.tools.0.tool.name"), "something_else", any("kept"));
    draft.settle();
    assert_eq!(draft.payload().attributes["something_else"], json!("kept"));
}
