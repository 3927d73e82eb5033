//! LlamaIndex's payload names and our short forms.

use serde_json::{Value, json};

use super::{add, any, draft};
use crate::{Document, Embedding, Message, SubQuestion, Text, Tool, ToolCall};

#[test]
fn texts_come_as_they_are() {
    let draft = draft([
        ("query_str", "why?"),
        ("formatted_prompt", "Answer: why?"),
        ("completion", "[1, 2] is no list here"),
        ("response", "{\"so\": \"it is\"}"),
        ("model_name", "gpt-5-mini"),
        ("function_call_response", "{\"b\":1,\"a\":2}"),
        ("provider", "openai"),
    ]);
    let payload = draft.payload();
    assert_eq!(payload.query.as_deref(), Some("why?"));
    assert_eq!(payload.prompt.as_deref(), Some("Answer: why?"));
    assert_eq!(payload.completion.as_deref(), Some("[1, 2] is no list here"));
    assert_eq!(payload.response.as_deref(), Some("{\"so\": \"it is\"}"));
    assert_eq!(payload.model.as_deref(), Some("gpt-5-mini"));
    assert_eq!(payload.function_output.as_deref(), Some("{\"b\":1,\"a\":2}"));
    assert_eq!(payload.provider.as_deref(), Some("openai"));
    assert_eq!(draft.unreadable(), 0);
}

#[test]
fn the_short_forms_stand_for_the_long_ones() {
    let draft = draft([("model", "m"), ("query", "q"), ("prompt", "p")]);
    let payload = draft.payload();
    assert_eq!(payload.model.as_deref(), Some("m"));
    assert_eq!(payload.query.as_deref(), Some("q"));
    assert_eq!(payload.prompt.as_deref(), Some("p"));
}

#[test]
fn messages_come_as_json() {
    let draft = draft([(
        "messages",
        r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]"#,
    )]);
    assert_eq!(*draft.payload().messages, [Message::system("Be brief."), Message::user("Hi")]);
    assert_eq!(draft.payload().input, None);
}

#[test]
fn a_plain_text_for_messages_is_the_main_input_until_messages_come() {
    let mut draft = draft([("messages", "Hello")]);
    assert_eq!(draft.payload().input, Some(Value::from("Hello")));
    assert_eq!(draft.unreadable(), 0, "a text is nothing wrong");
    add(&mut draft, [("messages", r#"["Hello again"]"#)]);
    assert_eq!(draft.payload().input, None);
    assert_eq!(*draft.payload().messages, [Message::user("Hello again")]);
}

#[test]
fn a_plain_text_for_messages_never_replaces_an_input_and_is_never_lost() {
    let expected = json!({"messages": "Hello"});
    for fields in [
        [("messages", "Hello"), ("input.value", "the input")],
        [("input.value", "the input"), ("messages", "Hello")],
    ] {
        let draft = draft(fields);
        assert_eq!(draft.payload().input, Some(Value::from("the input")));
        assert_eq!(serde_json::to_value(&draft.payload().attributes).unwrap(), expected);
    }
}

#[test]
fn nodes_documents_and_chunks_come_as_lists_or_as_one_text() {
    let draft = draft([
        ("nodes", r#"[{"id":"n1","text":"a node","score":0.5}, "bare"]"#),
        ("documents", "one document"),
        ("chunks", r#"["a","b"]"#),
        ("summaries", r#"["s"]"#),
    ]);
    let payload = draft.payload();
    let node = Document::new("a node").with_id("n1").with_score(0.5);
    assert_eq!(*payload.nodes, [node, Document::new("bare")]);
    assert_eq!(*payload.documents, [Document::new("one document")]);
    assert_eq!(*payload.chunks, [Text::from("a"), Text::from("b")]);
    assert_eq!(*payload.summaries, [Text::from("s")]);
}

#[test]
fn embeddings_come_as_vectors() {
    let draft = draft([("embeddings", "[[0.5, 1.0], [2, 3]]")]);
    let expected = [Embedding::of_vector([0.5, 1.0]), Embedding::of_vector([2.0, 3.0])];
    assert_eq!(*draft.payload().embeddings, expected);
}

#[test]
fn templates_have_all_their_parts() {
    let draft = draft([
        ("template", "Answer {question}"),
        ("template_vars", r#"{"question": "why?"}"#),
        ("template_version", "3"),
        ("system_prompt", "Be brief."),
        ("query_wrapper_prompt", "<{query}>"),
    ]);
    let template = draft.payload().template.clone().unwrap();
    assert_eq!(template.template.as_deref(), Some("Answer {question}"));
    assert_eq!(template.variables, Some(json!({"question": "why?"})));
    assert_eq!(template.version.as_deref(), Some("3"));
    assert_eq!(template.system_prompt.as_deref(), Some("Be brief."));
    assert_eq!(template.query_wrapper_prompt.as_deref(), Some("<{query}>"));
}

#[test]
fn a_tool_is_a_name_or_a_definition() {
    assert_eq!(draft([("tool", "search")]).payload().tool, Some(Tool::new("search")));
    let draft = draft([("tool", r#"{"name":"search","description":"finds"}"#)]);
    let tool = draft.payload().tool.clone().unwrap();
    assert_eq!((&*tool.name, tool.description.as_deref()), ("search", Some("finds")));
    assert_eq!(tool.definition, Some(json!({"name": "search", "description": "finds"})));
}

#[test]
fn a_function_call_is_a_call_or_its_arguments_alone() {
    let whole = draft([("function_call", r#"{"id":"c1","name":"add","arguments":{"a":1}}"#)]);
    let expected = ToolCall::new("add", r#"{"a":1}"#).with_id("c1");
    assert_eq!(whole.payload().function_call, Some(expected));

    let alone = draft([("function_call", r#"{"name": "Bob",  "a": 1}"#), ("tool", "greet")]);
    let expected = ToolCall::new("greet", r#"{"name": "Bob",  "a": 1}"#);
    assert_eq!(alone.payload().function_call, Some(expected), "to the byte, named by the tool");
}

#[test]
fn a_sub_question_grows_from_its_text_to_its_answer() {
    let mut draft = draft([("sub_question", "What is a span?")]);
    assert_eq!(draft.payload().sub_question, Some(SubQuestion::new("What is a span?")));
    add(
        &mut draft,
        [(
            "sub_question",
            r#"{"sub_q":{"sub_question":"What is a span?","tool_name":"docs"},
                "answer":"A period.","sources":[{"node":{"id_":"n","text":"t"},"score":1}]}"#,
        )],
    );
    let mut expected =
        SubQuestion::new("What is a span?").with_tool("docs").with_answer("A period.");
    expected.sources = vec![Document::new("t").with_id("n").with_score(1.0)];
    assert_eq!(draft.payload().sub_question, Some(expected));
}

#[test]
fn serialized_and_kwargs_are_any_json() {
    let draft = draft([
        ("serialized", any(r#"{"model":"m"}"#)),
        ("additional_kwargs", any("not JSON")),
        ("template_vars", any(7_u64)),
    ]);
    let payload = draft.payload();
    assert_eq!(payload.serialized, Some(json!({"model": "m"})));
    assert_eq!(payload.additional_kwargs, Some(json!("not JSON")));
    assert_eq!(payload.template.as_ref().unwrap().variables, Some(json!(7)));
    assert_eq!(draft.unreadable(), 0);
}

#[test]
fn counts_are_counts() {
    let draft = draft([("top_k", any(3_u64)), ("level", any(0_i64))]);
    assert_eq!(draft.payload().top_k, Some(3));
    assert_eq!(draft.payload().level, Some(0));
}

#[test]
fn all_else_is_an_attribute_with_its_own_type() {
    let draft = draft([
        ("retries", any(2_u64)),
        ("ratio", any(0.25)),
        ("cached", any(true)),
        ("shift", any(-1_i64)),
        ("note", any("text")),
        ("odd", any(f64::NAN)),
    ]);
    let expected = json!({
        "retries": 2, "ratio": 0.25, "cached": true, "shift": -1, "note": "text", "odd": "NaN"
    });
    assert_eq!(serde_json::to_value(&draft.payload().attributes).unwrap(), expected);
}

#[test]
fn a_tag_that_names_no_type_is_somebody_elses_field() {
    let ours = draft([("event_type", "LLM"), ("llm.event_type", "query"), ("trace_name", "t")]);
    assert!(ours.payload().attributes.is_empty());
    let theirs = draft([("event_type", "order_created"), ("openinference.span.kind", "LLM")]);
    assert_eq!(theirs.payload().attributes["event_type"], json!("order_created"));
    assert_eq!(theirs.kind().map(|kind| &**kind), Some("LLM"));
}

#[test]
fn otel_name_names_the_event() {
    let draft = draft([("otel.name", "chat gpt-5"), ("otel.name", "chat gpt-5-mini")]);
    assert_eq!(draft.name().map(|name| &**name), Some("chat gpt-5-mini"));
}
