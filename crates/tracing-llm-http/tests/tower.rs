//! The legacy client of hyper-util in the layer, against a server that answers as providers do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod common;

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use common::Stage;
use common::server::{self, Reply};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_layer::Layer;
use tracing_llm::{Outcome, Propagation};
use tracing_llm_http::{LlmHttp, LlmService, RequestBody, extract};

type Hyper = Client<HttpConnector, RequestBody<Full<Bytes>>>;

fn client(http: &LlmHttp) -> LlmService<Hyper> {
    http.layer(Client::builder(TokioExecutor::new()).build_http())
}

const ASKED: &str = r#"{"model":"m","messages":[{"role":"user","content":"Hello"}]}"#;
const SAID: &str = r#"{"id":"c","choices":[{"message":{"role":"assistant","content":"Hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;

fn request(address: &str) -> Request<Full<Bytes>> {
    Request::post(format!("{address}/v1/chat/completions"))
        .header("content-type", "application/json")
        .header("authorization", "Bearer sk-secret")
        .body(Full::from(ASKED))
        .unwrap()
}

#[tokio::test]
async fn a_chat_through_hyper_is_an_event() {
    let stage = Stage::new();
    let (address, asked) = server::start(Reply::json(SAID));
    let response = client(&LlmHttp::new()).oneshot(request(&address)).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!((&body[..], asked.recv().unwrap().body), (SAID.as_bytes(), ASKED.into()));
    let event = stage.one();
    assert_eq!(event.outcome, Outcome::Ok);
    assert_eq!(event.payload.messages[0].text(), "Hello");
    assert_eq!(event.payload.replies[0].text(), "Hi");
    assert_eq!(event.payload.usage.unwrap().total(), Some(3));
    assert!(!format!("{event:?}").contains("sk-secret"));
}

#[tokio::test]
async fn an_address_without_a_port_has_that_of_its_scheme() {
    for (address, port) in [
        ("https://api.openai.com", json!(443)),
        ("http://api.openai.com", json!(80)),
        ("https://api.openai.com:8443", json!(8443)),
        ("unix://api.openai.com", json!(null)),
    ] {
        let stage = Stage::new();
        let answer = async |_| Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::from(SAID)));
        let http = LlmHttp::new().layer(service_fn(answer));
        drop(http.oneshot(request(address)).await);
        let attributes = stage.one().payload.attributes;
        assert_eq!(attributes["server.address"], "api.openai.com");
        assert_eq!(attributes.get("server.port").cloned().unwrap_or_default(), port, "{address}");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_before_its_answer_is_cancelled() {
    let stage = Stage::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let call = client(&LlmHttp::new()).oneshot(request(&address));
    // Nobody answers there.
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    assert_eq!(stage.one().outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn an_answer_that_is_compressed_passes_unread() {
    let stage = Stage::new();
    let (address, _asked) = server::start(Reply::json("\u{1f}").header("content-encoding", "gzip"));
    let response = client(&LlmHttp::new()).oneshot(request(&address)).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "\u{1f}");
    let event = stage.one();
    assert_eq!((event.outcome, event.payload.replies.len()), (Outcome::Ok, 0));
    assert_eq!(stage.callbacks.stats().unreadable, 0);
}

#[tokio::test]
async fn without_a_layer_of_ours_nothing_is_seen_and_all_passes() {
    let (address, asked) = server::start(Reply::json(SAID));
    let http = LlmHttp::new().propagate(true);
    let service = ServiceBuilder::new()
        .layer(http)
        .service(Client::builder(TokioExecutor::new()).build_http::<RequestBody<Full<Bytes>>>());
    let response = service.oneshot(request(&address)).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), SAID);
    assert!(!asked.recv().unwrap().head.contains("traceparent"));
}

#[test]
fn headers_of_a_request_continue_its_trace() {
    let stage = Stage::new();
    let mut headers = http::HeaderMap::new();
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    headers.insert("traceparent", parent.parse().unwrap());
    extract(&Propagation::new(), &headers).in_scope(|| {
        let _search = tracing_llm::event_span!(RETRIEVE, "search").entered();
    });
    assert_eq!(stage.one().trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
}
