//! Calls of models: LLM and EMBEDDING.

use serde_json::json;
use tracing_llm::{Content, Document, Embedding, EventType, Message, Tool, ToolCall, Usage};

use super::{assert_attributes, shown, texts};
use crate::testing::event;

#[test]
fn llm_is_a_model_call_with_messages_tokens_and_tools() {
    let mut event = event(EventType::LLM, "chat");
    let payload = &mut event.payload;
    payload.model = Some("gpt-5-mini".into());
    payload.response_model = Some("gpt-5-mini-2026-01".into());
    payload.provider = Some("openai".into());
    payload.parameters = Some(json!({"temperature": 0.2}));
    payload.finish_reason = Some("tool_calls".into());
    payload.response_id = Some("resp_1".into());
    payload.messages = vec![Message::system("Be short."), Message::user("What is a span?")].into();
    let call = ToolCall::new("search", r#"{"q":"span"}"#).with_id("call_1");
    payload.replies = vec![Message::empty("assistant").with_tool_call(call)].into();
    payload.tools = vec![
        Tool::new("search").with_description("Search").with_parameters(json!({"type": "object"})),
    ]
    .into();
    let mut usage = Usage::new(120, 30);
    usage.cache_read = Some(100);
    usage.reasoning = Some(20);
    payload.usage = Some(usage);

    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "LLM"),
            ("tracing_llm.event_type", "LLM"),
            ("tracing_llm.response_id", "resp_1"),
            ("llm.model_name", "gpt-5-mini-2026-01"),
            ("llm.request.model_name", "gpt-5-mini"),
            ("llm.response.model_name", "gpt-5-mini-2026-01"),
            ("llm.provider", "openai"),
            ("llm.system", "openai"),
            ("llm.invocation_parameters", r#"{"temperature":0.2}"#),
            ("llm.finish_reason", "tool_calls"),
            ("llm.token_count.prompt", "I64(120)"),
            ("llm.token_count.completion", "I64(30)"),
            ("llm.token_count.total", "I64(150)"),
            ("llm.token_count.prompt_details.cache_read", "I64(100)"),
            ("llm.token_count.completion_details.reasoning", "I64(20)"),
            (
                "input.value",
                r#"{"messages":[{"role":"system","content":"Be short."},{"role":"user","content":"What is a span?"}]}"#,
            ),
            ("input.mime_type", "application/json"),
            (
                "output.value",
                r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"search","arguments":"{\"q\":\"span\"}"}}]}]}"#,
            ),
            ("output.mime_type", "application/json"),
            ("llm.input_messages.0.message.role", "system"),
            ("llm.input_messages.0.message.content", "Be short."),
            ("llm.input_messages.1.message.role", "user"),
            ("llm.input_messages.1.message.content", "What is a span?"),
            ("llm.output_messages.0.message.role", "assistant"),
            ("llm.output_messages.0.message.tool_calls.0.tool_call.id", "call_1"),
            ("llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "search"),
            (
                "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
                r#"{"q":"span"}"#,
            ),
            ("llm.tools.0.tool.name", "search"),
            ("llm.tools.0.tool.description", "Search"),
            (
                "llm.tools.0.tool.json_schema",
                r#"{"function":{"description":"Search","name":"search","parameters":{"type":"object"}},"type":"function"}"#,
            ),
        ],
    );
}

#[test]
fn llm_with_a_completion_api_has_prompts_and_choices() {
    let mut event = event(EventType::LLM, "complete");
    event.payload.prompt = Some("Answer: why?".into());
    event.payload.completion = Some("Because.".into());
    event.payload.serialized =
        Some(json!({"model": "davinci", "temperature": 0.1, "class_name": "OpenAI"}));
    event.payload.additional_kwargs = Some(json!({"stop": ["\n"], "temperature": 0.9}));
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "LLM"),
            ("tracing_llm.event_type", "LLM"),
            ("llm.model_name", "davinci"),
            ("llm.invocation_parameters", r#"{"model":"davinci","stop":["\n"],"temperature":0.1}"#),
            ("input.value", "Answer: why?"),
            ("input.mime_type", "text/plain"),
            ("output.value", "Because."),
            ("output.mime_type", "text/plain"),
            ("llm.prompts.0.prompt.text", "Answer: why?"),
            ("llm.choices.0.completion.text", "Because."),
        ],
    );
}

#[test]
fn contents_keep_their_order_and_every_kind_of_them_is_written() {
    let call = ToolCall::new("look", "{}").with_id("c");
    let mut file = Document::new("inside");
    file.name = Some("a.pdf".into());
    let message = Message::user("See:")
        .with(Content::image("https://example.com/cat.png"))
        .with(Content::Audio {
            url: None,
            mime_type: Some("audio/wav".into()),
            transcript: Some("meow".into()),
        })
        .with(Content::Video { url: "https://example.com/cat.mp4".into() })
        .with(Content::Document(file))
        .with(Content::reasoning_item(
            Some("hm".into()),
            Some("sig".into()),
            Some("enc".into()),
            Some("rs_1".into()),
        ))
        .with(Content::ToolUse(call));
    let mut event = event(EventType::LLM, "chat");
    event.payload.messages = vec![message].into();
    let shown = shown(&event);
    let part =
        |leaf: &str| shown.get(&format!("llm.input_messages.0.message.{leaf}")).map(String::as_str);
    let types = ["text", "image", "audio", "video", "document", "reasoning", "tool_use"];
    for (index, name) in types.into_iter().enumerate() {
        assert_eq!(part(&format!("contents.{index}.message_content.type")), Some(name));
    }
    let content = |leaf: &str| part(&format!("contents.{leaf}"));
    assert_eq!(content("0.message_content.text"), Some("See:"));
    assert_eq!(content("1.message_content.image.image.url"), Some("https://example.com/cat.png"));
    assert_eq!(content("2.message_content.audio.audio.transcript"), Some("meow"));
    assert_eq!(content("2.message_content.audio.audio.mime_type"), Some("audio/wav"));
    assert_eq!(content("3.message_content.video.video.url"), Some("https://example.com/cat.mp4"));
    assert_eq!(content("4.message_content.document.document.name"), Some("a.pdf"));
    assert_eq!(content("4.message_content.document.document.content"), Some("inside"));
    assert_eq!(content("5.message_content.text"), Some("hm"));
    assert_eq!(content("5.message_content.signature"), Some("sig"));
    assert_eq!(content("5.message_content.encrypted_content"), Some("enc"));
    assert_eq!(content("5.message_content.id"), Some("rs_1"));
    assert_eq!(content("6.tool_call.id"), Some("c"));
    assert_eq!(content("6.tool_call.function.name"), Some("look"));
    assert_eq!(part("tool_calls.0.tool_call.id"), Some("c"));
    assert_eq!(part("tool_calls.1.tool_call.id"), None);
    assert_eq!(part("content"), None);
}

#[test]
fn embedding_shows_texts_in_and_counts_out_and_no_system() {
    let mut event = event(EventType::EMBEDDING, "embed");
    event.payload.model = Some("minilm".into());
    event.payload.provider = Some("openai".into());
    event.payload.system = Some("openai".into());
    event.payload.parameters = Some(json!({"dimensions": 3}));
    event.payload.usage = Some(Usage::of_input(7));
    event.payload.chunks = texts(["one", "two"]);
    event.payload.embeddings =
        vec![Embedding::of_vector(vec![0.5, 0.25, 1.0]), Embedding::new("zwei", vec![0.0; 3])]
            .into();
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "EMBEDDING"),
            ("tracing_llm.event_type", "EMBEDDING"),
            ("tracing_llm.provider", "openai"),
            ("embedding.model_name", "minilm"),
            ("embedding.invocation_parameters", r#"{"dimensions":3}"#),
            ("llm.token_count.prompt", "I64(7)"),
            ("llm.token_count.total", "I64(7)"),
            ("input.value", r#"["one","zwei"]"#),
            ("input.mime_type", "application/json"),
            ("output.value", r#"{"dimensions":3,"embeddings":2}"#),
            ("output.mime_type", "application/json"),
            ("embedding.embeddings.0.embedding.text", "one"),
            ("embedding.embeddings.1.embedding.text", "zwei"),
        ],
    );
}

#[test]
fn the_text_of_an_answer_to_messages_is_the_assistants_message() {
    let answer = |event_type, messages: Vec<Message>| {
        let mut event = event(event_type, "chat");
        event.payload.messages = messages.into();
        event.payload.response = Some("A period of time.".into());
        let span = crate::testing::span(&event);
        let attributes = crate::testing::by_key(&span.attributes);
        let part = |leaf: &str| {
            let key = format!("llm.output_messages.0.message.{leaf}");
            attributes.get(&*key).map(ToString::to_string)
        };
        [part("role"), part("content")]
    };
    let asked = || vec![Message::user("What is a span?")];
    let said = [Some("assistant".to_owned()), Some("A period of time.".to_owned())];
    assert_eq!(answer(EventType::LLM, asked()), said);
    // No chat, and no model.
    assert_eq!(answer(EventType::LLM, Vec::new()), [None, None]);
    assert_eq!(answer(EventType::AGENT_STEP, asked()), [None, None]);
}
