//! Spans that programs write by hand, in the words of OpenInference, of the GenAI conventions, and of
//! Langfuse.

use tracing::field::Empty;
use tracing::info_span;
use tracing_llm::prelude::*;

use crate::common::*;

#[test]
fn openinference() {
    in_both_forms(|stage| {
        let question = "why?";
        let chain = info_span!(
            "chat_turn", "openinference.span.kind" = "CHAIN", "session.id" = "s1",
            "input.value" = %question, "output.value" = Empty, "output.mime_type" = Empty,
        );
        chain.in_scope(|| {
            let retrieve = info_span!(
                "retrieve", "openinference.span.kind" = "RETRIEVER", "input.value" = %question,
                "output.value" = Empty, "output.mime_type" = "application/json",
            );
            retrieve.record("output.value", r#"[{"id":"a"}]"#);
            drop(retrieve);
            let llm = info_span!(
                "llm",
                "openinference.span.kind" = "LLM",
                "llm.model_name" = "m",
                "llm.input_messages.0.message.role" = "user",
                "llm.input_messages.0.message.content" = question,
                "llm.token_count.prompt" = Empty,
                "llm.token_count.completion" = Empty,
            );
            llm.record("llm.token_count.prompt", 8);
            llm.record("llm.token_count.completion", 2);
            drop(llm);
            info_span!("tool", "openinference.span.kind" = "TOOL", "tool.name" = "search");
        });
        chain.record("output.value", "because");
        drop(chain);
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "chain\n\
             └─ CHAIN chat_turn\n   \
                ├─ RETRIEVE retrieve\n   \
                ├─ LLM llm\n   \
                └─ FUNCTION_CALL tool\n"
        );
        let llm = captured.event("llm");
        assert_eq!(llm.payload.usage, Some(Usage::new(8, 2)));
        assert_eq!(llm.payload.messages[0].text(), *question);
        assert_eq!(llm.context.session_id.as_deref(), Some("s1"));
        assert_eq!(captured.event("chat_turn").payload.output, Some("because".into()));
    });
}

#[test]
fn the_genai_conventions_without_an_operation() {
    in_both_forms(|stage| {
        let span = info_span!(
            "openai.chat",
            gen_ai.system = "openai",
            gen_ai.request.model = "gpt-5-mini",
            gen_ai.usage.prompt_tokens = Empty,
            gen_ai.usage.completion_tokens = Empty,
        );
        span.record("gen_ai.usage.prompt_tokens", 8);
        span.record("gen_ai.usage.completion_tokens", 2);
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM openai.chat\n");
        assert_eq!(captured.ends[0].payload.usage, Some(Usage::new(8, 2)));
    });
}

#[test]
fn several_vocabularies_side_by_side_are_one_event() {
    in_both_forms(|stage| {
        let span = info_span!(
            "generate",
            "openinference.span.kind" = "LLM",
            "langsmith.span.kind" = "llm",
            "gen_ai.operation.name" = "chat",
            "gen_ai.request.model" = "m",
            "llm.token_count.prompt" = 8,
            "gen_ai.usage.input_tokens" = 8,
            "llm.token_count.completion" = 2,
            "gen_ai.usage.output_tokens" = 2,
        );
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.ends.len(), 1);
        assert_eq!(captured.ends[0].payload.usage, Some(Usage::new(8, 2)));
    });
}

#[test]
fn langfuses_own_attributes() {
    in_both_forms(|stage| {
        let span = info_span!(
            "answer", langfuse.observation.type = "generation", langfuse.session.id = "s1",
            langfuse.observation.model.name = "m",
            langfuse.observation.model.parameters = r#"{"temperature":0.5}"#,
            langfuse.observation.input = r#"[{"role":"user","content":"why?"}]"#,
            langfuse.observation.output = Empty, langfuse.observation.usage_details = Empty,
        );
        span.record("langfuse.observation.output", "because");
        span.record("langfuse.observation.usage_details", r#"{"input":8,"output":2}"#);
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM answer\n");
        let event = &captured.ends[0];
        assert_eq!(event.payload.model.as_deref(), Some("m"));
        assert_eq!(event.payload.messages[0].text(), *"why?");
        assert_eq!(event.payload.output, Some("because".into()));
        let usage = event.payload.usage.unwrap();
        assert_eq!((usage.input, usage.output), (Some(8), Some(2)));
        assert_eq!(event.context.session_id.as_deref(), Some("s1"));
        assert_eq!(stage.stats().unreadable, 0);
    });
}
