//! async-openai, whose calls go through the layer around its own client.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod common;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use async_openai::types::chat::CreateChatCompletionRequest;
use common::Stage;
use common::server::{self, Reply};
use futures_util::StreamExt;
use serde_json::json;
use tower::service_fn;
use tower_layer::Layer;
use tower_service::Service;
use tracing_llm::Outcome;
use tracing_llm_http::LlmHttp;

fn client(address: &str) -> Client<OpenAIConfig> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config =
        OpenAIConfig::new().with_api_base(format!("{address}/v1")).with_api_key("sk-secret");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();

    let http = LlmHttp::new().layer(http);
    Client::with_config(config).with_http_service(service_fn(move |request: HttpRequestFactory| {
        let mut http = http.clone();
        async move { http.call(request.build().await?).await.map_err(OpenAIError::Reqwest) }
    }))
}

fn question() -> CreateChatCompletionRequest {
    serde_json::from_value(
        json!({"model": "m", "messages": [{"role": "user", "content": "Hello"}]}),
    )
    .unwrap()
}

#[tokio::test]
async fn its_chat_is_an_event() {
    let stage = Stage::new();
    let (address, _asked) = server::start(Reply::json(
        r#"{"id":"c","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
    ));
    let reply = client(&address).chat().create(question()).await.unwrap();
    assert_eq!(reply.choices[0].message.content.as_deref(), Some("Hi"));
    let event = stage.one();
    assert_eq!(event.outcome, Outcome::Ok);
    assert_eq!(event.payload.messages[0].text(), "Hello");
    assert_eq!(event.payload.replies[0].text(), "Hi");
    assert_eq!(event.payload.usage.unwrap().total(), Some(3));
    assert!(!format!("{event:?}").contains("sk-secret"));
}

#[tokio::test]
async fn its_stream_ends_well_though_it_stops_reading_at_the_last_event() {
    let stage = Stage::new();
    let chunk = |delta: serde_json::Value| {
        let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
        format!("data: {chunk}\n\n")
    };
    let (first, second) = (chunk(json!({"content": "Hel"})), chunk(json!({"content": "lo"})));
    let (address, _asked) = server::start(Reply::stream(&[&first, &second, "data: [DONE]\n\n"]));
    let mut stream = client(&address).chat().create_stream(question()).await.unwrap();
    let mut text = String::new();
    while let Some(chunk) = stream.next().await {
        text.push_str(chunk.unwrap().choices[0].delta.content.as_deref().unwrap());
    }
    assert_eq!(text, "Hello");
    drop(stream);
    // Its own task drops the body, a moment later.
    let mut ends = stage.ends();
    while ends.is_empty() {
        tokio::task::yield_now().await;
        ends = stage.ends();
    }
    assert_eq!((ends.len(), ends[0].outcome), (1, Outcome::Ok), "{ends:#?}");
    assert_eq!(ends[0].payload.replies[0].text(), "Hello");
}

#[tokio::test]
async fn its_errors_stay_its_own_and_are_told() {
    let stage = Stage::new();
    let said = r#"{"error":{"message":"no such model","type":"invalid_request_error","param":null,"code":null}}"#;
    let (address, _asked) = server::start(Reply::json(said).status(400));
    let error = client(&address).chat().create(question()).await.unwrap_err();
    assert!(error.to_string().contains("no such model"), "{error}");
    assert_eq!(stage.one().payload.exception.unwrap().message, "HTTP 400: no such model");
}

/// This client has a service of its own, which does not try again.
#[tokio::test]
async fn its_rate_limits_are_told_with_the_time_to_wait() {
    for kind in ["requests", "insufficient_quota"] {
        let stage = Stage::new();
        let said =
            json!({"error": {"message": "slow down", "type": kind, "param": null, "code": null}});
        let reply = Reply::json(&said.to_string()).status(429).header("retry-after", "7");
        let (address, _asked) = server::start(reply);
        let error = client(&address).chat().create(question()).await.unwrap_err();
        assert!(error.to_string().contains("slow down"), "{error}");
        let event = stage.one();
        let exception = event.payload.exception.unwrap();
        assert_eq!(event.outcome, Outcome::Error);
        assert_eq!(
            (&*exception.message, exception.kind.as_deref()),
            ("HTTP 429: slow down", Some(kind))
        );
        assert_eq!(event.payload.attributes["http.response.header.retry-after"], "7");
        assert_eq!(event.payload.usage, None);
    }
}
