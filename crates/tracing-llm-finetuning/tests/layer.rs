//! Real spans become a file that the provider takes.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::PathBuf;
use std::time::Duration;

use tracing_llm::prelude::*;
use tracing_llm::{Tool, ToolCall};
use tracing_llm_finetuning::{FineTuning, Validator};
use tracing_subscriber::prelude::*;

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("{name}-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

fn run(builder: tracing_llm::Builder, pipeline: impl FnOnce()) {
    let (layer, callbacks) = builder.build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    tracing::subscriber::with_default(subscriber, pipeline);
    callbacks.shutdown_blocking(Duration::from_secs(60)).unwrap();
}

#[test]
fn the_calls_of_a_pipeline_are_in_the_file_and_nothing_else() {
    let path = scratch("finetuning-layer");
    let recorder = FineTuning::builder().file(&path).build().unwrap();
    run(tracing_llm::layer().handler(recorder.clone()), || {
        let query = event_span!(QUERY, "answer").entered();
        let chat = event_span!(LLM, "chat", model = "gpt-5-mini");
        chat.llm()
            .messages(vec![Message::user("What is a span?")])
            .tools(vec![Tool::new("search")])
            .replies(vec![
                Message::empty("assistant")
                    .with_tool_call(ToolCall::new("search", r#"{"q":"span"}"#).with_id("c1")),
            ]);
        drop(chat);
        // As a library without this crate does it.
        tracing::info_span!(
            "complete",
            event_type = "LLM",
            formatted_prompt = "A span is",
            completion = " a period of time."
        )
        .in_scope(|| ());
        let failed = event_span!(LLM, "chat");
        failed.llm().messages(vec![Message::user("?")]).error("rate limit");
        drop((failed, query));
    });
    assert_eq!((recorder.counts().recorded, recorder.counts().failed), (2, 1));
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].ends_with(r#""tools": [{"type": "function", "function": {"name": "search"}}]}"#)
    );
    assert_eq!(
        lines[1],
        r#"{"messages": [{"role": "user", "content": "A span is"}, {"role": "assistant", "content": " a period of time."}]}"#
    );
    let report = Validator::openai().least_examples(2).check_file(&path).unwrap();
    assert!(report.is_valid(), "{report}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn what_the_redactor_masks_is_not_in_the_file() {
    let path = scratch("finetuning-redacted");
    let recorder = FineTuning::builder().file(&path).build().unwrap();
    let redactor = |_: &'static str, text: &str| text.contains('@').then(|| String::from("[mail]"));
    run(tracing_llm::layer().redactor(redactor).handler(recorder), || {
        let chat = event_span!(LLM, "chat");
        chat.llm()
            .messages(vec![Message::user("I am ann@example.com")])
            .replies(vec![Message::assistant("Hello.")]);
    });
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("[mail]") && !text.contains("ann@"), "{text}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn without_content_there_are_no_examples_and_that_is_counted() {
    let recorder = FineTuning::new();
    let layer = tracing_llm::layer().capture(tracing_llm::CaptureContent::Metadata);
    run(layer.handler(recorder.clone()), || {
        let chat = event_span!(LLM, "chat");
        chat.llm().messages(vec![Message::user("?")]).reply("!");
    });
    assert_eq!((recorder.counts().recorded, recorder.counts().without_content), (0, 1));
}

#[test]
fn what_is_below_a_suppress_span_is_not_in_the_file_and_that_is_counted() {
    let path = scratch("finetuning-suppressed");
    let recorder = FineTuning::builder().file(&path).build().unwrap();
    run(tracing_llm::layer().handler(recorder.clone()), || {
        let _hidden = tracing_llm::suppress().entered();
        let chat = event_span!(LLM, "chat");
        chat.llm().messages(vec![Message::user("a secret")]).reply("Hush.");
    });
    assert_eq!((recorder.counts().recorded, recorder.counts().suppressed), (0, 1));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    std::fs::remove_file(&path).unwrap();
}
