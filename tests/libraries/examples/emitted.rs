//! Prints what a library really emits, span by span: what a rule for it is written from.
//!
//! `cargo run -p tracing-llm-libraries --example emitted -- rig agent`; without arguments it tells
//! what there is.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a tool for the terminal")]

use std::time::Duration;

use serde_json::json;
use tracing_llm_libraries::Raw;
use tracing_llm_libraries::clients::{async_openai, genai, langchain, rig, swiftide};
use tracing_llm_libraries::server::{Reply, Server};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

const MODEL: &str = "gpt-4o-mini";
const TEXTS: [&str; 2] = ["one two", "three"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::start().await.expect("a free port on loopback");
    let url = server.url();
    let url = url.as_str();
    if arguments.contains(&"agent") {
        let add = || Reply::tool_call("add", json!({"x": 1, "y": 2}));
        server.will([add(), add(), Reply::text("The sum is 3")]);
    } else if arguments.contains(&"error") {
        server.will([Reply::Error(400)]);
    } else if arguments.contains(&"broken") {
        server.will([Reply::Broken]);
    }
    let raw = Raw::default();
    // What HTTP clients say of themselves is another story.
    let told = filter_fn(|metadata| {
        let target = metadata.target();
        !["h2", "hyper", "log", "mio", "reqwest"].iter().any(|other| target.starts_with(other))
    });
    let subscriber = tracing_subscriber::registry().with(raw.clone().with_filter(told));
    let guard = tracing::subscriber::set_default(subscriber);
    let answer = match arguments[..] {
        ["rig", "chat" | "error"] => {
            debug(rig::chat(url, MODEL, Some("Answer shortly."), "hi", true).await)
        }
        ["rig", "stream" | "broken"] => debug(rig::stream(url, MODEL, "hi", None).await),
        ["rig", "embed"] => debug(rig::embed(url, MODEL, &TEXTS).await),
        ["rig", "agent"] => debug(rig::agent(url, MODEL, Some("Use the tool."), "add", true).await),
        ["genai", "chat" | "error"] => debug(genai::chat(url, MODEL, "hi").await),
        ["genai", "stream" | "broken"] => debug(genai::stream(url, MODEL, "hi", true, None).await),
        ["genai", "embed"] => debug(genai::embed(url, MODEL, &TEXTS).await),
        ["genai", "agent"] => debug(genai::agent(url, MODEL, "add").await),
        ["langchain", "chat" | "error"] => debug(langchain::chat(url, MODEL, "hi").await),
        ["langchain", "stream" | "broken"] => {
            debug(langchain::stream(url, MODEL, "hi", true, None).await)
        }
        ["langchain", "embed"] => debug(langchain::embed(url, MODEL, &TEXTS).await),
        ["langchain", "agent"] => debug(langchain::agent(url, MODEL, "add").await),
        ["swiftide", "chat" | "error"] => debug(swiftide::chat(url, MODEL, "hi").await),
        ["swiftide", "stream" | "broken"] => debug(swiftide::stream(url, MODEL, "hi", None).await),
        ["swiftide", "embed"] => debug(swiftide::embed(url, &TEXTS).await),
        ["swiftide", "agent"] => debug(swiftide::agent(url, MODEL, "add").await),
        ["swiftide", "query"] => debug(swiftide::query(url, MODEL, "why?").await),
        ["async-openai", "chat" | "error"] => debug(async_openai::chat(url, MODEL, "hi").await),
        ["async-openai", "embed"] => debug(async_openai::embed(url, MODEL, &TEXTS).await),
        _ => String::from(
            "emitted LIBRARY CALL: rig, genai, langchain, swiftide or async-openai, and chat, \
             error, stream, broken, embed, agent or query",
        ),
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(guard);
    println!("{}{answer}\n{:#?}", raw.text(), server.log());
}

fn debug(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}
