//! OpenInference attributes.

use serde_json::json;

use super::{add, any, draft};
use crate::{Annotation, Content, Document, Embedding, Message, Text, ToolCall};

#[test]
fn flattened_messages_become_messages() {
    let draft = draft([
        ("llm.input_messages.0.message.role", "system"),
        ("llm.input_messages.0.message.content", "Be brief."),
        ("llm.input_messages.1.message.role", "user"),
        ("llm.input_messages.1.message.contents.0.message_content.type", "text"),
        ("llm.input_messages.1.message.contents.0.message_content.text", "What is it?"),
        ("llm.input_messages.1.message.contents.1.message_content.type", "image"),
        ("llm.input_messages.1.message.contents.1.message_content.image.image.url", "http://x/y"),
        ("llm.output_messages.0.message.role", "assistant"),
        ("llm.output_messages.0.message.tool_calls.0.tool_call.id", "c1"),
        ("llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "look"),
        ("llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", "{\"at\":1}"),
    ]);
    let picture = Content::image("http://x/y");
    let expected = [Message::system("Be brief."), Message::user("What is it?").with(picture)];
    assert_eq!(*draft.payload().messages, expected);
    let call = ToolCall::new("look", "{\"at\":1}").with_id("c1");
    assert_eq!(*draft.payload().replies, [Message::empty("assistant").with_tool_call(call)]);
    assert!(draft.payload().attributes.is_empty());
}

#[test]
fn the_rarer_leaves_of_a_flattened_message_are_read() {
    let draft = draft([
        ("llm.output_messages.0.message.role", "assistant"),
        ("llm.output_messages.0.message.contents.0.message_content.type", "reasoning"),
        ("llm.output_messages.0.message.contents.0.message_content.text", "hmm"),
        ("llm.output_messages.0.message.contents.0.message_content.signature", "sig"),
        ("llm.output_messages.0.message.contents.0.message_content.id", "r1"),
        ("llm.output_messages.0.message.contents.1.message_content.type", "audio"),
        ("llm.output_messages.0.message.contents.1.message_content.audio.audio.url", "a.wav"),
        (
            "llm.output_messages.0.message.contents.1.message_content.audio.audio.mime_type",
            "audio/wav",
        ),
        ("llm.output_messages.0.message.contents.1.message_content.audio.audio.transcript", "hi"),
        ("llm.output_messages.0.message.contents.2.message_content.type", "document"),
        (
            "llm.output_messages.0.message.contents.2.message_content.document.document.name",
            "n.pdf",
        ),
        ("llm.output_messages.0.message.contents.2.message_content.document.document.url", "u"),
        ("llm.output_messages.0.message.contents.3.message_content.type", "video"),
        ("llm.output_messages.0.message.contents.3.message_content.video.video.url", "v.mp4"),
        ("llm.output_messages.1.message.role", "tool"),
        ("llm.output_messages.1.message.name", "look"),
        ("llm.output_messages.1.message.tool_call_id", "c1"),
        ("llm.output_messages.1.message.content", "seen"),
        ("llm.output_messages.2.message.function_call_name", "old"),
        ("llm.output_messages.2.message.function_call_arguments_json", "{}"),
    ]);
    let replies = &draft.payload().replies;
    let document =
        Document { name: Some("n.pdf".into()), url: Some("u".into()), ..Document::default() };
    let expected = [
        Content::Reasoning {
            text: Some("hmm".into()),
            signature: Some("sig".into()),
            encrypted: None,
            id: Some("r1".into()),
        },
        Content::Audio {
            url: Some("a.wav".into()),
            mime_type: Some("audio/wav".into()),
            transcript: Some("hi".into()),
        },
        Content::Document(document),
        Content::Video { url: "v.mp4".into() },
    ];
    assert_eq!(replies[0].contents, expected);
    assert_eq!(replies[1], Message { name: Some("look".into()), ..Message::tool("c1", "seen") });
    assert_eq!(replies[2].tool_calls, [ToolCall::new("old", "{}")]);
}

#[test]
fn messages_come_as_json_too_nested_or_with_dotted_keys() {
    let dotted = r#"[{"message.role":"user","message.content":"hi"}]"#;
    let nested = r#"[{"message":{"role":"user","content":"hi"}}]"#;
    for json in [dotted, nested] {
        assert_eq!(
            *draft([("llm.input_messages", json)]).payload().messages,
            [Message::user("hi")]
        );
    }
}

#[test]
fn indexes_give_the_order_whatever_they_are() {
    let draft = draft([
        ("llm.input_messages.999999999.message.content", "third"),
        ("llm.input_messages.10.message.content", "second"),
        ("llm.input_messages.9.message.content", "first"),
        ("llm.input_messages.99999999999999999999999999.message.content", "last"),
    ]);
    let texts: Vec<Text> = draft.payload().messages.iter().map(Message::text).collect();
    assert_eq!(texts, ["first", "second", "third", "last"]);
}

#[test]
fn a_list_may_grow_and_the_later_form_of_it_wins() {
    let mut draft = draft([("llm.input_messages.0.message.content", "a")]);
    add(&mut draft, [("llm.input_messages.1.message.content", "b")]);
    assert_eq!(*draft.payload().messages, [Message::user("a"), Message::user("b")]);
    add(&mut draft, [("llm.input_messages", r#"["whole"]"#)]);
    assert_eq!(*draft.payload().messages, [Message::user("whole")]);
    add(&mut draft, [("user.id", "settles again")]);
    assert_eq!(*draft.payload().messages, [Message::user("whole")]);
    add(&mut draft, [("llm.input_messages.0.message.content", "flat")]);
    assert_eq!(*draft.payload().messages, [Message::user("flat")]);
}

#[test]
fn settling_leaves_alone_what_typed_parts_replaced() {
    let mut draft = draft([("llm.input_messages.0.message.content", "field")]);
    draft.payload_mut().messages = [Message::user("typed")].into();
    draft.settle();
    assert_eq!(*draft.payload().messages, [Message::user("typed")]);
}

#[test]
fn fields_that_contradict_each_other_are_kept() {
    let deeper = "llm.input_messages.0.message.content.more";
    let draft = draft([("llm.input_messages.0.message.content", "a"), (deeper, "b")]);
    assert_eq!(*draft.payload().messages, [Message::user("a")]);
    assert_eq!(draft.payload().attributes[deeper], json!("b"));
    assert_eq!(draft.unreadable(), 1);
}

#[test]
fn models_and_providers_are_told_apart() {
    let one =
        draft([("llm.model_name", "gpt-5"), ("llm.provider", "azure"), ("llm.system", "openai")]);
    assert_eq!(one.payload().model.as_deref(), Some("gpt-5"));
    assert_eq!(one.payload().response_model, None);
    assert_eq!(one.payload().provider.as_deref(), Some("azure"));
    assert_eq!(one.payload().system.as_deref(), Some("openai"));

    let names = [("llm.model_name", "gpt-5-2025"), ("llm.request.model_name", "gpt-5")];
    for names in [names, [names[1], names[0]]] {
        let both = draft(names);
        assert_eq!(both.payload().model.as_deref(), Some("gpt-5"), "{names:?}");
        assert_eq!(both.payload().response_model.as_deref(), Some("gpt-5-2025"), "{names:?}");
    }
    let answered =
        draft([("llm.response.model_name", "r"), ("model", "m"), ("llm.model_name", "x")]);
    assert_eq!(answered.payload().response_model.as_deref(), Some("r"));
    for name in ["embedding.model_name", "reranker.model_name", "decision.model_name"] {
        assert_eq!(draft([(name, "e")]).payload().model.as_deref(), Some("e"));
    }
}

#[test]
fn inputs_and_outputs_are_kept_to_the_byte() {
    let draft = draft([
        ("input.value", any(r#"{"b":1, "a":2}"#)),
        ("input.mime_type", any("application/json")),
        ("output.value", any(4_u64)),
        ("output.mime_type", any("text/plain")),
    ]);
    let payload = draft.payload();
    assert_eq!(payload.input, Some(json!(r#"{"b":1, "a":2}"#)));
    assert_eq!(payload.input_mime_type.as_deref(), Some("application/json"));
    assert_eq!(payload.output, Some(json!(4)));
    assert_eq!(payload.output_mime_type.as_deref(), Some("text/plain"));
}

#[test]
fn parameters_are_an_object_and_add_up() {
    let draft = draft([
        ("llm.invocation_parameters", r#"{"temperature":0.1,"seed":1}"#),
        ("llm.invocation_parameters", r#"{"temperature":0.2}"#),
    ]);
    assert_eq!(draft.payload().parameters, Some(json!({"temperature": 0.2, "seed": 1})));
    let bad = super::draft([("llm.invocation_parameters", "[1]")]);
    assert_eq!(bad.payload().parameters, None);
    assert_eq!(bad.payload().attributes["llm.invocation_parameters"], json!("[1]"));
    assert_eq!(bad.unreadable(), 1);
}

#[test]
fn prompts_and_choices_of_a_completion_api() {
    let flat =
        draft([("llm.prompts.0.prompt.text", "Say hi"), ("llm.choices.0.completion.text", "hi")]);
    assert_eq!(flat.payload().prompt.as_deref(), Some("Say hi"));
    assert_eq!(flat.payload().completion.as_deref(), Some("hi"));

    let several = draft([
        ("llm.prompts", r#"["one","two"]"#),
        (
            "llm.choices",
            r#"[{"text":"a","finish_reason":"stop"},{"text":"b","finish_reason":"length"}]"#,
        ),
    ]);
    assert_eq!(several.payload().prompt.as_deref(), Some("one\ntwo"));
    let texts: Vec<Text> = several.payload().replies.iter().map(Message::text).collect();
    assert_eq!(texts, ["a", "b"]);
    assert_eq!(several.payload().finish_reason.as_deref(), Some(r#"["stop","length"]"#));

    let chat = draft([(
        "llm.choices",
        r#"[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}]"#,
    )]);
    assert_eq!(chat.payload().completion.as_deref(), Some("hi"));
    assert_eq!(chat.payload().finish_reason.as_deref(), Some("stop"));
}

#[test]
fn offered_tools_are_read() {
    let schema = r#"{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}"#;
    let flat =
        draft([("llm.tools.0.tool.json_schema", schema), ("llm.tools.0.tool.name", "better")]);
    let tool = &flat.payload().tools[0];
    assert_eq!((&*tool.name, tool.description.as_deref()), ("better", Some("d")));
    assert_eq!(tool.parameters, Some(json!({"type": "object"})));
    assert_eq!(tool.definition, Some(serde_json::from_str(schema).unwrap()));
    let broken = draft([("llm.tools", "search, look")]);
    assert!(broken.payload().tools.is_empty());
    assert_eq!(broken.payload().attributes["llm.tools"], json!("search, look"));
    assert_eq!(broken.unreadable(), 1);
}

#[test]
fn documents_of_retrievers_and_rerankers() {
    let draft = draft([
        ("retrieval.documents.0.document.id", any(7_u64)),
        ("retrieval.documents.0.document.content", any("c")),
        ("retrieval.documents.0.document.score", any(0.5)),
        ("retrieval.documents.0.document.metadata", any(r#"{"k":1}"#)),
        ("reranker.input_documents.0.document.content", any("before")),
        ("reranker.query", any("q")),
        ("reranker.top_k", any(2_u64)),
    ]);
    let payload = draft.payload();
    let node = Document::new("c").with_id("7").with_score(0.5).with_metadata(json!({"k": 1}));
    assert_eq!(*payload.nodes, [node]);
    assert_eq!(*payload.documents, [Document::new("before")]);
    assert_eq!(payload.query.as_deref(), Some("q"));
    assert_eq!(payload.top_k, Some(2));
    let reranked =
        super::draft([("reranker.output_documents", r#"[{"document.content":"after"}]"#)]);
    assert_eq!(*reranked.payload().nodes, [Document::new("after")]);
}

#[test]
fn embeddings_are_texts_and_vectors() {
    let draft = draft([
        ("embedding.embeddings.0.embedding.text", "t"),
        ("embedding.embeddings.0.embedding.vector", "[0.5, 1.5]"),
        ("embedding.embeddings.1.embedding.text", "sparse"),
        ("embedding.embeddings.1.embedding.vector", r#"{"3": 0.5}"#),
    ]);
    let expected = [Embedding::new("t", [0.5, 1.5]), Embedding::of_text("sparse")];
    assert_eq!(*draft.payload().embeddings, expected);
    let sparse = &draft.payload().attributes["embedding.embeddings.1.embedding.vector"];
    assert_eq!((sparse, draft.unreadable()), (&json!(r#"{"3": 0.5}"#), 1));
}

#[test]
fn tool_spans_tell_the_tool_and_its_call() {
    let draft = draft([
        ("tool.name", "add"),
        ("tool.description", "adds"),
        ("tool.parameters", r#"{"a": 1}"#),
        ("tool.id", "c1"),
    ]);
    let payload = draft.payload();
    assert_eq!(payload.tool.as_ref().unwrap().description.as_deref(), Some("adds"));
    assert_eq!(payload.function_call, Some(ToolCall::new("add", r#"{"a": 1}"#).with_id("c1")));

    let schema = r#"{"type":"object","properties":{"a":{"type":"integer"}}}"#;
    let described = super::draft([("tool.parameters", schema), ("tool.name", "add")]);
    let tool = described.payload().tool.clone().unwrap();
    assert_eq!(tool.parameters, Some(serde_json::from_str(schema).unwrap()));
    assert_eq!(described.payload().function_call, None);

    let whole = super::draft([
        ("tool.name", "mine"),
        ("tool.json_schema", r#"{"name":"theirs","description":"d"}"#),
        ("tool_call.function.arguments", "{}"),
    ]);
    let tool = whole.payload().tool.clone().unwrap();
    assert_eq!((&*tool.name, tool.description.as_deref()), ("mine", Some("d")));
    assert_eq!(whole.payload().function_call, Some(ToolCall::new("mine", "{}")));
}

#[test]
fn what_has_no_typed_place_keeps_its_name_and_type() {
    let draft = draft([
        ("graph.node.id", any("n")),
        ("trace.annotations.0.annotation.score", any(0.5)),
        ("input.images.0.image.url", any("http://x/y")),
        ("llm.cost.completion_details.audio", any(0.25)),
        ("agent.name", any("planner")),
    ]);
    let expected = json!({
        "graph.node.id": "n",
        "trace.annotations.0.annotation.score": 0.5,
        "input.images.0.image.url": "http://x/y",
        "llm.cost.completion_details.audio": 0.25,
    });
    assert_eq!(serde_json::to_value(&draft.payload().attributes).unwrap(), expected);
    assert_eq!(draft.payload().agent.as_deref(), Some("planner"));
}

#[test]
fn annotations_and_evaluations_are_judgements_of_the_event() {
    let flattened = draft([
        ("annotations.0.annotation.name", any("correct")),
        ("annotations.0.annotation.score", any(0.5)),
        ("annotations.0.annotation.label", any("half")),
        ("annotations.0.annotation.explanation", any("one of two")),
        ("annotations.0.annotation.annotator_kind", any("LLM")),
        ("annotations.0.annotation.identifier", any("judge-1")),
        ("annotations.0.annotation.metadata", any(r#"{"model":"m"}"#)),
        ("annotations.1.annotation.name", any("kind")),
        ("annotations.1.annotation.score", any(1_u64)),
    ]);
    let whole = Annotation::new("correct")
        .with_score(0.5)
        .with_label("half")
        .with_explanation("one of two")
        .with_annotator_kind("LLM")
        .with_identifier("judge-1")
        .with_metadata(json!({"model": "m"}));
    let expected = [whole, Annotation::new("kind").with_score(1.0)];
    assert_eq!(*flattened.payload().annotations, expected);
    assert!(flattened.payload().attributes.is_empty());

    let json = draft([(
        "evaluations",
        r#"[{"name":"kind","score":1},{"evaluation.name":"x","evaluation.label":"y"}]"#,
    )]);
    let expected = [Annotation::new("kind").with_score(1.0), Annotation::new("x").with_label("y")];
    assert_eq!(*json.payload().annotations, expected);
}

#[test]
fn a_judgement_without_name_or_result_is_kept_and_counted() {
    let draft = draft([
        ("annotations.0.annotation.name", any("correct")),
        ("annotations.1.annotation.score", any(0.5)),
        ("annotations.2.annotation.name", any("kind")),
        ("annotations.2.annotation.score", any("yes")),
    ]);
    let expected = [
        Annotation::new("correct"),
        Annotation::new("").with_score(0.5),
        Annotation::new("kind").with_label("yes"),
    ];
    assert_eq!(*draft.payload().annotations, expected);
    assert_eq!(draft.unreadable(), 2);
}
