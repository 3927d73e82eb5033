//! The shapes that libraries and providers write.

use serde_json::{Value, json};

use super::documents::{document, documents};
use super::embeddings::embeddings;
use super::messages::messages;
use super::questions::texts;
use super::tools::{tool, tool_call, tools};
use super::{items, nested};
use crate::{Content, Document, Embedding, Message, Text, Tool, ToolCall};

fn image(url: &str) -> Content {
    Content::image(url)
}

fn file(url: Option<&str>) -> Document {
    Document { url: url.map(Text::from), ..Document::default() }
}

/// The messages that a list gives, as an input.
fn read(list: Value) -> Vec<Message> {
    messages(list, "user")
}

#[test]
fn plain_texts_are_messages_of_the_given_role() {
    assert_eq!(read(json!(["a", "b"])), [Message::user("a"), Message::user("b")]);
    assert_eq!(messages(json!("a"), "assistant"), [Message::assistant("a")]);
    assert_eq!(
        read(json!([null, 1, {"content": "no role"}])),
        [Message::user("1"), Message::user("no role"),]
    );
}

#[test]
fn a_single_message_and_a_list_inside_of_an_object_are_lists() {
    assert_eq!(read(json!({"role": "user", "content": "a"})), [Message::user("a")]);
    assert_eq!(read(json!({"messages": [{"role": "user", "content": "a"}]})), [Message::user("a")]);
}

#[test]
fn openai_chat() {
    let list = read(json!([
        {"role": "system", "content": "s"},
        {"role": "User", "name": "bob", "content": [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "http://x/y", "detail": "low"}},
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}},
            {"type": "file", "file": {"file_id": "f-1", "filename": "a.pdf"}},
            {"type": "refusal", "refusal": "no"}
        ]},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}}
        ]},
        {"role": "assistant", "content": "old", "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "tool", "tool_call_id": "c1", "content": "2"},
        {"role": "assistant", "content": "answer", "reasoning_content": "thought"},
        {"role": "assistant", "content": null, "refusal": "I will not"}
    ]));
    let bob = Message { name: Some("bob".into()), ..Message::user("look") }
        .with(Content::image_with_detail("http://x/y", "low"))
        .with(Content::Audio {
            url: Some("data:audio/wav;base64,QQ==".into()),
            mime_type: Some("audio/wav".into()),
            transcript: None,
        })
        .with(Content::Document(Document {
            name: Some("a.pdf".into()),
            ..file(None).with_id("f-1")
        }))
        .with(Content::Text("no".into()));
    assert_eq!(
        list,
        [
            Message::system("s"),
            bob,
            Message::empty("assistant")
                .with_tool_call(ToolCall::new("add", "{\"a\": 1}").with_id("c1")),
            Message::assistant("old").with_tool_call(ToolCall::new("f", "{}")),
            Message::tool("c1", "2"),
            Message::empty("assistant")
                .with(Content::reasoning("thought"))
                .with(Content::Text("answer".into())),
            Message::assistant("I will not"),
        ]
    );
}

#[test]
fn openai_choices() {
    let choice = json!([{
        "index": 0, "finish_reason": "stop", "logprobs": null,
        "message": {"role": "assistant", "content": "hi", "audio": {"transcript": "hi", "id": "a"}}
    }]);
    let spoken = Content::Audio { url: None, mime_type: None, transcript: Some("hi".into()) };
    let expected =
        Message { finish_reason: Some("stop".into()), ..Message::assistant("hi").with(spoken) };
    assert_eq!(messages(choice, "assistant"), [expected]);
}

#[test]
fn openai_responses() {
    let list = read(json!([
        {"role": "user", "content": [
            {"type": "input_text", "text": "Hi"},
            {"type": "input_image", "image_url": "http://x/y", "detail": "original"}
        ]},
        {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "a"},
                                                      {"type": "summary_text", "text": "b"}],
         "encrypted_content": "xx"},
        {"type": "function_call", "id": "fc1", "call_id": "c1", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "2"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "2"}]}
    ]));
    let thought =
        Content::reasoning_item(Some("a\nb".into()), None, Some("xx".into()), Some("r1".into()));
    assert_eq!(
        list,
        [
            Message::user("Hi").with(Content::image_with_detail("http://x/y", "original")),
            Message::empty("assistant").with(thought),
            Message::empty("assistant").with_tool_call(ToolCall::new("add", "{}").with_id("c1")),
            Message::tool("c1", "2"),
            Message::assistant("2"),
        ]
    );
}

#[test]
fn anthropic_blocks() {
    let list = read(json!([
        {"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}},
            {"type": "image", "source": {"type": "url", "url": "http://x/y"}},
            {"type": "document", "title": "t", "source": {"type": "text", "media_type": "text/plain", "data": "d"}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "BB"}},
            {"type": "document", "source": {"type": "file", "file_id": "f-1"}},
            {"type": "text", "text": "look"}
        ]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "xx"},
            {"type": "text", "text": "I will"},
            {"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "2"}]},
            {"type": "tool_result", "tool_use_id": "c2", "content": "3"},
            {"type": "text", "text": "go on"}
        ]}
    ]));
    let pdf = Document {
        mime_type: Some("application/pdf".into()),
        ..file(Some("data:application/pdf;base64,BB"))
    };
    let titled = Document { name: Some("t".into()), ..Document::new("d") };
    assert_eq!(
        list,
        [
            Message::empty("user")
                .with(image("data:image/png;base64,AA"))
                .with(image("http://x/y"))
                .with(Content::Document(titled))
                .with(Content::Document(pdf))
                .with(Content::Document(file(None).with_id("f-1")))
                .with(Content::Text("look".into())),
            Message::empty("assistant")
                .with(Content::reasoning_item(Some("hm".into()), Some("sig".into()), None, None))
                .with(Content::reasoning_item(None, None, Some("xx".into()), None))
                .with(Content::Text("I will".into()))
                .with_tool_call(ToolCall::new("add", "{\"a\":1}").with_id("c1")),
            Message::tool("c1", "2"),
            Message::tool("c2", "3"),
            Message::user("go on"),
        ]
    );
}

#[test]
fn a_call_keeps_its_place_where_something_follows_it() {
    let list = messages(
        json!([{"role": "assistant", "content": [
            {"type": "server_tool_use", "id": "c1", "name": "search", "input": {}},
            {"type": "text", "text": "found"},
            {"type": "tool_use", "id": "c2", "name": "add", "input": {}}
        ]}]),
        "assistant",
    );
    let (search, add) =
        (ToolCall::new("search", "{}").with_id("c1"), ToolCall::new("add", "{}").with_id("c2"));
    assert_eq!(list[0].tool_calls, [search.clone(), add]);
    assert_eq!(list[0].contents, [Content::ToolUse(search), Content::Text("found".into())]);
}

#[test]
fn a_call_that_stands_in_both_places_is_one_call() {
    let list = read(json!([{
        "message.role": "assistant",
        "message.tool_calls": [{"tool_call.id": "c1", "tool_call.function.name": "add",
                                "tool_call.function.arguments": "{}"}],
        "message.contents": [
            {"message_content.type": "text", "message_content.text": "I will"},
            {"message_content.type": "tool_use", "tool_call.id": "c1",
             "tool_call.function.name": "add", "tool_call.function.arguments": "{}"}
        ]
    }]));
    let call = ToolCall::new("add", "{}").with_id("c1");
    assert_eq!(list, [Message::assistant("I will").with_tool_call(call)]);
}

#[test]
fn gemini_contents_and_candidates() {
    let list = read(json!([
        {"parts": [{"text": "Hi"}, {"inlineData": {"mimeType": "image/png", "data": "AA"}},
                   {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://v"}}]},
        {"role": "model", "parts": [{"text": "hm", "thought": true},
            {"functionCall": {"name": "add", "args": {"a": 1}}, "thoughtSignature": "sig"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "add", "response": {"r": 2}}}]}
    ]));
    let mut call = ToolCall::new("add", "{\"a\":1}");
    call.reasoning_signature = Some("sig".into());
    let answer = Message {
        name: Some("add".into()),
        contents: vec![Content::Text("{\"r\":2}".into())],
        ..Message::empty("tool")
    };
    assert_eq!(
        list,
        [
            Message::user("Hi")
                .with(image("data:image/png;base64,AA"))
                .with(Content::Video { url: "gs://v".into() }),
            Message::empty("model").with(Content::reasoning("hm")).with_tool_call(call),
            answer,
        ]
    );
    let candidate =
        json!([{"content": {"role": "model", "parts": [{"text": "a"}]}, "finishReason": "STOP"}]);
    let expected = Message { finish_reason: Some("STOP".into()), ..Message::new("model", "a") };
    assert_eq!(messages(candidate, "assistant"), [expected]);
}

#[test]
fn genai_parts() {
    let list = read(json!([
        {"role": "user", "parts": [
            {"type": "text", "content": "look"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AA", "detail": "low"},
            {"type": "uri", "modality": "audio", "mime_type": "audio/mp3", "uri": "http://x/a"},
            {"type": "file", "modality": "image", "file_id": "f-1"}
        ]},
        {"role": "assistant", "finish_reason": "tool_call", "parts": [
            {"type": "reasoning", "content": "hm"},
            {"type": "tool_call", "id": "c1", "name": "add", "arguments": {"a": 1}}
        ]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"r": 2}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": "2"}]}
    ]));
    let audio = Content::Audio {
        url: Some("http://x/a".into()),
        mime_type: Some("audio/mp3".into()),
        transcript: None,
    };
    let call = ToolCall::new("add", "{\"a\":1}").with_id("c1");
    let asked = Message {
        finish_reason: Some("tool_call".into()),
        ..Message::empty("assistant").with(Content::reasoning("hm")).with_tool_call(call)
    };
    assert_eq!(
        list,
        [
            Message::user("look")
                .with(Content::image_with_detail("data:image/png;base64,AA", "low"))
                .with(audio)
                .with(Content::Document(file(None).with_id("f-1"))),
            asked,
            Message::tool("c1", "{\"r\":2}"),
            Message::tool("c1", "2"),
        ]
    );
}

#[test]
fn llamaindex_messages() {
    let list = read(json!([
        {"role": "user", "additional_kwargs": {}, "blocks": [
            {"block_type": "text", "text": "look"},
            {"block_type": "image", "image": "AA", "path": null, "url": null,
             "image_mimetype": "image/png", "detail": null},
            {"block_type": "image", "url": "http://x/y", "detail": "high"}
        ]},
        {"role": "assistant", "blocks": [], "additional_kwargs": {"tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}]}},
        {"role": "tool", "blocks": [{"block_type": "text", "text": "2"}],
         "additional_kwargs": {"tool_call_id": "c1", "name": "add"}}
    ]));
    assert_eq!(
        list,
        [
            Message::user("look")
                .with(image("data:image/png;base64,AA"))
                .with(Content::image_with_detail("http://x/y", "high")),
            Message::empty("assistant").with_tool_call(ToolCall::new("add", "{}").with_id("c1")),
            Message { name: Some("add".into()), ..Message::tool("c1", "2") },
        ]
    );
}

#[test]
fn what_is_nothing_known_is_kept_as_its_json() {
    let odd = json!({"colour": "red"});
    assert_eq!(read(json!([odd]))[0].text(), &*odd.to_string());
    let part = json!({"type": "hologram", "at": 1});
    let list = read(json!([{"role": "user", "content": ["see", part]}]));
    assert_eq!(list[0].contents[1], Content::Text(part.to_string().into()));
    let nowhere = json!({"type": "image", "alt": "a cat"});
    assert_eq!(
        read(json!([{"role": "user", "content": [nowhere]}]))[0].text(),
        &*nowhere.to_string()
    );
    let list = read(json!([{"role": "assistant", "tool_calls": ["who knows"]}]));
    assert_eq!(list[0].tool_calls, [ToolCall::new("", "who knows")]);
}

#[test]
fn documents_of_all_shapes() {
    let shapes = [
        json!({"id": "d", "content": "c", "score": 0.5, "metadata": {"k": 1}}),
        json!({"document.id": "d", "document.content": "c", "document.score": 0.5,
               "document.metadata": "{\"k\": 1}"}),
        json!({"document": {"id": "d", "text": "c", "metadata": {"k": 1}}, "relevance_score": "0.5"}),
        json!({"node": {"id_": "d", "text": "c", "metadata": {"k": 1}, "embedding": null,
                        "relationships": {}, "excluded_llm_metadata_keys": []}, "score": 0.5}),
        json!({"node": {"id_": "d", "text_resource": {"text": "c"}, "extra_info": {"k": 1}},
               "score": 0.5}),
        json!({"id": "d", "page_content": "c", "score": 0.5, "k": 1}),
    ];
    let expected = Document::new("c").with_id("d").with_score(0.5).with_metadata(json!({"k": 1}));
    for shape in shapes {
        assert_eq!(document(shape.clone()), Some(expected.clone()), "{shape}");
    }
    assert_eq!(documents(json!(["a", null, 1])), [Document::new("a"), Document::new("1")]);
    let named = document(json!({"title": "t", "url": "u", "mime_type": "m", "score": "high"}));
    let expected = Document {
        name: Some("t".into()),
        url: Some("u".into()),
        mime_type: Some("m".into()),
        metadata: Some(json!({"score": "high"})),
        ..Document::default()
    };
    assert_eq!(named, Some(expected));
    let both = document(json!({"metadata": "plain", "lang": "en"})).unwrap();
    assert_eq!(both.metadata, Some(json!({"metadata": "plain", "lang": "en"})));
}

#[test]
fn tools_of_all_shapes() {
    let schema = json!({"type": "object"});
    let shapes = [
        json!({"type": "function", "function": {"name": "f", "description": "d", "parameters": schema}}),
        json!({"type": "function", "name": "f", "description": "d", "parameters": schema}),
        json!({"name": "f", "description": "d", "input_schema": schema}),
        json!({"name": "f", "description": "d", "inputSchema": schema}),
    ];
    for shape in shapes {
        let expected = Tool {
            definition: Some(shape.clone()),
            ..Tool::new("f").with_description("d").with_parameters(schema.clone())
        };
        assert_eq!(tool(shape.clone()).as_ref(), Some(&expected), "{shape}");
        let text = json!({"tool.json_schema": shape.to_string()});
        assert_eq!(tool(text), Some(expected), "as OpenInference wraps it");
    }
    let gemini = json!([{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}, "bare", 5]);
    let names: Vec<Text> = tools(gemini).into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["f", "g", "bare"]);
    assert_eq!(tool(json!({"type": "web_search"})).unwrap().name, "web_search");
    assert_eq!(tool(json!([1])), None);
}

#[test]
fn calls_of_all_shapes() {
    let shapes = [
        json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}),
        json!({"id": "fc", "call_id": "c", "name": "f", "arguments": "{\"a\":1}"}),
        json!({"id": "c", "name": "f", "input": {"a": 1}}),
        json!({"id": "c", "name": "f", "args": {"a": 1}}),
        json!({"tool_call.id": "c", "tool_call.function.name": "f",
               "tool_call.function.arguments": "{\"a\":1}"}),
        json!({"tool_call": {"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}}),
        json!({"tool_id": "c", "tool_name": "f", "tool_kwargs": {"a": 1}}),
    ];
    for shape in shapes {
        let expected = ToolCall::new("f", "{\"a\":1}").with_id("c");
        assert_eq!(tool_call(shape.clone()), Ok(expected), "{shape}");
    }
    assert!(tool_call(json!({"colour": "red"})).is_err());
    assert!(tool_call(json!("f")).is_err());
}

#[test]
fn embeddings_of_all_shapes() {
    let one = || vec![Embedding::of_vector([0.5, 2.0])];
    let with_text = vec![Embedding::new("t", [0.5, 2.0])];
    let shapes = [
        (json!([0.5, 2]), one()),
        (json!([[0.5, 2]]), one()),
        (json!({"object": "list", "data": [{"index": 0, "embedding": [0.5, 2]}]}), one()),
        (json!([{"text": "t", "vector": [0.5, 2]}]), with_text.clone()),
        (json!([{"embedding": {"text": "t", "vector": "[0.5, 2]"}}]), with_text.clone()),
        (json!([{"embedding.text": "t", "embedding.vector": [0.5, 2]}]), with_text),
        (json!(["t"]), vec![Embedding::of_text("t")]),
        (json!([]), vec![]),
    ];
    for (shape, expected) in shapes {
        assert_eq!(embeddings(shape.clone()), Some((expected, 0)), "{shape}");
    }
    let (list, unread) = embeddings(json!([[0.5, 2], [0.5, "x"], [1e300], {"no": 1}])).unwrap();
    assert_eq!((list, unread), (one(), 3));
    assert_eq!(embeddings(json!(5)), None);
}

#[test]
fn texts_of_all_shapes() {
    let list = texts(json!(["a", {"text": "b"}, {"page_content": "c"}, 1, null, {"k": 1}]));
    assert_eq!(list, ["a", "b", "c", "1", "{\"k\":1}"]);
}

#[test]
fn only_indexes_make_a_list_of_an_object() {
    assert_eq!(items(json!({"10": "c", "9": "b", "0": "a"})), [json!("a"), json!("b"), json!("c")]);
    assert_eq!(items(json!({"0": "a", "x": "b"})).len(), 1);
    assert_eq!(items(json!({})), [json!({})]);
    assert!(items(json!(null)).is_empty());
}

#[test]
fn dotted_keys_are_nested_and_contradictions_stay() {
    let nest = |json: Value| match json {
        Value::Object(object) => Value::Object(nested(object)),
        other => other,
    };
    let given = json!({"a.b": 1, "a.c.d": 2, "e": 3});
    assert_eq!(nest(given), json!({"a": {"b": 1, "c": {"d": 2}}, "e": 3}));
    let contradiction = json!({"a": 1, "a.b": 2});
    assert_eq!(nest(contradiction.clone()), contradiction);
    let deep = json!({"a.b.c.d.e.f.g.h.i": 1});
    assert_eq!(nest(deep.clone()), deep);
}
