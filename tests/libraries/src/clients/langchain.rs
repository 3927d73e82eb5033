//! langchain-rust 7.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use langchain_rust::agent::{AgentExecutor, OpenAiToolAgentBuilder};
use langchain_rust::chain::{Chain, LLMChainBuilder};
use langchain_rust::embedding::{Embedder, openai::OpenAiEmbedder};
use langchain_rust::language_models::{LLMEvent, llm::LLM, options::CallOptions};
use langchain_rust::llm::openai::{OpenAI, OpenAIConfig};
use langchain_rust::prompt::HumanMessagePromptTemplate;
use langchain_rust::schemas::Message;
use langchain_rust::tools::Tool;
use langchain_rust::{fmt_template, message_formatter, prompt_args, template_fstring};
use serde_json::{Value, json};

use super::Answer;

fn config(url: &str) -> OpenAIConfig {
    OpenAIConfig::default().with_api_base(url).with_api_key("no-key")
}

fn openai(url: &str, model: &str) -> OpenAI<OpenAIConfig> {
    OpenAI::new(config(url)).with_model(model).with_options(CallOptions::new().with_max_tokens(32))
}

/// A chat.
///
/// # Errors
///
/// What the provider said.
pub async fn chat(url: &str, model: &str, prompt: &str) -> Answer {
    let messages =
        [Message::new_system_message("Answer shortly."), Message::new_human_message(prompt)];
    Ok(openai(url, model).generate(&messages).await?.generation)
}

/// A chat whose answer comes in pieces; read to its end, or dropped after `pieces`. With `usage`,
/// the provider is asked to report it.
///
/// # Errors
///
/// What the provider said.
pub async fn stream(
    url: &str,
    model: &str,
    prompt: &str,
    usage: bool,
    pieces: Option<usize>,
) -> Answer<usize> {
    let options = CallOptions::new().with_max_tokens(32).with_stream_usage(usage);
    let openai = openai(url, model).with_options(options);
    let messages = [Message::new_human_message(prompt)];
    let mut stream = openai.generate_stream(&messages);
    let mut seen = 0;
    while let Some(event) = stream.next().await {
        if let LLMEvent::Text(_) = event? {
            seen += 1;
            if pieces == Some(seen) {
                break;
            }
        }
    }
    Ok(seen)
}

/// A chain: a template and a chat.
///
/// # Errors
///
/// What the provider said.
pub async fn chain(url: &str, model: &str, question: &str) -> Answer {
    let template = template_fstring!("Answer shortly: {input}", "input");
    let chain = LLMChainBuilder::new()
        .prompt(message_formatter![fmt_template!(HumanMessagePromptTemplate::new(template))])
        .llm(openai(url, model))
        .build()?;
    Ok(chain.invoke(prompt_args! {"input" => question}).await?)
}

/// Embeddings of some texts, and one of a query.
///
/// # Errors
///
/// What the provider said.
pub async fn embed(url: &str, model: &str, texts: &[&str]) -> Answer<usize> {
    let embedder = OpenAiEmbedder::new(config(url)).with_model(model);
    let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
    let documents = embedder.embed_documents(&texts).await?.len();
    embedder.embed_query("a query").await?;
    Ok(documents)
}

/// An agent with a tool `add`.
///
/// # Errors
///
/// What the run ended with.
pub async fn agent(url: &str, model: &str, prompt: &str) -> Answer {
    let tools: Vec<Arc<dyn Tool>> = vec![Arc::new(Add)];
    let agent = OpenAiToolAgentBuilder::new().tools(&tools).build(openai(url, model))?;
    let executor = AgentExecutor::from_agent(agent);
    Ok(executor.invoke(prompt_args! {"input" => prompt}).await?)
}

struct Add;

#[async_trait]
impl Tool for Add {
    fn name(&self) -> String {
        String::from("add")
    }

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

    async fn parse_input(&self, input: &str) -> Value {
        serde_json::from_str(input).unwrap_or_default()
    }

    async fn run(&self, input: Value) -> Result<String, Box<dyn Error>> {
        let of = |name: &str| input[name].as_i64().unwrap_or_default();
        Ok((of("x") + of("y")).to_string())
    }
}
