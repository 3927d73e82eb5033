//! OpenTelemetry GenAI attributes.

use serde_json::json;

use super::{add, any, draft};
use crate::{Content, Document, Message, Payload, Text, ToolCall};

#[test]
fn a_chat_of_rig_is_read() {
    let draft = draft([
        ("gen_ai.operation.name", any("chat")),
        ("gen_ai.provider.name", any("openai")),
        ("gen_ai.request.model", any("gpt-5")),
        ("gen_ai.system_instructions", any("Be brief.")),
        ("gen_ai.response.id", any("r-1")),
        ("gen_ai.response.model", any("gpt-5-2025")),
        ("gen_ai.usage.tool_use_prompt_tokens", any(4_u64)),
        (
            "gen_ai.input.messages",
            any(r#"[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]"#),
        ),
        (
            "gen_ai.output.messages",
            any(r#"[{"role":"assistant","finish_reason":"stop",
                     "parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"Hello"}]}]"#),
        ),
    ]);
    let payload = draft.payload();
    assert_eq!(payload.model.as_deref(), Some("gpt-5"));
    assert_eq!(payload.response_model.as_deref(), Some("gpt-5-2025"));
    assert_eq!(payload.response_id.as_deref(), Some("r-1"));
    assert_eq!(*payload.messages, [Message::system("Be brief."), Message::user("Hi")]);
    assert_eq!(payload.replies[0].contents[0], Content::reasoning("hm"));
    assert_eq!(payload.replies[0].text(), "Hello");
    assert_eq!(payload.finish_reason.as_deref(), Some("stop"), "told by the reply");
    assert_eq!(payload.attributes["gen_ai.operation.name"], json!("chat"));
    assert_eq!(payload.attributes["gen_ai.usage.tool_use_prompt_tokens"], json!(4));
}

#[test]
fn providers_are_told_from_the_apis_they_speak() {
    let providers = [
        ("openai", Some("openai"), Some("openai")),
        ("azure.ai.openai", Some("azure"), Some("openai")),
        ("azure.openai", Some("azure"), Some("openai")),
        ("mistral_ai", Some("mistralai"), Some("mistralai")),
        ("x_ai", Some("xai"), None),
        ("aws.bedrock", Some("aws"), None),
        ("gcp.vertex_ai", Some("google"), Some("vertexai")),
        ("gcp.gemini", Some("google"), None),
        ("ibm.watsonx.ai", None, Some("ibm.watsonx.ai")),
        ("ollama", Some("ollama"), Some("ollama")),
    ];
    for (name, provider, system) in providers {
        for key in ["gen_ai.provider.name", "gen_ai.system"] {
            let draft = draft([(key, name)]);
            assert_eq!(draft.payload().provider.as_deref(), provider, "{name}");
            assert_eq!(draft.payload().system.as_deref(), system, "{name}");
        }
    }
}

#[test]
fn a_provider_that_was_read_is_said_by_the_same_name() {
    for (name, said) in [
        ("openai", "openai"),
        ("anthropic", "anthropic"),
        ("cohere", "cohere"),
        ("mistral_ai", "mistral_ai"),
        ("deepseek", "deepseek"),
        ("groq", "groq"),
        ("perplexity", "perplexity"),
        ("x_ai", "x_ai"),
        ("azure.ai.openai", "azure.ai.openai"),
        ("azure.openai", "azure.ai.openai"),
        ("azure.ai.inference", "azure.ai.inference"),
        ("aws.bedrock", "aws.bedrock"),
        ("gcp.vertex_ai", "gcp.vertex_ai"),
        ("gcp.gen_ai", "gcp.gen_ai"),
        ("gcp.gemini", "gcp.gen_ai"),
        ("moonshot_ai", "moonshot"),
        ("ibm.watsonx.ai", "ibm.watsonx.ai"),
        ("ollama", "ollama"),
    ] {
        let draft = draft([("gen_ai.provider.name", name)]);
        let payload = draft.payload();
        let again = crate::genai_provider(payload.provider.as_deref(), payload.system.as_deref());
        assert_eq!(again.as_deref(), Some(said), "{name}");
    }
}

#[test]
fn request_fields_become_one_object_of_parameters() {
    let draft = draft([
        ("gen_ai.request.temperature", any(0.5)),
        ("gen_ai.request.top_p", any(0.9)),
        ("gen_ai.request.max_tokens", any(100_u64)),
        ("gen_ai.request.stop_sequences", any(r#"["a","b"]"#)),
        ("gen_ai.request.choice.count", any(2_i64)),
        ("gen_ai.request.stream", any(true)),
        ("gen_ai.request.reasoning.level", any("high")),
        ("gen_ai.request.encoding_formats", any(r#"["float"]"#)),
        ("gen_ai.request.some.new.one", any(1_u64)),
        ("gen_ai.output.type", any("json")),
    ]);
    let expected = json!({
        "temperature": 0.5, "top_p": 0.9, "max_tokens": 100, "stop": ["a", "b"], "n": 2,
        "stream": true, "reasoning_effort": "high", "encoding_format": "float",
        "some.new.one": 1, "response_format": {"type": "json_object"},
    });
    assert_eq!(draft.payload().parameters, Some(expected));
    let image = super::draft([("gen_ai.output.type", "image")]);
    assert_eq!(image.payload().parameters, None);
    assert_eq!(image.payload().attributes["gen_ai.output.type"], json!("image"));
}

#[test]
fn instructions_stand_before_the_messages_once() {
    let name = "gen_ai.system_instructions";
    let mut draft = draft([(name, r#"[{"type":"text","content":"one"}]"#)]);
    assert_eq!(*draft.payload().messages, [Message::system("one")]);
    add(&mut draft, [("gen_ai.input.messages", r#"[{"role":"user","content":"Hi"}]"#)]);
    add(&mut draft, [(name, "two")]);
    add(&mut draft, [("user.id", "settles again")]);
    assert_eq!(*draft.payload().messages, [Message::system("two"), Message::user("Hi")]);
    let said_twice = super::draft([
        (name, "Be brief."),
        ("gen_ai.input.messages", r#"[{"role":"system","content":"Be brief."},"Hi"]"#),
    ]);
    assert_eq!(*said_twice.payload().messages, [Message::system("Be brief."), Message::user("Hi")]);
}

#[test]
fn finish_reasons_are_one_text() {
    let reasons = [
        (r#"["stop"]"#, "stop"),
        (r#"["stop","stop"]"#, "stop"),
        (r#"["stop","length"]"#, r#"["stop","length"]"#),
        ("stop", "stop"),
        (r#""stop""#, "stop"),
    ];
    for (given, expected) in reasons {
        for name in ["gen_ai.response.finish_reasons", "llm.finish_reason"] {
            let draft = draft([(name, given)]);
            assert_eq!(draft.payload().finish_reason.as_deref(), Some(expected), "{given}");
        }
    }
}

#[test]
fn a_reason_that_came_itself_is_not_replaced_by_those_of_the_replies() {
    let mut draft = draft([(
        "gen_ai.output.messages",
        r#"[{"role":"assistant","content":"a","finish_reason":"stop"}]"#,
    )]);
    assert_eq!(draft.payload().finish_reason.as_deref(), Some("stop"));
    add(&mut draft, [("gen_ai.response.finish_reasons", r#"["length"]"#)]);
    add(&mut draft, [("user.id", "settles again")]);
    assert_eq!(draft.payload().finish_reason.as_deref(), Some("length"));
}

#[test]
fn a_reason_that_the_replies_told_changes_with_them() {
    let reply = |reason| format!(r#"[{{"role":"assistant","finish_reason":"{reason}"}}]"#);
    let mut draft = draft([("gen_ai.output.messages", &*reply("length"))]);
    assert_eq!(draft.payload().finish_reason.as_deref(), Some("length"));
    add(&mut draft, [("gen_ai.output.messages", &*reply("stop"))]);
    assert_eq!(draft.payload().finish_reason.as_deref(), Some("stop"));
}

#[test]
fn tool_spans_tell_the_tool_its_call_and_its_result() {
    let draft = draft([
        ("gen_ai.tool.name", "add"),
        ("gen_ai.tool.description", "adds"),
        ("gen_ai.tool.type", "function"),
        ("gen_ai.tool.call.id", "c1"),
        ("gen_ai.tool.call.arguments", r#"{"a":1}"#),
        ("gen_ai.tool.call.result", "2"),
        ("gen_ai.tool.error.type", "ToolNotFound"),
    ]);
    let payload = draft.payload();
    assert_eq!(payload.tool.as_ref().unwrap().name, "add");
    assert_eq!(payload.function_call, Some(ToolCall::new("add", r#"{"a":1}"#).with_id("c1")));
    assert_eq!(payload.function_output.as_deref(), Some("2"));
    assert_eq!(payload.attributes["gen_ai.tool.type"], json!("function"));
    assert_eq!(draft.exception().unwrap().kind.as_deref(), Some("ToolNotFound"));
}

#[test]
fn retrievals_tell_query_documents_and_how_many() {
    let mut draft = draft([
        ("gen_ai.operation.name", any("retrieval")),
        ("gen_ai.retrieval.query.text", any("q")),
        ("gen_ai.retrieval.documents", any(r#"[{"id":"d","score":0.5,"source":"s"}]"#)),
        ("gen_ai.request.top_k", any(4.0)),
    ]);
    let payload = draft.payload();
    assert_eq!(payload.query.as_deref(), Some("q"));
    let document = Document::new("").with_id("d").with_score(0.5);
    assert_eq!(*payload.nodes, [document.with_metadata(json!({"source": "s"}))]);
    assert_eq!(payload.top_k, Some(4), "1.41 names it as a parameter");
    add(&mut draft, [("gen_ai.retrieval.top_k", 5_u64)]);
    assert_eq!(draft.payload().top_k, Some(5));
    let chat =
        super::draft([("gen_ai.operation.name", any("chat")), ("gen_ai.request.top_k", any(4.0))]);
    assert_eq!(chat.payload().top_k, None);
}

#[test]
fn agents_and_embeddings() {
    let agent = draft([
        ("gen_ai.agent.name", "planner"),
        ("gen_ai.prompt", "the task"),
        ("gen_ai.completion", "the result"),
    ]);
    assert_eq!(agent.payload().agent.as_deref(), Some("planner"));
    assert_eq!(agent.payload().input, Some(json!("the task")));
    assert_eq!(agent.payload().output, Some(json!("the result")));
    let embedding = draft([("gen_ai.embeddings.dimension.count", 1536_u64)]);
    assert_eq!(embedding.payload().dimensions, Some(1536));
}

#[test]
fn messages_as_openllmetry_flattens_them() {
    let draft = draft([
        ("gen_ai.prompt.0.role", "user"),
        ("gen_ai.prompt.0.content", "Hi"),
        ("gen_ai.completion.0.role", "assistant"),
        ("gen_ai.completion.0.finish_reason", "tool_calls"),
        ("gen_ai.completion.0.tool_calls.0.id", "c1"),
        ("gen_ai.completion.0.tool_calls.0.name", "add"),
        ("gen_ai.completion.0.tool_calls.0.arguments", "{}"),
    ]);
    assert_eq!(*draft.payload().messages, [Message::user("Hi")]);
    assert_eq!(draft.payload().replies[0].tool_calls, [ToolCall::new("add", "{}").with_id("c1")]);
    assert_eq!(draft.payload().finish_reason.as_deref(), Some("tool_calls"));
}

/// The official converter from OpenInference (openinference-instrumentation 0.1.72) writes one
/// call in both vocabularies; behind the boundary it is one payload.
#[test]
fn both_conventions_give_the_same_payload() {
    let open_inference = draft([
        ("llm.provider", any("openai")),
        ("llm.system", any("openai")),
        ("llm.model_name", any("gpt-4o")),
        (
            "llm.invocation_parameters",
            any(
                r#"{"temperature":0.1,"max_tokens":5,"n":2,"stop":["a"],"response_format":{"type":"json_object"}}"#,
            ),
        ),
        ("llm.input_messages.0.message.role", any("system")),
        ("llm.input_messages.0.message.content", any("s")),
        ("llm.input_messages.1.message.role", any("user")),
        ("llm.input_messages.1.message.contents.0.message_content.type", any("image")),
        (
            "llm.input_messages.1.message.contents.0.message_content.image.image.url",
            any("data:image/png;base64,AAAA"),
        ),
        ("llm.output_messages.0.message.role", any("assistant")),
        ("llm.output_messages.0.message.tool_calls.0.tool_call.id", any("c1")),
        ("llm.output_messages.0.message.tool_calls.0.tool_call.function.name", any("f")),
        (
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
            any("{\"a\":1}"),
        ),
        ("llm.token_count.prompt", any(10_i64)),
        ("llm.token_count.completion", any(4_i64)),
        ("llm.token_count.prompt_details.cache_read", any(3_i64)),
        ("llm.tools.0.tool.json_schema", any(r#"{"type":"function","name":"f"}"#)),
        ("session.id", any("S")),
    ]);
    let gen_ai = draft([
        ("gen_ai.provider.name", any("openai")),
        ("gen_ai.conversation.id", any("S")),
        ("gen_ai.request.model", any("gpt-4o")),
        ("gen_ai.request.temperature", any(0.1)),
        ("gen_ai.request.max_tokens", any(5_i64)),
        ("gen_ai.request.stop_sequences", any(r#"["a"]"#)),
        ("gen_ai.request.choice.count", any(2_i64)),
        ("gen_ai.output.type", any("json")),
        ("gen_ai.usage.input_tokens", any(10_i64)),
        ("gen_ai.usage.output_tokens", any(4_i64)),
        ("gen_ai.usage.cache_read.input_tokens", any(3_i64)),
        (
            "gen_ai.input.messages",
            any(
                r#"[{"role": "system", "parts": [{"type": "text", "content": "s"}]}, {"role": "user", "parts": [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"}]}]"#,
            ),
        ),
        (
            "gen_ai.output.messages",
            any(
                r#"[{"role": "assistant", "parts": [{"type": "tool_call", "name": "f", "arguments": {"a": 1}, "id": "c1"}], "finish_reason": "tool_call"}]"#,
            ),
        ),
        ("gen_ai.response.finish_reasons", any(r#"["tool_call"]"#)),
        ("gen_ai.tool.definitions", any(r#"[{"type": "function", "name": "f"}]"#)),
    ]);
    // Only the GenAI side tells why the model stopped.
    let mut told: Payload = gen_ai.payload().clone();
    assert_eq!(told.finish_reason.take(), Some(Text::from("tool_call")));
    let replies = told.replies.iter().cloned();
    told.replies = replies.map(|reply| Message { finish_reason: None, ..reply }).collect();
    assert_eq!(*open_inference.payload(), told);
}
