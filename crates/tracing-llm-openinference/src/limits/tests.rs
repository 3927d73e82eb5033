use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::ArrayValue;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use proptest::prelude::*;
use tracing_llm::{Document, EventType, Message as Said, Usage};

use super::*;
use crate::testing::event;

/// The span of a chat: a system message, then so many more of so many bytes.
fn chat(messages: usize, bytes: usize) -> Span {
    let mut event = event(EventType::LLM, "chat");
    event.payload.model = Some("gpt-5-mini".into());
    event.payload.usage = Some(Usage::new(120, 30));
    event.payload.messages = std::iter::once(Said::system("be brief"))
        .chain((1..messages).map(|n| Said::user(format!("{n}:{}", "ä".repeat(bytes / 2)))))
        .collect();
    event.payload.replies = vec![Said::assistant("yes")].into();
    Span::from(crate::testing::span(&event))
}

fn values(span: &Span) -> BTreeMap<&str, &Value> {
    let value =
        |pair: &'_ KeyValue| pair.value.as_ref().and_then(|any| any.value.as_ref()).is_some();
    assert!(span.attributes.iter().all(value));
    let map: BTreeMap<&str, &Value> = span
        .attributes
        .iter()
        .map(|pair| (pair.key.as_str(), pair.value.as_ref().unwrap().value.as_ref().unwrap()))
        .collect();
    assert_eq!(map.len(), span.attributes.len(), "a key stands twice");
    map
}

fn text<'a>(span: &'a Span, key: &str) -> &'a str {
    match values(span).get(key) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{key}: {other:?}"),
    }
}

fn says_what_it_is(span: &Span) {
    assert_eq!(text(span, "openinference.span.kind"), "LLM");
    assert_eq!(text(span, "llm.model_name"), "gpt-5-mini");
    assert_eq!(values(span)["llm.token_count.total"], &Value::IntValue(150));
    assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
    assert_eq!(span.name, "chat");
}

#[test]
fn a_span_within_its_limits_is_not_touched() {
    let before = chat(100, 100);
    let mut span = before.clone();
    assert_eq!(apply(&mut span, &Limits::default()), Cut::default());
    assert_eq!(span, before);
}

#[test]
fn of_too_many_messages_the_first_and_the_last_stay_and_the_rest_is_counted() {
    let mut span = chat(2_000, 10);
    let before = span.attributes.len();
    let limits = Limits { attributes: 1_000, ..Limits::default() };
    let cut = apply(&mut span, &limits);
    assert!(span.attributes.len() <= 1_000 && span.attributes.len() > 990);
    says_what_it_is(&span);
    assert_eq!(text(&span, "llm.output_messages.0.message.content"), "yes");
    assert_eq!(text(&span, "llm.input_messages.0.message.content"), "be brief");

    let Value::IntValue(missing) = values(&span)["tracing_llm.dropped_messages"] else { panic!() };
    let last = 1_999 - *missing;
    let first = format!("llm.input_messages.{last}.message.content");
    assert!(text(&span, &first).starts_with("1999:"), "the last message stays the last");
    let second = 2_000 - last;
    assert!(text(&span, "llm.input_messages.1.message.content").starts_with(&format!("{second}:")));
    assert!(
        !values(&span)
            .contains_key(format!("llm.input_messages.{}.message.role", last + 1).as_str())
    );
    let dropped = before + 1 - span.attributes.len();
    assert_eq!(
        (cut.attributes, u64::from(span.dropped_attributes_count)),
        (dropped as u64, dropped as u64)
    );
}

#[test]
fn documents_go_before_messages_and_from_their_end() {
    let mut event = event(EventType::LLM, "chat");
    event.payload.messages = vec![Said::user("why?")].into();
    event.payload.nodes =
        (0..50).map(|n| Document::new(format!("text {n}")).with_id(format!("n{n}"))).collect();
    let mut span = Span::from(crate::testing::span(&event));
    apply(&mut span, &Limits { attributes: 40, ..Limits::default() });
    assert!(span.attributes.len() <= 40);
    assert_eq!(text(&span, "llm.input_messages.0.message.content"), "why?");
    assert_eq!(text(&span, "retrieval.documents.3.document.id"), "n3");
    let documents = span.attributes.iter().filter(|pair| pair.key.ends_with("document.id")).count();
    for n in 0..documents {
        assert_eq!(text(&span, &format!("retrieval.documents.{n}.document.id")), format!("n{n}"));
    }
    assert!(!values(&span).contains_key("tracing_llm.dropped_messages"));
}

#[test]
fn a_prompt_of_twenty_megabytes_is_cut_with_a_mark_and_short_texts_stay_whole() {
    let mut span = chat(3, 20_000_000);
    let limits = Limits::default();
    let cut = apply(&mut span, &limits);
    let size = span.encoded_len();
    assert!(size <= limits.span_bytes && size > limits.span_bytes - 1_000, "{size}");
    says_what_it_is(&span);
    assert_eq!(text(&span, "llm.input_messages.0.message.content"), "be brief");
    assert_eq!(text(&span, "llm.output_messages.0.message.content"), "yes");
    let long = text(&span, "llm.input_messages.1.message.content");
    assert!(
        long.starts_with("1:ää") && long.ends_with(" bytes cut]"),
        "{}",
        &long[long.len() - 40..]
    );
    assert_eq!(values(&span)["tracing_llm.cut_bytes"], &Value::IntValue(cut.bytes as i64));
    assert!(cut.bytes > 70_000_000);
    // The messages as JSON were cut, too: they are text now.
    assert!(text(&span, "input.value").ends_with(" bytes cut]"));
    assert_eq!(text(&span, "input.mime_type"), "text/plain");
}

#[test]
fn where_texts_are_not_enough_vectors_go_and_then_items() {
    let numbers = |length| {
        let value = AnyValue { value: Some(Value::DoubleValue(0.5)) };
        Some(AnyValue {
            value: Some(Value::ArrayValue(ArrayValue { values: vec![value; length] })),
        })
    };
    let mut span = chat(200, 100);
    for n in 0..20 {
        span.attributes.push(KeyValue {
            key: format!("embedding.embeddings.{n}.embedding.vector"),
            value: numbers(1_000 + n),
            ..KeyValue::default()
        });
    }
    let mut without_texts = span.clone();
    let size = span.encoded_len();
    let cut = shrink(&mut span, size - 50_000);
    assert!(span.encoded_len() <= size - 50_000);
    assert!((1..=5).contains(&cut.attributes), "{cut:?}");
    assert!(values(&span).contains_key("embedding.embeddings.0.embedding.vector"));
    assert!(!values(&span).contains_key("embedding.embeddings.19.embedding.vector"));

    shrink(&mut without_texts, 8_000);
    assert!(without_texts.encoded_len() <= 8_000);
    says_what_it_is(&without_texts);
    assert!(values(&without_texts).contains_key("tracing_llm.dropped_messages"));
}

#[test]
fn values_can_be_limited_in_characters() {
    let mut span = chat(3, 1_000);
    apply(&mut span, &Limits { value_characters: Some(100), ..Limits::default() });
    let texts = values(&span).into_values().filter_map(|value| match value {
        Value::StringValue(text) => Some(text.chars().count()),
        _ => None,
    });
    assert!((98..=100).contains(&texts.max().unwrap()));
    assert_eq!(text(&span, "input.mime_type"), "text/plain");
    says_what_it_is(&span);
}

#[test]
fn of_too_many_events_exceptions_stay_and_all_is_counted() {
    let named = |name: &str, attributes: usize| Event {
        name: name.to_owned(),
        attributes: vec![KeyValue::default(); attributes],
        ..Event::default()
    };
    let mut span = Span {
        events: vec![named("log", 1), named("log", 5), named("log", 1), named("exception", 1)],
        links: vec![Link { attributes: vec![KeyValue::default(); 3], ..Link::default() }; 3],
        ..Span::default()
    };
    let limits = Limits {
        events: 3,
        event_attributes: 4,
        links: 2,
        link_attributes: 1,
        ..Limits::default()
    };
    let cut = apply(&mut span, &limits);
    let names: Vec<_> = span.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["log", "log", "exception"]);
    assert_eq!((span.dropped_events_count, span.dropped_links_count), (1, 1));
    assert_eq!(span.events[1].dropped_attributes_count, 1);
    assert_eq!(span.links[0].dropped_attributes_count, 2);
    assert_eq!(cut.attributes, 5);
}

proptest! {
    #[test]
    fn any_span_fits_afterwards_and_still_says_what_it_is(
        texts in prop::collection::vec((".{0,40}", 0usize..400), 0..60),
        bytes in 1_500usize..40_000,
        attributes in 25usize..200,
    ) {
        let mut span = chat(3, 10);
        for (n, (text, times)) in texts.iter().enumerate() {
            let list = ["llm.input_messages", "retrieval.documents", "own"][n % 3];
            span.attributes.push(KeyValue {
                key: format!("{list}.{}.message.x", 3 + n / 3),
                value: Some(AnyValue { value: Some(Value::StringValue(text.repeat(*times))) }),
                ..KeyValue::default()
            });
        }
        let limits = Limits { attributes, span_bytes: bytes, ..Limits::default() };
        let before = span.clone();
        let cut = apply(&mut span, &limits);
        prop_assert!(span.encoded_len() <= bytes, "{} of {bytes}", span.encoded_len());
        // The two counts of ours may come on top.
        prop_assert!(span.attributes.len() <= attributes + 1);
        says_what_it_is(&span);
        prop_assert_eq!(cut == Cut::default(), span == before);
        let lost = before.attributes.len() - span.attributes.len().min(before.attributes.len());
        prop_assert!(cut.attributes >= lost as u64);
    }
}
