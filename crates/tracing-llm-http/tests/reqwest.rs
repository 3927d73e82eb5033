//! A client of reqwest with the middleware, against a server that answers as providers do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod common;

use common::Stage;
use common::server::{self, Reply};
use futures_util::StreamExt;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use serde_json::{Value, json};
use tracing::Instrument as _;
use tracing_llm::prelude::*;
use tracing_llm::{CaptureContent, EventType, Outcome};
use tracing_llm_http::{LlmHttp, Rule};

fn plain() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn client(http: LlmHttp) -> ClientWithMiddleware {
    ClientBuilder::new(plain()).with(http).build()
}

const CHAT: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-mini-2025-08-07",
 "choices":[{"index":0,"message":{"role":"assistant","content":"Hi!"},"finish_reason":"stop"}],
 "usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4}}}"#;

fn question() -> Value {
    json!({
        "model": "gpt-5-mini", "temperature": 0.5, "stream": false,
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}],
        "tools": [{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}],
    })
}

fn delta(content: &str) -> String {
    let chunk = json!({"id": "chatcmpl-2", "model": "m-1", "choices": [{"index": 0, "delta": {"content": content}}]});
    format!("data: {chunk}\n\n")
}

const STOP: &str = "data: {\"id\":\"chatcmpl-2\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

async fn ask(client: &ClientWithMiddleware, url: String, body: Value) -> (u16, String) {
    let request = client.post(url).header("authorization", "Bearer sk-secret");
    let request = request.header("content-type", "application/json").body(body.to_string());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_chat_is_an_event_with_all_that_was_asked_and_answered() {
    let stage = Stage::new();
    let reply = Reply::json(CHAT).header("x-request-id", "req-1");
    let (address, asked) = server::start(reply);
    let url = format!("{address}/v1/chat/completions");
    let client = client(LlmHttp::new());
    let query = event_span!(QUERY, "answer");
    let (status, body) = ask(&client, url, question()).instrument(query.clone()).await;
    drop(query);

    assert_eq!((status, &*body), (200, CHAT), "the answer passes unchanged");
    let asked = asked.recv().unwrap();
    assert_eq!(asked.body, question().to_string().into_bytes(), "and so does the request");
    assert!(!asked.head.contains("traceparent"), "a provider gets no trace headers");

    let ends = stage.ends();
    let [chat, answer] = &ends[..] else { panic!("{ends:#?}") };
    assert_eq!(chat.parent_id, Some(answer.span_id));
    assert_eq!((chat.event_type, chat.outcome), (EventType::LLM, Outcome::Ok));
    let payload = &chat.payload;
    assert_eq!(payload.model.as_deref(), Some("gpt-5-mini"));
    assert_eq!(payload.response_model.as_deref(), Some("gpt-5-mini-2025-08-07"));
    assert_eq!(payload.system.as_deref(), Some("openai"));
    assert_eq!(payload.provider, None, "nobody knows this host");
    assert_eq!(payload.messages[1].text(), "Hello");
    assert_eq!(payload.replies[0].text(), "Hi!");
    assert_eq!(payload.tools[0].name, "search");
    assert_eq!(payload.parameters, Some(json!({"temperature": 0.5, "stream": false})));
    assert_eq!(payload.finish_reason.as_deref(), Some("stop"));
    assert_eq!(payload.response_id.as_deref(), Some("chatcmpl-1"));
    let usage = payload.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.cache_read), (Some(12), Some(3), Some(4)));
    assert_eq!(payload.attributes["http.response.status_code"], 200);
    assert_eq!(payload.attributes["server.address"], "127.0.0.1");
    let port: u16 = address.rsplit_once(':').unwrap().1.parse().unwrap();
    assert_eq!(payload.attributes["server.port"], port);
    assert_eq!(payload.attributes["http.response.header.x-request-id"], "req-1");
    assert!(!format!("{ends:?}").contains("sk-secret"));
    // What was asked is in the start already.
    let start = &stage.starts()[1];
    assert_eq!((start.name.as_str(), start.payload.messages.len()), ("chat", 2));
}

#[tokio::test]
async fn a_stream_passes_piece_by_piece_and_is_put_together() {
    let stage = Stage::new();
    let (first, second) = (delta("Hel"), delta("lo"));
    let role = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#;
    let pieces =
        [": keep-alive\n\n", role, "\n\n", &first, &second[..9], &second[9..], STOP, USAGE, DONE];
    let (address, _asked) = server::start(Reply::stream(&pieces));
    let client = client(LlmHttp::new());
    let (_, body) = ask(&client, format!("{address}/v1/chat/completions"), question()).await;
    assert_eq!(body, pieces.concat());
    let event = stage.one();
    assert_eq!(event.outcome, Outcome::Ok);
    assert_eq!(event.payload.replies[0].text(), "Hello");
    assert_eq!(event.payload.response_model.as_deref(), Some("m-1"));
    assert_eq!(event.payload.usage.unwrap().total(), Some(9));
    let course = event.payload.stream.unwrap();
    assert_eq!((course.chunks, course.finished), (2, true));
    assert!(course.first_token.is_some_and(|first| first <= event.elapsed));
}

#[tokio::test]
async fn a_stream_without_usage_is_complete_all_the_same() {
    let stage = Stage::new();
    let (address, _asked) = server::start(Reply::stream(&[&delta("Hi"), STOP, DONE]));
    ask(&client(LlmHttp::new()), format!("{address}/v1/chat/completions"), question()).await;
    let event = stage.one();
    assert_eq!((event.outcome, event.payload.usage), (Outcome::Ok, None));
    assert_eq!(event.payload.finish_reason.as_deref(), Some("stop"));
}

#[tokio::test]
async fn calls_of_tools_in_a_stream_are_put_together() {
    let stage = Stage::new();
    let call = |call: Value| {
        format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}))
    };
    let pieces = [
        call(
            json!({"index": 0, "id": "call_1", "type": "function", "function": {"name": "search", "arguments": ""}}),
        ),
        call(json!({"index": 0, "function": {"arguments": "{\"q\":"}})),
        call(json!({"index": 0, "function": {"arguments": "\"span\"}"}})),
        DONE.to_owned(),
    ];
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let (address, _asked) = server::start(Reply::stream(&pieces));
    ask(&client(LlmHttp::new()), format!("{address}/v1/chat/completions"), question()).await;
    let event = stage.one();
    let call = &event.payload.replies[0].tool_calls[0];
    assert_eq!((&*call.name, &*call.arguments), ("search", r#"{"q":"span"}"#));
    assert_eq!(call.id.as_deref(), Some("call_1"));
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_cancelled_with_what_came_of_it() {
    let stage = Stage::new();
    let (address, _asked) =
        server::start(Reply::stream(&[&delta("Hel"), &delta("lo"), DONE]).cut_off());
    let client = client(LlmHttp::new());
    let url = format!("{address}/v1/chat/completions");
    let response = client.post(url).body(question().to_string()).send().await.unwrap();
    let mut stream = response.bytes_stream();
    let mut seen = String::new();
    while !seen.contains("Hel") {
        seen.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    let told_complete = seen.contains("[DONE]");
    drop(stream);
    let event = stage.one();
    // A client that stops at the last event has read all there is.
    assert_eq!(event.outcome, if told_complete { Outcome::Ok } else { Outcome::Cancelled });
    assert!(event.payload.replies[0].text().starts_with("Hel"));
    assert_eq!(event.payload.messages.len(), 2);
}

/// How the event ends if the client stops reading behind the last of these pieces.
async fn outcome_when_dropped_behind(pieces: &[&str], last: &str) -> Outcome {
    let stage = Stage::new();
    let (address, _asked) = server::start(Reply::stream(pieces).cut_off());
    let client = client(LlmHttp::new());
    let url = format!("{address}/v1/chat/completions");
    let response = client.post(url).body(question().to_string()).send().await.unwrap();
    let mut stream = response.bytes_stream();
    let mut seen = String::new();
    while !seen.contains(last) {
        seen.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    drop(stream);
    stage.one().outcome
}

#[tokio::test]
async fn a_stream_is_complete_when_it_says_so_and_not_when_the_model_does() {
    let said = delta("[DONE]");
    assert_eq!(outcome_when_dropped_behind(&[&said], "[DONE]").await, Outcome::Cancelled);
    let cut = [&delta("Hi"), "data: [DO", "NE]\n\n"];
    assert_eq!(outcome_when_dropped_behind(&cut, "NE]").await, Outcome::Ok);
}

#[tokio::test]
async fn a_stream_that_is_cut_off_is_an_error_with_what_came_of_it() {
    let stage = Stage::new();
    let (address, _asked) = server::start(Reply::stream(&[&delta("Hel")]).cut_off());
    let client = client(LlmHttp::new());
    let url = format!("{address}/v1/chat/completions?key=sk-secret");
    let response = client.post(url).body(question().to_string()).send().await.unwrap();
    assert!(response.text().await.is_err());
    let event = stage.one();
    assert_eq!(event.outcome, Outcome::Error);
    assert_eq!(event.payload.replies[0].text(), "Hel");
    assert!(!event.payload.stream.as_ref().unwrap().finished);
    assert!(!format!("{event:?}").contains("sk-secret"), "{event:#?}");
}

#[tokio::test]
async fn an_error_status_is_an_error_with_what_the_provider_says() {
    let stage = Stage::new();
    let said = r#"{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}"#;
    let (address, _asked) = server::start(Reply::json(said).status(404));
    let answered =
        ask(&client(LlmHttp::new()), format!("{address}/v1/chat/completions"), question()).await;
    assert_eq!(answered, (404, said.to_owned()));
    let event = stage.one();
    let exception = event.payload.exception.unwrap();
    assert_eq!(event.outcome, Outcome::Error);
    assert_eq!(exception.message, "HTTP 404: no such model");
    assert_eq!(exception.kind.as_deref(), Some("invalid_request_error"));
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    let stage = Stage::new();
    let reply = Reply::of("text/plain", "slow down").status(429).header("retry-after", "7");
    let (address, _asked) = server::start(reply);
    ask(
        &client(LlmHttp::new()),
        format!("{address}/v1/embeddings"),
        json!({"model": "m", "input": "a"}),
    )
    .await;
    let event = stage.one();
    let exception = event.payload.exception.unwrap();
    assert_eq!(
        (&*exception.message, exception.kind.as_deref()),
        ("HTTP 429: slow down", Some("rate_limit"))
    );
    assert_eq!(event.payload.attributes["http.response.header.retry-after"], "7");
}

#[tokio::test]
async fn an_error_inside_of_a_stream_fails_the_event() {
    let stage = Stage::new();
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"503\"}}\n\n";
    let (address, _asked) = server::start(Reply::stream(&[&delta("Hel"), error]));
    ask(&client(LlmHttp::new()), format!("{address}/v1/chat/completions"), question()).await;
    let event = stage.one();
    assert_eq!(event.outcome, Outcome::Error);
    assert_eq!(event.payload.exception.unwrap().message, "overloaded");
    assert_eq!(event.payload.replies[0].text(), "Hel");
}

#[tokio::test]
async fn an_event_of_a_stream_that_is_the_error_itself_fails_the_event() {
    let stage = Stage::new();
    let pieces = [
        r#"{"type":"response.created","response":{"id":"r","status":"in_progress","output":[]}}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","role":"assistant","content":[]}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hel"}"#,
        r#"{"type":"error","code":"server_error","message":"overloaded","param":null,"sequence_number":2}"#,
    ];
    let pieces = pieces.map(|data| format!("event: e\ndata: {data}\n\n"));
    let (address, _asked) = server::start(Reply::stream(&pieces.each_ref().map(|it| &**it)));
    let asked = json!({"model": "m", "input": "Hi", "stream": true});
    ask(&client(LlmHttp::new()), format!("{address}/v1/responses"), asked).await;
    let event = stage.one();
    let exception = event.payload.exception.unwrap();
    assert_eq!(event.outcome, Outcome::Error);
    assert_eq!(
        (&*exception.message, exception.kind.as_deref()),
        ("overloaded", Some("server_error"))
    );
    assert_eq!(event.payload.replies[0].text(), "Hel");
}

#[tokio::test]
async fn no_answer_at_all_is_an_error_without_the_key_in_the_address() {
    let stage = Stage::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url =
        format!("http://{}/v1/chat/completions?key=sk-secret", listener.local_addr().unwrap());
    drop(listener);
    let sent = client(LlmHttp::new()).post(url).body(question().to_string()).send().await;
    assert!(sent.is_err());
    let event = stage.one();
    assert_eq!(event.outcome, Outcome::Error);
    let message = event.payload.exception.clone().unwrap().message;
    assert!(message.contains("/v1/chat/completions") && message.contains("refused"), "{message}");
    assert!(!format!("{event:?}").contains("sk-secret"), "{message}");
}

#[tokio::test]
async fn an_embedding_has_its_texts_and_vectors() {
    let stage = Stage::new();
    let said = r#"{"object":"list","model":"e-1","data":[{"index":0,"embedding":[0.5,1.0]},{"index":1,"embedding":[0.25,2.0]}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#;
    let (address, _asked) = server::start(Reply::json(said));
    let asked = json!({"model": "e", "input": ["one", "two"], "dimensions": 2});
    ask(&client(LlmHttp::new()), format!("{address}/v1/embeddings"), asked).await;
    let event = stage.one();
    assert_eq!((event.event_type, event.outcome), (EventType::EMBEDDING, Outcome::Ok));
    assert_eq!(event.payload.embeddings[1].text.as_deref(), Some("two"));
    assert_eq!(event.payload.embeddings[1].vector.as_deref(), Some(&[0.25, 2.0][..]));
    assert_eq!(event.payload.usage.unwrap().input, Some(4));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_kept_as_text_and_counted() {
    let stage = Stage::new();
    let (address, _asked) = server::start(Reply::of("text/html", "<h1>It works!</h1>"));
    ask(&client(LlmHttp::new()), format!("{address}/v1/chat/completions"), question()).await;
    let event = stage.one();
    assert_eq!(event.payload.output, Some("<h1>It works!</h1>".into()));
    assert_eq!(stage.callbacks.stats().unreadable, 1);
}

#[tokio::test]
async fn of_a_body_beyond_the_bound_the_usage_is_kept_and_the_rest_counted() {
    let stage = Stage::new();
    let long = "x".repeat(10 * 1024 * 1024);
    let said = json!({
        "id": "c", "model": "m-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": long}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
    });
    let said = said.to_string();
    let (address, _asked) = server::start(Reply::json(&said));
    let http = LlmHttp::new().limit(1 << 20);
    let (_, body) = ask(&client(http), format!("{address}/v1/chat/completions"), question()).await;
    assert!(body == said, "it passes whole");
    let event = stage.one();
    assert_eq!(event.outcome, Outcome::Ok);
    assert_eq!(event.payload.usage.unwrap().total(), Some(9));
    assert_eq!(event.lost_bytes, said.len() as u64, "no text is read of it");
    assert_eq!(stage.callbacks.stats().lost_bytes, event.lost_bytes);
}

#[tokio::test]
async fn a_body_that_ends_close_behind_the_bound_is_read_whole() {
    let stage = Stage::new();
    let (address, _asked) = server::start(Reply::json(CHAT));
    let http = LlmHttp::new().limit(CHAT.len() - 100);
    ask(&client(http), format!("{address}/v1/chat/completions"), question()).await;
    let event = stage.one();
    assert_eq!(event.payload.replies[0].text(), "Hi!");
    assert_eq!((event.lost_bytes, stage.callbacks.stats().lost_bytes), (0, 0));
}

#[tokio::test]
async fn what_the_layer_has_no_room_for_is_counted_once() {
    let stage = Stage::with(|builder| builder.queue_bytes(1 << 16));
    let said = json!({"choices": [{"message": {"content": "x".repeat(1 << 20)}}]}).to_string();
    let (address, _asked) = server::start(Reply::json(&said));
    ask(&client(LlmHttp::new()), format!("{address}/v1/chat/completions"), question()).await;
    let event = stage.one();
    assert_eq!(event.payload.messages.len(), 2);
    assert_eq!(event.lost_bytes, said.len() as u64);
    assert_eq!(stage.callbacks.stats().lost_bytes, event.lost_bytes);
}

#[tokio::test]
async fn with_metadata_alone_what_is_said_is_left_out_and_what_is_counted_stays() {
    let stage = Stage::with(|builder| builder.capture(CaptureContent::Metadata));
    let (address, _asked) = server::start(Reply::stream(&[&delta("secret"), STOP, USAGE, DONE]));
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "secret"}]});
    ask(&client(LlmHttp::new()), format!("{address}/v1/chat/completions"), asked).await;
    let event = stage.one();
    assert!(!format!("{event:?}").contains("secret"), "{event:#?}");
    assert_eq!(event.payload.model.as_deref(), Some("m"));
    assert_eq!(event.payload.usage.unwrap().total(), Some(9));
    assert_eq!(event.payload.finish_reason.as_deref(), Some("stop"));
    assert_eq!(event.payload.stream.unwrap().chunks, 1);
}

#[tokio::test]
async fn what_is_no_call_of_a_model_passes_untouched_and_unread() {
    let stage = Stage::new();
    let (address, asked) = server::start(Reply::json("{ }"));
    let ignored = Rule::host("127.0.0.1").path("/ignored/chat/completions").ignore();
    let client = client(LlmHttp::new().propagate(true).rule(ignored));
    let chat = question();
    for (path, body) in [
        ("/v1/models", &chat),
        ("/messages", &chat),
        ("/orders/embeddings", &json!({"input": "hi"})),
        ("/", &chat),
        ("/ignored/chat/completions", &chat),
    ] {
        let (_, answer) = ask(&client, format!("{address}{path}"), body.clone()).await;
        let asked = asked.recv().unwrap();
        assert_eq!(asked.body, body.to_string().into_bytes(), "{path}");
        assert!(!asked.head.contains("traceparent"), "{path}: {}", asked.head);
        assert_eq!(answer, "{ }", "{path}");
    }
    assert_eq!(stage.ends(), []);
    // The same client sees a call of a model.
    ask(&client, format!("{address}/v1/chat/completions"), chat).await;
    assert_eq!(stage.ends().len(), 1);
}

#[tokio::test]
async fn the_trace_goes_along_where_it_is_asked_for() {
    let stage = Stage::new();
    let (address, asked) = server::start(Reply::json(CHAT));
    let http = LlmHttp::new().rule(Rule::host("127.0.0.1").propagate(true));
    ask(&client(http), format!("{address}/v1/chat/completions"), question()).await;
    let event = stage.one();
    let header = format!("traceparent: 00-{}-{}-01\n", event.trace_id, event.span_id);
    let head = asked.recv().unwrap().head;
    assert!(head.contains(&header), "{head}");
}

#[tokio::test]
async fn anthropics_messages_are_read_too() {
    let stage = Stage::new();
    let event =
        |json: Value| format!("event: {}\ndata: {json}\n\n", json["type"].as_str().unwrap());
    let pieces = [
        event(
            json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "role": "assistant", "content": [], "usage": {"input_tokens": 9, "output_tokens": 1}}}),
        ),
        event(
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
        event(
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}),
        ),
        event(json!({"type": "content_block_stop", "index": 0})),
        event(
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "toolu_1", "name": "search", "input": {}}}),
        ),
        event(
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"q\":1}"}}),
        ),
        event(
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 15}}),
        ),
        event(json!({"type": "message_stop"})),
    ];
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let (address, _asked) = server::start(Reply::stream(&pieces));
    let asked = json!({"model": "claude", "max_tokens": 64, "stream": true, "system": "Be kind.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]});
    let client = client(LlmHttp::new());
    let request =
        client.post(format!("{address}/v1/messages")).header("anthropic-version", "2023-06-01");
    let request = request.header("x-api-key", "sk-secret").body(asked.to_string());
    request.send().await.unwrap().bytes().await.unwrap();
    let event = stage.one();
    let payload = &event.payload;
    assert_eq!((event.outcome, payload.system.as_deref()), (Outcome::Ok, Some("anthropic")));
    assert_eq!(payload.messages[0].role, "system");
    assert_eq!(payload.messages[1].text(), "Hi");
    assert_eq!(payload.replies[0].text(), "Hello");
    assert_eq!(payload.replies[0].tool_calls[0].arguments, r#"{"q":1}"#);
    assert_eq!(payload.finish_reason.as_deref(), Some("tool_use"));
    assert_eq!(payload.response_id.as_deref(), Some("msg_1"));
    assert_eq!(payload.response_model.as_deref(), Some("claude-x"));
    let usage = payload.usage.unwrap();
    assert_eq!((usage.input, usage.output), (Some(9), Some(15)));
    assert!(!format!("{event:?}").contains("sk-secret"));
}

#[tokio::test]
async fn a_response_of_the_responses_api_is_one_reply() {
    let stage = Stage::new();
    let said = json!({"id": "resp_1", "object": "response", "status": "completed", "model": "gpt-x", "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
        {"type": "function_call", "call_id": "call_1", "name": "search", "arguments": "{}"},
    ], "usage": {"input_tokens": 5, "output_tokens": 6, "output_tokens_details": {"reasoning_tokens": 2}}});
    let (address, _asked) = server::start(Reply::json(&said.to_string()));
    let asked = json!({"model": "gpt", "instructions": "Be kind.", "input": "Hi",
        "tools": [{"type": "mcp", "server_label": "x", "server_url": "https://h/?k=sk-secret", "headers": {"a": "sk-secret"}}]});
    ask(&client(LlmHttp::new()), format!("{address}/v1/responses"), asked).await;
    let event = stage.one();
    let payload = &event.payload;
    assert_eq!(payload.messages.iter().map(Message::text).collect::<Vec<_>>(), ["Be kind.", "Hi"]);
    assert_eq!((payload.replies.len(), payload.replies[0].text().as_str()), (1, "Hello"));
    assert_eq!(payload.replies[0].tool_calls[0].name, "search");
    assert_eq!(payload.usage.unwrap().reasoning, Some(2));
    assert!(!format!("{event:?}").contains("sk-secret"), "{event:#?}");
}

#[tokio::test]
async fn a_response_keeps_its_address_and_its_length() {
    let _stage = Stage::new();
    let (address, _asked) = server::start(Reply::json(CHAT));
    let url = format!("{address}/v1/chat/completions");
    let client = client(LlmHttp::new());
    let response = client.post(&url).body(question().to_string()).send().await.unwrap();
    assert_eq!(response.url().as_str(), url);
    assert_eq!(response.content_length(), Some(CHAT.len() as u64));
    assert!(response.remote_addr().is_some());
}

#[tokio::test]
async fn a_body_that_is_a_stream_is_read_as_it_is_sent() {
    let stage = Stage::new();
    let (address, asked) = server::start(Reply::json(CHAT));
    let body = question().to_string();
    let pieces = [&body[..20], &body[20..]].map(|piece| Ok::<_, std::io::Error>(piece.to_owned()));
    let body_stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let client = client(LlmHttp::new());
    let url = format!("{address}/v1/chat/completions");
    client.post(url).body(body_stream).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(asked.recv().unwrap().body, body.into_bytes());
    assert_eq!(stage.one().payload.messages[1].text(), "Hello");
}
