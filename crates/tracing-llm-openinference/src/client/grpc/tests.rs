use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;

use super::status::{Any, Delay, Details, RetryInfo};
use super::*;
use crate::endpoint::Endpoint as Address;
use crate::secret::Secret;
use crate::testing::nowhere;

const LIMIT: Duration = Duration::from_secs(10);

type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A server on loopback that always answers with this status, and the body if it is OK; one
/// that is silent without a status.
fn serve(status: Option<Status>, body: Vec<u8>) -> (String, Seen) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    let (seen, status) = (Seen::default(), Arc::new(status));
    let shared = Arc::clone(&seen);
    // It ends with the test process.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let stream = TokioIo::new(listener.accept().await.unwrap().0);
                let (seen, status, body) = (Arc::clone(&shared), Arc::clone(&status), body.clone());
                let service = service_fn(move |request: hyper::Request<Incoming>| {
                    let (seen, status, body) =
                        (Arc::clone(&seen), Arc::clone(&status), body.clone());
                    async move {
                        assert_eq!(request.uri().path(), EXPORT);
                        let headers = request.headers().clone();
                        let sent = request.into_body().collect().await.unwrap().to_bytes();
                        seen.lock().unwrap().push((headers, sent));
                        match &*status {
                            Some(status) => Ok::<_, Infallible>(respond(status, &body)),
                            None => std::future::pending().await,
                        }
                    }
                });
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::spawn(server.serve_connection(stream, service));
            }
        });
    });
    (url, seen)
}

fn respond(
    status: &Status,
    body: &[u8],
) -> hyper::Response<http_body_util::combinators::BoxBody<Bytes, Infallible>> {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers).unwrap();
    let mut frame = Vec::new();
    if status.code() == Code::Ok {
        frame.push(0);
        frame.extend((body.len() as u32).to_be_bytes());
        frame.extend(body);
    }
    let body = Full::new(Bytes::from(frame)).with_trailers(async { Some(Ok(trailers)) });
    let response = hyper::Response::builder().header("content-type", "application/grpc");
    response.body(body.boxed()).unwrap()
}

fn client(url: &str, gzip: bool) -> Client {
    let header = ("Authorization".to_owned(), Secret::from("Bearer s3cret".to_owned()));
    let settings = OtlpSettings {
        headers: vec![header],
        gzip,
        ..OtlpSettings::new(Address::parse(url).unwrap())
    };
    Client::new(&settings).unwrap()
}

fn ok() -> Option<Status> {
    Some(Status::new(Code::Ok, ""))
}

fn answer(status: &Status) -> Answer {
    status::read(status, &Words::default())
}

#[test]
fn the_bytes_arrive_as_they_are_with_the_headers_as_metadata() {
    let (url, seen) = serve(ok(), Vec::new());
    let mut client = client(&url, false);
    for _ in 0..2 {
        let expected = Answer::Accepted { rejected: 0, message: String::new() };
        assert_eq!(client.send(&[7; 300], LIMIT), expected);
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    let (headers, sent) = &seen[0];
    assert_eq!(headers["authorization"], "Bearer s3cret");
    assert_eq!(headers["content-type"], "application/grpc");
    assert!(headers["user-agent"].to_str().unwrap().starts_with(USER_AGENT));
    assert_eq!(sent[..5], [0, 0, 0, 1, 44]);
    assert_eq!(sent[5..], [7; 300]);
}

#[test]
fn a_compressed_message_says_so() {
    let (url, seen) = serve(ok(), Vec::new());
    client(&url, true).send(&[7; 3_000], LIMIT);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].0["grpc-encoding"], "gzip");
    assert_eq!(seen[0].1[0], 1);
    assert!(seen[0].1.len() < 300);
}

#[test]
fn a_partial_success_is_read() {
    let partial = ExportTracePartialSuccess { rejected_spans: 3, error_message: "old".into() };
    let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let (url, _) = serve(ok(), body);
    let expected = Answer::Accepted { rejected: 3, message: "old".into() };
    assert_eq!(client(&url, false).send(b"", LIMIT), expected);
}

#[test]
fn a_refusal_is_read_without_keys() {
    let (url, _) = serve(Some(Status::unauthenticated("who is s3cret?")), Vec::new());
    let expected = Answer::Refused { why: "Unauthenticated who is ***?".into() };
    assert_eq!(client(&url, false).send(b"", LIMIT), expected);
}

#[test]
fn a_server_that_says_when_to_come_again_is_heard() {
    let delay = Some(Delay { seconds: 3, nanos: 500_000_000 });
    let info = RetryInfo { delay }.encode_to_vec();
    let type_url = "type.googleapis.com/google.rpc.RetryInfo".to_owned();
    let details = Details { details: vec![Any { type_url, value: info }] }.encode_to_vec();
    let status = Status::with_details(Code::ResourceExhausted, "slow down", details.into());
    let (url, _) = serve(Some(status), Vec::new());
    let expected = Answer::Later {
        why: "ResourceExhausted slow down".into(),
        after: Some(Duration::from_millis(3_500)),
        perhaps_taken: false,
    };
    assert_eq!(client(&url, false).send(b"", LIMIT), expected);
}

#[test]
fn without_a_server_nothing_was_taken_and_with_a_silent_one_perhaps() {
    let taken = |answer| match answer {
        Answer::Later { perhaps_taken, .. } => perhaps_taken,
        other => panic!("{other:?}"),
    };
    assert!(!taken(client(&format!("http://{}", nowhere()), false).send(b"", LIMIT)));
    let (url, _) = serve(None, Vec::new());
    assert!(taken(client(&url, false).send(b"", Duration::from_millis(200))));
}

#[test]
fn only_the_codes_of_the_specification_are_repeated() {
    for code in (1..=16).map(Code::from_i32) {
        let later = matches!(answer(&Status::new(code, "")), Answer::Later { .. });
        let expected = matches!(
            code,
            Code::Cancelled
                | Code::DeadlineExceeded
                | Code::ResourceExhausted
                | Code::Aborted
                | Code::OutOfRange
                | Code::Unavailable
                | Code::DataLoss
        );
        assert_eq!(later, expected, "{code:?}");
    }
    assert!(matches!(answer(&Status::invalid_argument("")), Answer::Malformed { .. }));
    let words = "Received message larger than max (5 vs. 4)";
    assert!(matches!(answer(&Status::resource_exhausted(words)), Answer::TooLarge { .. }));
    let words = "decoded message length too large";
    assert!(matches!(answer(&Status::out_of_range(words)), Answer::TooLarge { .. }));
}

#[test]
fn it_works_on_a_thread_of_its_own_beside_a_runtime() {
    let (url, seen) = serve(ok(), Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut client = client(&url, false);
        let sent = std::thread::spawn(move || client.send(b"x", LIMIT)).join().unwrap();
        assert!(matches!(sent, Answer::Accepted { .. }), "{sent:?}");
    });
    assert_eq!(seen.lock().unwrap().len(), 1);
}
