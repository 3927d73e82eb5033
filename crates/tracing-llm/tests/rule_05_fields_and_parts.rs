//! Rule 5: where fields and parts come from, and which of them win.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use common::*;
use serde_json::json;
use tracing::{Span, debug, field, info, info_span};
use tracing_llm::prelude::*;
use tracing_llm::{Annotation, Cost, SubQuestion};

#[test]
fn fields_at_creation_fill_the_payload() {
    in_both_forms(|stage| {
        event_span!(RETRIEVE, "search", query_str = "why?", top_k = 3, mine = true).in_scope(|| {});
        let captured = stage.flushed();
        let payload = &captured.event("search").payload;
        assert_eq!(payload.query.as_deref(), Some("why?"));
        assert_eq!(payload.top_k, Some(3));
        assert_eq!(payload.attributes["mine"], json!(true));
    });
}

#[test]
fn plain_tracing_needs_nothing_of_ours() {
    #[tracing::instrument(fields(event_type = "QUERY", query_str = question))]
    fn answer(question: &str) {
        info!(response = "because");
    }
    in_both_forms(|stage| {
        answer("why?");
        let captured = stage.flushed();
        let payload = &captured.event("answer").payload;
        assert_eq!(payload.query.as_deref(), Some("why?"));
        assert_eq!(payload.response.as_deref(), Some("because"));
    });
}

#[test]
fn a_field_that_is_recorded_twice_has_its_later_value() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat", response = "one", top_k = 1);
        span.record("response", "two");
        span.record("top_k", 2);
        span.in_scope(|| {});
        span.record("response", "three");
        drop(span);
        let captured = stage.flushed();
        assert_eq!(captured.starts[0].payload.response.as_deref(), Some("two"));
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.response.as_deref(), Some("three"));
        assert_eq!(payload.top_k, Some(2));
    });
}

#[test]
fn a_part_that_is_attached_twice_has_its_later_value() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.llm().reply("one").top_k(1);
        span.llm().reply("two");
        drop(span);
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.response.as_deref(), Some("two"));
        assert_eq!(payload.top_k, Some(1));
    });
}

#[test]
fn of_a_field_and_a_part_the_later_wins() {
    in_both_forms(|stage| {
        let part_last = event_span!(LLM, "part last", response = "field");
        part_last.llm().reply("part");
        let field_last = event_span!(LLM, "field last", response = field::Empty);
        field_last.llm().reply("part");
        field_last.record("response", "field");
        let line_last = event_span!(LLM, "line last");
        line_last.llm().reply("part");
        line_last.in_scope(|| info!(response = "line"));
        drop((part_last, field_last, line_last));
        let captured = stage.flushed();
        let response = |name| captured.event(name).payload.response.clone().unwrap();
        assert_eq!(response("part last"), "part");
        assert_eq!(response("field last"), "field");
        assert_eq!(response("line last"), "line");
    });
}

#[test]
fn the_later_wins_also_where_the_start_was_delivered_in_between() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat", response = "one", top_k = 1, query_str = field::Empty);
        span.llm().reply("two");
        span.in_scope(|| {});
        assert_eq!(stage.settled().starts, 1);
        span.record("query_str", "three");
        span.llm().query("four");
        span.record("response", "five");
        span.record("top_k", 5);
        span.llm().reply("six").query("seven");
        span.record("query_str", "eight");
        drop(span);
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(captured.starts[0].payload.response.as_deref(), Some("two"));
        assert_eq!(payload.response.as_deref(), Some("six"));
        assert_eq!(payload.query.as_deref(), Some("eight"));
        assert_eq!(payload.top_k, Some(5));
    });
}

#[test]
fn usage_that_comes_in_pieces_is_merged_number_by_number() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.llm().usage(Usage::new(8, 1));
        let mut more = Usage::default();
        more.output = Some(20);
        more.reasoning = Some(5);
        span.llm().usage(more);
        drop(span);
        let captured = stage.flushed();
        let usage = captured.event("chat").payload.usage.unwrap();
        assert_eq!((usage.input, usage.output, usage.reasoning), (Some(8), Some(20), Some(5)));
    });
}

#[test]
fn a_line_inside_brings_bare_names_from_the_spans_own_crate() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| info!(response = "Hi!"));
        assert_eq!(stage.flushed().event("chat").payload.response.as_deref(), Some("Hi!"));
    });
}

#[test]
fn a_line_of_another_crate_brings_no_bare_names() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat", response = "Hi!").in_scope(|| {
            foreign_event!(DEBUG, "response" = "HTTP/1.1 200 OK", "status" = 200_u64);
        });
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.response.as_deref(), Some("Hi!"));
        assert!(payload.attributes.is_empty());
    });
}

#[test]
fn a_line_of_any_crate_brings_dotted_names() {
    beside(sees_all, |stage| {
        event_span!(LLM, "chat").in_scope(|| {
            foreign_event!(
                DEBUG,
                "gen_ai.usage.input_tokens" = 8_u64,
                "gen_ai.response.model" = "m"
            );
            info_span!("untagged").in_scope(|| info!(llm.token_count.completion = 2));
        });
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.usage, Some(Usage::new(8, 2)));
        assert_eq!(payload.response_model.as_deref(), Some("m"));
    });
}

#[test]
fn dotted_fields_of_an_untagged_span_are_those_of_the_event_above() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| {
            let span = info_span!(
                "request",
                gen_ai.response.model = "m",
                gen_ai.usage.input_tokens = field::Empty,
                response = "not the answer",
            );
            span.record("gen_ai.usage.input_tokens", 8);
        });
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.response_model.as_deref(), Some("m"));
        assert_eq!(payload.usage, Some(Usage::of_input(8)));
        assert_eq!(payload.response, None);
    });
}

#[test]
fn one_value_for_each_place_by_whatever_name_it_came() {
    in_both_forms(|stage| {
        let span = event_span!(
            LLM,
            "chat",
            llm.token_count.prompt = 1,
            gen_ai.usage.input_tokens = field::Empty
        );
        span.record("gen_ai.usage.input_tokens", 8);
        drop(span);
        assert_eq!(stage.flushed().event("chat").payload.usage, Some(Usage::of_input(8)));
    });
}

#[test]
fn an_event_is_named_by_otel_name() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "span", otel.name = field::Empty);
        span.record("otel.name", "chat gpt-5-mini");
        span.in_scope(|| {});
        drop(span);
        event_span!(LLM, "as it is").in_scope(|| {});
        let captured = stage.flushed();
        assert!(captured.event("chat gpt-5-mini").renamed);
        assert_eq!(captured.starts[0].name, "chat gpt-5-mini");
        assert!(!captured.event("as it is").renamed);
    });
}

#[test]
fn lists_and_objects_arrive_as_json_text() {
    in_both_forms(|stage| {
        event_span!(
            LLM,
            "chat",
            messages = r#"[{"role":"user","content":"why?"}]"#,
            llm.invocation_parameters = r#"{"temperature":0.5}"#,
            "llm.output_messages.0.message.role" = "assistant",
            "llm.output_messages.0.message.content" = "because",
        )
        .in_scope(|| {});
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(&*payload.messages, &[Message::user("why?")]);
        assert_eq!(payload.replies[0].text(), "because");
        assert_eq!(payload.parameters, Some(json!({"temperature": 0.5})));
    });
}

#[test]
fn a_line_brings_bare_names_only_while_the_event_is_the_current_span() {
    beside(sees_all, |stage| {
        event_span!(LLM, "chat").in_scope(|| {
            info_span!("untagged").in_scope(|| info!(response = "not the answer"));
        });
        assert_eq!(stage.flushed().event("chat").payload.response, None);
    });
}

#[test]
fn a_line_with_our_target_brings_bare_names_from_anywhere() {
    beside(sees_all, |stage| {
        event_span!(LLM, "chat").in_scope(|| {
            info_span!("untagged").in_scope(|| info!(target: "tracing_llm", response = "Hi!"));
        });
        assert_eq!(stage.flushed().event("chat").payload.response.as_deref(), Some("Hi!"));
    });
}

#[test]
fn fields_of_a_line_that_nobody_knows_are_not_the_events() {
    in_both_forms(|stage| {
        event_span!(LLM, "chat").in_scope(|| {
            info!(top_k = 3, mine = true, "a line");
            debug!(unknown = 1);
        });
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.top_k, Some(3));
        assert!(payload.attributes.is_empty());
    });
}

#[test]
fn every_typed_part_arrives() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        let history: Arc<[Message]> = Arc::new([Message::user("why?")]);
        let mut cost = Cost::default();
        cost.total = Some(0.25);
        span.llm()
            .messages(Arc::clone(&history))
            .replies([Message::assistant("because")])
            .tools(vec![Tool::new("search")])
            .prompt(String::from("prompt"))
            .completion(Arc::<str>::from("completion"))
            .reply(Text::literal("reply"))
            .model("gpt-5-mini")
            .response_model("gpt-5-mini-2025-08-07")
            .provider("azure")
            .system("openai")
            .finish_reason("stop")
            .response_id("resp_1")
            .agent("planner")
            .usage(Usage::new(8, 2))
            .cost(cost)
            .parameters(json!({"temperature": 0.5}));
        span.llm()
            .query("query")
            .documents(vec![Document::new("in")])
            .nodes(Arc::new(vec![Document::new("out").with_score(0.5)]))
            .chunks(vec![Text::literal("chunk")])
            .embeddings([Embedding::new("text", vec![0.5, 0.25])])
            .summaries(vec![Text::literal("summary")])
            .top_k(3)
            .dimensions(2)
            .level(1)
            .template(Template::new("Answer {question}"))
            .sub_question(SubQuestion::new("part"))
            .tool(Tool::new("search"))
            .function_call(ToolCall::new("search", "{}"))
            .function_output("found")
            .input(json!({"in": 1}))
            .output(json!({"out": 2}))
            .annotate(Annotation::new("kind").with_score(0.5).with_identifier("1"))
            .annotate(Annotation::new("kind").with_label("yes"))
            .annotate(Annotation::new("kind").with_score(1.0).with_identifier("1"))
            .annotate(Annotation::new("says nothing"))
            .attribute("mine", 3);
        drop(span);
        let captured = stage.flushed();
        let payload = captured.event("chat").payload.clone();
        assert!(Arc::ptr_eq(&payload.messages, &history), "nothing is copied");
        let mut expected = tracing_llm::Payload::default();
        expected.messages = history;
        expected.replies = vec![Message::assistant("because")].into();
        expected.tools = vec![Tool::new("search")].into();
        expected.prompt = Some("prompt".into());
        expected.completion = Some("completion".into());
        expected.response = Some("reply".into());
        expected.model = Some("gpt-5-mini".into());
        expected.response_model = Some("gpt-5-mini-2025-08-07".into());
        expected.provider = Some("azure".into());
        expected.system = Some("openai".into());
        expected.finish_reason = Some("stop".into());
        expected.response_id = Some("resp_1".into());
        expected.agent = Some("planner".into());
        expected.usage = Some(Usage::new(8, 2));
        expected.cost = Some(cost);
        expected.parameters = Some(json!({"temperature": 0.5}));
        expected.query = Some("query".into());
        expected.documents = vec![Document::new("in")].into();
        expected.nodes = vec![Document::new("out").with_score(0.5)].into();
        expected.chunks = vec![Text::literal("chunk")].into();
        expected.embeddings = vec![Embedding::new("text", vec![0.5, 0.25])].into();
        expected.summaries = vec![Text::literal("summary")].into();
        expected.top_k = Some(3);
        expected.dimensions = Some(2);
        expected.level = Some(1);
        expected.template = Some(Template::new("Answer {question}"));
        expected.sub_question = Some(SubQuestion::new("part"));
        expected.tool = Some(Tool::new("search"));
        expected.function_call = Some(ToolCall::new("search", "{}"));
        expected.function_output = Some("found".into());
        expected.input = Some(json!({"in": 1}));
        expected.output = Some(json!({"out": 2}));
        expected.annotations = vec![
            Annotation::new("kind").with_label("yes"),
            Annotation::new("kind").with_score(1.0).with_identifier("1"),
        ]
        .into();
        expected.attributes.insert("mine".into(), json!(3));
        assert_eq!(payload, expected);
        assert_eq!(stage.stats().unreadable, 1, "what says nothing is counted");
    });
}

#[test]
fn a_closure_runs_once_and_on_the_worker() {
    in_both_forms(|stage| {
        let runs = Arc::new(AtomicUsize::new(0));
        let here = std::thread::current().id();
        let span = event_span!(LLM, "chat");
        span.llm().prompt({
            let runs = Arc::clone(&runs);
            move || {
                runs.fetch_add(1, SeqCst);
                assert_ne!(std::thread::current().id(), here);
                String::from("why?")
            }
        });
        span.llm().messages({
            let runs = Arc::clone(&runs);
            move || {
                runs.fetch_add(1, SeqCst);
                vec![Message::user("why?")]
            }
        });
        drop(span);
        let captured = stage.flushed();
        assert_eq!(runs.load(SeqCst), 2);
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.prompt.as_deref(), Some("why?"));
        assert_eq!(payload.messages.len(), 1);
    });
}

#[test]
fn on_a_disabled_span_nothing_is_done() {
    in_both_forms(|stage| {
        let runs = Arc::new(AtomicUsize::new(0));
        // No layer of ours sees a TRACE span; and no span at all is in the second case.
        let trace = event_span!(level: tracing::Level::TRACE, LLM, "chat");
        for span in [trace, Span::none()] {
            let counted = Arc::clone(&runs);
            let counts = move || {
                counted.fetch_add(1, SeqCst);
                String::new()
            };
            let handle = span.llm();
            assert!(!handle.is_enabled());
            handle
                .prompt(counts.clone())
                .completion(counts)
                .model("none")
                .usage(Usage::new(1, 1))
                .input(NotSerialized(Arc::clone(&runs)))
                .error(NotShown(Arc::clone(&runs)))
                .chunk("none")
                .ok()
                .end();
        }
        let captured = stage.flushed();
        assert_eq!(runs.load(SeqCst), 0);
        assert!(captured.calls.iter().all(|call| call == "flush"));
        assert_eq!(stage.stats().late, 0);
    });
}

#[derive(Clone)]
struct NotSerialized(Arc<AtomicUsize>);

impl serde::Serialize for NotSerialized {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, SeqCst);
        serializer.serialize_unit()
    }
}

struct NotShown(Arc<AtomicUsize>);

impl std::fmt::Display for NotShown {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fetch_add(1, SeqCst);
        Ok(())
    }
}

#[test]
fn a_value_that_cannot_be_serialized_is_counted() {
    in_both_forms(|stage| {
        // JSON has no such keys.
        let odd = std::collections::HashMap::from([((1_u8, 2_u8), "three")]);
        let span = event_span!(LLM, "chat");
        span.llm().input(odd.clone()).prompt("why?");
        drop(span);
        let other = event_span!(LLM, "other");
        other.llm().usage_from(odd);
        drop(other);
        let captured = stage.flushed();
        assert_eq!(captured.event("chat").payload.prompt.as_deref(), Some("why?"));
        let stats = stage.stats();
        assert_eq!(stats.unreadable + stats.failures, 2);
    });
}

#[test]
fn parts_may_come_from_many_threads_at_once() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat", response = field::Empty);
        std::thread::scope(|scope| {
            for number in 0..8_usize {
                let span = &span;
                scope.spawn(move || {
                    for _ in 0..100 {
                        span.llm().top_k(number).chunk("x");
                        span.record("response", number.to_string());
                    }
                });
            }
        });
        drop(span);
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert!(payload.top_k.is_some_and(|number| number < 8));
        assert!(payload.response.as_deref().is_some_and(|text| text.parse::<u64>().unwrap() < 8));
        assert_eq!(payload.stream.as_ref().unwrap().chunks, 800);
    });
}

#[test]
fn a_span_that_follows_from_another_is_linked_to_it() {
    in_both_forms(|stage| {
        let one = event_span!(EMBEDDING, "one");
        let two = event_span!(LLM, "two");
        two.follows_from(&one);
        drop((one, two));
        let captured = stage.flushed();
        let (one, two) = (captured.event("one"), captured.event("two"));
        assert_eq!(two.links.len(), 1);
        assert_eq!((two.links[0].trace_id, two.links[0].span_id), (one.trace_id, one.span_id));
        assert!(one.links.is_empty());
    });
}
