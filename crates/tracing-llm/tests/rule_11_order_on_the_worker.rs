//! Rule 11: enrich, then redact, then the handlers; sampling; and what is not captured at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use common::*;
use serde_json::json;
use tracing::{error, field, info, info_span};
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured};
use tracing_llm::{Annotation, Builder, CaptureContent, Content, Payload, SubQuestion};

/// Masks the word wherever it stands.
fn hides_secrets(_: &'static str, text: &str) -> Option<String> {
    text.contains("secret").then(|| text.replace("secret", "***"))
}

#[track_caller]
fn assert_says_nothing(captured: &Captured, word: &str) {
    let all = serde_json::to_string_pretty(&json!({
        "starts": captured.starts,
        "ends": captured.ends,
        "trace_starts": captured.trace_starts,
        "traces": captured.traces,
    }))
    .unwrap();
    let told: Vec<_> = all.lines().filter(|line| line.contains(word)).collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn an_enricher_sees_the_raw_texts_and_handlers_see_masked_ones_with_what_it_added() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    with_builder(
        |builder| {
            let seen = Arc::clone(&seen);
            builder.redactor(hides_secrets).enricher(move |event: &mut Event| {
                seen.lock().unwrap().push(event.payload.prompt.clone().unwrap());
                event.payload.usage = Some(Usage::of_input(7));
                event.payload.completion = Some("a secret too".into());
            })
        },
        |stage| {
            seen.lock().unwrap().clear();
            let span = event_span!(LLM, "chat");
            span.llm().prompt("the secret");
            drop(span);
            let captured = stage.flushed();
            assert_eq!(*seen.lock().unwrap(), ["the secret"]);
            let payload = &captured.event("chat").payload;
            assert_eq!(payload.prompt.as_deref(), Some("the ***"));
            assert_eq!(payload.completion.as_deref(), Some("a *** too"));
            assert_eq!(payload.usage, Some(Usage::of_input(7)));
        },
    );
}

#[test]
fn enrichers_run_in_the_order_in_which_they_were_given() {
    let adds = |text: &'static str| {
        move |event: &mut Event| {
            let so_far = event.payload.completion.take().unwrap_or_default();
            event.payload.completion = Some(format!("{so_far}{text}").into());
        }
    };
    with_builder(
        |builder| builder.enricher(adds("a")).enricher(adds("b")).enricher(adds("c")),
        |stage| {
            event_span!(LLM, "chat").in_scope(|| {});
            assert_eq!(stage.flushed().event("chat").payload.completion.as_deref(), Some("abc"));
        },
    );
}

/// A payload with the word in every text of content that there is.
fn secret_everywhere() -> Payload {
    let secret = || Text::literal("a secret");
    let nested = || json!({"list": ["a secret", {"deep": "a secret", "number": 1}]});
    let document = || {
        let mut document = Document::new(secret()).with_metadata(nested());
        document.name = Some(secret());
        document.url = Some(secret());
        document
    };
    let tool = || {
        let mut tool = Tool::new("search").with_description(secret()).with_parameters(nested());
        tool.definition = Some(nested());
        tool
    };
    let call = || ToolCall::new("search", secret());
    let message = || {
        let mut message = Message::user(secret())
            .with(Content::reasoning_item(Some(secret()), None, Some(secret()), None))
            .with(Content::image(secret()))
            .with(Content::Audio {
                url: Some(secret()),
                mime_type: None,
                transcript: Some(secret()),
            })
            .with(Content::Video { url: secret() })
            .with(Content::Document(document()))
            .with(Content::ToolUse(call()))
            .with_tool_call(call());
        message.name = Some(secret());
        message
    };
    let mut template = Template::new(secret()).with_variables(nested());
    template.url = Some(secret());
    template.system_prompt = Some(secret());
    template.query_wrapper_prompt = Some(secret());
    let mut part = SubQuestion::new(secret()).with_answer(secret());
    part.sources = vec![document()];

    let mut payload = Payload::default();
    payload.parameters = Some(nested());
    payload.messages = vec![message()].into();
    payload.replies = vec![message()].into();
    payload.prompt = Some(secret());
    payload.completion = Some(secret());
    payload.response = Some(secret());
    payload.tools = vec![tool()].into();
    payload.query = Some(secret());
    payload.documents = vec![document()].into();
    payload.nodes = vec![document()].into();
    payload.chunks = vec![secret()].into();
    payload.embeddings = vec![Embedding::of_text(secret())].into();
    payload.summaries = vec![secret()].into();
    payload.template = Some(template);
    payload.sub_question = Some(part);
    payload.tool = Some(tool());
    payload.function_call = Some(call());
    payload.function_output = Some(secret());
    payload.input = Some(nested());
    payload.output = Some(json!("a secret"));
    payload.serialized = Some(nested());
    payload.additional_kwargs = Some(nested());
    let mut exception = Exception::new(secret());
    exception.stacktrace = Some(secret());
    payload.exception = Some(exception);
    payload.annotations = vec![
        Annotation::new("kind")
            .with_label(secret())
            .with_explanation(secret())
            .with_metadata(nested()),
    ]
    .into();
    payload.attributes.insert("mine".into(), nested());
    payload
}

#[test]
fn redaction_reaches_every_text_also_inside_json() {
    with_builder(
        |builder| {
            builder.redactor(hides_secrets).context_key("tenant").enricher(|event: &mut Event| {
                if event.name == *"everything" {
                    event.payload = secret_everywhere();
                }
            })
        },
        |stage| {
            info_span!(
                "request",
                session.id = "a secret",
                user.id = "a secret",
                tag.tags = r#"["a secret"]"#,
                metadata = r#"{"deep":["a secret"]}"#,
                llm.prompt_template.template = "a secret",
                llm.prompt_template.variables = r#"{"v":"a secret"}"#,
                tenant = "a secret",
            )
            .in_scope(|| {
                event_span!(LLM, "everything").in_scope(|| {});
                let span = event_span!(LLM, "inside", prompt = "a secret", other = "a secret");
                span.in_scope(|| {
                    error!(answer = "a secret", "a secret");
                    span.llm().chunk("a sec").chunk("ret").error("a secret");
                });
            });
            let captured = stage.flushed();
            assert_eq!(captured.ends.len(), 2);
            assert_says_nothing(&captured, "secret");
            assert_eq!(captured.event("inside").logs[0].message, "a *** answer=a ***");
            assert_eq!(captured.event("inside").payload.response.as_deref(), Some("a ***"));
            let deep = &captured.event("everything").payload.input.as_ref().unwrap()["list"][1];
            assert_eq!(*deep, json!({"deep": "a ***", "number": 1}));
        },
    );
}

#[test]
fn the_start_record_is_masked_too() {
    with_builder(
        |builder| builder.redactor(hides_secrets),
        |stage| {
            let span = event_span!(LLM, "chat");
            span.llm().prompt("the secret");
            span.in_scope(|| {
                assert_eq!(stage.flushed().starts[0].payload.prompt.as_deref(), Some("the ***"));
            });
        },
    );
}

#[test]
fn a_redactor_is_told_where_a_text_stands_and_sees_no_names() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    with_builder(
        |builder| {
            let seen = Arc::clone(&seen);
            builder.redactor(move |part: &'static str, text: &str| {
                seen.lock().unwrap().push((part, text.to_owned()));
                None
            })
        },
        |stage| {
            seen.lock().unwrap().clear();
            let span = event_span!(LLM, "chat", model = "gpt-5-mini", session.id = "s-1");
            span.llm().prompt("why?").provider("openai").finish_reason("stop").attribute("a", "b");
            span.in_scope(|| error!("a line"));
            drop(span);
            let captured = stage.flushed();
            let seen = seen.lock().unwrap();
            for expected in
                [("prompt", "why?"), ("context", "s-1"), ("log", "a line"), ("attributes", "b")]
            {
                assert!(
                    seen.iter().any(|(part, text)| (*part, text.as_str()) == expected),
                    "{expected:?}"
                );
            }
            assert!(
                seen.iter()
                    .all(|(_, text)| ["why?", "s-1", "a line", "b"].contains(&text.as_str()))
            );
            assert_eq!(captured.event("chat").payload.prompt.as_deref(), Some("why?"));
        },
    );
}

#[test]
fn texts_are_masked_once_for_all_handlers() {
    let calls = Arc::new(AtomicUsize::new(0));
    with_builder(
        |builder| {
            let calls = Arc::clone(&calls);
            builder.handler(Capture::new()).handler(Capture::new()).redactor(
                move |_: &'static str, _: &str| {
                    calls.fetch_add(1, SeqCst);
                    None
                },
            )
        },
        |stage| {
            calls.store(0, SeqCst);
            let span = event_span!(LLM, "chat");
            span.in_scope(|| {});
            span.llm().prompt("why?");
            drop(span);
            stage.flushed();
            assert_eq!(calls.load(SeqCst), 1);
        },
    );
}

#[test]
fn a_redactor_that_panics_leaks_nothing() {
    with_builder(
        |builder| {
            builder.redactor(|_: &'static str, text: &str| -> Option<String> {
                assert!(!text.contains("secret"), "oh no");
                None
            })
        },
        |stage| {
            let span = event_span!(LLM, "chat", session.id = "a secret");
            span.llm().prompt("the secret").completion("because").input(json!(["a secret"]));
            drop(span);
            let captured = stage.flushed();
            assert_says_nothing(&captured, "secret");
            assert_eq!(captured.event("chat").payload.completion.as_deref(), Some("because"));
            assert!(stage.stats().failures >= 1);
        },
    );
}

fn metadata_only(builder: Builder) -> Builder {
    builder.capture(CaptureContent::Metadata)
}

#[test]
fn with_metadata_only_no_content_is_kept_from_the_start() {
    with_builder(metadata_only, |stage| {
        info_span!("request", session.id = "s-1", llm.prompt_template.template = "a secret")
            .in_scope(|| {
                let span = event_span!(
                    LLM,
                    "chat",
                    model = "gpt-5-mini",
                    prompt = "a secret",
                    input.value = "a secret",
                    retrieval.documents = r#"[{"document.content":"a secret"}]"#,
                    mine = "a secret",
                    gen_ai.usage.input_tokens = 8,
                    error = "a secret",
                    exception.message = field::Empty,
                    exception.r#type = field::Empty,
                );
                span.llm()
                    .messages(vec![Message::user("a secret")])
                    .reply("a secret")
                    .parameters(json!({"stop": "a secret"}))
                    .tool(Tool::new("search").with_description("a secret"))
                    .attribute("other", "a secret")
                    .usage_from(json!({"odd": "a secret"}))
                    .provider("openai")
                    .finish_reason("stop")
                    .top_k(3)
                    .chunk("a secret")
                    .error("a secret");
                span.in_scope(|| {
                    error!("a secret");
                    info!(response = "a secret", llm.token_count.completion = 2);
                });
                span.record("exception.message", "a secret");
                stage.advance(SECOND);
            });
        let captured = stage.flushed();
        assert_says_nothing(&captured, "secret");
        let chat = captured.event("chat");
        assert_eq!((chat.event_type, chat.outcome), (EventType::LLM, Outcome::Error));
        assert_eq!(chat.context.session_id.as_deref(), Some("s-1"));
        assert_eq!(chat.payload.model.as_deref(), Some("gpt-5-mini"));
        assert_eq!(chat.payload.provider.as_deref(), Some("openai"));
        assert_eq!(chat.payload.finish_reason.as_deref(), Some("stop"));
        assert_eq!(chat.payload.usage, Some(Usage::new(8, 2)));
        assert_eq!(chat.payload.top_k, Some(3));
        assert_eq!(chat.payload.stream.as_ref().unwrap().chunks, 1);
        assert!(chat.payload.attributes.is_empty());
        assert_eq!(stage.stats().queued_bytes, 0);
    });
}

#[test]
fn with_metadata_only_the_error_of_instrument_and_of_a_future_says_no_text() {
    #[tracing::instrument(fields(event_type = "LLM"), err)]
    fn chat() -> Result<(), &'static str> {
        Err("a secret")
    }
    with_builder_in_both_runtimes(metadata_only, async |stage| {
        chat().unwrap_err();
        let failed: Result<(), &str> =
            async { Err("a secret") }.try_traced(&event_span!(LLM, "future")).await;
        failed.unwrap_err();
        let captured = stage.flushed();
        assert_says_nothing(&captured, "secret");
        for name in ["chat", "future"] {
            assert_eq!(captured.event(name).outcome, Outcome::Error);
            assert!(captured.event(name).payload.exception.is_some());
        }
    });
}

#[test]
fn with_metadata_only_an_error_that_passes_up_is_still_counted_once() {
    with_builder_in_both_runtimes(metadata_only, async |stage| {
        let failed: Result<(), &str> =
            async { async { Err("overloaded") }.try_traced(&event_span!(LLM, "chat")).await }
                .try_traced(&event_span!(QUERY, "answer"))
                .await;
        failed.unwrap_err();
        let captured = stage.flushed();
        let propagated =
            |name| captured.event(name).payload.exception.as_ref().map(|error| error.propagated);
        assert_eq!(propagated("chat"), Some(false));
        assert_eq!(propagated("answer"), Some(true));
    });
}

#[test]
fn with_metadata_only_no_closure_for_content_runs() {
    let runs = Arc::new(AtomicUsize::new(0));
    with_builder(metadata_only, |stage| {
        let span = event_span!(LLM, "chat");
        let counted = Arc::clone(&runs);
        span.llm().prompt(move || {
            counted.fetch_add(1, SeqCst);
            String::from("a secret")
        });
        drop(span);
        assert_says_nothing(&stage.flushed(), "secret");
        assert_eq!(runs.load(SeqCst), 0);
    });
}

/// Runs so many traces of two events through a layer with random ids.
fn traces(count: usize, build: impl FnOnce(Builder) -> Builder) {
    let (layer, callbacks) = build(tracing_llm::layer()).build();
    let dispatch = subscriber(Form::Filtered, layer, None);
    tracing::dispatcher::with_default(&dispatch, || {
        for _ in 0..count {
            event_span!(QUERY, "answer").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
        }
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
}

#[test]
fn a_sampled_handler_gets_whole_traces_and_the_others_get_all() {
    const COUNT: usize = 400;
    let (some, same, all) = (Capture::new(), Capture::new(), Capture::new());
    traces(COUNT, |builder| {
        builder
            .handler(some.clone().sampled(0.5))
            .handler(same.clone().sampled(0.5))
            .handler(all.clone())
    });
    let (some, same, all) = (some.captured(), same.captured(), all.captured());
    assert_eq!(all.traces.len(), COUNT);
    let taken = some.traces.len();
    assert!(0 < taken && taken < COUNT, "{taken}");
    assert_eq!(
        (some.trace_starts.len(), some.starts.len(), some.ends.len()),
        (taken, 2 * taken, 2 * taken)
    );
    assert_eq!(some.calls, same.calls);
    for event in &some.ends {
        assert!(some.traces.iter().any(|trace| trace.id == event.trace_id));
    }
}

#[test]
fn a_ratio_outside_its_bounds_is_taken_as_the_nearer_one() {
    let ratios = [-1.0, 0.0, 1.0, 7.0, f64::NAN];
    let captures = ratios.map(|_| Capture::new());
    traces(20, |builder| {
        ratios.iter().zip(&captures).fold(builder, |builder, (ratio, capture)| {
            builder.handler(capture.clone().sampled(*ratio))
        })
    });
    let taken = captures.map(|capture| capture.captured().traces.len());
    assert_eq!(taken, [0, 0, 20, 20, 20]);
}

#[test]
fn sampling_follows_the_choice_of_the_process_that_a_trace_continues() {
    let (none, all) = (Capture::new(), Capture::new());
    with_builder(
        |builder| builder.handler(none.clone().sampled(0.0)).handler(all.clone().sampled(1.0)),
        |stage| {
            let header =
                |flags| format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            info_span!("request", traceparent = header("01")).in_scope(|| {
                event_span!(QUERY, "sampled").in_scope(|| event_span!(LLM, "chat").in_scope(|| {}));
            });
            info_span!("request", traceparent = header("00")).in_scope(|| {
                event_span!(QUERY, "not sampled").in_scope(|| {});
            });
            assert_eq!(stage.flushed().ends.len(), 3);
            let names = |capture: &Capture| -> Vec<String> {
                capture
                    .captured()
                    .ends
                    .iter()
                    .rev()
                    .take(2)
                    .map(|end| end.name.to_string())
                    .collect()
            };
            assert_eq!(names(&none), ["sampled", "chat"]);
            assert_eq!(names(&all), ["sampled", "chat"]);
        },
    );
}
