//! The service under load, and its end.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::run::{Run, example, folder};

/// A service that was started, and where it listens.
fn start(folder: &std::path::Path) -> (Child, String) {
    start_with(folder, "10")
}

/// The same, with so many seconds for answers that are under way when it ends.
fn start_with(folder: &std::path::Path, drain: &str) -> (Child, String) {
    let mut command = example("service", folder);
    command.env("DRAIN_SECONDS", drain);
    command.arg("127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
    (child, address.unwrap_or_else(|| panic!("it says {line:?}")))
}

fn terminate(child: &Child) {
    let killed = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
}

/// Sends a request; its answer is read by the caller.
fn request(address: &str, path: &str, headers: &str, question: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let body = format!(r#"{{"question":"{question}"}}"#);
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn trace_id(answer: &str) -> String {
    let line = answer.lines().find_map(|line| line.strip_prefix("x-trace-id: "));
    line.unwrap_or_else(|| panic!("no trace id in {answer}")).to_owned()
}

fn metrics(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")
        .unwrap();
    answer(stream)
}

/// All spans of the file: kind, trace and attributes.
fn spans(folder: &std::path::Path) -> Vec<(String, BTreeMap<String, String>)> {
    let text = std::fs::read_to_string(folder.join("spans.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let span = &line["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
            let attributes = span["attributes"].as_array().unwrap().iter().map(|pair| {
                let key = pair["key"].as_str().unwrap().to_owned();
                (key, pair["value"]["stringValue"].as_str().unwrap_or_default().to_owned())
            });
            (span["traceId"].as_str().unwrap().to_owned(), attributes.collect())
        })
        .collect()
}

#[test]
fn thirty_two_at_once_have_their_own_sessions_and_nothing_is_lost_when_it_is_terminated() {
    const ASKING: usize = 32;
    let folder = folder("service");
    let (child, address) = start(&folder);
    // Half are whole, half stream; half go on with a trace of the caller's.
    let known = |number: usize| format!("{:032x}", 0xa000 + number);
    let traces: Vec<String> = thread::scope(|scope| {
        let asking: Vec<_> = (0..ASKING)
            .map(|number| {
                let address = &address;
                scope.spawn(move || {
                    let path = if number % 2 == 0 { "/ask" } else { "/ask/stream" };
                    let mut headers =
                        format!("x-session-id: s-{number}\r\nx-user-id: u-{number}\r\n");
                    if number % 4 < 2 {
                        headers +=
                            &format!("traceparent: 00-{}-00f067aa0ba902b7-01\r\n", known(number));
                    }
                    let question = format!("question {number} of all");
                    let answer = answer(request(address, path, &headers, &question));
                    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                    assert!(answer.contains(&format!("{number} ")), "{answer}");
                    trace_id(&answer)
                })
            })
            .collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    let metrics = metrics(&address);
    assert!(metrics.contains("tracing_llm_"), "{metrics}");

    // Four more are under way when it is told to end: they get all of their answer.
    let words = "word ".repeat(40);
    let late: Vec<_> = (0..4)
        .map(|number| {
            let mut stream = request(
                &address,
                "/ask/stream",
                &format!("x-session-id: late-{number}\r\n"),
                words.trim(),
            );
            let mut first = [0; 12];
            stream.read_exact(&mut first).unwrap();
            stream
        })
        .collect();
    terminate(&child);
    let late: Vec<String> = late.into_iter().map(answer).collect();
    for answer in &late {
        assert_eq!(answer.matches("data: word").count(), 40, "{answer}");
    }
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("all events are delivered"), "{}", run.stderr);

    let spans = spans(&folder);
    assert_eq!(spans.len(), 3 * (ASKING + 4));
    for (number, trace) in traces.iter().enumerate() {
        if number % 4 < 2 {
            assert_eq!(*trace, known(number));
        }
        let of_trace: Vec<_> = spans.iter().filter(|(of, _)| of == trace).collect();
        assert_eq!(of_trace.len(), 3, "search, chat and the question itself");
        for (_, attributes) in of_trace {
            assert_eq!(attributes["session.id"], format!("s-{number}"));
            assert_eq!(attributes["user.id"], format!("u-{number}"));
        }
        // The lines of the log show the trace.
        let shown = format!("trace_id=\"{trace}\"");
        let shown = run.stderr.lines().filter(|line| line.contains(&shown)).count();
        assert_eq!(shown, 1, "{trace}: {}", run.stderr);
    }
    let sessions: BTreeSet<_> =
        spans.iter().map(|(_, attributes)| &attributes["session.id"]).collect();
    assert_eq!(sessions.len(), ASKING + 4);
    let answers = spans.iter().filter(|(_, attributes)| {
        attributes["openinference.span.kind"] == "LLM"
            && attributes["output.value"].contains("word")
    });
    assert_eq!(answers.count(), 4);
}

#[test]
fn an_answer_that_takes_too_long_is_broken_off_at_the_end_and_its_events_are_cancelled() {
    let folder = folder("service_broken_off");
    let (child, address) = start_with(&folder, "0");
    // The model would take minutes for these.
    let words = "word ".repeat(40_000);
    let asked = ["/ask", "/ask/stream"].map(|path| request(&address, path, "", words.trim()));
    while !metrics(&address).lines().any(|line| line == "tracing_llm_event_started_total 6") {
        thread::yield_now();
    }
    terminate(&child);
    let [whole, streamed] = asked.map(answer);
    assert!(whole.starts_with("HTTP/1.1 503"), "{whole}");
    assert!(streamed.starts_with("HTTP/1.1 200"), "{streamed}");
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("all events are delivered"), "{}", run.stderr);

    let outcomes: Vec<_> = spans(&folder)
        .into_iter()
        .map(|(_, attributes)| {
            let of = |name: &str| attributes.get(name).cloned().unwrap_or_default();
            (of("openinference.span.kind"), of("tracing_llm.outcome"))
        })
        .collect();
    let cancelled = |kind: &str| {
        let outcome = (kind.to_owned(), "cancelled".to_owned());
        outcomes.iter().filter(|it| **it == outcome).count()
    };
    assert_eq!((outcomes.len(), cancelled("LLM"), cancelled("CHAIN")), (6, 2, 2), "{outcomes:?}");
}
