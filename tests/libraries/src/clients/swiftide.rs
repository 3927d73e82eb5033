//! swiftide 0.32 with its feature `langfuse`.

use std::borrow::Cow;

use async_openai_swiftide::Client;
use async_openai_swiftide::config::OpenAIConfig;
use async_trait::async_trait;
use futures_util::StreamExt;
use serde_json::{Value, json};
use swiftide_agents::Agent;
use swiftide_core::chat_completion::errors::ToolError;
use swiftide_core::chat_completion::{
    ChatCompletion, ChatCompletionRequest, ChatMessage, Tool, ToolCall, ToolOutput, ToolSpec,
};
use swiftide_core::document::Document;
use swiftide_core::querying::search_strategies::SimilaritySingleEmbedding;
use swiftide_core::querying::{Query, states};
use swiftide_core::{AgentContext, EmbeddingModel, SimplePrompt};
use swiftide_integrations::openai::OpenAI;
use swiftide_query::{Pipeline, answers, query_transformers};

use super::Answer;

fn openai(url: &str, model: &str) -> Answer<OpenAI> {
    let config = OpenAIConfig::new().with_api_base(url).with_api_key("no-key");
    Ok(OpenAI::builder()
        .client(Client::with_config(config))
        .default_prompt_model(model)
        .default_embed_model("embedder")
        .build()?)
}

fn request(prompt: &str) -> Answer<ChatCompletionRequest> {
    let messages =
        vec![ChatMessage::System("Answer shortly.".into()), ChatMessage::User(prompt.to_owned())];
    Ok(ChatCompletionRequest::builder().messages(messages).build()?)
}

/// A chat.
///
/// # Errors
///
/// What the provider said.
pub async fn chat(url: &str, model: &str, prompt: &str) -> Answer {
    let reply = openai(url, model)?.complete(&request(prompt)?).await?;
    Ok(reply.message.unwrap_or_default())
}

/// One text in, one text out.
///
/// # Errors
///
/// What the provider said.
pub async fn prompt(url: &str, model: &str, prompt: &str) -> Answer {
    Ok(openai(url, model)?.prompt(prompt.to_owned().into()).await?)
}

/// A chat whose answer comes in pieces; read to its end, or dropped after `pieces`.
///
/// # Errors
///
/// What the provider said.
pub async fn stream(url: &str, model: &str, prompt: &str, pieces: Option<usize>) -> Answer<usize> {
    let mut stream = openai(url, model)?.complete_stream(&request(prompt)?).await;
    let mut seen = 0;
    while let Some(item) = stream.next().await {
        item?;
        seen += 1;
        if pieces == Some(seen) {
            break;
        }
    }
    Ok(seen)
}

/// Embeddings of some texts.
///
/// # Errors
///
/// What the provider said.
pub async fn embed(url: &str, texts: &[&str]) -> Answer<usize> {
    let texts = texts.iter().map(|&text| text.to_owned()).collect();
    Ok(openai(url, "none")?.embed(texts).await?.len())
}

/// A query pipeline: sub-questions, embedding, retrieval, answer.
///
/// # Errors
///
/// What a stage ended with.
pub async fn query(url: &str, model: &str, question: &str) -> Answer {
    let openai = openai(url, model)?;
    let pipeline = Pipeline::default()
        .then_transform_query(query_transformers::GenerateSubquestions::from_client(openai.clone()))
        .then_transform_query(query_transformers::Embed::from_client(openai.clone()))
        .then_retrieve(retrieve)
        .then_answer(answers::Simple::from_client(openai));
    Ok(pipeline.query(question.to_owned()).await?.answer().to_owned())
}

fn retrieve(
    _: &SimilaritySingleEmbedding,
    query: Query<states::Pending>,
) -> anyhow::Result<Query<states::Retrieved>> {
    let documents = ["A Layer sees spans.", "A Subscriber has one."];
    Ok(query.retrieved_documents(documents.map(Document::from).to_vec()))
}

/// An agent with a tool `add`.
///
/// # Errors
///
/// What the run ended with.
pub async fn agent(url: &str, model: &str, prompt: &str) -> Answer {
    let mut agent =
        Agent::builder().llm(&openai(url, model)?).tools([Add.boxed()]).limit(5).build()?;
    agent.query(prompt.to_owned()).await?;
    let history = agent.history().await?;
    let last = history.iter().rev().find_map(|message| match message {
        ChatMessage::Assistant(Some(text), _) => Some(text.clone()),
        _ => None,
    });
    Ok(last.unwrap_or_default())
}

#[derive(Clone)]
struct Add;

#[async_trait]
impl Tool for Add {
    async fn invoke(&self, _: &dyn AgentContext, call: &ToolCall) -> Result<ToolOutput, ToolError> {
        let arguments: Value =
            serde_json::from_str(call.args().unwrap_or("{}")).unwrap_or_default();
        let of = |name: &str| arguments[name].as_i64().unwrap_or_default();
        Ok(ToolOutput::text((of("x") + of("y")).to_string()))
    }

    fn name(&self) -> Cow<'_, str> {
        "add".into()
    }

    fn tool_spec(&self) -> ToolSpec {
        let parameters = json!({
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
            "required": ["x", "y"],
        });
        ToolSpec::builder()
            .name("add")
            .description("Adds two numbers.")
            .parameters_schema(
                serde_json::from_value::<schemars::Schema>(parameters).unwrap_or_default(),
            )
            .build()
            .unwrap_or_default()
    }
}
