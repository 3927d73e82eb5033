//! What the user says of recognition.

use tracing::{Level, event, info_span};
use tracing_llm::prelude::*;
use tracing_llm::{Rule, Vocabulary};

use crate::common::*;

fn acme() -> Rule {
    Rule::new("acme", EventType::LLM).span("complete").field("engine", "gen_ai.request.model")
}

#[test]
fn a_rule_recognises_spans_by_target_and_name() {
    with_builder(
        |builder| builder.rule(acme()),
        |stage| {
            info_span!(target: "acme", "complete", engine = "m").in_scope(|| {});
            info_span!(target: "acme::client", "complete", engine = "m").in_scope(|| {});
            info_span!(target: "acme::client", "connect", engine = "m").in_scope(|| {});
            info_span!(target: "acme_other", "complete", engine = "m").in_scope(|| {});
            let captured = stage.flushed();
            assert_eq!(captured.tree(), "llm\n└─ LLM complete\nllm\n└─ LLM complete\n");
            for event in &captured.ends {
                assert_eq!(event.payload.model.as_deref(), Some("m"));
                assert!(event.payload.attributes.is_empty());
            }
        },
    );
}

#[test]
fn a_rule_may_mean_one_target_alone_and_all_its_spans() {
    with_builder(
        |builder| builder.rule(Rule::new("acme", EventType::CHAIN).exact_target()),
        |stage| {
            info_span!(target: "acme", "one").in_scope(|| {});
            info_span!(target: "acme", "two").in_scope(|| {});
            info_span!(target: "acme::client", "three").in_scope(|| {});
            assert_eq!(stage.flushed().tree(), "chain\n└─ CHAIN one\nchain\n└─ CHAIN two\n");
        },
    );
}

#[test]
fn a_rule_goes_before_all_but_our_own_tags_and_the_last_one_counts() {
    with_builder(
        |builder| {
            builder
                .rule(Rule::new("acme", EventType::CHAIN))
                .rule(Rule::new("acme", EventType::GUARDRAIL).span("check"))
                .rule(Rule::new("langchain_rust", EventType::DECISION).span("agent.plan"))
        },
        |stage| {
            info_span!(target: "acme", "kind", openinference.span.kind = "LLM");
            info_span!(target: "acme", "check", gen_ai.operation.name = "chat");
            info_span!(target: "acme", "own", event_type = "TREE");
            info_span!(target: "langchain_rust::agent", "agent.plan");
            let captured = stage.flushed();
            let types: Vec<_> = captured.ends.iter().map(|event| event.event_type).collect();
            assert_eq!(
                types,
                [EventType::CHAIN, EventType::GUARDRAIL, EventType::TREE, EventType::DECISION]
            );
        },
    );
}

#[test]
fn a_field_of_a_rule_may_be_recorded_late_and_may_be_context() {
    with_builder(
        |builder| {
            builder.rule(
                acme()
                    .field("conversation", "session.id")
                    .field("cost_in", "gen_ai.usage.input_tokens"),
            )
        },
        |stage| {
            let span = info_span!(
                target: "acme", "complete", conversation = "s1", cost_in = tracing::field::Empty,
            );
            span.record("cost_in", 7);
            span.in_scope(|| drop(event_span!(EMBEDDING, "embed")));
            drop(span);
            let captured = stage.flushed();
            assert_eq!(captured.event("embed").context.session_id.as_deref(), Some("s1"));
            assert_eq!(captured.event("complete").payload.usage.unwrap().input, Some(7));
        },
    );
}

#[test]
fn a_vocabulary_that_is_off_recognises_nothing_and_fills_nothing() {
    with_builder(
        |builder| {
            builder
                .vocabulary(Vocabulary::GenAi, false)
                .vocabulary(Vocabulary::LangchainRust, false)
        },
        |stage| {
            info_span!("a", gen_ai.operation.name = "chat", gen_ai.request.model = "m");
            info_span!(target: "langchain_rust::x", "llm.generate", model = "m");
            info_span!("b", openinference.span.kind = "LLM", gen_ai.request.model = "m");
            let captured = stage.flushed();
            assert_eq!(captured.tree(), "llm\n└─ LLM b\n");
            let payload = &captured.event("b").payload;
            assert_eq!(payload.model, None);
            assert_eq!(payload.attributes["gen_ai.request.model"], "m");
        },
    );
}

#[test]
fn what_a_rule_says_of_a_field_holds_also_where_the_vocabulary_it_borrows_from_is_off() {
    with_builder(
        |builder| builder.vocabulary(Vocabulary::GenAi, false).rule(acme()),
        |stage| {
            info_span!(target: "acme", "complete", engine = "m", gen_ai.response.id = "r");
            info_span!(
                target: "langchain_rust::observability", "llm.generate",
                model = "m", prompt_tokens = 10, completion_tokens = 4,
            );
            info_span!("plain", gen_ai.operation.name = "chat", gen_ai.request.model = "m");
            let captured = stage.flushed();
            assert_eq!(captured.tree(), "llm\n└─ LLM complete\nllm\n└─ LLM llm.generate\n");
            let own = &captured.event("complete").payload;
            assert_eq!(own.model.as_deref(), Some("m"));
            assert_eq!(own.response_id, None, "its own names mean nothing");
            let library = &captured.event("llm.generate").payload;
            assert_eq!(library.model.as_deref(), Some("m"));
            assert_eq!(library.usage, Some(Usage::new(10, 4)));
        },
    );
}

#[test]
fn each_vocabulary_can_be_switched_off() {
    let off = [
        Vocabulary::LlamaIndex,
        Vocabulary::OpenInference,
        Vocabulary::GenAi,
        Vocabulary::Langfuse,
        Vocabulary::OtherKinds,
        Vocabulary::LangchainRust,
        Vocabulary::Swiftide,
    ];
    with_builder(
        |builder| off.iter().fold(builder, |builder, one| builder.vocabulary(*one, false)),
        |stage| {
            info_span!("a", openinference.span.kind = "LLM", llm.model_name = "m");
            info_span!("b", gen_ai.operation.name = "chat");
            info_span!("c", langfuse.type = "GENERATION");
            info_span!("d", traceloop.span.kind = "agent", langsmith.span.kind = "llm");
            info_span!(target: "langchain_rust", "llm.generate");
            info_span!(target: "swiftide_agents", "agent.run");
            info_span!(
                "ours",
                event_type = "LLM",
                model = "m",
                query_str = "why?",
                session.id = "s"
            );
            let captured = stage.flushed();
            assert_eq!(captured.tree(), "llm\n└─ LLM ours\n");
            let ours = captured.event("ours");
            assert_eq!(ours.payload.model.as_deref(), Some("m"), "our own short form");
            assert_eq!(ours.payload.query, None);
            assert_eq!(
                ours.context.session_id.as_deref(),
                Some("s"),
                "context is read in any case"
            );
        },
    );
}

#[test]
fn an_excluded_target_is_nothing_whatever_it_says() {
    with_builder(
        |builder| builder.exclude_target("billing"),
        |stage| {
            event_span!(QUERY, "answer").in_scope(|| {
                info_span!(target: "billing", "a", event_type = "LLM", session.id = "s1").in_scope(
                    || {
                        drop(event_span!(EMBEDDING, "embed"));
                        event!(target: "billing::log", Level::ERROR, gen_ai.request.model = "m", "failed");
                    },
                );
                info_span!(target: "billing::deep", "b", gen_ai.operation.name = "chat");
                info_span!(target: "billings", "c", gen_ai.operation.name = "chat");
            });
            let captured = stage.flushed();
            assert_eq!(
                captured.tree(),
                "query\n└─ QUERY answer\n   ├─ EMBEDDING embed\n   └─ LLM c\n"
            );
            assert_eq!(captured.event("embed").context.session_id, None);
            assert!(captured.event("answer").logs.is_empty());
        },
    );
}
