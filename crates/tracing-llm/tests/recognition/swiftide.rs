//! swiftide 0.32.1: `swiftide-query`, `-agents`, `-integrations`, `-indexing`, with and without its
//! feature `langfuse`.

use crate::common::*;
use tracing::field::Empty;
use tracing::{Level, Span, event, info_span};

const REQUEST: &str = r#"{
  "messages": [{"role": "user", "content": "2+2?"}],
  "model": "gpt-5-mini",
  "tools": [{"type": "function", "function": {"name": "add"}}]
}"#;
const RESPONSE: &str = r#"{
  "id": "00000000-0000-0000-0000-000000000000",
  "message": "4",
  "tool_calls": [{"id": "call_1", "name": "add", "args": "{\"x\":2}"}],
  "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
  "delta": null
}"#;
const USAGE: &str = r#"{
  "prompt_tokens": 10,
  "completion_tokens": 4,
  "total_tokens": 14
}"#;

/// As `track_completion`.
fn track(request: &str, response: &str, usage: &str) {
    event!(target: "swiftide_integrations::openai::chat_completion", Level::DEBUG, langfuse.model = "gpt-5-mini",
        langfuse.input = request,
        langfuse.output = response,
        langfuse.usage = usage,
    );
}

fn complete_span() -> Span {
    info_span!(
        target: "swiftide_integrations::openai::chat_completion",
        "complete",
        langfuse.type = "GENERATION"
    )
}

#[test]
fn what_events_inside_the_span_bring_is_the_payload_of_the_call() {
    in_both_forms(|stage| {
        complete_span().in_scope(|| track(REQUEST, RESPONSE, USAGE));
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM complete\n");
        let payload = &captured.event("complete").payload;
        assert_eq!(payload.model.as_deref(), Some("gpt-5-mini"));
        let usage = payload.usage.unwrap();
        assert_eq!((usage.input, usage.output, usage.total()), (Some(10), Some(4), Some(14)));
        assert_eq!(payload.messages[0].text(), *"2+2?");
        assert_eq!(payload.tools[0].name, *"add");
        assert_eq!(payload.replies[0].text(), *"4");
        let call = &payload.replies[0].tool_calls[0];
        assert_eq!((&*call.name, &*call.arguments), ("add", r#"{"x":2}"#));
        assert_eq!(payload.output, None);
        assert_eq!(stage.stats().unreadable, 0);
    });
}

#[test]
fn the_answer_of_the_provider_as_it_came_is_read_too() {
    in_both_forms(|stage| {
        let response = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"4"},"finish_reason":"stop"}]}"#;
        complete_span().in_scope(|| track(REQUEST, response, USAGE));
        let captured = stage.flushed();
        let payload = &captured.event("complete").payload;
        assert_eq!(payload.replies[0].text(), *"4");
        assert_eq!(payload.finish_reason.as_deref(), Some("stop"));
    });
}

#[test]
fn empty_texts_for_what_is_not_there_say_nothing() {
    in_both_forms(|stage| {
        complete_span().in_scope(|| track("", "", ""));
        let captured = stage.flushed();
        let payload = &captured.event("complete").payload;
        assert_eq!((payload.input.clone(), payload.output.clone()), (None, None));
        assert_eq!(payload.usage, None);
        assert_eq!(stage.stats().unreadable, 0);
    });
}

#[test]
fn without_the_feature_a_call_is_known_by_target_and_name() {
    in_both_forms(|stage| {
        info_span!(target: "swiftide_integrations::openai::simple_prompt", "prompt")
            .in_scope(|| {});
        info_span!(target: "swiftide_integrations::openai::chat_completion", "complete_stream")
            .in_scope(|| {
                info_span!(target: "swiftide_integrations::openai::chat_completion", "stream");
            });
        assert_eq!(stage.flushed().tree(), "llm\n└─ LLM prompt\nllm\n└─ LLM stream\n");
    });
}

#[test]
fn a_query_has_its_stages_below_it() {
    in_both_forms(|stage| {
        let stage_of = |name: &'static str| match name {
            "then_transform_query" => {
                info_span!(target: "swiftide_query::query::pipeline", "then_transform_query", query = ?"Query")
            }
            "then_retrieve" => {
                info_span!(target: "swiftide_query::query::pipeline", "then_retrieve", query = ?"Query")
            }
            _ => {
                info_span!(target: "swiftide_query::query::pipeline", "then_answer", query = ?"Query")
            }
        };
        info_span!(target: "swiftide_query::query::pipeline", "query_pipeline.query").in_scope(
            || {
                stage_of("then_transform_query").in_scope(|| {
                info_span!(target: "swiftide_query::query_transformers::embed", "transform_query")
                    .in_scope(|| track(r#"{"input":["2+2?"],"model":"m"}"#, "", USAGE));
            });
                stage_of("then_retrieve").in_scope(|| {});
                stage_of("then_answer").in_scope(|| {
                    complete_span().in_scope(|| track(REQUEST, RESPONSE, USAGE));
                });
            },
        );
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "query\n\
             └─ QUERY query_pipeline.query\n   \
                ├─ CHAIN then_transform_query\n   \
                │  └─ EMBEDDING transform_query\n   \
                ├─ RETRIEVE then_retrieve\n   \
                └─ SYNTHESIZE then_answer\n      \
                   └─ LLM complete\n"
        );
        let retrieve = &captured.event("then_retrieve").payload;
        assert_eq!(retrieve.query, None, "it is the whole query as `Debug` writes it");
        assert_eq!(retrieve.attributes["swiftide.query"], "Query");
        assert_eq!(captured.event("transform_query").payload.usage.unwrap().input, Some(10));
        assert_eq!(captured.event("then_transform_query").payload.usage, None);
    });
}

#[test]
fn an_agent_its_steps_and_its_tools() {
    in_both_forms(|stage| {
        info_span!(target: "swiftide_agents::agent", "agent.query").in_scope(|| {
            event!(target: "swiftide_agents::agent", Level::DEBUG, langfuse.input = "2+2?");
            let step =
                info_span!(target: "swiftide_agents::agent", "step", step_count = 0_usize, otel.name = Empty);
            step.record("otel.name", "step-0");
            step.in_scope(|| {
                complete_span().in_scope(|| track(REQUEST, RESPONSE, USAGE));
                info_span!(target: "swiftide_agents::agent", "hook", "otel.name" = "hook.BeforeTool");
                info_span!(target: "swiftide_agents::agent", "tool", "otel.name" = "tool.add").in_scope(|| {
                    event!(target: "swiftide_agents::agent", Level::DEBUG, langfuse.output = %"4",
                        langfuse.input = Some(r#"{"x":2}"#),
                        tool_name = "add",
                    );
                });
            });
            event!(target: "swiftide_agents::agent", Level::DEBUG, langfuse.output = Some("\"NoNewMessages\""));
        });
        let captured = stage.flushed();
        assert_eq!(
            captured.tree(),
            "agent_step\n\
             └─ AGENT_STEP agent.query\n   \
                └─ AGENT_STEP step-0\n      \
                   ├─ LLM complete\n      \
                   └─ FUNCTION_CALL tool.add\n"
        );
        let agent = &captured.event("agent.query").payload;
        assert_eq!(agent.input, Some("2+2?".into()));
        let tool = &captured.event("tool.add").payload;
        assert_eq!(tool.tool.as_ref().unwrap().name, *"add");
        assert_eq!(tool.input, Some(r#"{"x":2}"#.into()));
        assert_eq!(tool.output, Some("4".into()));
    });
}

#[test]
fn without_the_feature_a_tool_still_tells_what_it_gave_back() {
    in_both_forms(|stage| {
        info_span!(target: "swiftide_agents::agent", "tool", "otel.name" = "tool.add").in_scope(|| {
            event!(target: "swiftide_agents::agent", Level::DEBUG, output = "4", args = ?Some(r#"{"x":2}"#), tool_name = "add", "Completed tool call"
            );
        });
        let captured = stage.flushed();
        let tool = &captured.event("tool.add").payload;
        assert_eq!(tool.tool.as_ref().unwrap().name, *"add");
        assert_eq!(tool.function_output.as_deref(), Some("4"));
    });
}
