//! genai 0.7.2 with its feature `otel`: `src/otel/*`.

use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_llm::prelude::*;

use crate::common::*;

fn chat_span(stream: bool) -> Span {
    info_span!(
        target: "genai::otel::span",
        "genai.chat",
        "otel.name" = "chat gpt-5-mini",
        "otel.kind" = "client",
        "otel.status_code" = Empty,
        "error.type" = Empty,
        "gen_ai.operation.name" = "chat",
        "gen_ai.provider.name" = "openai",
        "gen_ai.request.model" = "gpt-5-mini",
        "gen_ai.request.stream" = stream,
        "gen_ai.request.temperature" = Empty,
        "gen_ai.request.max_tokens" = Empty,
        "gen_ai.request.top_p" = Empty,
        "gen_ai.request.seed" = Empty,
        "gen_ai.request.stop_sequences" = Empty,
        "gen_ai.output.type" = Empty,
        "server.address" = Empty,
        "server.port" = Empty,
        "gen_ai.response.id" = Empty,
        "gen_ai.response.model" = Empty,
        "gen_ai.response.finish_reasons" = Empty,
        "gen_ai.usage.input_tokens" = Empty,
        "gen_ai.usage.output_tokens" = Empty,
        "gen_ai.usage.cache_read.input_tokens" = Empty,
        "gen_ai.usage.cache_creation.input_tokens" = Empty,
        "gen_ai.usage.reasoning.output_tokens" = Empty,
        "gen_ai.response.time_to_first_chunk" = Empty,
        "gen_ai.system_instructions" = Empty,
        "gen_ai.input.messages" = Empty,
        "gen_ai.output.messages" = Empty,
        "gen_ai.tool.definitions" = Empty,
    )
}

/// What is recorded before the span is entered.
fn request(span: &Span) {
    span.record("server.address", "api.openai.com");
    span.record("server.port", 443_i64);
    span.record("gen_ai.request.temperature", 0.5);
    span.record("gen_ai.request.max_tokens", 100_i64);
    span.record("gen_ai.request.stop_sequences", r#"["END"]"#);
    span.record("gen_ai.output.type", "json");
    span.record("gen_ai.system_instructions", r#"[{"content":"Be brief.","type":"text"}]"#);
    span.record(
        "gen_ai.input.messages",
        r#"[{"parts":[{"content":"2+2?","type":"text"}],"role":"user"}]"#,
    );
    span.record("gen_ai.tool.definitions", r#"[{"name":"add","parameters":{},"type":"function"}]"#);
}

#[test]
fn a_chat_is_read_whole() {
    in_both_forms(|stage| {
        let span = chat_span(false);
        request(&span);
        span.in_scope(|| {});
        span.record("gen_ai.response.id", "resp_1");
        span.record("gen_ai.response.model", "gpt-5-mini-2026-01-01");
        span.record("gen_ai.response.finish_reasons", r#"["stop"]"#);
        span.record("gen_ai.usage.input_tokens", 10_i64);
        span.record("gen_ai.usage.output_tokens", 4_i64);
        span.record("gen_ai.usage.cache_read.input_tokens", 3_i64);
        span.record("gen_ai.usage.reasoning.output_tokens", 2_i64);
        span.record(
            "gen_ai.output.messages",
            r#"[{"finish_reason":"stop","parts":[{"content":"4","type":"text"}],"role":"assistant"}]"#,
        );
        drop(span);

        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM chat gpt-5-mini\n");
        let payload = &captured.ends[0].payload;
        assert_eq!(payload.response_model.as_deref(), Some("gpt-5-mini-2026-01-01"));
        assert_eq!(payload.finish_reason.as_deref(), Some("stop"));
        let usage = payload.usage.unwrap();
        assert_eq!((usage.input, usage.output), (Some(10), Some(4)));
        assert_eq!((usage.cache_read, usage.reasoning), (Some(3), Some(2)));
        let messages: Vec<_> =
            payload.messages.iter().map(|message| (&*message.role, message.text())).collect();
        assert_eq!(messages, [("system", "Be brief.".into()), ("user", "2+2?".into())]);
        assert_eq!(payload.replies[0].text(), *"4");
        assert_eq!(payload.tools[0].name, *"add");
        let parameters = payload.parameters.as_ref().unwrap();
        assert_eq!(parameters["stop"], serde_json::json!(["END"]));
        assert_eq!(parameters["max_tokens"], 100);
        assert_eq!(stage.stats().unreadable, 0);
    });
}

#[test]
fn a_stream_tells_the_time_to_its_first_piece() {
    in_both_forms(|stage| {
        let span = chat_span(true);
        span.record("gen_ai.response.time_to_first_chunk", 0.25);
        span.record("gen_ai.usage.input_tokens", 10_i64);
        drop(span);
        let captured = stage.flushed();
        let stream = captured.ends[0].payload.stream.clone().unwrap();
        assert_eq!(stream.first_token, Some(std::time::Duration::from_millis(250)));
    });
}

#[test]
fn an_error_is_a_status_and_a_type() {
    in_both_forms(|stage| {
        let span = chat_span(false);
        span.record("otel.status_code", "error");
        span.record("error.type", "429");
        drop(span);
        let captured = stage.flushed();
        let event = &captured.ends[0];
        assert_eq!(event.outcome, Outcome::Error);
        let exception = event.payload.exception.as_ref().unwrap();
        assert_eq!(exception.kind.as_deref(), Some("429"));
    });
}

#[test]
fn embeddings_agents_workflows_plans_and_tools_are_events() {
    in_both_forms(|stage| {
        let workflow = info_span!(
            target: "genai::otel::agent", "genai.invoke_workflow",
            "otel.name" = "invoke_workflow trip", "otel.kind" = "internal",
            "otel.status_code" = Empty, "error.type" = Empty,
            "gen_ai.operation.name" = "invoke_workflow", "gen_ai.workflow.name" = "trip",
        );
        workflow.in_scope(|| {
            let agent = info_span!(
                target: "genai::otel::agent", "genai.agent",
                "otel.name" = "invoke_agent guide", "otel.kind" = "internal",
                "otel.status_code" = Empty, "error.type" = Empty,
                "gen_ai.operation.name" = "invoke_agent", "gen_ai.agent.name" = Empty,
                "gen_ai.agent.id" = Empty, "gen_ai.agent.description" = Empty,
                "gen_ai.provider.name" = Empty, "gen_ai.request.model" = Empty,
            );
            agent.record("gen_ai.agent.name", "guide");
            agent.record("gen_ai.request.model", "gpt-5-mini");
            agent.in_scope(|| {
                info_span!(
                    target: "genai::otel::agent", "genai.plan", "otel.name" = "plan guide",
                    "otel.kind" = "internal", "otel.status_code" = Empty, "error.type" = Empty,
                    "gen_ai.operation.name" = "plan", "gen_ai.agent.name" = Empty,
                );
                info_span!(
                    target: "genai::otel::agent", "genai.execute_tool",
                    "otel.name" = "execute_tool add", "otel.kind" = "internal",
                    "otel.status_code" = Empty, "error.type" = Empty,
                    "gen_ai.operation.name" = "execute_tool", "gen_ai.tool.name" = "add",
                    "gen_ai.tool.call.id" = Empty, "gen_ai.tool.call.result" = Empty,
                );
                info_span!(
                    target: "genai::otel::span", "genai.embeddings",
                    "otel.name" = "embeddings text-embedding-3-small", "otel.kind" = "client",
                    "otel.status_code" = Empty, "error.type" = Empty,
                    "gen_ai.operation.name" = "embeddings", "gen_ai.provider.name" = "openai",
                    "gen_ai.request.model" = "text-embedding-3-small",
                    "gen_ai.embeddings.dimension.count" = Empty,
                );
            });
        });
        drop(workflow);
        assert_eq!(
            stage.flushed().tree(),
            "chain\n\
             └─ CHAIN invoke_workflow trip\n   \
                └─ AGENT_STEP invoke_agent guide\n      \
                   ├─ AGENT_STEP plan guide\n      \
                   ├─ FUNCTION_CALL execute_tool add\n      \
                   └─ EMBEDDING embeddings text-embedding-3-small\n"
        );
    });
}

#[test]
fn the_result_of_an_evaluation_is_a_span_without_length_and_without_a_tag() {
    in_both_forms(|stage| {
        let chat = chat_span(false);
        chat.in_scope(|| {
            let result = info_span!(
                target: "genai::otel::events",
                "genai.evaluation.result",
                "otel.name" = "gen_ai.evaluation.result",
                "otel.kind" = "internal",
                "otel.status_code" = Empty,
                "gen_ai.evaluation.name" = "Relevance",
                "gen_ai.evaluation.score.value" = Empty,
                "gen_ai.evaluation.score.label" = Empty,
                "gen_ai.evaluation.explanation" = Empty,
                "gen_ai.response.id" = Empty,
                "error.type" = Empty,
            );
            result.record("gen_ai.evaluation.score.value", 0.9);
            result.record("gen_ai.evaluation.score.label", "relevant");
            result.record("gen_ai.response.id", "resp_1");
        });
        drop(chat);
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "llm\n└─ LLM chat gpt-5-mini\n   └─ EVALUATOR gen_ai.evaluation.result\n"
        );
        let result = captured.event("gen_ai.evaluation.result");
        assert!(result.elapsed.is_zero());
        assert_eq!(result.payload.attributes["gen_ai.evaluation.name"], "Relevance");
        assert_eq!(result.payload.attributes["gen_ai.evaluation.score.value"], 0.9);
    });
}
