//! Bad input: never a panic; the good part is kept, the rest is counted or kept as text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::fmt;

use common::*;
use serde_json::json;
use tracing::{Span, error, field, info, info_span};
use tracing_llm::SpanId;
use tracing_llm::prelude::*;

#[test]
fn json_that_does_not_parse_is_kept_as_text_and_counted() {
    in_both_forms(|stage| {
        let broken = r#"[{"role":"user","content":"why?""#;
        event_span!(
            LLM,
            "chat",
            messages = broken,
            retrieval.documents = r#"{"broken"#,
            llm.invocation_parameters = "temperature=0",
            model = "gpt-5-mini",
        )
        .in_scope(|| {});
        let captured = stage.flushed();
        let chat = captured.event("chat");
        let all = serde_json::to_value(chat).unwrap().to_string();
        for text in ["why?", "broken", "temperature=0"] {
            assert!(all.contains(text), "{text} is lost");
        }
        assert_eq!(chat.payload.model.as_deref(), Some("gpt-5-mini"));
        assert!(stage.stats().unreadable >= 2);
    });
}

#[test]
fn numbers_that_cannot_be_counts_are_left_out_and_counted() {
    in_both_forms(|stage| {
        event_span!(
            LLM,
            "chat",
            llm.token_count.prompt = -5,
            llm.token_count.completion = u64::MAX,
            llm.token_count.total = 2.5,
            gen_ai.usage.input_tokens = "many",
            top_k = f64::NAN,
            llm.cost.total = f64::INFINITY,
            model = "gpt-5-mini",
        )
        .in_scope(|| {});
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!((payload.usage, payload.cost, payload.top_k), (None, None, None));
        assert_eq!(payload.model.as_deref(), Some("gpt-5-mini"));
        assert_eq!(stage.stats().unreadable, 6);
    });
}

#[test]
fn good_numbers_beside_bad_ones_are_kept() {
    in_both_forms(|stage| {
        let span = event_span!(
            LLM,
            "chat",
            llm.token_count.prompt = 8,
            llm.token_count.completion = field::Empty
        );
        span.record("llm.token_count.completion", -1);
        span.record("llm.token_count.completion", "2");
        span.record("llm.token_count.prompt", f64::NAN);
        drop(span);
        assert_eq!(stage.flushed().event("chat").payload.usage, Some(Usage::new(8, 2)));
        assert_eq!(stage.stats().unreadable, 2);
    });
}

#[test]
fn numbers_of_every_width_arrive() {
    in_both_forms(|stage| {
        let span = event_span!(
            LLM,
            "chat",
            a = u128::MAX,
            b = i128::MIN,
            c = 7_i128,
            d = u64::MAX,
            e = i64::MIN,
            f = 0.1,
            g = f64::NEG_INFINITY,
            h = true,
        );
        drop(span);
        let captured = stage.flushed();
        let attributes = &captured.event("chat").payload.attributes;
        assert_eq!(attributes["a"], json!(u128::MAX.to_string()));
        assert_eq!(attributes["b"], json!(i128::MIN.to_string()));
        assert_eq!(attributes["c"], json!(7));
        assert_eq!(attributes["d"], json!(u64::MAX));
        assert_eq!(attributes["e"], json!(i64::MIN));
        assert_eq!(attributes["f"], json!(0.1));
        assert_eq!(attributes["h"], json!(true));
        assert!(attributes.contains_key("g"), "kept, in whatever way JSON can say it");
    });
}

#[test]
fn a_prompt_of_ten_megabytes_arrives_whole() {
    in_both_forms(|stage| {
        let prompt = "é".repeat(5 * 1024 * 1024);
        event_span!(LLM, "field", prompt = prompt.as_str()).in_scope(|| {});
        let owned = event_span!(LLM, "owned");
        owned.llm().prompt(prompt.clone());
        let line = event_span!(LLM, "line");
        line.in_scope(|| {
            info!(completion = %prompt);
        });
        drop((owned, line));
        let captured = stage.flushed();
        for name in ["field", "owned"] {
            assert_eq!(captured.event(name).payload.prompt.as_deref(), Some(&*prompt), "{name}");
        }
        assert_eq!(captured.event("line").payload.completion.as_deref(), Some(&*prompt));
        assert_eq!((stage.stats().lost_bytes, stage.stats().queued_bytes), (0, 0));
    });
}

#[test]
fn odd_texts_arrive_as_they_are() {
    in_both_forms(|stage| {
        let odd = ["", "\0", "\u{1b}[31mred", "\u{202e}desrever", "a\r\nb\tc", "\u{fffd}", "\"\\"];
        for text in odd {
            let span = event_span!(LLM, "chat", prompt = text);
            span.llm().completion(text);
            drop(span);
        }
        let captured = stage.flushed();
        for (event, text) in captured.ends.iter().zip(odd) {
            assert_eq!(event.payload.prompt.as_deref(), Some(text));
            assert_eq!(event.payload.completion.as_deref(), Some(text));
        }
    });
}

/// Panics when it is formatted.
struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half a ")?;
        panic!("oh no");
    }
}

/// Fails when it is formatted.
struct Fails;

impl fmt::Display for Fails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half a ")?;
        Err(fmt::Error)
    }
}

#[test]
fn a_value_that_panics_or_fails_when_it_is_formatted_loses_itself_only() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat", prompt = ?Panics, completion = %Fails, top_k = 3, response = field::Empty);
        span.record("response", field::debug(Panics));
        span.in_scope(|| {
            error!(odd = ?Panics, "a line");
            info!(query_str = %Fails);
        });
        drop(span);
        event_span!(LLM, "next", prompt = "why?").in_scope(|| {});
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        for text in [&payload.prompt, &payload.completion, &payload.response, &payload.query] {
            assert!(text.as_deref().unwrap().contains("could not be formatted"));
        }
        assert_eq!(payload.top_k, Some(3));
        assert_eq!(captured.event("chat").logs.len(), 1);
        assert_eq!(captured.event("next").payload.prompt.as_deref(), Some("why?"));
    });
}

/// Creates spans and lines of its own when it is formatted.
struct Busy;

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = event_span!(FUNCTION_CALL, "inside", prompt = "its own");
        span.in_scope(|| info!(target: "tracing_llm", completion = "its own"));
        span.record("prompt", field::display("its own again"));
        Span::current().llm().top_k(7);
        f.write_str("busy")
    }
}

#[test]
fn a_value_that_creates_spans_when_it_is_formatted_does_no_harm() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat", prompt = ?Busy, response = field::Empty);
        span.in_scope(|| {
            span.record("response", field::debug(Busy));
            error!(odd = ?Busy, "a line");
            info!(completion = ?Busy);
        });
        drop(span);
        let captured = stage.flushed();
        let payload = &captured.event("chat").payload;
        assert_eq!(payload.prompt.as_deref(), Some("busy"));
        assert_eq!(payload.response.as_deref(), Some("busy"));
        assert_eq!(payload.completion.as_deref(), Some("busy"));
        assert_eq!(captured.event("chat").logs[0].message, "a line odd=busy");
    });
}

#[test]
fn ten_thousand_nested_spans_are_closed_from_the_inside() {
    const DEPTH: usize = 10_000;
    with_builder(
        |builder| builder.trace_map(DEPTH),
        |stage| {
            let mut spans: Vec<Span> = Vec::with_capacity(DEPTH);
            for _ in 0..DEPTH {
                let span = match spans.last() {
                    Some(parent) => event_span!(parent: parent, CHAIN, "link"),
                    None => event_span!(CHAIN, "link"),
                };
                spans.push(span);
            }
            // The innermost brings the starts of all others.
            spans.last().unwrap().in_scope(|| {});
            while let Some(span) = spans.pop() {
                drop(span);
            }
            let captured = stage.flushed();
            assert_eq!((captured.starts.len(), captured.ends.len()), (DEPTH, DEPTH));
            assert_eq!(captured.traces.len(), 1);
            let parents: std::collections::HashMap<SpanId, Option<SpanId>> =
                captured.ends.iter().map(|event| (event.span_id, event.parent_id)).collect();
            let mut depth = 0;
            let mut next = Some(captured.ends[0].span_id);
            while let Some(id) = next {
                depth += 1;
                next = parents[&id];
            }
            assert_eq!(depth, DEPTH);
            assert_eq!(
                captured.traces[0].map.walk().map(|(depth, _)| depth).max(),
                Some(DEPTH - 1)
            );
        },
    );
}

#[test]
fn ten_thousand_nested_spans_that_are_open_at_shutdown_are_delivered() {
    const DEPTH: usize = 10_000;
    in_both_forms(|stage| {
        let mut spans: Vec<Span> = Vec::with_capacity(DEPTH);
        for number in 0..DEPTH {
            let session = number.to_string();
            let span = match spans.last() {
                Some(parent) => event_span!(parent: parent, CHAIN, "link", session.id = session),
                None => event_span!(CHAIN, "link", session.id = session),
            };
            spans.push(span);
        }
        let (result, captured) = stage.shut_down();
        result.unwrap();
        assert_eq!(captured.ends.len(), DEPTH);
        assert!(captured.ends.iter().all(|event| event.outcome == Outcome::Incomplete));
        while let Some(span) = spans.pop() {
            drop(span);
        }
    });
}

#[test]
fn a_handle_may_hold_a_long_chain_of_spans_and_be_dropped_last() {
    const DEPTH: usize = 100_000;
    let (layer, callbacks) = tracing_llm::layer().queue(2 * DEPTH).build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    tracing::dispatcher::with_default(&dispatch, || {
        let mut spans: Vec<Span> = Vec::with_capacity(DEPTH);
        for _ in 0..DEPTH {
            let span = match spans.last() {
                Some(parent) => event_span!(parent: parent, CHAIN, "link", session.id = "s-1"),
                None => event_span!(CHAIN, "link", session.id = "s-1"),
            };
            spans.push(span);
        }
        let innermost = spans.last().unwrap().llm();
        while let Some(span) = spans.pop() {
            drop(span);
        }
        callbacks.flush_blocking(PATIENCE).unwrap();
        // Nothing but this handle holds the chain now. A destructor that calls itself for each
        // link would need more stack than there is.
        drop(innermost);
    });
    callbacks.shutdown_blocking(PATIENCE).ok();
}

#[test]
fn ten_thousand_untagged_and_undecided_spans_are_passed_over() {
    const DEPTH: usize = 10_000;
    beside(sees_all, |stage| {
        let query = event_span!(QUERY, "answer");
        let mut spans = vec![query];
        for number in 0..DEPTH {
            let parent = spans.last().unwrap();
            let span = if number % 2 == 0 {
                info_span!(parent: parent, "untagged")
            } else {
                info_span!(parent: parent, "candidate", event_type = field::Empty)
            };
            spans.push(span);
        }
        let inner = event_span!(parent: spans.last().unwrap(), LLM, "chat");
        inner.in_scope(|| {});
        drop(inner);
        while let Some(span) = spans.pop() {
            drop(span);
        }
        assert_eq!(stage.flushed().tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
    });
}

#[test]
fn json_nested_ten_thousand_deep_is_kept_as_text() {
    in_both_forms(|stage| {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        event_span!(LLM, "chat", messages = deep.as_str(), input.value = deep.as_str())
            .in_scope(|| {});
        let captured = stage.flushed();
        let all = serde_json::to_string(captured.event("chat")).unwrap();
        assert!(all.contains(&"[".repeat(10_000)));
    });
}

#[test]
fn a_flattened_list_with_an_absurd_index_is_kept() {
    in_both_forms(|stage| {
        event_span!(
            LLM,
            "chat",
            "llm.input_messages.18446744073709551615.message.content" = "far",
            "llm.input_messages.99999999999999999999.message.content" = "farther",
            "llm.input_messages.-1.message.content" = "before",
            "llm.input_messages.0.message.content" = "why?",
        )
        .in_scope(|| {});
        let captured = stage.flushed();
        let chat = captured.event("chat");
        let all = serde_json::to_value(chat).unwrap().to_string();
        for text in ["far", "farther", "before", "why?"] {
            assert!(all.contains(text), "{text} is lost");
        }
        assert!(chat.payload.messages.len() < 10);
    });
}

#[test]
fn a_span_with_as_many_fields_as_tracing_allows_arrives() {
    in_both_forms(|stage| {
        event_span!(
            LLM,
            "chat",
            a0 = 0,
            a1 = 1,
            a2 = 2,
            a3 = 3,
            a4 = 4,
            a5 = 5,
            a6 = 6,
            a7 = 7,
            a8 = 8,
            a9 = 9,
            b0 = 0,
            b1 = 1,
            b2 = 2,
            b3 = 3,
            b4 = 4,
            b5 = 5,
            b6 = 6,
            b7 = 7,
            b8 = 8,
            b9 = 9,
            c0 = 0,
            c1 = 1,
            c2 = 2,
            c3 = 3,
            c4 = 4,
            c5 = 5,
            c6 = 6,
            c7 = 7,
            c8 = 8,
            c9 = 9,
        )
        .in_scope(|| {});
        assert_eq!(stage.flushed().event("chat").payload.attributes.len(), 30);
    });
}

#[test]
fn a_span_that_follows_itself_or_one_that_is_gone_does_no_harm() {
    in_both_forms(|stage| {
        let span = event_span!(LLM, "chat");
        span.follows_from(&span);
        let gone = event_span!(LLM, "gone").id();
        span.follows_from(gone);
        span.follows_from(info_span!("untagged"));
        drop(span);
        assert_eq!(stage.flushed().event("chat").links, []);
    });
}

#[test]
fn spans_that_are_dropped_out_of_order_keep_their_places() {
    in_both_forms(|stage| {
        let one = event_span!(QUERY, "one");
        let two = one.in_scope(|| event_span!(RETRIEVE, "two"));
        let three = two.in_scope(|| event_span!(LLM, "three"));
        drop(one);
        drop(two);
        drop(three);
        assert_eq!(
            stage.flushed().tree(),
            "query\n└─ QUERY one\n   └─ RETRIEVE two\n      └─ LLM three\n"
        );
    });
}

#[test]
fn guards_that_are_dropped_out_of_order_do_no_harm() {
    in_both_forms(|stage| {
        let one = event_span!(QUERY, "one").entered();
        let two = event_span!(LLM, "two").entered();
        stage.advance(SECOND);
        drop(one);
        stage.advance(SECOND);
        drop(two);
        let captured = stage.flushed();
        assert_eq!((captured.event("one").busy, captured.event("two").busy), (SECOND, 2 * SECOND));
    });
}
