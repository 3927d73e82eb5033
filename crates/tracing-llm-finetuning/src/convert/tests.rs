use serde_json::json;
use tracing_llm::{Content, Document, EventType, Exception, StreamProgress, Tool, ToolCall};

use super::*;

fn call() -> Event {
    let mut event = Event::new(EventType::LLM, "chat");
    event.payload.messages =
        vec![Message::system("You are terse."), Message::user("What is 2+3? café")].into();
    event.payload.replies = vec![Message::assistant("5")].into();
    event
}

fn line(event: &Event) -> String {
    example(event).unwrap().line.to_string()
}

fn value(event: &Event) -> Value {
    serde_json::from_str(&line(event)).unwrap()
}

/// Recorded from the original (llama-index-finetuning, `OpenAIFineTuningHandler`).
#[test]
fn a_chat_is_written_byte_for_byte_as_the_original_writes_it() {
    let expected = r#"{"messages": [{"role": "system", "content": "You are terse."}, {"role": "user", "content": "What is 2+3? caf\u00e9"}, {"role": "assistant", "content": "5"}]}"#;
    assert_eq!(line(&call()), expected);
}

#[test]
fn a_call_of_a_tool_is_written_as_the_original_writes_it_and_the_tools_with_it() {
    let mut event = call();
    event.payload.messages = vec![Message::user("Add 2 and 3.")].into();
    let add = ToolCall::new("add", r#"{"a": 2, "b": 3}"#).with_id("c1");
    event.payload.replies = vec![Message::empty("assistant").with_tool_call(add)].into();
    let expected = r#"{"messages": [{"role": "user", "content": "Add 2 and 3."}, {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 2, \"b\": 3}"}}]}]}"#;
    assert_eq!(line(&event), expected);

    let schema = json!({ "type": "object", "properties": { "a": { "type": "integer" } } });
    event.payload.tools =
        vec![Tool::new("add").with_description("Add").with_parameters(schema.clone())].into();
    event.payload.parameters = Some(json!({ "parallel_tool_calls": false, "temperature": 0 }));
    let written = value(&event);
    let function = json!({ "name": "add", "description": "Add", "parameters": schema });
    assert_eq!(written["tools"], json!([{ "type": "function", "function": function }]));
    assert_eq!(written["parallel_tool_calls"], false);
}

#[test]
fn functions_of_the_older_api_stay_functions() {
    let mut event = call();
    let add = ToolCall::new("add", r#"{"a": 2, "b": 3}"#);
    event.payload.messages = vec![Message::user("Add.")].into();
    event.payload.replies = vec![Message::empty("assistant").with_tool_call(add)].into();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let function = json!({ "name": "add", "description": "Add", "parameters": schema });
    event.payload.additional_kwargs = Some(json!({ "functions": [function] }));
    // As the original writes it, to the byte, but for the order within the schema.
    let expected = r#"{"messages": [{"role": "user", "content": "Add."}, {"role": "assistant", "function_call": {"name": "add", "arguments": "{\"a\": 2, \"b\": 3}"}}], "functions": [{"name": "add", "description": "Add", "parameters": SCHEMA}]}"#;
    assert_eq!(line(&event), expected.replace("SCHEMA", &json::line(&schema).unwrap()));
}

const SCHEMA: &str =
    r#"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}"#;

#[test]
fn functions_and_tools_of_one_call_are_both_written() {
    let mut event = call();
    event.payload.messages = vec![Message::user("Add.")].into();
    event.payload.tools = vec![Tool::new("search")].into();
    let functions = json!([{ "strict": true, "extra": 1, "name": "add", "description": "Add" }]);
    event.payload.parameters = Some(json!({ "functions": functions, "parallel_tool_calls": true }));
    let expected = r#"{"messages": [{"role": "user", "content": "Add."}, {"role": "assistant", "content": "5"}], "functions": [{"name": "add", "description": "Add", "extra": 1, "strict": true}], "tools": [{"type": "function", "function": {"name": "search"}}], "parallel_tool_calls": true}"#;
    assert_eq!(line(&event), expected);

    event.payload.tools = Vec::new().into();
    assert_eq!(value(&event).get("parallel_tool_calls"), None, "it is refused without tools");
}

#[test]
fn a_tool_is_written_as_the_provider_wants_it_whatever_form_it_came_in() {
    let named = Tool::new("search");
    let mut nested = Tool::new("nested");
    nested.definition = Some(json!({ "function": { "name": "nested", "strict": true } }));
    let mut flat = Tool::new("flat").with_parameters(json!({ "type": "object" }));
    flat.definition = Some(json!({ "type": "function", "name": "flat", "strict": true }));
    let mut built_in = Tool::new("web_search");
    built_in.definition = Some(json!({ "type": "web_search" }));
    let mut event = call();
    event.payload.tools = vec![named, nested, flat, built_in].into();
    assert_eq!(
        value(&event)["tools"],
        json!([
            { "type": "function", "function": { "name": "search" } },
            { "type": "function", "function": { "name": "nested", "strict": true } },
            {
                "type": "function",
                "function": { "name": "flat", "parameters": { "type": "object" }, "strict": true }
            },
        ])
    );
}

#[test]
fn calls_and_answers_of_tools_among_the_messages_are_kept() {
    let mut event = call();
    // A name is no key that such a message may have.
    let mut named = Message::tool("c1", "5");
    named.name = Some("add".into());
    event.payload.messages = vec![
        Message::user("?"),
        Message::assistant("").with_tool_call(ToolCall::new("add", "{}").with_id("c1")),
        named,
        Message::empty("model").with(Content::ToolUse(ToolCall::new("sub", "{}").with_id("c2"))),
        Message::tool("c2", ""),
    ]
    .into();
    let call = |id: &str, name: &str| {
        let function = json!({ "name": name, "arguments": "{}" });
        let calls = json!([{ "id": id, "type": "function", "function": function }]);
        json!({ "role": "assistant", "tool_calls": calls })
    };
    assert_eq!(
        value(&event)["messages"],
        json!([
            { "role": "user", "content": "?" },
            call("c1", "add"),
            { "role": "tool", "content": "5", "tool_call_id": "c1" },
            call("c2", "sub"),
            { "role": "tool", "content": "", "tool_call_id": "c2" },
            { "role": "assistant", "content": "5" },
        ])
    );
}

#[test]
fn a_completion_model_gives_a_prompt_that_is_not_empty_and_its_answer() {
    let mut event = Event::new(EventType::LLM, "complete");
    event.payload.prompt = Some("2+3=".into());
    event.payload.completion = Some("5".into());
    let expected = json!([
        { "role": "user", "content": "2+3=" }, { "role": "assistant", "content": "5" }
    ]);
    assert_eq!(value(&event)["messages"], expected);
}

#[test]
fn a_stream_that_ended_gives_its_text_and_one_that_was_left_gives_nothing() {
    let mut event = call();
    event.payload.replies = Vec::new().into();
    event.payload.response = Some("5".into());
    let mut stream = StreamProgress::default();
    stream.finished = true;
    event.payload.stream = Some(stream);
    assert_eq!(value(&event)["messages"][2]["content"], "5");
    event.payload.stream = Some(StreamProgress::default());
    assert_eq!(example(&event).unwrap_err(), Skip::Unfinished);
}

#[test]
fn pictures_and_recordings_are_parts_thoughts_are_left_out() {
    let mut event = call();
    let picture = Message::user("Look.")
        .with(Content::image("https://example.com/a.png"))
        .with(Content::image_with_detail("https://example.com/b.png", "low"));
    let heard: Message = serde_json::from_value(json!({
        "role": "human",
        "contents": [{ "audio": {
            "url": "data:audio/mpeg;base64,AAAA", "mime_type": null, "transcript": null
        } }],
    }))
    .unwrap();
    event.payload.messages = vec![picture, heard].into();
    event.payload.replies =
        vec![Message::empty("assistant").with(Content::reasoning("Hm.")).with("5".into_text())]
            .into();
    assert_eq!(
        value(&event)["messages"],
        json!([
            { "role": "user", "content": [
                { "type": "text", "text": "Look." },
                { "type": "image_url", "image_url": { "url": "https://example.com/a.png" } },
                { "type": "image_url", "image_url": {
                    "url": "https://example.com/b.png", "detail": "low"
                } },
            ] },
            { "role": "user", "content": [
                { "type": "input_audio", "input_audio": { "data": "AAAA", "format": "mp3" } },
            ] },
            { "role": "assistant", "content": "5" },
        ])
    );
}

trait IntoContent {
    fn into_text(self) -> Content;
}

impl IntoContent for &str {
    fn into_text(self) -> Content {
        Content::Text(self.into())
    }
}

#[test]
fn what_is_no_good_example_says_why() {
    let of = |change: &dyn Fn(&mut Event)| {
        let mut event = call();
        change(&mut event);
        example(&event).map(|_| ()).unwrap_err()
    };
    assert_eq!(of(&|it| Arc::make_mut(&mut it.context).suppressed = true), Skip::Suppressed);
    assert_eq!(of(&|it| it.outcome = Outcome::Error), Skip::Failed);
    assert_eq!(of(&|it| it.outcome = Outcome::Cancelled), Skip::Failed);
    assert_eq!(of(&|it| it.payload.exception = Some(Exception::new("away"))), Skip::Failed);
    assert_eq!(of(&|it| it.outcome = Outcome::Incomplete), Skip::Unfinished);
    assert_eq!(of(&|it| it.lost_bytes = 1), Skip::WithoutContent);
    assert_eq!(of(&|it| it.payload.messages = Vec::new().into()), Skip::WithoutContent);
    assert_eq!(of(&|it| it.payload.replies = Vec::new().into()), Skip::WithoutContent);
    let silent = Message::assistant("");
    assert_eq!(of(&|it| it.payload.replies = vec![silent.clone()].into()), Skip::WithoutContent);
    let file = Message::user("Read.").with(Content::Document(Document::new("a text")));
    let refused = of(&|it| it.payload.messages = vec![file.clone()].into());
    let why = "a message has a file, which no training file can hold";
    assert_eq!(refused, Skip::Refused(why.to_owned()));
    let odd = Message::new("narrator", "Once.");
    let refused = of(&|it| it.payload.messages = vec![odd.clone()].into());
    assert_eq!(refused, Skip::Refused("message 1 has the role narrator".to_owned()));
}
