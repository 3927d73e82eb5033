//! The server's connections.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use super::answer::{self, Answer};
use super::{Exchange, Reported, Shared, lock};

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>;

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((connection, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
        tokio::spawn(async move {
            // A client that goes away ends its connection: nothing to tell anybody.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    let question = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or(Value::Null);
    let number = lock(&shared.log).len();
    let script = lock(&shared.script).pop_front();
    let answer = match path.as_str() {
        "/v1/chat/completions" => answer::chat(number, &question, script),
        "/v1/embeddings" => answer::embeddings(&question, script),
        _ => answer::error(404),
    };
    let (status, reported) = match &answer {
        Answer::Whole { status, reported, .. } => (*status, *reported),
        // Entered when it has gone out.
        Answer::Stream { .. } => (200, None),
    };
    lock(&shared.log).push(Exchange { path, request: question, status, reported });
    Ok(match answer {
        Answer::Whole { body, .. } => whole(status, &body),
        Answer::Stream { chunks, reported, broken } => {
            events(chunks, broken, move || note(&shared, number, reported))
        }
    })
}

fn note(shared: &Shared, number: usize, reported: Option<Reported>) {
    if let Some(exchange) = lock(&shared.log).get_mut(number) {
        exchange.reported = reported;
    }
}

fn whole(status: u16, body: &Value) -> Response<Body> {
    let body = http_body_util::Full::new(Bytes::from(body.to_string()));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    if status == 429 {
        let seconds = header::HeaderValue::from_static("0");
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// Each chunk in a frame of its own; the end is told once the last was asked for.
fn events(
    chunks: Vec<Value>,
    broken: bool,
    at_end: impl FnOnce() + Send + 'static,
) -> Response<Body> {
    let mut frames: Vec<io::Result<String>> =
        chunks.into_iter().map(|chunk| Ok(format!("data: {chunk}\n\n"))).collect();
    frames.push(if broken {
        Err(io::Error::other("the connection breaks"))
    } else {
        Ok(String::from("data: [DONE]\n\n"))
    });
    let last = frames.len() - 1;
    let mut at_end = Some(at_end);
    let frames = stream::iter(frames).enumerate().then(move |(index, frame)| {
        if index == last
            && let Some(at_end) = at_end.take()
        {
            at_end();
        }
        // A frame goes out before the next is made.
        async move {
            tokio::task::yield_now().await;
            frame.map(|text| Frame::data(Bytes::from(text)))
        }
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let kind = header::HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
