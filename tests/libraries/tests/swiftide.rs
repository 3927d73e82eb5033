//! swiftide 0.32 with `langfuse`: completions, streams, a query pipeline, agents.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use serde_json::json;
use tracing_llm::{EventType, Outcome};
use tracing_llm_libraries::clients::swiftide;
use tracing_llm_libraries::server::{Reply, Reported};
use tracing_llm_libraries::watch;

const MODEL: &str = "gpt-4o-mini";

fn add() -> Reply {
    Reply::tool_call("add", json!({"x": 1, "y": 2}))
}

#[tokio::test]
async fn a_completion_is_an_llm_event_with_messages_and_usage() {
    let run = watch([], async |url| swiftide::chat(url, MODEL, "hi there").await).await;
    assert_eq!(run.answer.unwrap(), "You said: hi there");
    assert_eq!(run.events.tree(), "llm\n└─ LLM complete\n");
    let payload = &run.events.event("complete").payload;
    assert_eq!(payload.model.as_deref(), Some(MODEL));
    let said: Vec<_> =
        payload.messages.iter().map(|it| (it.role.to_string(), it.text().to_string())).collect();
    let of = |role: &str, text: &str| (role.to_owned(), text.to_owned());
    assert_eq!(said, [of("system", "Answer shortly."), of("user", "hi there")]);
    assert_eq!(payload.replies[0].text(), "You said: hi there");
    let usage = payload.usage.unwrap();
    assert_eq!((usage.input, usage.output), (Some(10), Some(5)));
    assert_eq!((run.counted, run.calls), (Reported { input: 10, output: 5 }, 1));
}

#[tokio::test]
async fn a_prompt_is_an_llm_event_too() {
    let run = watch([], async |url| swiftide::prompt(url, MODEL, "hi there").await).await;
    assert_eq!(run.events.tree(), "llm\n└─ LLM prompt\n");
    let payload = &run.events.event("prompt").payload;
    assert_eq!(payload.messages[0].text(), "hi there");
    assert_eq!(payload.replies[0].text(), "You said: hi there");
    assert_eq!((run.counted, run.calls), (run.reported, 1));
}

#[tokio::test]
async fn a_failed_completion_is_an_error() {
    let failures =
        [(Reply::Error(400), "The request is not valid"), (Reply::OutOfQuota, "No quota left")];
    for (reply, said) in failures {
        let run = watch([reply], async |url| swiftide::chat(url, MODEL, "hi").await).await;
        assert!(run.answer.is_err());
        assert_eq!(run.log.len(), 1);
        let event = run.events.event("complete");
        assert_eq!(event.outcome, Outcome::Error);
        assert!(event.payload.exception.as_ref().unwrap().message.contains(said));
        assert_eq!(event.payload.usage, None);
    }
}

/// The client below swiftide does so, for a quarter of an hour.
#[tokio::test]
async fn a_call_that_is_tried_again_is_one_event_that_did_not_fail() {
    for status in [429, 500] {
        let script = [add(), Reply::Error(status), Reply::text("The sum is 3")];
        let run = watch(script, async |url| swiftide::agent(url, MODEL, "add").await).await;
        assert_eq!(run.answer.unwrap(), "The sum is 3");
        assert_eq!(run.log.iter().map(|it| it.status).collect::<Vec<_>>(), [200, status, 200]);
        let chats = run.events.of_type(EventType::LLM);
        assert_eq!(chats.iter().map(|it| it.outcome).collect::<Vec<_>>(), [Outcome::Unset; 2]);
        assert_eq!((run.counted, run.calls), (run.reported, 2));
    }
}

#[tokio::test]
async fn a_stream_has_its_texts_and_usage_at_its_end() {
    let script = [Reply::text("one two three")];
    let run = watch(script, async |url| swiftide::stream(url, MODEL, "hi", None).await).await;
    assert!(run.answer.is_ok());
    assert_eq!(run.events.tree(), "llm\n└─ LLM stream\n");
    let payload = &run.events.event("stream").payload;
    assert_eq!(payload.messages[1].text(), "hi");
    assert_eq!(payload.replies[0].text(), "one two three");
    assert_eq!((run.counted, run.calls), (run.reported, 1));
}

#[tokio::test]
async fn a_stream_without_a_usage_has_the_tokens_of_its_texts() {
    let script = [Reply::uncounted("one two three")];
    let run = watch(script, async |url| swiftide::stream(url, MODEL, "hi", None).await).await;
    // swiftide asks for it.
    assert_eq!(run.log[0].request["stream_options"]["include_usage"], json!(true));
    let payload = &run.events.event("stream").payload;
    assert_eq!(payload.replies[0].text(), "one two three");
    let usage = payload.usage.unwrap();
    assert!(usage.estimated && usage.input > Some(0) && usage.output == Some(3), "{usage:?}");
}

#[tokio::test]
async fn of_a_stream_that_is_dropped_breaks_or_fails_swiftide_tells_only_that_there_was_one() {
    let script = [Reply::text("one two three four")];
    let dropped =
        watch(script, async |url| swiftide::stream(url, MODEL, "hi", Some(2)).await).await;
    assert!(dropped.answer.is_ok());
    let mut runs = vec![dropped];
    for reply in [Reply::Broken, Reply::Error(400), Reply::Error(429), Reply::Error(500)] {
        let run = watch([reply], async |url| swiftide::stream(url, MODEL, "hi", None).await).await;
        assert!(run.answer.is_err());
        runs.push(run);
    }
    for run in runs {
        assert_eq!(run.events.tree(), "llm\n└─ LLM stream\n");
        let payload = &run.events.event("stream").payload;
        assert_eq!(run.events.event("stream").outcome, Outcome::Unset);
        assert_eq!((payload.usage, payload.exception.as_ref()), (None, None));
        assert_eq!(payload.model, None);
        assert!(payload.messages.is_empty() && payload.replies.is_empty());
        assert_eq!((run.log.len(), run.calls), (1, 1));
    }
}

#[tokio::test]
async fn an_embedding_outside_of_any_span_is_not_seen() {
    // swiftide opens no span for it; its event has no place of its own.
    let run = watch([], async |url| swiftide::embed(url, &["one two", "three"]).await).await;
    assert_eq!(run.answer.unwrap(), 2);
    assert!(run.events.ends.is_empty());
}

#[tokio::test]
async fn a_query_pipeline_is_a_query_with_its_stages() {
    let script = [
        Reply::text("What is a Layer?"),
        Reply::text("for the embedding"),
        Reply::text("A Layer sees spans."),
    ];
    let run =
        watch(script, async |url| swiftide::query(url, MODEL, "What sees spans?").await).await;
    assert_eq!(run.answer.unwrap(), "A Layer sees spans.");
    assert_eq!(
        run.events.tree(),
        "\
query
└─ QUERY query_pipeline.query
   ├─ CHAIN then_transform_query
   │  └─ LLM prompt
   ├─ CHAIN then_transform_query
   │  └─ EMBEDDING transform_query
   ├─ RETRIEVE then_retrieve
   └─ SYNTHESIZE then_answer
      └─ LLM prompt
"
    );
    // What the server reported, the embedding among it, is counted once.
    let [embedding] = run.events.of_type(EventType::EMBEDDING)[..] else { panic!("one embedding") };
    assert_eq!(embedding.payload.model.as_deref(), Some("embedder"));
    assert_eq!(run.counted.output, run.reported.output);
    assert_eq!(run.counted.input + run.embedded, run.reported.input);
    assert_eq!(run.calls, 3);
}

#[tokio::test]
async fn an_agent_is_an_agent_step_with_steps_calls_and_tools() {
    let script = [add(), add(), Reply::text("The sum is 3")];
    let run = watch(script, async |url| swiftide::agent(url, MODEL, "add, twice").await).await;
    assert_eq!(run.answer.unwrap(), "The sum is 3");
    assert_eq!(
        run.events.tree(),
        "\
agent_step
└─ AGENT_STEP agent.query
   ├─ AGENT_STEP step-0
   │  ├─ LLM complete
   │  └─ FUNCTION_CALL tool.add
   ├─ AGENT_STEP step-1
   │  ├─ LLM complete
   │  └─ FUNCTION_CALL tool.add
   └─ AGENT_STEP step-2
      └─ LLM complete
"
    );
    assert_eq!((run.counted, run.calls), (run.reported, 3));
    let tools = run.events.of_type(EventType::FUNCTION_CALL);
    assert_eq!(tools.len(), 2);
    assert_eq!(tools[0].payload.output_text().as_deref(), Some("3"));
    let first = &run.events.of_type(EventType::LLM)[0].payload;
    assert_eq!(first.replies[0].tool_calls[0].name, "add");
    assert!(first.tools.iter().any(|tool| tool.name == "add"));
}

#[tokio::test]
async fn an_error_that_passes_up_is_counted_at_the_call_that_failed() {
    let script = [add(), Reply::Error(400)];
    let run = watch(script, async |url| swiftide::agent(url, MODEL, "add").await).await;
    assert!(run.answer.is_err());
    let own = run.events.ends.iter().filter_map(|event| {
        let exception = event.payload.exception.as_ref()?;
        (!exception.propagated).then(|| event.name.to_string())
    });
    assert_eq!(own.collect::<Vec<_>>(), ["complete"]);
}
