//! oteltap: what is on the wire is OTLP that another implementation reads.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use tracing_llm_openinference::OpenInference;

use crate::phoenix::scratch;
use crate::{pipeline, sent, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "oteltap::reads_every_span_from_the_wire",
        ["TRACING_LLM_TEST_OTELTAP"],
        |[program]| reads_every_span(&program),
    )]
}

fn reads_every_span(program: &str) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut tap = Command::new(program)
        .args(["--port", &port.to_string(), "--await-span", "^answer$"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "oteltap does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    let file = scratch(&format!("oteltap-{port}.jsonl"));
    let exporter = OpenInference::builder()
        .endpoint(format!("http://127.0.0.1:{port}/v1/traces"))
        .file(&file)
        .build()
        .unwrap();
    pipeline::run([exporter], "session-1");
    // It leaves by itself once it has seen the span that it waits for: the last of the pipeline.
    let status = tap.wait().unwrap();
    let mut seen = String::new();
    tap.stdout.take().unwrap().read_to_string(&mut seen).unwrap();
    assert!(status.success(), "{status}: {seen}");
    for span in sent::read(&file) {
        assert!(seen.contains(&span.id), "{} is not in: {seen}", span.name);
    }
}
