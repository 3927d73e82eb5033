//! rig-core and rig-agent 0.44.0 (seen running) and 0.46.0 (read): the same spans.

use tracing::field::Empty;
use tracing::{Id, Span, info_span};
use tracing_llm::prelude::*;

use crate::common::*;

/// The fields that a provider's span and an agent's chat span have in common.
macro_rules! completion_span {
    (target: $target:literal, $name:literal, { $($header:tt)* } { $($extra:tt)* }) => {
        info_span!(
            target: $target,
            $name,
            $($header)*
            gen_ai.request.stream = Empty,
            gen_ai.response.id = Empty,
            gen_ai.response.model = Empty,
            rig.provider_request_id = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            gen_ai.usage.cache_creation.input_tokens = Empty,
            gen_ai.usage.tool_use_prompt_tokens = Empty,
            gen_ai.usage.reasoning_tokens = Empty,
            gen_ai.input.messages = Empty,
            gen_ai.output.messages = Empty
            $($extra)*
        )
    };
}

/// As `SpanBuilder::build` opens it outside of an agent.
fn provider_span() -> Span {
    let system: Option<&str> = None;
    let span = completion_span!(target: "rig::completions", "chat", {
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = "openai",
        gen_ai.request.model = "gpt-5-mini",
        gen_ai.system_instructions = system,
    } {});
    span.record("gen_ai.request.stream", false);
    span
}

/// As an agent opens it for a turn: the provider adopts it.
fn agent_chat_span() -> Span {
    let system = Some(r#"[{"type":"text","content":"Be brief."}]"#);
    completion_span!(target: "rig::agent_chat", "chat", {
        rig.completion_parent = true,
        gen_ai.operation.name = "chat",
        gen_ai.system_instructions = system,
        gen_ai.provider.name = Empty,
        gen_ai.request.model = Empty,
    } { , gen_ai.agent.name = "assistant" })
}

fn adopt() {
    let current = Span::current();
    current.record("gen_ai.operation.name", "chat");
    current.record("gen_ai.provider.name", "openai");
    current.record("gen_ai.request.model", "gpt-5-mini");
    current.record("gen_ai.request.stream", false);
    let input = r#"[{"role":"user","parts":[{"type":"text","content":"2+2?"}]}]"#;
    current.record("gen_ai.input.messages", input);
}

fn answer(span: &Span, output: &str, input_tokens: u64, output_tokens: u64) {
    span.record("gen_ai.response.id", "resp_1");
    span.record("gen_ai.response.model", "gpt-5-mini-2026-01-01");
    span.record("gen_ai.usage.input_tokens", input_tokens);
    span.record("gen_ai.usage.output_tokens", output_tokens);
    span.record("gen_ai.usage.cache_read.input_tokens", 3_u64);
    span.record("gen_ai.usage.reasoning_tokens", 2_u64);
    span.record("gen_ai.usage.tool_use_prompt_tokens", 1_u64);
    span.record("gen_ai.output.messages", output);
}

const CALLS: &str = r#"[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"add","arguments":{"x":2}}],"finish_reason":"tool_call"}]"#;
const SAYS: &str =
    r#"[{"role":"assistant","parts":[{"type":"text","content":"4"}],"finish_reason":"unknown"}]"#;

/// As `acquire_agent_span`: only where there is no span around.
fn agent_span() -> Span {
    let system: Option<&str> = None;
    info_span!(
        target: "rig_agent::agent::telemetry",
        parent: None,
        "invoke_agent",
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.name = "assistant",
        gen_ai.system_instructions = system,
        gen_ai.prompt = Empty,
        gen_ai.completion = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.usage.cache_read.input_tokens = Empty,
        gen_ai.usage.cache_creation.input_tokens = Empty,
        gen_ai.usage.tool_use_prompt_tokens = Empty,
        gen_ai.usage.reasoning_tokens = Empty,
    )
}

fn tool_span() -> Span {
    info_span!(
        target: "rig_agent::agent::telemetry",
        "execute_tool",
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.type = "function",
        gen_ai.tool.name = Empty,
        gen_ai.tool.call.id = Empty,
        gen_ai.tool.call.arguments = Empty,
        gen_ai.tool.call.result = Empty,
        gen_ai.tool.call.outcome = Empty,
        gen_ai.tool.error.type = Empty
    )
}

/// What an agent does inside its span, or inside the caller's: a turn that calls a tool, the call,
/// and a turn that answers.
fn turns() {
    let first = agent_chat_span();
    first.in_scope(adopt);
    answer(&first, CALLS, 10, 4);
    let tool = tool_span();
    tool.follows_from(first.id());
    tool.in_scope(|| {
        let tool = Span::current();
        tool.record("gen_ai.tool.name", "add");
        tool.record("gen_ai.tool.call.id", tracing::field::display("call_1"));
        tool.record("gen_ai.tool.call.arguments", r#"{"x":2}"#);
        tool.record("gen_ai.tool.call.outcome", "success");
        tool.record("gen_ai.tool.call.result", "4");
    });
    let second = agent_chat_span();
    second.follows_from(tool.id().as_ref().map(Id::into_u64).map(Id::from_u64));
    second.in_scope(adopt);
    answer(&second, SAYS, 20, 6);
}

#[test]
fn a_call_of_a_model_is_read_whole() {
    in_both_forms(|stage| {
        let span = provider_span();
        span.in_scope(|| {});
        answer(&span, SAYS, 10, 4);
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM chat\n");
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.provider.as_deref(), Some("openai"));
        assert_eq!(payload.response_model.as_deref(), Some("gpt-5-mini-2026-01-01"));
        assert_eq!(payload.model.as_deref(), Some("gpt-5-mini"));
        let usage = payload.usage.unwrap();
        assert_eq!((usage.input, usage.output, usage.cache_read), (Some(10), Some(4), Some(3)));
        assert_eq!(usage.reasoning, Some(2), "not the conventions' name for it");
        assert_eq!(payload.replies[0].text(), *"4");
        assert_eq!(payload.finish_reason.as_deref(), Some("unknown"));
        assert_eq!(stage.stats().unreadable, 0);
    });
}

#[test]
fn an_agent_outside_of_any_span_is_an_event_with_the_turns_below_it() {
    in_both_forms(|stage| {
        let agent = agent_span();
        agent.record("gen_ai.prompt", "2+2?");
        agent.in_scope(turns);
        agent.record("gen_ai.completion", "4");
        agent.record("gen_ai.usage.input_tokens", 30_u64);
        agent.record("gen_ai.usage.output_tokens", 10_u64);
        drop(agent);
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "agent_step\n\
             └─ AGENT_STEP invoke_agent\n   \
                ├─ LLM chat\n   \
                ├─ FUNCTION_CALL execute_tool\n   \
                └─ LLM chat\n"
        );
        let agent = &captured.event("invoke_agent").payload;
        assert_eq!(agent.agent.as_deref(), Some("assistant"));
        assert_eq!(
            (agent.input.clone(), agent.output.clone()),
            (Some("2+2?".into()), Some("4".into()))
        );
        // It repeats what the chats report; who counts goes by the calls at the bottom.
        assert_eq!(agent.usage.unwrap().input, Some(30));
    });
}

#[test]
fn an_agent_inside_of_a_span_has_its_turns_below_that() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(turns);
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "query\n\
             └─ QUERY answer\n   \
                ├─ LLM chat\n   \
                ├─ FUNCTION_CALL execute_tool\n   \
                └─ LLM chat\n"
        );
        assert_eq!(captured.event("answer").payload.usage, None);
    });
}

#[test]
fn an_adopted_chat_span_is_one_call_with_what_both_sides_record() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(turns);
        let captured = stage.flushed();
        let chats = captured.of_type(EventType::LLM);
        let [first, second] = chats.as_slice() else { panic!("{} chats", chats.len()) };
        assert_eq!(first.payload.agent.as_deref(), Some("assistant"));
        assert_eq!(first.payload.provider.as_deref(), Some("openai"));
        assert_eq!(first.payload.model.as_deref(), Some("gpt-5-mini"));
        let roles: Vec<_> = first.payload.messages.iter().map(|message| &*message.role).collect();
        assert_eq!(roles, ["system", "user"]);
        assert_eq!(first.payload.replies[0].tool_calls[0].name, *"add");
        assert_eq!(first.payload.finish_reason.as_deref(), Some("tool_call"));
        assert_eq!(first.payload.usage.unwrap().input, Some(10));
        assert_eq!(second.payload.usage.unwrap().input, Some(20));
    });
}

#[test]
fn turns_that_follow_each_other_are_linked_siblings() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(turns);
        let captured = stage.flushed();
        let chats = captured.of_type(EventType::LLM);
        let tool = captured.event("execute_tool");
        assert_eq!(tool.links[0].span_id, chats[0].span_id);
        assert_eq!(chats[1].links[0].span_id, tool.span_id);
        assert_eq!(chats[1].parent_id, tool.parent_id);
    });
}

#[test]
fn a_tool_that_fails_says_so_in_a_name_of_its_own() {
    in_both_forms(|stage| {
        let tool = tool_span();
        tool.record("gen_ai.tool.name", "add");
        tool.record("gen_ai.tool.call.outcome", "error");
        tool.record("gen_ai.tool.error.type", "tool_call_error");
        drop(tool);
        let captured = stage.flushed();
        let tool = captured.event("execute_tool");
        assert_eq!(tool.outcome, Outcome::Error);
        let exception = tool.payload.exception.as_ref().unwrap();
        assert_eq!(exception.kind.as_deref(), Some("tool_call_error"));
    });
}

#[test]
fn the_other_works_of_a_model_are_events_too() {
    in_both_forms(|stage| {
        for (operation, expected) in [
            ("embeddings", EventType::EMBEDDING),
            ("rerank", EventType::RERANKING),
            ("transcription", EventType::LLM),
            ("image_generation", EventType::LLM),
            ("audio_generation", EventType::LLM),
            // Until 0.42.
            ("chat_streaming", EventType::LLM),
            ("interactions", EventType::LLM),
            ("interactions_streaming", EventType::LLM),
        ] {
            let span = info_span!(
                target: "rig::modalities",
                "modality",
                gen_ai.operation.name = operation,
                gen_ai.provider.name = "cohere",
                gen_ai.request.model = "m",
                gen_ai.usage.input_tokens = Empty,
            );
            span.record("gen_ai.usage.input_tokens", 7_u64);
            drop(span);
            let captured = stage.flushed();
            let event = captured.ends.last().unwrap();
            assert_eq!(event.event_type, expected, "{operation}");
            assert_eq!(event.payload.usage.unwrap().input, Some(7));
        }
    });
}
