//! genai 0.7 with its feature `otel`.

use futures_util::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, Tool, ToolResponse};
use genai::otel::agent::{AgentSpan, ExecuteToolSpan, execute_tool_span};
use genai::otel::events::EvalResult;
use genai::resolver::{AuthData, Endpoint};
use genai::{Client, ModelIden, ServiceTarget};
use serde_json::json;
use tracing::Instrument;

use super::Answer;

#[allow(clippy::expect_used, reason = "an aid of tests")]
fn client(url: &str) -> Client {
    let url = format!("{url}/");
    Client::builder()
        .with_service_target_resolver_fn(
            move |target: ServiceTarget| -> Result<ServiceTarget, genai::resolver::Error> {
                Ok(ServiceTarget {
                    endpoint: Endpoint::from_owned(url.as_str()),
                    auth: AuthData::from_single("no-key"),
                    model: ModelIden::new(AdapterKind::OpenAI, target.model.model_name),
                })
            },
        )
        .build()
        .expect("a client of plain HTTP")
}

fn request(prompt: &str) -> ChatRequest {
    ChatRequest::new(vec![ChatMessage::system("Answer shortly."), ChatMessage::user(prompt)])
}

fn options() -> ChatOptions {
    ChatOptions::default().with_temperature(0.0).with_max_tokens(32)
}

/// A chat.
///
/// # Errors
///
/// What the provider said.
pub async fn chat(url: &str, model: &str, prompt: &str) -> Answer {
    let reply = client(url).exec_chat(model, request(prompt), Some(&options())).await?;
    Ok(reply.first_text().unwrap_or_default().to_owned())
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
    let options = options().with_capture_usage(usage).with_capture_content(true);
    let mut stream =
        client(url).exec_chat_stream(model, request(prompt), Some(&options)).await?.stream;
    let mut seen = 0;
    while let Some(event) = stream.next().await {
        if let ChatStreamEvent::Chunk(_) = event? {
            seen += 1;
            if pieces == Some(seen) {
                break;
            }
        }
    }
    Ok(seen)
}

/// Embeddings of some texts.
///
/// # Errors
///
/// What the provider said.
pub async fn embed(url: &str, model: &str, texts: &[&str]) -> Answer<usize> {
    let texts = texts.iter().map(|&text| text.to_owned()).collect();
    Ok(client(url).embed_batch(model, texts, None).await?.embeddings.len())
}

/// An agent by hand, as genai's helpers tell it: a call that asks for a tool, the tool, a second
/// call, and a judgement of the answer.
///
/// # Errors
///
/// What the provider said.
pub async fn agent(url: &str, model: &str, prompt: &str) -> Answer {
    let span = AgentSpan::invoke_agent().with_name("calculator").internal().start();
    async {
        let add = Tool::new("add").with_description("Adds two numbers.").with_schema(json!({
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
            "required": ["x", "y"],
        }));
        let client = client(url);
        let request = request(prompt).with_tools(vec![add]);
        let reply = client.exec_chat(model, request.clone(), Some(&options())).await?;
        let calls = reply.into_tool_calls();
        let mut request = request.append_message(calls.clone());
        for call in &calls {
            let span = execute_tool_span(call);
            let sum = span.in_scope(|| {
                let of = |name: &str| call.fn_arguments[name].as_i64().unwrap_or_default();
                (of("x") + of("y")).to_string()
            });
            ExecuteToolSpan::record_result(&span, &sum);
            request = request.append_message(ToolResponse::from_tool_call(call, sum));
        }
        let reply = client.exec_chat(model, request, Some(&options())).await?;
        EvalResult::new("Relevance").with_score_value(0.9).with_score_label("relevant").emit();
        Ok(reply.first_text().unwrap_or_default().to_owned())
    }
    .instrument(span)
    .await
}
