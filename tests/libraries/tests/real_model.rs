//! One run of each library against a real model.
//!
//! Without a model they are listed as ignored: they were not run. `TRACING_LLM_TEST_MODEL` names
//! one: the address of any OpenAI-compatible server, without `/v1`: `http://127.0.0.1:8081`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]
#![allow(clippy::print_stdout, reason = "what a model said is of interest")]

use libtest_mimic::{Arguments, Trial};
use tracing_llm::prelude::*;
use tracing_llm::testing::Captured;
use tracing_llm_libraries::clients::{Answer, async_openai, genai, langchain, rig, swiftide};
use tracing_llm_libraries::observe;
use tracing_llm_tokens::TokenCounter;

const PROMPT: &str = "What is the capital of France?";
const MODEL: &str = "a-small-model";

fn main() {
    let arguments = Arguments::from_args();
    let model = std::env::var("TRACING_LLM_TEST_MODEL").ok().filter(|it| !it.is_empty());
    let trials = vec![
        trial(
            "rig_chats",
            &model,
            async |url| rig::chat(url, MODEL, None, PROMPT, true).await,
            reported,
        ),
        trial(
            "rig_streams",
            &model,
            async |url| rig::stream(url, MODEL, PROMPT, None).await,
            reported,
        ),
        trial(
            "an_agent_of_rig_answers",
            &model,
            async |url| rig::agent(url, MODEL, None, PROMPT, true).await,
            reported,
        ),
        trial("genai_chats", &model, async |url| genai::chat(url, MODEL, PROMPT).await, reported),
        trial(
            "genai_streams",
            &model,
            async |url| genai::stream(url, MODEL, PROMPT, true, None).await,
            reported,
        ),
        trial(
            "langchain_chats",
            &model,
            async |url| langchain::chat(url, MODEL, PROMPT).await,
            reported,
        ),
        trial(
            "langchain_streams",
            &model,
            async |url| langchain::stream(url, MODEL, PROMPT, true, None).await,
            reported,
        ),
        trial(
            "swiftide_chats",
            &model,
            async |url| swiftide::chat(url, MODEL, PROMPT).await,
            reported,
        ),
        trial(
            "swiftide_streams",
            &model,
            async |url| swiftide::stream(url, MODEL, PROMPT, None).await,
            reported,
        ),
        trial(
            "async_openai_chats_in_a_span_of_ours",
            &model,
            async |url| {
                let span = event_span!(LLM, "chat", model = MODEL);
                span.llm().messages([Message::user(PROMPT)]);
                let answer = async_openai::chat(url, MODEL, PROMPT).traced(&span).await?;
                span.llm().reply(answer.clone());
                Ok(answer)
            },
            estimated,
        ),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// A call against the model: ignored, and said so, if there is none.
fn trial<T: std::fmt::Debug>(
    name: &str,
    model: &Option<String>,
    call: impl AsyncFnOnce(&str) -> Answer<T> + Send + 'static,
    check: fn(&Captured, &TokenCounter),
) -> Trial {
    let url = model.as_ref().map(|model| format!("{}/v1", model.trim_end_matches('/')));
    let missing = url.is_none();
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = url.unwrap_or_default();
        let (answer, events, tokens) = runtime.block_on(observe(call(&url)));
        println!("{answer:?}\n{}{:?}", events.tree(), tokens.records());
        answer.map_err(|error| error.to_string())?;
        check(&events, &tokens);
        Ok(())
    })
    .with_kind(if missing { "not run, no model" } else { "" })
    .with_ignored_flag(missing)
}

/// One call whose model and whose usage, as the server reported it, are known.
fn reported(events: &Captured, tokens: &TokenCounter) {
    let [chat] = events.of_type(EventType::LLM)[..] else {
        panic!("one call, not\n{}", events.tree())
    };
    assert_eq!(chat.payload.model.as_deref(), Some(MODEL));
    let usage = chat.payload.usage.unwrap();
    assert!(usage.input > Some(0) && usage.output > Some(0) && !usage.estimated, "{usage:?}");
    assert_eq!((tokens.calls(), tokens.prompt_tokens()), (1, usage.input.unwrap()));
    assert_eq!(tokens.completion_tokens(), usage.output.unwrap());
}

/// One call whose tokens were counted here.
fn estimated(events: &Captured, tokens: &TokenCounter) {
    let usage = events.event("chat").payload.usage.unwrap();
    assert!(usage.estimated && usage.input > Some(0) && usage.output > Some(0), "{usage:?}");
    assert_eq!(tokens.calls(), 1);
}
