//! A chat model behind an endpoint that speaks OpenAI's API.

use std::env;
use std::sync::Arc;

use anyhow::{Context, Error, Result, ensure};
use async_openai::Client;
use async_openai::config::{Config, OpenAIConfig};
use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage,
    ChatCompletionRequestUserMessage, ChatCompletionStreamOptions, CreateChatCompletionRequest,
    CreateChatCompletionStreamResponse,
};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde_json::json;
use tracing_llm::EventHandle;
use tracing_llm::prelude::*;

use crate::console::why;
use crate::prompt::Prompt;

pub struct OpenAi {
    client: Arc<Client<OpenAIConfig>>,
    endpoint: String,
    model: String,
}

impl OpenAi {
    /// None if the environment names no endpoint.
    pub fn from_env() -> Result<Option<Self>> {
        let variable = |name| env::var(name).ok().map(|value| value.trim().to_owned());
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let (url, key) = (variable("OPENAI_BASE_URL"), variable("OPENAI_API_KEY"));
        if url.is_none() && key.is_none() {
            return Ok(None);
        }
        let mut config = OpenAIConfig::default();
        if let Some(url) = url {
            config = config.with_api_base(url.trim_end_matches('/'));
        }
        let key = key.unwrap_or_default();
        ensure!(
            key.bytes().all(|byte| byte.is_ascii_graphic()),
            "OPENAI_API_KEY holds a character that no key has"
        );
        config = config.with_api_key(key);

        // Fails if a provider was installed before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().build().context("cannot make an HTTP client")?;
        let endpoint = config.api_base().to_owned();
        let model = variable("OPENAI_MODEL").unwrap_or_else(|| "gpt-5-mini".to_owned());
        Ok(Some(Self { client: Arc::new(Client::build(http, config)), endpoint, model }))
    }

    pub fn describe(&self) -> String {
        format!("{} at {}", self.model, self.endpoint)
    }

    pub fn chat(&self, prompt: &Prompt) -> BoxStream<'static, Result<String>> {
        let span = event_span!(LLM, "chat", model = self.model);
        span.llm()
            .system("openai")
            .messages(Arc::clone(&prompt.messages))
            .parameters(json!({ "stream": true, "stream_options": { "include_usage": true } }));
        let request = CreateChatCompletionRequest {
            model: self.model.clone(),
            messages: prompt.messages.iter().map(message).collect(),
            stream_options: Some(ChatCompletionStreamOptions {
                include_usage: Some(true),
                include_obfuscation: None,
            }),
            ..Default::default()
        };
        let client = Arc::clone(&self.client);
        // The request belongs to the stream: it is sent when the stream is polled first, and its
        // failure is the stream's.
        stream::once(async move { client.chat().create_stream(request).await })
            .try_flatten()
            .map_err(|error| Error::msg(why(&error.into())))
            .try_traced_stream(&span, observe)
            .map_ok(|chunk| texts(&chunk).collect())
            .boxed()
    }
}

/// Tells the event what a chunk brings.
fn observe(chunk: &CreateChatCompletionStreamResponse, llm: &EventHandle) {
    for text in texts(chunk) {
        llm.chunk(text);
    }
    if let Some(reason) = chunk.choices.iter().find_map(|choice| choice.finish_reason) {
        let reason = json!(reason);
        llm.response_model(&chunk.model).response_id(&chunk.id);
        llm.finish_reason(reason.as_str().unwrap_or_default());
    }
    if let Some(usage) = &chunk.usage {
        llm.usage_from(usage.clone());
    }
}

/// The pieces of the answer in a chunk; the first and the last chunks have none.
fn texts(chunk: &CreateChatCompletionStreamResponse) -> impl Iterator<Item = &str> {
    let contents = chunk.choices.iter().filter_map(|choice| choice.delta.content.as_deref());
    contents.filter(|text| !text.is_empty())
}

fn message(message: &Message) -> ChatCompletionRequestMessage {
    let text = message.text();
    match message.role.as_str() {
        "system" => ChatCompletionRequestSystemMessage::from(text.as_str()).into(),
        _ => ChatCompletionRequestUserMessage::from(text.as_str()).into(),
    }
}
