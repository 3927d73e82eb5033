//! rig-core and rig-agent 0.44: chats, streams, embeddings, agents.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use serde_json::json;
use tracing_llm::{EventType, Outcome, event_span};
use tracing_llm_libraries::clients::rig;
use tracing_llm_libraries::server::{Reply, Reported};
use tracing_llm_libraries::watch;

const MODEL: &str = "gpt-4o-mini";

fn add() -> Reply {
    Reply::tool_call("add", json!({"x": 1, "y": 2}))
}

#[tokio::test]
async fn a_chat_is_an_llm_event_with_model_and_usage() {
    let run = watch([], async |url| {
        rig::chat(url, MODEL, Some("Answer shortly."), "hi there", false).await
    })
    .await;
    assert_eq!(run.answer.unwrap(), "You said: hi there");
    assert_eq!(run.events.tree(), "llm\n└─ LLM chat\n");
    let chat = run.events.event("chat");
    assert_eq!(chat.payload.model.as_deref(), Some(MODEL));
    assert_eq!(chat.payload.response_model.as_deref(), Some("gpt-4o-mini-2026-01-01"));
    assert_eq!(chat.payload.provider.as_deref(), Some("openai"));
    assert_eq!(chat.payload.response_id.as_deref(), Some("chatcmpl-0"));
    let usage = chat.payload.usage.unwrap();
    assert_eq!((usage.input, usage.output), (Some(10), Some(5)));
    assert_eq!((usage.cache_read, usage.reasoning), (Some(2), Some(1)));
    assert_eq!((run.counted, run.calls), (Reported { input: 10, output: 5 }, 1));
    // Nothing was asked of rig's content telemetry.
    assert!(chat.payload.messages.is_empty() && chat.payload.replies.is_empty());
}

#[tokio::test]
async fn of_a_chat_without_an_agent_rig_tells_the_system_prompt_alone() {
    let run = watch([], async |url| {
        rig::chat(url, MODEL, Some("Answer shortly."), "hi there", true).await
    })
    .await;
    let payload = &run.events.event("chat").payload;
    let messages: Vec<_> =
        payload.messages.iter().map(|it| (it.role.as_str(), it.text())).collect();
    assert_eq!(messages, [("system", "Answer shortly.".into())]);
}

#[tokio::test]
async fn rig_says_nothing_of_a_failed_call_so_its_outcome_stays_open() {
    for status in [400, 429, 500] {
        let run = watch([Reply::Error(status)], async |url| {
            rig::chat(url, MODEL, Some("Answer shortly."), "hi", true).await
        })
        .await;
        assert!(run.answer.is_err());
        let chat = run.events.event("chat");
        assert_eq!((chat.outcome, chat.payload.exception.as_ref()), (Outcome::Unset, None));
        assert_eq!(chat.payload.model.as_deref(), Some(MODEL));
    }
}

#[tokio::test]
async fn nor_does_it_of_a_failed_stream_or_of_failed_embeddings() {
    for reply in [Reply::Error(400), Reply::Error(429), Reply::OutOfQuota, Reply::Error(500)] {
        let stream =
            watch([reply.clone()], async |url| rig::stream(url, MODEL, "hi", None).await).await;
        let embeddings = watch([reply], async |url| rig::embed(url, MODEL, &["hi"]).await).await;
        assert!(stream.answer.is_err() && embeddings.answer.is_err());
        // rig does not try again by itself.
        assert_eq!((stream.log.len(), embeddings.log.len()), (1, 1));
        assert_eq!(stream.events.tree(), "llm\n└─ LLM chat\n");
        assert_eq!(embeddings.events.tree(), "embedding\n└─ EMBEDDING embeddings\n");
        for event in stream.events.ends.iter().chain(&embeddings.events.ends) {
            assert_eq!((event.outcome, event.payload.exception.as_ref()), (Outcome::Unset, None));
            assert_eq!(event.payload.usage, None);
        }
    }
}

#[tokio::test]
async fn a_stream_has_its_usage_once_it_is_finished() {
    let script = [Reply::text("one two three")];
    let run = watch(script, async |url| rig::stream(url, MODEL, "hi", None).await).await;
    assert!(run.answer.unwrap() >= 3);
    assert_eq!(run.events.tree(), "llm\n└─ LLM chat\n");
    let usage = run.events.event("chat").payload.usage.unwrap();
    assert_eq!((usage.input, usage.output), (Some(4), Some(4)));
    assert_eq!(run.counted, run.reported);
}

#[tokio::test]
async fn of_a_stream_that_is_read_to_its_end_but_not_finished_rig_never_tells_the_usage() {
    let script = [Reply::text("one two three")];
    let run = watch(script, async |url| rig::unfinished_stream(url, MODEL, "hi").await).await;
    assert!(run.answer.unwrap() >= 3);
    assert_eq!(run.reported, Reported { input: 4, output: 4 });
    assert_eq!(run.events.tree(), "llm\n└─ LLM chat\n");
    assert_eq!(run.events.event("chat").payload.usage, None);
}

#[tokio::test]
async fn where_the_provider_reports_no_usage_there_is_none_or_it_is_counted_from_the_texts() {
    let uncounted = [Reply::uncounted("one two three")];
    let stream =
        watch(uncounted.clone(), async |url| rig::stream(url, MODEL, "hi", None).await).await;
    // rig asks for it; and of a stream without an agent it tells no texts to count.
    assert_eq!(stream.log[0].request["stream_options"]["include_usage"], json!(true));
    assert_eq!(stream.events.event("chat").payload.usage, None);
    let agent = watch(uncounted, async |url| rig::agent_stream(url, MODEL, "hi").await).await;
    let usage = agent.events.event("chat").payload.usage.unwrap();
    assert!(usage.estimated && usage.input > Some(0) && usage.output == Some(3), "{usage:?}");
    assert_eq!(agent.calls, 1);
}

#[tokio::test]
async fn a_dropped_and_a_broken_stream_end_their_event_without_a_usage() {
    let script = [Reply::text("one two three four")];
    let dropped = watch(script, async |url| rig::stream(url, MODEL, "hi", Some(2)).await).await;
    let broken =
        watch([Reply::Broken], async |url| rig::stream(url, MODEL, "hi", None).await).await;
    assert!(dropped.answer.is_ok() && broken.answer.is_err());
    for events in [dropped.events, broken.events] {
        assert_eq!(events.tree(), "llm\n└─ LLM chat\n");
        let chat = events.event("chat");
        assert_eq!(chat.payload.usage.filter(|usage| !usage.estimated), None);
    }
}

#[tokio::test]
async fn embeddings_are_an_embedding_event() {
    let texts = ["one two", "three"];
    let run = watch([], async |url| rig::embed(url, "text-embedding-3-small", &texts).await).await;
    assert_eq!(run.answer.unwrap(), 2);
    assert_eq!(run.events.tree(), "embedding\n└─ EMBEDDING embeddings\n");
    let event = run.events.event("embeddings");
    assert_eq!(event.model().map(|it| &**it), Some("text-embedding-3-small"));
    assert_eq!(event.payload.usage.unwrap().input, Some(3));
    assert_eq!((run.embedded, run.calls), (3, 1));
}

const AGENT_TREE: &str = "\
agent_step
└─ AGENT_STEP invoke_agent
   ├─ LLM chat
   ├─ FUNCTION_CALL execute_tool
   ├─ LLM chat
   ├─ FUNCTION_CALL execute_tool
   └─ LLM chat
";

#[tokio::test]
async fn an_agent_outside_of_any_span_is_an_agent_step_whose_totals_count_once() {
    for content in [true, false] {
        let script = [add(), add(), Reply::text("The sum is 3")];
        let run = watch(script, async |url| {
            rig::agent(url, MODEL, Some("Use the tool."), "add 1 and 2, twice", content).await
        })
        .await;
        assert_eq!(run.answer.unwrap(), "The sum is 3");
        assert_eq!(run.events.tree(), AGENT_TREE);
        assert_eq!((run.log.len(), run.calls), (3, 3));
        assert_eq!(run.counted, run.reported);
        let agent = run.events.event("invoke_agent");
        assert_eq!(agent.payload.agent.as_deref(), Some("calculator"));
        let texts = [&agent.payload.input, &agent.payload.output];
        let texts = texts.map(|it| it.as_ref().and_then(|it| it.as_str()));
        let said = ["add 1 and 2, twice", "The sum is 3"];
        assert_eq!(texts, said.map(|it| content.then_some(it)));
    }
}

#[tokio::test]
async fn an_agent_inside_of_a_query_hangs_its_calls_below_it() {
    let script = [add(), add(), Reply::text("The sum is 3")];
    let run = watch(script, async |url| {
        use tracing_llm::prelude::*;
        let span = event_span!(QUERY, "answer", query_str = "add 1 and 2, twice");
        rig::agent(url, MODEL, Some("Use the tool."), "add 1 and 2, twice", true)
            .traced(&span)
            .await
    })
    .await;
    assert_eq!(
        run.events.tree(),
        "\
query
└─ QUERY answer [ok]
   ├─ LLM chat
   ├─ FUNCTION_CALL execute_tool
   ├─ LLM chat
   ├─ FUNCTION_CALL execute_tool
   └─ LLM chat
"
    );
    assert_eq!(run.counted, run.reported);
    let query = run.events.event("answer");
    assert_eq!(query.payload.usage, None);
    assert_eq!(query.payload.query.as_deref(), Some("add 1 and 2, twice"));
    let tools = run.events.of_type(EventType::FUNCTION_CALL);
    let call = tools[0].payload.function_call.as_ref().unwrap();
    assert_eq!(
        (&*call.name, call.id.as_deref(), &*call.arguments),
        ("add", Some("call_0_0"), r#"{"x":1,"y":2}"#)
    );
    assert_eq!(tools[0].payload.function_output.as_deref(), Some("3"));
    let chats = run.events.of_type(EventType::LLM);
    let last = &chats[2].payload;
    let roles: Vec<&str> = last.messages.iter().map(|message| &*message.role).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "assistant", "tool"]);
    assert_eq!(last.messages[2].tool_calls[0].id, call.id);
    assert_eq!(last.messages[3].tool_call_id, call.id);
    assert_eq!(last.replies[0].text(), "The sum is 3");
    assert_eq!(last.agent.as_deref(), Some("calculator"));
}

#[tokio::test]
async fn a_streamed_agent_counts_each_usage_once_though_it_is_recorded_twice() {
    let script = [add(), Reply::text("The sum is 3")];
    let run = watch(script, async |url| rig::agent_stream(url, MODEL, "add 1 and 2").await).await;
    assert!(run.answer.is_ok());
    assert_eq!(
        run.events.tree(),
        "\
agent_step
└─ AGENT_STEP invoke_agent
   ├─ LLM chat
   ├─ FUNCTION_CALL execute_tool
   └─ LLM chat
"
    );
    assert_eq!((run.counted, run.calls), (run.reported, 2));
}

#[tokio::test]
async fn an_agent_whose_call_fails_ends_with_it_and_says_nothing_of_the_failure() {
    for reply in [Reply::Error(400), Reply::Error(429), Reply::OutOfQuota, Reply::Error(500)] {
        let script = [add(), reply];
        let whole = watch(script.clone(), async |url| {
            rig::agent(url, MODEL, Some("Use the tool."), "add 1 and 2", true).await.map(drop)
        })
        .await;
        let stream =
            watch(script, async |url| rig::agent_stream(url, MODEL, "add 1 and 2").await.map(drop))
                .await;
        for run in [whole, stream] {
            assert!(run.answer.is_err());
            assert_eq!(
                run.events.tree(),
                "\
agent_step
└─ AGENT_STEP invoke_agent
   ├─ LLM chat
   ├─ FUNCTION_CALL execute_tool
   └─ LLM chat
"
            );
            let chats = run.events.of_type(EventType::LLM);
            let reported = chats.iter().filter_map(|chat| chat.payload.usage);
            let reported: u64 = reported.filter(|it| !it.estimated).filter_map(|it| it.input).sum();
            assert_eq!(reported, run.reported.input);
            assert!(chats[1].payload.replies.is_empty());
            for event in &run.events.ends {
                assert_eq!(event.outcome, Outcome::Unset);
                assert_eq!(event.payload.exception, None);
            }
        }
    }
}
