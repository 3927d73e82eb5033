//! A collector on loopback that does what it is told.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a collector does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16, Vec<u8>),
    /// With a header, a whole line.
    Headed(u16, &'static str),
    /// Takes all but so many spans.
    Partial(i64),
    /// Takes the spans and answers nothing at all.
    HangUp,
    /// Takes the spans and does not even hang up, for so long.
    Hang(Duration),
    /// Takes the spans; the answer breaks off before its status.
    HalfStatus,
    /// A status whose body breaks off.
    Torn(u16),
    /// Ends the connection before it has read the spans.
    Reset,
    /// Takes the spans; the answer comes byte by byte.
    Slow,
}

impl Reply {
    /// Whether the collector keeps the spans.
    fn takes(&self) -> bool {
        match self {
            Self::Status(status, _) | Self::Headed(status, _) | Self::Torn(status) => {
                (200..300).contains(status)
            }
            Self::Reset => false,
            _ => true,
        }
    }
}

/// Answers as it is told, then always with 200. It ends when it is dropped.
pub(crate) struct Collector {
    address: SocketAddr,
    tls: bool,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Vec<JoinHandle<io::Result<()>>>>>,
}

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    replies: Mutex<VecDeque<Reply>>,
    stopped: AtomicBool,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// The collector keeps its spans.
    taken: bool,
}

impl Request {
    pub(crate) fn spans(&self) -> Vec<Span> {
        let mut body = self.body.clone();
        if self.headers.get("content-encoding").is_some_and(|encoding| encoding == "gzip") {
            body.clear();
            flate2::read::GzDecoder::new(self.body.as_slice()).read_to_end(&mut body).unwrap();
        }
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        let resources = request.resource_spans.into_iter();
        resources.flat_map(|spans| spans.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

impl Collector {
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), replies)
    }

    pub(crate) fn start_at(address: SocketAddr, replies: Vec<Reply>) -> Self {
        Self::listen(address, replies, None)
    }

    pub(crate) fn start_tls(config: ServerConfig) -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap(), Vec::new(), Some(Arc::new(config)))
    }

    fn listen(address: SocketAddr, replies: Vec<Reply>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { replies: Mutex::new(replies.into()), ..Shared::default() });
        let (mine, is_tls) = (Arc::clone(&shared), tls.is_some());
        let thread = thread::spawn(move || {
            let mut served = Vec::new();
            for stream in listener.incoming() {
                if mine.stopped.load(Ordering::Relaxed) {
                    break;
                }
                let (stream, shared, tls) = (stream.unwrap(), Arc::clone(&mine), tls.clone());
                // One that hangs does not keep the next.
                served.push(thread::spawn(move || match tls {
                    None => serve(stream, &shared),
                    Some(config) => {
                        let session = ServerConnection::new(config).unwrap();
                        serve(StreamOwned::new(session, stream), &shared)
                    }
                }));
            }
            served
        });
        Self { address, tls: is_tls, shared, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}/v1/traces", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that were read whole.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The spans of all requests, whatever was answered.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.requests().iter().flat_map(Request::spans).collect()
    }

    /// How often the collector took each span, by its id.
    pub(crate) fn taken(&self) -> BTreeMap<Vec<u8>, u64> {
        let mut taken = BTreeMap::new();
        let requests = self.requests().into_iter().filter(|request| request.taken);
        for span in requests.flat_map(|request| request.spans()) {
            *taken.entry(span.span_id).or_default() += 1;
        }
        taken
    }

    /// Ends it in the middle of what it does: what is being read is taken and not answered.
    /// Says what it took.
    pub(crate) fn kill(mut self) -> BTreeMap<Vec<u8>, u64> {
        for served in self.stop() {
            let _ = served.join().unwrap();
        }
        self.taken()
    }

    fn stop(&mut self) -> Vec<JoinHandle<io::Result<()>>> {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        self.thread.take().map(|thread| thread.join().unwrap()).unwrap_or_default()
    }
}

impl Drop for Collector {
    /// From now on connections are refused.
    fn drop(&mut self) {
        self.stop();
    }
}

/// An address of loopback at which nothing listens.
pub(crate) fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// One connection, one request.
fn serve(stream: impl Read + Write, shared: &Shared) -> io::Result<()> {
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
    let reply = shared.replies.lock().unwrap().pop_front();
    let reply = reply.unwrap_or(Reply::Status(200, Vec::new()));
    if matches!(reply, Reply::Reset) {
        // What is unread when a socket is closed resets the connection.
        return Ok(());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let taken = reply.takes();
    shared.requests.lock().unwrap().push(Request { path, headers, body, taken });
    if shared.stopped.load(Ordering::Relaxed) {
        return Ok(());
    }
    answer(reader.get_mut(), reply)
}

fn answer(stream: &mut impl Write, reply: Reply) -> io::Result<()> {
    let (status, header, length, body) = match reply {
        Reply::Status(status, body) => (status, "x: y", body.len(), body),
        Reply::Headed(status, header) => (status, header, 0, Vec::new()),
        Reply::Partial(rejected_spans) => {
            let error_message = "too old".to_owned();
            let partial = ExportTracePartialSuccess { rejected_spans, error_message };
            let body = ExportTraceServiceResponse { partial_success: Some(partial) };
            (200, "x: y", body.encoded_len(), body.encode_to_vec())
        }
        Reply::Torn(status) => (status, "x: y", 100, b"half".to_vec()),
        Reply::HangUp | Reply::Reset => return Ok(()),
        Reply::Hang(time) => {
            thread::sleep(time);
            return Ok(());
        }
        Reply::HalfStatus => return stream.write_all(b"HTTP/1.1 2"),
        Reply::Slow => {
            for byte in b"HTTP/1.1 200 Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                thread::sleep(Duration::from_millis(1));
            }
            return Ok(());
        }
    };
    let head = format!(
        "HTTP/1.1 {status} Said\r\n{header}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)?;
    stream.flush()
}
