//! Takes requests over HTTP on loopback, reads them, and does nothing with them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tracing_llm_tests::measure::thread_time;

#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    bytes: AtomicU64,
    /// What the receiver's threads used of a processor.
    nanos: AtomicU64,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, seen) = (stream.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || serve(stream, &seen));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// What its threads used of a processor until now.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_nanos(self.seen.nanos.load(Relaxed))
    }

    /// Requests, and the bytes of their bodies.
    pub(crate) fn seen(&self) -> (u64, u64) {
        (self.seen.requests.load(Relaxed), self.seen.bytes.load(Relaxed))
    }
}

/// One connection, with one request after the other, until it is closed.
fn serve(stream: TcpStream, seen: &Seen) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let (mut body, mut before) = (Vec::new(), thread_time());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.parse().ok()?;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
        seen.requests.fetch_add(1, Relaxed);
        seen.bytes.fetch_add(length as u64, Relaxed);
        let now = thread_time();
        seen.nanos.fetch_add((now - before).as_nanos() as u64, Relaxed);
        before = now;
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}
