//! langchain-rust 7: chats, streams, embeddings, chains, agents. It tells no texts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use serde_json::json;
use tracing_llm::{EventType, Outcome};
use tracing_llm_libraries::clients::langchain;
use tracing_llm_libraries::server::{Reply, Reported};
use tracing_llm_libraries::watch;

const MODEL: &str = "gpt-4o-mini";

fn add() -> Reply {
    Reply::tool_call("add", json!({"x": 1, "y": 2}))
}

#[tokio::test]
async fn a_chat_is_an_llm_event_with_model_and_usage() {
    let run = watch([], async |url| langchain::chat(url, MODEL, "hi there").await).await;
    assert_eq!(run.answer.unwrap(), "You said: hi there");
    assert_eq!(run.events.tree(), "llm\n└─ LLM llm.generate\n");
    let payload = &run.events.event("llm.generate").payload;
    assert_eq!(payload.model.as_deref(), Some(MODEL));
    assert_eq!(payload.provider.as_deref(), Some("openai"));
    let usage = payload.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.reported_total), (Some(10), Some(5), Some(15)));
    assert_eq!((run.counted, run.calls), (Reported { input: 10, output: 5 }, 1));
}

#[tokio::test]
async fn a_failed_chat_or_stream_is_an_error() {
    let failures =
        [(Reply::Error(400), "The request is not valid"), (Reply::OutOfQuota, "No quota left")];
    for (reply, said) in failures {
        let script = [reply];
        let chat =
            watch(script.clone(), async |url| langchain::chat(url, MODEL, "hi").await.map(drop))
                .await;
        let stream = watch(script, async |url| {
            langchain::stream(url, MODEL, "hi", true, None).await.map(drop)
        })
        .await;
        for run in [chat, stream] {
            assert!(run.answer.is_err());
            assert_eq!(run.log.len(), 1);
            let event = run.events.event("llm.generate");
            assert_eq!(event.outcome, Outcome::Error);
            assert!(event.payload.exception.as_ref().unwrap().message.contains(said));
            assert_eq!(event.payload.usage, None);
        }
    }
}

/// Whoever does not want its prompts in a backend may rely on it.
#[tokio::test]
async fn it_never_tells_texts() {
    let (question, answer) = ("hi there", "The sum is 3");
    let chat = watch([Reply::text(answer)], async |url| {
        langchain::chat(url, MODEL, question).await.map(drop)
    })
    .await;
    let stream = watch([Reply::text(answer)], async |url| {
        langchain::stream(url, MODEL, question, true, None).await.map(drop)
    })
    .await;
    let chain = watch([Reply::text(answer)], async |url| {
        langchain::chain(url, MODEL, question).await.map(drop)
    })
    .await;
    let agent = watch([add(), Reply::text(answer)], async |url| {
        langchain::agent(url, MODEL, question).await.map(drop)
    })
    .await;
    let embeddings =
        watch([], async |url| langchain::embed(url, MODEL, &[question]).await.map(drop)).await;
    for run in [chat, stream, chain, agent, embeddings] {
        run.answer.unwrap();
        let asked: String = run.log.iter().map(|it| it.request.to_string()).collect();
        assert!(asked.contains(question));
        assert!(!run.events.ends.is_empty());
        for event in &run.events.ends {
            let told = serde_json::to_string(event).unwrap();
            // Question, answer, the arguments of the tool and what it gave.
            for text in [question, answer, "Answer shortly", r#"\"x\""#, r#""3""#] {
                assert!(!told.contains(text), "{text} in {told}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_is_tried_again_after_a_rate_limit_is_one_event_that_did_not_fail() {
    let run = watch([Reply::Error(429)], async |url| langchain::chat(url, MODEL, "hi").await).await;
    assert!(run.answer.is_ok());
    let statuses: Vec<u16> = run.log.iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses, [429, 200]);
    assert_eq!(run.events.tree(), "llm\n└─ LLM llm.generate\n");
    assert_eq!((run.counted, run.calls), (run.reported, 1));
}

#[tokio::test]
async fn a_stream_has_the_usage_that_was_asked_for() {
    for usage in [true, false] {
        let script = [Reply::text("one two three")];
        let run =
            watch(script, async |url| langchain::stream(url, MODEL, "hi", usage, None).await).await;
        assert_eq!(run.answer.unwrap(), 3);
        assert_eq!(run.events.tree(), "llm\n└─ LLM llm.generate\n");
        let reported = run.events.event("llm.generate").payload.usage;
        let reported = reported.filter(|usage| !usage.estimated);
        let reported = reported.map(|usage| (usage.input, usage.output));
        assert_eq!(reported, usage.then_some((Some(4), Some(4))));
        if usage {
            assert_eq!(run.counted, run.reported);
        }
    }
}

#[tokio::test]
async fn a_stream_whose_usage_the_provider_leaves_out_has_none() {
    let script = [Reply::uncounted("one two three")];
    let run =
        watch(script, async |url| langchain::stream(url, MODEL, "hi", true, None).await).await;
    assert_eq!(run.log[0].request["stream_options"]["include_usage"], json!(true));
    // There are no texts to count.
    assert_eq!(run.events.event("llm.generate").payload.usage, None);
}

#[tokio::test]
async fn a_dropped_stream_ends_its_event_and_a_broken_one_is_an_error() {
    let script = [Reply::text("one two three")];
    let dropped =
        watch(script, async |url| langchain::stream(url, MODEL, "hi", true, Some(1)).await).await;
    assert!(dropped.answer.is_ok());
    assert_eq!(dropped.events.tree(), "llm\n└─ LLM llm.generate\n");
    let script = [Reply::Broken];
    let broken =
        watch(script, async |url| langchain::stream(url, MODEL, "hi", true, None).await).await;
    assert!(broken.answer.is_err());
    assert_eq!(broken.events.tree(), "llm\n└─ LLM llm.generate [error]\n");
}

#[tokio::test]
async fn embeddings_are_embedding_events_without_a_usage() {
    let texts = ["one two", "three"];
    let model = "text-embedding-3-small";
    let run = watch([], async |url| langchain::embed(url, model, &texts).await).await;
    assert_eq!(run.answer.unwrap(), 2);
    assert_eq!(
        run.events.tree(),
        "embedding\n└─ EMBEDDING embed.documents\nembedding\n└─ EMBEDDING embed.query\n"
    );
    for event in run.events.of_type(EventType::EMBEDDING) {
        assert_eq!(event.payload.model.as_deref(), Some(model));
        assert_eq!(event.payload.usage, None);
    }
}

#[tokio::test]
async fn a_chain_that_is_invoked_shows_its_chat() {
    let run = watch([], async |url| langchain::chain(url, MODEL, "hi there").await).await;
    assert!(run.answer.is_ok());
    assert_eq!(run.events.tree(), "llm\n└─ LLM llm.generate\n");
    assert_eq!(run.counted, run.reported);
}

#[tokio::test]
async fn an_agent_is_an_agent_step_whose_totals_count_once() {
    let script = [add(), add(), Reply::text("The sum is 3")];
    let run = watch(script, async |url| langchain::agent(url, MODEL, "add, twice").await).await;
    assert_eq!(run.answer.unwrap(), "The sum is 3");
    assert_eq!(
        run.events.tree(),
        "\
agent_step
└─ AGENT_STEP agent.run
   ├─ AGENT_STEP agent.plan
   │  └─ CHAIN chain.call
   │     └─ LLM llm.generate
   ├─ FUNCTION_CALL tool.call
   ├─ AGENT_STEP agent.plan
   │  └─ CHAIN chain.call
   │     └─ LLM llm.generate
   ├─ FUNCTION_CALL tool.call
   └─ AGENT_STEP agent.plan
      └─ CHAIN chain.call
         └─ LLM llm.generate
"
    );
    assert_eq!((run.counted, run.calls), (run.reported, 3));
    for tool in run.events.of_type(EventType::FUNCTION_CALL) {
        assert_eq!(tool.payload.tool.as_ref().unwrap().name, "add");
    }
}

#[tokio::test]
async fn an_error_that_passes_up_is_counted_at_the_call_that_failed() {
    let script = [add(), Reply::Error(400)];
    let run = watch(script, async |url| langchain::agent(url, MODEL, "add").await).await;
    assert!(run.answer.is_err());
    assert_eq!(
        run.events.tree(),
        "\
agent_step
└─ AGENT_STEP agent.run [error]
   ├─ AGENT_STEP agent.plan
   │  └─ CHAIN chain.call
   │     └─ LLM llm.generate
   ├─ FUNCTION_CALL tool.call
   └─ AGENT_STEP agent.plan
      └─ CHAIN chain.call [error]
         └─ LLM llm.generate [error]
"
    );
    // `agent.plan`, between the two, says nothing of an error: so `agent.run` has one of its own.
    let own = |name: &str| {
        let mut events = run.events.ends.iter().filter(|event| event.name == *name);
        events.any(|event| event.payload.exception.as_ref().is_some_and(|it| !it.propagated))
    };
    assert!(own("llm.generate") && !own("chain.call"));
}
