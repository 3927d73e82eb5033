use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tracing_llm::{
    Content, Context, Cost, Document, Embedding, Exception, Log, Message, StreamProgress,
    SubQuestion, Template, Timestamp, Tool, ToolCall, Usage,
};

use super::*;
use crate::testing::event;

const ALL: Clip = Clip(1_000);

fn results(event: &Event) -> (Value, Value) {
    match span(event, ALL).results {
        Some(mut all) => {
            let only = all.remove(0);
            (only.inputs.into(), only.outputs.into())
        }
        None => (json!({}), json!({})),
    }
}

/// A call with all that it can have, by the names of `trace_tree.py`.
#[test]
fn a_call_is_the_span_that_w_and_b_stores() {
    let mut call = event(EventType::LLM, "chat", 2, 1);
    call.elapsed = Duration::from_millis(1500);
    call.outcome = Outcome::Ok;
    call.payload.model = Some("gpt-5-mini".into());
    call.payload.provider = Some("openai".into());
    call.payload.parameters = Some(json!({ "temperature": 0.5 }));
    call.payload.messages =
        vec![Message::system("Be terse."), Message::user("What is a span?")].into();
    call.payload.replies = vec![Message::assistant("A period of time.")].into();
    call.payload.response = Some("A period of time.".into());
    call.payload.finish_reason = Some("stop".into());
    call.payload.usage = Some(Usage::new(12, 5));
    let mut cost = Cost::default();
    cost.total = Some(0.25);
    call.payload.cost = Some(cost);
    let mut stream = StreamProgress::default();
    (stream.first_token, stream.chunks) = (Some(Duration::from_millis(250)), 3);
    call.payload.stream = Some(stream);
    let mut context = Context::default();
    context.session_id = Some("s-1".into());
    call.context = Arc::new(context);

    let expected = json!({
        "span_id": "0000000000000002",
        "name": "chat",
        "start_time_ms": 1_790_000_000_000_u64,
        "end_time_ms": 1_790_000_001_500_u64,
        "status_code": "SUCCESS",
        "status_message": null,
        "attributes": {
            "event_type": "LLM", "trace_id": "00000000000000000000000000000001", "outcome": "ok",
            "model": "gpt-5-mini", "provider": "openai", "parameters": { "temperature": 0.5 },
            "finish_reason": "stop", "formatted_prompt_tokens_count": 12,
            "prediction_tokens_count": 5, "total_tokens_used": 17, "cost_usd": 0.25,
            "first_token_ms": 250.0, "stream_chunks": 3, "stream_finished": false,
            "session_id": "s-1",
        },
        "results": [{
            "inputs": { "messages": "system: Be terse.\nuser: What is a span?" },
            "outputs": { "response": "A period of time." },
        }],
        "child_spans": [],
        "span_kind": "LLM",
    });
    assert_eq!(serde_json::to_value(span(&call, ALL)).unwrap(), expected);
}

#[test]
fn every_event_type_has_the_kind_of_the_original_or_none() {
    let expected = [
        (EventType::CHUNKING, None),
        (EventType::NODE_PARSING, None),
        (EventType::EMBEDDING, None),
        (EventType::LLM, Some("LLM")),
        (EventType::QUERY, Some("AGENT")),
        (EventType::RETRIEVE, Some("TOOL")),
        (EventType::SYNTHESIZE, Some("CHAIN")),
        (EventType::TREE, Some("CHAIN")),
        (EventType::SUB_QUESTION, Some("CHAIN")),
        (EventType::TEMPLATING, None),
        (EventType::FUNCTION_CALL, Some("TOOL")),
        (EventType::RERANKING, Some("CHAIN")),
        (EventType::EXCEPTION, None),
        (EventType::AGENT_STEP, Some("AGENT")),
        (EventType::CHAIN, Some("CHAIN")),
        (EventType::GUARDRAIL, Some("CHAIN")),
        (EventType::EVALUATOR, Some("CHAIN")),
        (EventType::DECISION, Some("CHAIN")),
    ];
    assert_eq!(expected.map(|(event_type, _)| event_type), EventType::ALL);
    for (event_type, expected) in expected {
        assert_eq!(kind(event_type), expected, "{event_type}");
    }
    assert_eq!(kind(EventType::custom("PLAN")), None);
}

#[test]
fn what_ended_without_an_error_went_well_and_what_was_given_up_says_so() {
    for (outcome, status, message) in [
        (Outcome::Unset, Status::Success, None),
        (Outcome::Ok, Status::Success, None),
        (Outcome::Error, Status::Error, None),
        (Outcome::Cancelled, Status::Error, Some("cancelled")),
        (Outcome::Incomplete, Status::Error, Some("not ended")),
    ] {
        let mut event = event(EventType::LLM, "chat", 1, 0);
        event.outcome = outcome;
        let span = span(&event, ALL);
        assert_eq!((span.status_code, span.status_message.as_deref()), (Some(status), message));
    }
    let mut event = event(EventType::LLM, "chat", 1, 0);
    event.payload.exception = Some(Exception::new("overloaded").with_kind("Busy"));
    event.outcome = Outcome::Error;
    assert_eq!(span(&event, ALL).status_message.as_deref(), Some("Busy: overloaded"));
    event.payload.exception = None;
    event.outcome = Outcome::Unset;
    let begun = unended(&event, ALL);
    assert_eq!(begun.status_code, Some(Status::Error));
    assert_eq!(begun.status_message.as_deref(), Some("not ended"));
}

#[test]
fn stages_have_the_names_of_the_original_for_what_goes_in_and_out() {
    let mut query = event(EventType::QUERY, "answer", 1, 0);
    query.payload.query = Some("why?".into());
    query.payload.response = Some("so".into());
    assert_eq!(results(&query), (json!({"query_str": "why?"}), json!({"response": "so"})));

    let mut complete = event(EventType::LLM, "complete", 1, 0);
    complete.payload.prompt = Some("Once upon".into());
    complete.payload.completion = Some("a time".into());
    assert_eq!(
        results(&complete),
        (json!({"prompt": "Once upon"}), json!({"completion": "a time"}))
    );

    let mut parse = event(EventType::NODE_PARSING, "parse", 1, 0);
    parse.payload.documents = vec![Document::new("one")].into();
    parse.payload.nodes = vec![Document::new("a"), Document::new("b")].into();
    assert_eq!(results(&parse), (json!({"num_documents": 1}), json!({"num_nodes": 2})));

    let mut embed = event(EventType::EMBEDDING, "embed", 1, 0);
    embed.payload.embeddings = vec![Embedding::new("a", vec![0.5, 1.0])].into();
    assert_eq!(results(&embed), (json!({}), json!({"num_chunks": 1, "dimensions": 2})));

    let mut tree = event(EventType::TREE, "tree", 1, 0);
    tree.payload.chunks = vec!["one".into(), "two".into()].into();
    tree.payload.summaries = vec!["both".into()].into();
    tree.payload.level = Some(1);
    assert_eq!(
        results(&tree),
        (json!({"num_chunks": 2, "level": 1}), json!({"summaries": ["both"]}))
    );
}

#[test]
fn what_the_original_left_empty_is_there() {
    let mut retrieve = event(EventType::RETRIEVE, "search", 1, 0);
    retrieve.payload.query = Some("why?".into());
    retrieve.payload.top_k = Some(2);
    retrieve.payload.nodes = vec![
        Document::new("text").with_id("d#1").with_score(0.5).with_metadata(json!({ "page": 3 })),
    ]
    .into();
    let node = json!({"id": "d#1", "score": 0.5, "text": "text", "metadata": {"page": 3}});
    assert_eq!(
        results(&retrieve),
        (json!({"query_str": "why?", "top_k": 2}), json!({"nodes": [node]}))
    );

    let mut tool = event(EventType::FUNCTION_CALL, "search", 1, 0);
    tool.payload.tool = Some(Tool::new("search"));
    tool.payload.function_call = Some(ToolCall::new("search", r#"{"q":1}"#));
    tool.payload.function_output = Some("found".into());
    assert_eq!(
        results(&tool),
        (
            json!({"tool": "search", "function_call": "[call] search({\"q\":1})"}),
            json!({"function_call_response": "found"})
        )
    );

    let mut fill = event(EventType::TEMPLATING, "prompt", 1, 0);
    fill.payload.template =
        Some(Template::new("Answer {q}").with_variables(json!({ "q": "why?" })));
    let expected = json!({"template": "Answer {q}", "template_vars": {"q": "why?"}});
    assert_eq!(results(&fill), (expected, json!({})));

    let mut part = event(EventType::SUB_QUESTION, "part", 1, 0);
    let mut question = SubQuestion::new("why?");
    question.answer = Some("so".into());
    part.payload.sub_question = Some(question);
    assert_eq!(results(&part), (json!({"sub_question": "why?"}), json!({"answer": "so"})));

    let mut chain = event(EventType::CHAIN, "glue", 1, 0);
    chain.payload.input = Some(json!({ "n": 1 }));
    chain.payload.output = Some(json!("x"));
    assert_eq!(results(&chain), (json!({"input": {"n": 1}}), json!({"output": "x"})));
}

#[test]
fn what_is_no_text_in_a_message_has_a_word_and_no_data() {
    let mut call = event(EventType::LLM, "chat", 1, 0);
    let picture = Content::image("data:image/png;base64,iVBORw0KGgo=");
    let message = Message::user("Look").with(picture).with(Content::reasoning("hm"));
    call.payload.messages = vec![message].into();
    let reply = Message::empty("assistant").with_tool_call(ToolCall::new("f", "{}"));
    call.payload.replies = vec![reply].into();
    let (inputs, outputs) = results(&call);
    assert_eq!(inputs["messages"], "user: Look\n[image] data:image/png;base64\n[reasoning] hm");
    assert_eq!(outputs["response"], "[call] f({})");
}

#[test]
fn logs_lost_bytes_and_other_fields_are_attributes_and_no_typed_one_is_replaced() {
    let mut call = event(EventType::LLM, "chat", 1, 0);
    call.payload.model = Some("gpt-5-mini".into());
    call.payload.attributes.insert("model".into(), json!("another"));
    call.payload.attributes.insert("retries".into(), json!(2));
    call.logs.push(Log::new(Timestamp::default(), "try 1 failed"));
    call.lost_bytes = 9;
    let attributes = span(&call, ALL).attributes;
    assert_eq!(attributes["model"], "gpt-5-mini");
    assert_eq!(attributes["retries"], 2);
    assert_eq!(attributes["logs"], json!(["try 1 failed"]));
    assert_eq!(attributes["lost_bytes"], 9);
}

#[test]
fn long_texts_are_cut_wherever_they_stand() {
    let mut retrieve = event(EventType::RETRIEVE, "search", 1, 0);
    retrieve.payload.query = Some("a".repeat(500).into());
    retrieve.payload.nodes = vec![Document::new("b".repeat(500))].into();
    retrieve.payload.attributes.insert("note".into(), json!("c".repeat(500)));
    let short = serde_json::to_string(&span(&retrieve, Clip(10))).unwrap();
    for letter in ["a", "b", "c"] {
        assert!(short.contains(&letter.repeat(10)), "{short}");
        assert!(!short.contains(&letter.repeat(11)), "{short}");
    }
    assert_eq!(short.matches("490 bytes more").count(), 3, "{short}");
}

#[test]
fn without_content_there_are_no_inputs_and_outputs_and_no_metadata() {
    let mut call = event(EventType::LLM, "chat", 1, 0);
    call.payload.prompt = Some("Once upon".into());
    call.payload.usage = Some(Usage::new(3, 1));
    let mut context = Context::default();
    context.metadata = Some(json!({ "name": "Ada" }));
    call.context = Arc::new(context);
    let span = span(&call, Clip(0));
    assert_eq!(span.results, None);
    assert_eq!(span.attributes.get("metadata"), None);
    assert_eq!(span.attributes["total_tokens_used"], 4);
    assert_eq!((input(&call.payload, Clip(0)), output(&call.payload, Clip(0))), (None, None));
}
