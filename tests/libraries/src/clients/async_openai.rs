//! async-openai 0.43, which tells `tracing` nothing.

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use serde_json::{Value, json};

use super::Answer;

fn client(url: &str) -> Client<OpenAIConfig> {
    Client::with_config(OpenAIConfig::new().with_api_base(url).with_api_key("no-key"))
}

/// A chat.
///
/// # Errors
///
/// What the provider said.
pub async fn chat(url: &str, model: &str, prompt: &str) -> Answer {
    let request = serde_json::from_value(json!({
        "model": model, "max_tokens": 32, "messages": [{"role": "user", "content": prompt}],
    }))?;
    let reply = client(url).chat().create(request).await?;
    let reply: Value = serde_json::to_value(reply)?;
    Ok(reply["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned())
}

/// Embeddings of some texts.
///
/// # Errors
///
/// What the provider said.
pub async fn embed(url: &str, model: &str, texts: &[&str]) -> Answer<usize> {
    let request = serde_json::from_value(json!({"model": model, "input": texts}))?;
    Ok(client(url).embeddings().create(request).await?.data.len())
}
