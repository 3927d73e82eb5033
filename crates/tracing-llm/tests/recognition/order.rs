//! Which of several things is believed.

use tracing::field::Empty;
use tracing::info_span;
use tracing_llm::prelude::*;
use tracing_llm::testing::Captured;

use crate::common::*;

/// The types of the events, in the order in which they ended.
fn types(captured: &Captured) -> Vec<EventType> {
    captured.ends.iter().map(|event| event.event_type).collect()
}

#[test]
fn the_first_of_the_ways_that_says_something_is_believed() {
    in_both_forms(|stage| {
        // Each line leaves out what the line before went by.
        info_span!(
            "a", llm.event_type = "QUERY", event_type = "TREE", openinference.span.kind = "AGENT",
            gen_ai.operation.name = "embeddings", gen_ai.tool.name = "t",
            langfuse.type = "EVALUATOR", traceloop.span.kind = "workflow",
            langsmith.span.kind = "prompt",
        );
        info_span!(
            "b", event_type = "TREE", openinference.span.kind = "AGENT",
            gen_ai.operation.name = "embeddings", gen_ai.tool.name = "t",
            langfuse.type = "EVALUATOR", traceloop.span.kind = "workflow",
            langsmith.span.kind = "prompt",
        );
        info_span!(
            "c", langsmith.span.kind = "prompt", traceloop.span.kind = "workflow",
            langfuse.type = "EVALUATOR", gen_ai.tool.name = "t",
            gen_ai.operation.name = "embeddings", openinference.span.kind = "AGENT",
        );
        info_span!(
            "d", langsmith.span.kind = "prompt", traceloop.span.kind = "workflow",
            langfuse.type = "EVALUATOR", gen_ai.tool.name = "t",
            gen_ai.operation.name = "embeddings",
        );
        info_span!(
            "e", langsmith.span.kind = "prompt", traceloop.span.kind = "workflow",
            langfuse.type = "EVALUATOR", gen_ai.tool.name = "t",
        );
        info_span!(
            "f", langsmith.span.kind = "prompt", traceloop.span.kind = "workflow",
            langfuse.type = "EVALUATOR",
        );
        info_span!("g", langsmith.span.kind = "prompt", traceloop.span.kind = "workflow");
        info_span!("h", langsmith.span.kind = "prompt");
        // The span's name says LLM.
        info_span!(target: "langchain_rust::x", "llm.generate", langsmith.span.kind = "prompt");
        info_span!(target: "langchain_rust::x", "llm.generate");
        assert_eq!(
            types(&stage.flushed()),
            [
                EventType::QUERY,
                EventType::TREE,
                EventType::AGENT_STEP,
                EventType::EMBEDDING,
                EventType::FUNCTION_CALL,
                EventType::EVALUATOR,
                EventType::CHAIN,
                EventType::TEMPLATING,
                EventType::TEMPLATING,
                EventType::LLM,
            ]
        );
    });
}

#[test]
fn what_names_no_type_leaves_it_to_the_next() {
    in_both_forms(|stage| {
        info_span!(
            "a",
            event_type = "signup",
            gen_ai.operation.name = "dance",
            gen_ai.request.model = "m"
        );
        info_span!(target: "langchain_rust::x", "llm.generate", event_type = "signup");
        assert_eq!(types(&stage.flushed()), [EventType::LLM, EventType::LLM]);
    });
}

#[test]
fn fields_decide_by_having_a_value_and_not_by_being_declared() {
    in_both_forms(|stage| {
        event_span!(QUERY, "answer").in_scope(|| {
            let never = info_span!("request", gen_ai.request.model = Empty, http.route = "/chat");
            never.in_scope(|| drop(event_span!(EMBEDDING, "embed")));
            drop(never);
            info_span!("call", gen_ai.request.model = "m").in_scope(|| {});
        });
        assert_eq!(
            stage.flushed().tree(),
            "query\n└─ QUERY answer\n   ├─ EMBEDDING embed\n   └─ LLM call\n"
        );
    });
}

#[test]
fn a_field_that_decides_may_be_recorded_late() {
    in_both_forms(|stage| {
        let late = info_span!("late", gen_ai.request.model = Empty, gen_ai.tool.name = Empty);
        late.in_scope(|| drop(event_span!(EMBEDDING, "embed")));
        late.record("gen_ai.request.model", "m");
        // It is recognised: another field does not make it something else.
        late.record("gen_ai.tool.name", "search");
        drop(late);
        let captured = stage.flushed();
        assert_eq!(captured.tree(), "llm\n└─ LLM late\n   └─ EMBEDDING embed\n");
        assert_eq!(captured.event("late").payload.model.as_deref(), Some("m"));
    });
}

#[test]
fn of_several_fields_that_decide_the_most_telling_does() {
    in_both_forms(|stage| {
        info_span!("a", gen_ai.request.model = "m", gen_ai.retrieval.query.text = "why?");
        info_span!("b", gen_ai.request.model = "m", gen_ai.embeddings.dimension.count = 3);
        info_span!("c", gen_ai.request.model = "m", gen_ai.tool.name = "search");
        info_span!("d", retrieval.documents = "[]");
        info_span!("e", embedding.model_name = "m");
        info_span!("f", reranker.model_name = "m");
        info_span!("g", llm.model_name = "m");
        assert_eq!(
            types(&stage.flushed()),
            [
                EventType::RETRIEVE,
                EventType::EMBEDDING,
                EventType::FUNCTION_CALL,
                EventType::RETRIEVE,
                EventType::EMBEDDING,
                EventType::RERANKING,
                EventType::LLM,
            ]
        );
    });
}

#[test]
fn a_better_tag_that_comes_after_the_start_is_what_the_end_says() {
    in_both_forms(|stage| {
        let span = info_span!("span", gen_ai.operation.name = Empty, gen_ai.request.model = "m");
        span.in_scope(|| {});
        stage.settled();
        span.record("gen_ai.operation.name", "embeddings");
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.starts[0].event_type, EventType::LLM);
        assert_eq!(captured.ends[0].event_type, EventType::EMBEDDING);
    });
}

#[test]
fn a_worse_tag_that_comes_late_changes_nothing() {
    in_both_forms(|stage| {
        let span = info_span!("span", event_type = "QUERY", gen_ai.operation.name = Empty);
        span.record("gen_ai.operation.name", "chat");
        drop(span);
        assert_eq!(types(&stage.flushed()), [EventType::QUERY]);
    });
}

#[test]
fn a_tag_that_debug_wrote_with_quotation_marks_is_read() {
    in_both_forms(|stage| {
        info_span!("a", event_type = ?"LLM");
        info_span!("b", openinference.span.kind = ?String::from("retriever"));
        let late = info_span!("c", event_type = Empty);
        late.record("event_type", tracing::field::debug("TREE"));
        drop(late);
        // Only those of `Debug`: a value that has some of its own is another value.
        info_span!("d", event_type = "\"LLM\"");
        let captured = stage.flushed();
        assert_eq!(types(&captured), [EventType::LLM, EventType::RETRIEVE, EventType::TREE]);
        assert!(captured.event("a").payload.attributes.is_empty());
        assert_eq!(stage.stats().unknown_tags, 1);
    });
}
