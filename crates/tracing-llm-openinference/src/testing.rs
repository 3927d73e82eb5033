//! Aids for our own tests: events by hand, and a collector on loopback.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::{KeyValue, Value};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;
use tracing_llm::{Event, EventType, Outcome, SpanId, Timestamp, TraceId};

use crate::convert::{self, Options};

/// A moment in 2026, in whole seconds.
pub(crate) const START: Timestamp = Timestamp::from_unix_nanos(1_790_000_000_000_000_000);

/// An event that took a quarter of a second and was ok.
pub(crate) fn event(event_type: EventType, name: &'static str) -> Event {
    event_with_id(event_type, name, 0xb)
}

pub(crate) fn event_with_id(event_type: EventType, name: &'static str, id: u64) -> Event {
    let trace = TraceId::new(0xa).unwrap();
    let mut event = Event::with_ids(event_type, name, trace, SpanId::new(id).unwrap());
    event.start = START;
    event.elapsed = Duration::from_millis(250);
    event.outcome = Outcome::Ok;
    event
}

pub(crate) fn span(event: &Event) -> SpanData {
    convert::span(event, Options::default())
}

/// The attributes by key; fails if a key stands twice.
pub(crate) fn by_key(attributes: &[KeyValue]) -> BTreeMap<&str, &Value> {
    let map: BTreeMap<&str, &Value> =
        attributes.iter().map(|pair| (pair.key.as_str(), &pair.value)).collect();
    assert_eq!(map.len(), attributes.len(), "a key stands twice");
    map
}

/// What a collector answers.
#[derive(Clone)]
pub(crate) enum Reply {
    Status(u16, Vec<u8>),
    /// Nothing at all.
    HangUp,
    /// A status whose body breaks off.
    Torn(u16),
}

/// A collector on loopback that answers as it is told, then always with 200.
pub(crate) struct Collector {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The spans of a request that is not compressed.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let request = ExportTraceServiceRequest::decode(self.body.as_slice()).unwrap();
        let resources = request.resource_spans.into_iter();
        resources.flat_map(|spans| spans.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

impl Collector {
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), replies)
    }

    pub(crate) fn start_at(address: SocketAddr, replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (seen, mut replies) = (Arc::clone(&requests), replies.into_iter());
        // It ends with the test process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = serve(stream.unwrap(), &seen, &mut replies);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.requests().iter().flat_map(Request::spans).collect()
    }
}

/// An address of loopback at which nothing listens.
pub(crate) fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// One connection, one request.
fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    replies: &mut impl Iterator<Item = Reply>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    seen.lock().unwrap().push(Request { path, headers, body });
    let (status, length, body) = match replies.next().unwrap_or(Reply::Status(200, Vec::new())) {
        Reply::Status(status, body) => (status, body.len(), body),
        Reply::Torn(status) => (status, 100, b"half".to_vec()),
        Reply::HangUp => return Ok(()),
    };
    let head =
        format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let stream = reader.get_mut();
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

/// A key of the conventions, as the official package has it.
pub(crate) struct ConventionKey {
    pub(crate) name: &'static str,
    pub(crate) r#type: &'static str,
    pub(crate) paths: Vec<&'static str>,
    pub(crate) deprecated: bool,
}

/// All keys of `openinference-semantic-conventions` 0.1.42.
pub(crate) fn keys_of_the_conventions() -> Vec<ConventionKey> {
    let lines = include_str!("testdata/attributes-0.1.42.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split(" | ");
            let mut word = || words.next().unwrap_or_default();
            ConventionKey {
                name: word(),
                r#type: word(),
                paths: word().split(',').collect(),
                deprecated: word() == "deprecated",
            }
        })
        .collect()
}
