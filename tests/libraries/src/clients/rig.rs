//! rig-core and rig-agent 0.44.

use std::convert::Infallible;

use futures_util::StreamExt;
use rig_agent::AgentBuilder;
use rig_agent::tool::{Tool, ToolContext};
use rig_core::completion::CompletionRequest;
use rig_core::providers::openai::{OpenAI, OpenAIConfig};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Answer;

fn openai(url: &str) -> OpenAI {
    OpenAIConfig::new("no-key").with_base_url(url).client()
}

/// A chat, with a system prompt or without; with `content`, its telemetry has the texts.
///
/// # Errors
///
/// What the provider said.
pub async fn chat(
    url: &str,
    model: &str,
    system: Option<&str>,
    prompt: &str,
    content: bool,
) -> Answer {
    let mut request =
        CompletionRequest::new(prompt).max_tokens(32).record_content_telemetry(content);
    if let Some(system) = system {
        request = request.preamble(system);
    }
    Ok(openai(url).chat(model).call(request).await?.text())
}

/// A chat whose answer comes in pieces; read to its end, or dropped after `pieces`.
///
/// # Errors
///
/// What the provider said.
pub async fn stream(url: &str, model: &str, prompt: &str, pieces: Option<usize>) -> Answer<usize> {
    let mut stream = openai(url).chat(model).stream(asked(prompt))?;
    let mut seen = 0;
    while let Some(item) = stream.next().await {
        item?;
        seen += 1;
        if pieces == Some(seen) {
            return Ok(seen);
        }
    }
    // Without this its span never gets the usage, though the stream is at its end.
    stream.finish().await?;
    Ok(seen)
}

/// The same, read to its end and left there.
///
/// # Errors
///
/// What the provider said.
pub async fn unfinished_stream(url: &str, model: &str, prompt: &str) -> Answer<usize> {
    let mut stream = openai(url).chat(model).stream(asked(prompt))?;
    let mut seen = 0;
    while let Some(item) = stream.next().await {
        item?;
        seen += 1;
    }
    Ok(seen)
}

fn asked(prompt: &str) -> CompletionRequest {
    CompletionRequest::new(prompt).max_tokens(32).record_content_telemetry(true)
}

/// Embeddings of some texts.
///
/// # Errors
///
/// What the provider said.
pub async fn embed(url: &str, model: &str, texts: &[&str]) -> Answer<usize> {
    let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
    Ok(openai(url).embedding(model, Some(3)).call(texts).await?.embeddings.len())
}

/// An agent with a tool `add`, with a system prompt or without; with `content`, its telemetry has the texts.
///
/// # Errors
///
/// What the run ended with.
pub async fn agent(
    url: &str,
    model: &str,
    system: Option<&str>,
    prompt: &str,
    content: bool,
) -> Answer {
    let mut agent = AgentBuilder::new(openai(url).chat(model))
        .name("calculator")
        .max_tokens(64)
        .record_content_telemetry(content);
    if let Some(system) = system {
        agent = agent.preamble(system);
    }
    let agent = agent.tool(Add).build();
    Ok(agent.prompt(prompt).max_turns(5).await?.output().to_owned())
}

/// The same agent, its answers in pieces.
///
/// # Errors
///
/// What the run ended with.
pub async fn agent_stream(url: &str, model: &str, prompt: &str) -> Answer<usize> {
    let agent = AgentBuilder::new(openai(url).chat(model))
        .name("calculator")
        .max_tokens(64)
        .record_content_telemetry(true)
        .tool(Add)
        .build();
    let mut stream = agent.prompt(prompt).max_turns(5).stream();
    let mut seen = 0;
    while let Some(item) = stream.next().await {
        item?;
        seen += 1;
    }
    Ok(seen)
}

#[derive(Deserialize)]
struct Numbers {
    x: i64,
    y: i64,
}

#[derive(Clone)]
struct Add;

impl Tool for Add {
    const NAME: &'static str = "add";
    type Args = Numbers;
    type Output = String;
    type Error = Infallible;

    fn description(&self) -> String {
        String::from("Adds two numbers.")
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
            "required": ["x", "y"],
        })
    }

    async fn call(&self, _: &mut ToolContext, numbers: Numbers) -> Result<String, Infallible> {
        Ok((numbers.x + numbers.y).to_string())
    }
}
