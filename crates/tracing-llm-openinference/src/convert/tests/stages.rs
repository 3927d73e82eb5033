//! All stages but the calls of models.

use serde_json::json;
use tracing_llm::{
    Document, EventType, Exception, Message, Outcome, SubQuestion, Template, Tool, ToolCall, Usage,
};

use super::{assert_attributes, texts};
use crate::testing::event;

fn nodes() -> std::sync::Arc<[Document]> {
    vec![
        Document::new("A span is a period of time.")
            .with_id("n1")
            .with_score(0.8)
            .with_metadata(json!({"file": "span.md"})),
        Document::new("A trace is a tree.").with_id("n2"),
    ]
    .into()
}

#[test]
fn retrieve_has_documents_whole_and_a_short_output() {
    let mut event = event(EventType::RETRIEVE, "search");
    let long = "x".repeat(600);
    event.payload.query = Some("What is a span?".into());
    event.payload.top_k = Some(2);
    event.payload.nodes = nodes().iter().cloned().chain([Document::new(long.as_str())]).collect();
    let cut = "x".repeat(500);
    let output = format!(
        r#"[{{"id":"n1","score":0.8,"content":"A span is a period of time."}},{{"id":"n2","score":null,"content":"A trace is a tree."}},{{"id":null,"score":null,"content":"{cut}…"}}]"#
    );
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "RETRIEVER"),
            ("tracing_llm.event_type", "RETRIEVE"),
            ("tracing_llm.top_k", "I64(2)"),
            ("input.value", "What is a span?"),
            ("input.mime_type", "text/plain"),
            ("output.value", &output),
            ("output.mime_type", "application/json"),
            ("retrieval.documents.0.document.id", "n1"),
            ("retrieval.documents.0.document.score", "F64(0.8)"),
            ("retrieval.documents.0.document.content", "A span is a period of time."),
            ("retrieval.documents.0.document.metadata", r#"{"file":"span.md"}"#),
            ("retrieval.documents.1.document.id", "n2"),
            ("retrieval.documents.1.document.content", "A trace is a tree."),
            ("retrieval.documents.2.document.content", &long),
        ],
    );
}

#[test]
fn reranking_has_documents_before_and_after() {
    let mut event = event(EventType::RERANKING, "rerank");
    event.payload.query = Some("span".into());
    event.payload.model = Some("bge-reranker".into());
    event.payload.top_k = Some(1);
    event.payload.documents = nodes();
    event.payload.nodes =
        vec![Document::new("A trace is a tree.").with_id("n2").with_score(0.9)].into();
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "RERANKER"),
            ("tracing_llm.event_type", "RERANKING"),
            ("reranker.query", "span"),
            ("reranker.model_name", "bge-reranker"),
            ("reranker.top_k", "I64(1)"),
            ("input.value", "span"),
            ("input.mime_type", "text/plain"),
            ("output.value", r#"[{"id":"n2","score":0.9,"content":"A trace is a tree."}]"#),
            ("output.mime_type", "application/json"),
            ("reranker.input_documents.0.document.id", "n1"),
            ("reranker.input_documents.0.document.score", "F64(0.8)"),
            ("reranker.input_documents.0.document.content", "A span is a period of time."),
            ("reranker.input_documents.0.document.metadata", r#"{"file":"span.md"}"#),
            ("reranker.input_documents.1.document.id", "n2"),
            ("reranker.input_documents.1.document.content", "A trace is a tree."),
            ("reranker.output_documents.0.document.id", "n2"),
            ("reranker.output_documents.0.document.score", "F64(0.9)"),
            ("reranker.output_documents.0.document.content", "A trace is a tree."),
        ],
    );
}

#[test]
fn function_call_is_a_tool_with_arguments_in_and_output_out() {
    let mut event = event(EventType::FUNCTION_CALL, "search");
    event.payload.tool = Some(
        Tool::new("search").with_description("Search").with_parameters(json!({"type": "object"})),
    );
    event.payload.function_call =
        Some(ToolCall::new("search", r#"{"q":"span"}"#).with_id("call_1"));
    event.payload.function_output = Some("3 hits".into());
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "TOOL"),
            ("tracing_llm.event_type", "FUNCTION_CALL"),
            ("tool.name", "search"),
            ("tool.description", "Search"),
            ("tool.parameters", r#"{"type":"object"}"#),
            ("tool.id", "call_1"),
            ("input.value", r#"{"q":"span"}"#),
            ("input.mime_type", "application/json"),
            ("output.value", "3 hits"),
            ("output.mime_type", "text/plain"),
        ],
    );
}

#[test]
fn agent_step_shows_its_one_message_as_text_and_no_tokens() {
    let mut event = event(EventType::AGENT_STEP, "step");
    event.payload.agent = Some("planner".into());
    event.payload.messages = vec![Message::user("Plan it.")].into();
    event.payload.response = Some("Done.".into());
    event.payload.usage = Some(Usage::new(500, 100));
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "AGENT"),
            ("tracing_llm.event_type", "AGENT_STEP"),
            ("agent.name", "planner"),
            ("input.value", "Plan it."),
            ("input.mime_type", "text/plain"),
            ("output.value", "Done."),
            ("output.mime_type", "text/plain"),
            ("llm.input_messages.0.message.role", "user"),
            ("llm.input_messages.0.message.content", "Plan it."),
        ],
    );
}

#[test]
fn query_synthesize_and_chain_are_chains_from_question_to_answer() {
    for event_type in [EventType::QUERY, EventType::SYNTHESIZE, EventType::CHAIN] {
        let mut event = event(event_type, "answer");
        event.payload.query = Some("What is a span?".into());
        event.payload.response = Some("A period of time.".into());
        assert_attributes(
            &event,
            &[
                ("openinference.span.kind", "CHAIN"),
                ("tracing_llm.event_type", event_type.name()),
                ("input.value", "What is a span?"),
                ("input.mime_type", "text/plain"),
                ("output.value", "A period of time."),
                ("output.mime_type", "text/plain"),
            ],
        );
    }
}

#[test]
fn tree_shows_the_texts_of_a_level_and_their_summaries() {
    let mut event = event(EventType::TREE, "summarise");
    event.payload.level = Some(0);
    event.payload.chunks = texts(["one", "two"]);
    event.payload.summaries = texts(["both"]);
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "CHAIN"),
            ("tracing_llm.event_type", "TREE"),
            ("tracing_llm.level", "I64(0)"),
            ("input.value", "one\ntwo"),
            ("input.mime_type", "text/plain"),
            ("output.value", "both"),
            ("output.mime_type", "text/plain"),
        ],
    );
}

#[test]
fn sub_question_shows_question_answer_and_sources() {
    let mut event = event(EventType::SUB_QUESTION, "part");
    let mut part = SubQuestion::new("What is a span?").with_answer("Time.").with_tool("docs");
    part.sources = vec![Document::new("text").with_id("n1")];
    event.payload.sub_question = Some(part);
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "CHAIN"),
            ("tracing_llm.event_type", "SUB_QUESTION"),
            ("tracing_llm.sub_question.tool", "docs"),
            ("input.value", "What is a span?"),
            ("input.mime_type", "text/plain"),
            ("output.value", "Time."),
            ("output.mime_type", "text/plain"),
            ("retrieval.documents.0.document.id", "n1"),
            ("retrieval.documents.0.document.content", "text"),
        ],
    );
}

#[test]
fn chunking_and_node_parsing_show_counts_only() {
    let mut chunking = event(EventType::CHUNKING, "split");
    chunking.payload.chunks = texts(["a", "b", "c"]);
    assert_attributes(
        &chunking,
        &[
            ("openinference.span.kind", "CHAIN"),
            ("tracing_llm.event_type", "CHUNKING"),
            ("output.value", r#"{"chunks":3}"#),
            ("output.mime_type", "application/json"),
        ],
    );
    let mut parsing = event(EventType::NODE_PARSING, "parse");
    parsing.payload.documents = nodes();
    parsing.payload.nodes = nodes();
    assert_attributes(
        &parsing,
        &[
            ("openinference.span.kind", "CHAIN"),
            ("tracing_llm.event_type", "NODE_PARSING"),
            ("input.value", r#"{"documents":2}"#),
            ("input.mime_type", "application/json"),
            ("output.value", r#"{"nodes":2}"#),
            ("output.mime_type", "application/json"),
        ],
    );
}

#[test]
fn templating_is_a_prompt_from_variables_to_the_filled_text() {
    let mut event = event(EventType::TEMPLATING, "fill");
    let mut template = Template::new("Answer {question}")
        .with_variables(json!({"question": "why?"}))
        .with_version("2");
    template.id = Some("p-1".into());
    template.vendor = Some("hub".into());
    template.url = Some("https://hub.example/p-1".into());
    template.system_prompt = Some("Be short.".into());
    template.query_wrapper_prompt = Some("Q: {query_str}".into());
    event.payload.template = Some(template);
    event.payload.prompt = Some("Answer why?".into());
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "PROMPT"),
            ("tracing_llm.event_type", "TEMPLATING"),
            ("tracing_llm.template.system_prompt", "Be short."),
            ("tracing_llm.template.query_wrapper_prompt", "Q: {query_str}"),
            ("llm.prompt_template.template", "Answer {question}"),
            ("llm.prompt_template.variables", r#"{"question":"why?"}"#),
            ("llm.prompt_template.version", "2"),
            ("prompt.id", "p-1"),
            ("prompt.vendor", "hub"),
            ("prompt.url", "https://hub.example/p-1"),
            ("input.value", r#"{"question":"why?"}"#),
            ("input.mime_type", "application/json"),
            ("output.value", "Answer why?"),
            ("output.mime_type", "text/plain"),
        ],
    );
}

#[test]
fn exception_is_a_chain_with_an_exception_event() {
    let mut event = event(EventType::EXCEPTION, "");
    event.outcome = Outcome::Error;
    event.payload.exception = Some(Exception::new("no such index").with_kind("KeyError"));
    assert_attributes(
        &event,
        &[("openinference.span.kind", "CHAIN"), ("tracing_llm.event_type", "EXCEPTION")],
    );
    let span = crate::testing::span(&event);
    assert_eq!(span.name, "exception");
    assert_eq!(span.events.len(), 1);
}

#[test]
fn guardrail_and_evaluator_show_what_goes_in_and_out() {
    for (event_type, kind) in
        [(EventType::GUARDRAIL, "GUARDRAIL"), (EventType::EVALUATOR, "EVALUATOR")]
    {
        let mut event = event(event_type, "check");
        event.payload.model = Some("judge-1".into());
        event.payload.input = Some(json!({"answer": "42"}));
        event.payload.output = Some(json!("pass"));
        event.payload.output_mime_type = Some("text/markdown".into());
        assert_attributes(
            &event,
            &[
                ("openinference.span.kind", kind),
                ("tracing_llm.event_type", kind),
                ("llm.model_name", "judge-1"),
                ("input.value", r#"{"answer":"42"}"#),
                ("input.mime_type", "application/json"),
                ("output.value", "pass"),
                ("output.mime_type", "text/markdown"),
            ],
        );
    }
}

#[test]
fn decision_has_its_own_names_for_model_and_tokens() {
    let mut event = event(EventType::DECISION, "route");
    event.payload.model = Some("router".into());
    event.payload.response_model = Some("router-2".into());
    event.payload.provider = Some("typesafe".into());
    event.payload.system = Some("typesafe".into());
    event.payload.usage = Some(Usage::new(5, 1));
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "DECISION"),
            ("tracing_llm.event_type", "DECISION"),
            ("decision.model_name", "router-2"),
            ("decision.request.model_name", "router"),
            ("decision.response.model_name", "router-2"),
            ("decision.provider", "typesafe"),
            ("decision.system", "typesafe"),
            ("decision.token_count.input", "I64(5)"),
            ("decision.token_count.output", "I64(1)"),
        ],
    );
}

#[test]
fn a_custom_type_is_a_chain_under_its_own_name() {
    let mut event = event(EventType::custom("PLAN"), "plan");
    event.payload.query = Some("how?".into());
    assert_attributes(
        &event,
        &[
            ("openinference.span.kind", "CHAIN"),
            ("tracing_llm.event_type", "PLAN"),
            ("input.value", "how?"),
            ("input.mime_type", "text/plain"),
        ],
    );
}
