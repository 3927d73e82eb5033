//! No key in anybody's log. A test program of its own: it listens to the whole process.

#![allow(clippy::unwrap_used, reason = "helpers of a test")]

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tracing_llm::event_span;
use tracing_llm_openinference::OpenInference;
use tracing_subscriber::prelude::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes one request, whatever it is, and gives back its head.
fn collector() -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        head
    });
    (url, served)
}

#[test]
fn what_an_http_library_tells_of_a_request_reaches_no_log() {
    let (url, served) = collector();
    let spans =
        OpenInference::builder().endpoint(url).header("api-key", "hush-hush").build().unwrap();
    let (layer, callbacks) = tracing_llm::layer().handler(spans).build();
    let log = Log::default();
    let heard = log.clone();
    // As the front page has it: without a filter, and with what `log` says.
    tracing_subscriber::registry()
        .with(layer.filtered())
        .with(tracing_subscriber::fmt::layer().with_writer(move || heard.clone()))
        .init();
    tracing::info!("somebody listens");
    event_span!(QUERY, "answer").in_scope(|| {});
    callbacks.shutdown_blocking(Duration::from_secs(30)).unwrap();

    assert!(served.join().unwrap().contains("api-key: hush-hush"));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("somebody listens"), "{log}");
    assert!(!log.contains("ureq"), "{log}");
}
