//! What a provider says back of a key is kept nowhere.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod common;

use bytes::Bytes;
use common::Stage;
use common::server::{self, Reply};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::ClientBuilder;
use tower::ServiceExt;
use tower_layer::Layer;
use tower_service::Service;
use tracing_llm::{Event, Outcome};
use tracing_llm_http::LlmHttp;

const ASKED: &str = r#"{"model":"m","messages":[{"role":"user","content":"my key is sk-BAD"}]}"#;
const PATH: &str = "/v1/chat/completions";

fn refused(message: &str) -> Reply {
    let error = serde_json::json!({"error": {"message": message, "code": "invalid_api_key"}});
    Reply::json(&error.to_string()).status(401)
}

fn plain() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn told(event: &Event) -> &str {
    &event.payload.exception.as_ref().unwrap().message
}

/// The event of a call with this header and this path, made by the middleware of reqwest.
async fn asked(reply: Reply, (name, value): (&str, &str), path: &str) -> Event {
    let stage = Stage::new();
    let (address, _asked) = server::start(reply);
    let client = ClientBuilder::new(plain()).with(LlmHttp::new()).build();
    let request = client.post(format!("{address}{path}")).header(name, value).body(ASKED);
    let answered = request.send().await.unwrap().bytes().await;
    drop(answered);
    stage.one()
}

#[tokio::test]
async fn a_key_that_is_told_back_is_masked_in_the_error_and_contents_stay_as_they_are() {
    let said = || refused("Incorrect API key provided: sk-BAD. You can find it at https://x.");
    for (name, value) in [
        ("authorization", "Bearer sk-BAD"),
        ("authorization", "sk-BAD"),
        ("x-api-key", "sk-BAD"),
        ("api-key", "sk-BAD"),
        ("x-goog-api-key", "sk-BAD"),
    ] {
        let event = asked(said(), (name, value), PATH).await;
        assert_eq!(
            told(&event),
            "HTTP 401: Incorrect API key provided: [key]. You can find it at https://x.",
            "{name}: {value}"
        );
        assert_eq!(
            event.payload.exception.as_ref().unwrap().kind.as_deref(),
            Some("invalid_api_key")
        );
        assert_eq!(event.payload.messages[0].text(), "my key is sk-BAD");
    }
}

#[tokio::test]
async fn a_key_of_the_address_is_masked_and_what_else_stands_there_is_not() {
    let said = refused("the key AIza-0123456789 is not valid for api-version 2024-10-21");
    let path = format!("{PATH}?api-version=2024-10-21&key=AIza-0123456789");
    let event = asked(said, ("x-n", "1"), &path).await;
    assert_eq!(told(&event), "HTTP 401: the key [key] is not valid for api-version 2024-10-21");
}

#[tokio::test]
async fn an_error_inside_of_a_stream_and_a_page_that_is_no_json_tell_no_key_either() {
    let key = ("authorization", "Bearer sk-live-0123456789");
    let error = "data: {\"error\":{\"message\":\"sk-live-0123456789 is over\",\"type\":\"of sk-live-0123456789\"}}\n\n";
    let event = asked(Reply::stream(&[error]), key, PATH).await;
    assert_eq!((told(&event), event.outcome), ("[key] is over", Outcome::Error));
    assert!(!format!("{event:?}").contains("sk-live"), "{event:#?}");
    for status in [200, 502] {
        let page = Reply::of("text/html", "<h1>No sk-live-0123456789 here</h1>").status(status);
        let event = asked(page, key, PATH).await;
        assert!(!format!("{event:?}").contains("sk-live"), "{event:#?}");
    }
}

#[tokio::test]
async fn the_layer_around_reqwest_masks_too() {
    let stage = Stage::new();
    let (address, _asked) = server::start(refused("no sk-proj-0123***wxyz"));
    let mut client = LlmHttp::new().layer(plain());
    let request = plain().post(format!("{address}{PATH}")).bearer_auth("sk-proj-0123456789wxyz");
    let answer = client.call(request.body(ASKED).build().unwrap()).await.unwrap();
    assert!(answer.text().await.unwrap().contains("sk-proj-0123***wxyz"), "it passes unchanged");
    assert_eq!(told(&stage.one()), "HTTP 401: no [key]");
}

#[tokio::test]
async fn the_layer_around_hyper_masks_too() {
    let stage = Stage::new();
    let (address, _asked) = server::start(refused("no sk-BAD"));
    let client = LlmHttp::new().layer(Client::builder(TokioExecutor::new()).build_http());
    let request = http::Request::post(format!("{address}{PATH}?key=AIza0123"))
        .header("authorization", "Bearer sk-BAD")
        .body(Full::<Bytes>::from(ASKED))
        .unwrap();
    let answer = client.oneshot(request).await.unwrap();
    answer.into_body().collect().await.unwrap();
    assert_eq!(told(&stage.one()), "HTTP 401: no [key]");
}
