use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry::{StringValue, Value};
use serde_json::json;
use tracing_llm::{
    Context, Cost, Embedding, EventType, Exception, Link, Log, Message, Outcome, StreamProgress,
    Template, Trace, TraceId, Usage,
};

use super::shown;
use crate::convert::{Options, root, span as convert};
use crate::testing::{START, by_key, event, span};

fn id(number: u64) -> Option<tracing_llm::SpanId> {
    tracing_llm::SpanId::new(number)
}

#[test]
fn ids_and_times_are_those_of_the_event() {
    let span = span(&event(EventType::QUERY, "answer"));
    assert_eq!(span.span_context.trace_id().to_string(), "0000000000000000000000000000000a");
    assert_eq!(span.span_context.span_id().to_string(), "000000000000000b");
    assert!(span.span_context.is_sampled());
    assert_eq!(span.parent_span_id, SpanId::INVALID);
    assert_eq!(span.span_kind, SpanKind::Internal);
    assert_eq!(span.start_time, START.into());
    assert_eq!(span.end_time, (START + Duration::from_millis(250)).into());
    assert_eq!(span.instrumentation_scope.name(), "tracing-llm-openinference");
}

#[test]
fn a_span_of_a_trace_that_another_process_does_not_sample_has_no_flag_that_says_it_is() {
    let mut event = event(EventType::QUERY, "answer");
    event.links = vec![
        Link { trace_id: event.trace_id, span_id: id(7).unwrap() },
        Link { trace_id: TraceId::new(8).unwrap(), span_id: id(9).unwrap() },
    ];
    let mut trace = Trace::new(event.trace_id, "ask", START);
    trace.scope_id = id(2);
    for (told, flag) in [(Some(false), false), (Some(true), true), (None, true)] {
        (event.sampled, trace.sampled) = (told, told);
        let root = root(&trace, None, Options::default()).unwrap();
        let span = span(&event);
        assert_eq!(span.span_context.is_sampled(), flag, "{told:?}");
        assert_eq!(root.span_context.is_sampled(), flag, "{told:?}");
        assert_eq!(span.links[0].span_context.is_sampled(), flag, "{told:?}");
        assert!(span.links[1].span_context.is_sampled());
    }
}

#[test]
fn the_vendors_list_of_a_trace_is_on_all_its_spans() {
    let mut event = event(EventType::QUERY, "answer");
    event.links = vec![
        Link { trace_id: event.trace_id, span_id: id(7).unwrap() },
        Link { trace_id: TraceId::new(8).unwrap(), span_id: id(9).unwrap() },
    ];
    let mut trace = Trace::new(event.trace_id, "ask", START);
    trace.scope_id = id(2);
    for list in [None, Some("rojo=1,congo=2")] {
        (event.tracestate, trace.tracestate) = (list.map(Into::into), list.map(Into::into));
        let list = list.unwrap_or_default();
        let root = root(&trace, None, Options::default()).unwrap();
        let span = span(&event);
        let states = [&span.span_context, &root.span_context, &span.links[0].span_context]
            .map(|context| context.trace_state().header());
        assert_eq!(states, [list; 3]);
        assert_eq!(span.links[1].span_context.trace_state().header(), "");
    }
}

#[test]
fn the_name_is_the_set_one_then_the_conventions_then_the_spans_then_the_types() {
    let name = |event_type, name, renamed| {
        let mut event = event(event_type, name);
        event.renamed = renamed;
        span(&event).name.into_owned()
    };
    assert_eq!(name(EventType::LLM, "chat", false), "chat");
    assert_eq!(name(EventType::EMBEDDING, "embed", false), "CreateEmbeddings");
    assert_eq!(name(EventType::EMBEDDING, "my embedding", true), "my embedding");
    assert_eq!(name(EventType::SUB_QUESTION, "", false), "sub_question");
    assert_eq!(name(EventType::LLM, "", true), "llm");
}

#[test]
fn the_parent_is_the_event_above_then_the_scope_then_the_remote_span() {
    let mut event = event(EventType::QUERY, "answer");
    event.remote_parent = id(3);
    let remote = span(&event);
    assert_eq!(remote.parent_span_id.to_string(), "0000000000000003");
    assert!(remote.parent_span_is_remote);
    event.scope_id = id(2);
    let scoped = span(&event);
    assert_eq!(scoped.parent_span_id.to_string(), "0000000000000002");
    assert!(!scoped.parent_span_is_remote);
    event.parent_id = id(1);
    assert_eq!(span(&event).parent_span_id.to_string(), "0000000000000001");
}

#[test]
fn only_ok_and_error_are_claimed_as_status() {
    let mut event = event(EventType::LLM, "chat");
    let mut status = |outcome| {
        event.outcome = outcome;
        (span(&event).status, shown(&event).get("tracing_llm.outcome").cloned())
    };
    assert_eq!(status(Outcome::Ok), (Status::Ok, None));
    assert_eq!(status(Outcome::Unset), (Status::Unset, None));
    assert_eq!(status(Outcome::Cancelled), (Status::Unset, Some("cancelled".into())));
    assert_eq!(status(Outcome::Incomplete), (Status::Unset, Some("incomplete".into())));
    assert_eq!(status(Outcome::Error), (Status::error(""), None));
    event.payload.exception = Some(Exception::new("overloaded").with_kind("Overloaded"));
    assert_eq!(span(&event).status, Status::error("Overloaded: overloaded"));
}

#[test]
fn an_exception_is_a_span_event_where_it_is_counted() {
    let mut event = event(EventType::LLM, "chat");
    event.outcome = Outcome::Error;
    let mut exception = Exception::new("overloaded").with_kind("Overloaded");
    exception.stacktrace = Some("caused by: 503".into());
    event.payload.exception = Some(exception.clone());
    let failed = span(&event);
    assert_eq!(failed.events.len(), 1);
    assert_eq!(failed.events[0].name, "exception");
    assert_eq!(failed.events[0].timestamp, failed.end_time);
    let attributes = by_key(&failed.events[0].attributes);
    assert_eq!(attributes["exception.type"], &"Overloaded".into());
    assert_eq!(attributes["exception.message"], &"overloaded".into());
    assert_eq!(attributes["exception.stacktrace"], &"caused by: 503".into());
    assert_eq!(attributes["exception.escaped"], &true.into());

    exception.propagated = true;
    event.payload.exception = Some(exception);
    let above = span(&event);
    assert!(above.events.is_empty());
    assert_eq!(above.status, Status::error("Overloaded: overloaded"));
}

#[test]
fn first_token_logs_and_exception_stand_in_the_order_of_time() {
    let mut event = event(EventType::LLM, "chat");
    event.payload.exception = Some(Exception::new("cut"));
    let mut stream = StreamProgress::default();
    stream.first_token = Some(Duration::from_millis(100));
    stream.chunks = 4;
    event.payload.stream = Some(stream);
    event.logs = vec![Log::new(START + Duration::from_millis(150), "retry 1")];
    let span = span(&event);
    let names: Vec<_> = span.events.iter().map(|event| event.name.as_ref()).collect();
    assert_eq!(names, ["First Token Stream Event", "log", "exception"]);
    assert_eq!(span.events[0].timestamp, (START + Duration::from_millis(100)).into());
    assert_eq!(by_key(&span.events[1].attributes)["log.message"], &"retry 1".into());
    assert_eq!(by_key(&span.events[2].attributes)["exception.escaped"], &false.into());
    let shown = shown(&event);
    assert_eq!(shown["tracing_llm.stream.chunks"], "I64(4)");
    assert_eq!(shown["tracing_llm.stream.finished"], "Bool(false)");
}

#[test]
fn links_are_written() {
    let mut event = event(EventType::QUERY, "answer");
    event.links = vec![Link { trace_id: TraceId::new(7).unwrap(), span_id: id(8).unwrap() }];
    let span = span(&event);
    assert_eq!(span.links.len(), 1);
    assert_eq!(span.links[0].span_context.span_id().to_string(), "0000000000000008");
    assert_eq!(
        span.links[0].span_context.trace_id().to_string(),
        "00000000000000000000000000000007"
    );
}

fn context() -> Context {
    let mut context = Context::default();
    context.session_id = Some("s-1".into());
    context.user_id = Some("u-1".into());
    context.tags = vec!["a".into(), "b".into()];
    context.metadata = Some(json!({"tenant": 7}));
    context.template = Some(Template::new("outer {x}").with_version("1"));
    context.keys.insert("tenant.id".into(), json!(7));
    context
}

#[test]
fn the_context_is_on_every_span() {
    let mut event = event(EventType::RETRIEVE, "search");
    event.context = Arc::new(context());
    let shown = shown(&event);
    assert_eq!(shown["session.id"], "s-1");
    assert_eq!(shown["user.id"], "u-1");
    let tags = vec![StringValue::from("a"), StringValue::from("b")];
    assert_eq!(by_key(&span(&event).attributes)["tag.tags"], &Value::Array(tags.into()));
    assert_eq!(shown["metadata"], r#"{"tenant":7}"#);
    assert_eq!(shown["llm.prompt_template.template"], "outer {x}");
    assert_eq!(shown["tenant.id"], "I64(7)");
}

#[test]
fn the_template_of_the_event_is_not_mixed_with_the_one_around_it() {
    let mut event = event(EventType::LLM, "chat");
    event.context = Arc::new(context());
    event.payload.template = Some(Template::new("inner {y}"));
    let shown = shown(&event);
    assert_eq!(shown["llm.prompt_template.template"], "inner {y}");
    assert_eq!(shown.get("llm.prompt_template.version"), None);
}

#[test]
fn costs_stand_on_leaf_calls_only() {
    let mut cost = Cost::default();
    cost.total = Some(0.003);
    cost.input = Some(0.001);
    cost.output = Some(0.002);
    cost.cache_read = Some(0.0001);
    cost.cache_write = Some(0.0002);
    cost.reasoning = Some(0.0015);
    let mut event = event(EventType::LLM, "chat");
    event.payload.cost = Some(cost);
    let leaf = shown(&event);
    for (key, value) in [
        ("total", "F64(0.003)"),
        ("prompt", "F64(0.001)"),
        ("completion", "F64(0.002)"),
        ("prompt_details.cache_read", "F64(0.0001)"),
        ("prompt_details.cache_write", "F64(0.0002)"),
        ("completion_details.reasoning", "F64(0.0015)"),
    ] {
        assert_eq!(leaf[&format!("llm.cost.{key}")], value);
    }
    event.event_type = EventType::QUERY;
    event.payload.usage = Some(Usage::new(1, 2));
    assert!(!shown(&event).keys().any(|key| key.contains("cost") || key.contains("token")));
}

#[test]
fn estimated_tokens_and_lost_texts_are_said() {
    let mut event = event(EventType::LLM, "chat");
    let mut usage = Usage::new(1, 2);
    usage.estimated = true;
    event.payload.usage = Some(usage);
    event.lost_bytes = 1_000;
    let shown = shown(&event);
    assert_eq!(shown["tracing_llm.usage_estimated"], "Bool(true)");
    assert_eq!(shown["tracing_llm.lost_bytes"], "I64(1000)");
}

#[test]
fn vectors_are_written_only_if_asked_for() {
    let mut event = event(EventType::EMBEDDING, "embed");
    event.payload.embeddings = vec![Embedding::new("a", vec![0.5, 0.25])].into();
    let with = convert(&event, Options { embedding_vectors: true, ..Options::default() });
    assert_eq!(
        by_key(&with.attributes)["embedding.embeddings.0.embedding.vector"],
        &Value::Array(vec![0.5, 0.25].into())
    );
    assert!(!shown(&event).contains_key("embedding.embeddings.0.embedding.vector"));
}

#[test]
fn plain_attributes_come_last_and_replace_nothing() {
    let mut event = event(EventType::LLM, "chat");
    event.payload.model = Some("gpt".into());
    for (key, value) in [("llm.model_name", json!("other")), ("customer", json!(7))] {
        event.payload.attributes.insert(key.into(), value);
    }
    let span = span(&event);
    let last = span.attributes.last().unwrap();
    assert_eq!((last.key.as_str(), &last.value), ("customer", &7.into()));
    assert_eq!(shown(&event)["llm.model_name"], "gpt");
}

#[test]
fn what_a_span_is_stands_before_its_content() {
    let mut event = event(EventType::LLM, "chat");
    event.context = Arc::new(context());
    event.payload.model = Some("gpt".into());
    event.payload.usage = Some(Usage::new(1, 2));
    event.payload.response = Some("yes".into());
    event.payload.messages = (0..200).map(|n| Message::user(format!("message {n}"))).collect();
    let span = span(&event);
    assert!(span.attributes.len() > 400);
    let first: Vec<_> = span.attributes[..128].iter().map(|pair| pair.key.as_str()).collect();
    for key in [
        "openinference.span.kind",
        "session.id",
        "user.id",
        "tag.tags",
        "metadata",
        "llm.model_name",
        "llm.token_count.total",
        "input.value",
        "output.value",
    ] {
        assert!(first.contains(&key), "{key}");
    }
}

#[test]
fn a_picture_in_the_text_is_shortened_in_the_input_and_whole_in_its_message() {
    let url = format!("data:image/png;base64,{}", "A".repeat(5_000));
    let mut event = event(EventType::LLM, "chat");
    let picture = tracing_llm::Content::image(url.as_str());
    event.payload.messages = vec![Message::user("what?").with(picture)].into();
    let shown = shown(&event);
    assert!(shown["input.value"].contains("data:image/png;base64,… (5000 characters)"));
    let whole = "llm.input_messages.0.message.contents.1.message_content.image.image.url";
    assert_eq!(shown[whole], url);
}

fn scope() -> Trace {
    let mut trace = Trace::new(TraceId::new(0xa).unwrap(), "index_construction", START);
    trace.scope_id = id(0xc);
    trace.elapsed = Duration::from_secs(2);
    trace.context = Arc::new(context());
    trace
}

#[test]
fn a_named_trace_is_a_chain_at_the_root() {
    let mut trace = scope();
    trace.remote_parent = id(0xd);
    let span = root(&trace, None, Options::default()).unwrap();
    assert_eq!(span.name, "index_construction");
    assert_eq!(span.span_context.span_id().to_string(), "000000000000000c");
    assert_eq!(span.parent_span_id.to_string(), "000000000000000d");
    assert!(span.parent_span_is_remote);
    assert_eq!(span.end_time, (START + Duration::from_secs(2)).into());
    assert_eq!(span.status, Status::Unset);
    let attributes = by_key(&span.attributes);
    assert_eq!(attributes["openinference.span.kind"], &"CHAIN".into());
    assert_eq!(attributes["session.id"], &"s-1".into());
    assert_eq!(attributes["tenant.id"], &7.into());
    assert_eq!(attributes["llm.prompt_template.template"], &"outer {x}".into());
    assert!(!attributes.contains_key("input.value"));
}

#[test]
fn the_root_shows_what_its_only_event_shows() {
    let mut top = event(EventType::QUERY, "answer");
    top.payload.query = Some("why?".into());
    top.payload.response = Some("because".into());
    let span = root(&scope(), Some(&top), Options::default()).unwrap();
    let attributes = by_key(&span.attributes);
    assert_eq!(attributes["input.value"], &"why?".into());
    assert_eq!(attributes["output.value"], &"because".into());
    assert_eq!(span.status, Status::Ok);
}

#[test]
fn a_trace_without_a_scope_has_no_span_of_its_own() {
    let mut trace = scope();
    trace.scope_id = None;
    assert_eq!(root(&trace, None, Options::default()), None);
}
