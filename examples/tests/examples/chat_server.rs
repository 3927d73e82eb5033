//! A chat model on a port of this machine, that answers as it is told to.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// How the model answers.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    /// In two pieces, then the usage.
    Answers,
    /// The first line of the prompt, and its end only when so many calls have got their first.
    Together(usize),
    /// One piece, and the connection is gone.
    BreaksOff,
    /// With an HTTP error that is not tried again.
    Refuses,
}

/// Starts it. Gives its address, and the requests as they come.
pub(crate) fn start(behaviour: Behaviour) -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    let calls = Arc::new(Calls::default());
    // The threads end with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, sender, calls) = (stream.unwrap(), sender.clone(), Arc::clone(&calls));
            thread::spawn(move || {
                let request = read_request(&stream);
                // The caller may be gone already.
                let _ = answer(stream, behaviour, &request, &calls);
                let _ = sender.send(request);
            });
        }
    });
    (address, requests)
}

/// Calls that have got their first piece.
#[derive(Default)]
struct Calls {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Calls {
    /// Waits until this call's group of so many is complete; false if that takes too long.
    fn meet(&self, group: usize) -> bool {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        let complete = count.div_ceil(group) * group;
        self.changed.notify_all();
        let limit = Duration::from_secs(20);
        let incomplete = |count: &mut usize| *count < complete;
        let (count, _) = self.changed.wait_timeout_while(count, limit, incomplete).unwrap();
        *count >= complete
    }
}

fn read_request(stream: &TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn answer(
    mut stream: TcpStream,
    behaviour: Behaviour,
    request: &Value,
    calls: &Calls,
) -> Result<()> {
    if let Behaviour::Refuses = behaviour {
        let body = r#"{"error":{"message":"no such model","type":"invalid_request_error"}}"#;
        let head = "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\nconnection: close";
        return write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close";
    write!(stream, "{head}\r\ntransfer-encoding: chunked\r\n\r\n")?;
    let text = |text: &str| choice(&json!({ "content": text }), None);
    send(&mut stream, &choice(&json!({ "role": "assistant", "content": "" }), None))?;
    match behaviour {
        Behaviour::Together(group) => {
            let prompt = request["messages"][1]["content"].as_str().unwrap();
            send(&mut stream, &text(prompt.lines().next().unwrap()))?;
            let together = calls.meet(group);
            send(&mut stream, &text(if together { " together." } else { " alone." }))?;
        }
        _ => send(&mut stream, &text("Bees "))?,
    }
    match behaviour {
        Behaviour::BreaksOff => return Ok(()),
        Behaviour::Answers => send(&mut stream, &text("dance."))?,
        _ => {}
    }
    send(&mut stream, &choice(&json!({}), Some("stop")))?;
    let usage = json!({ "prompt_tokens": 1234, "completion_tokens": 2, "total_tokens": 1236 });
    send(&mut stream, &json!({ "choices": [], "usage": usage }))?;
    write_chunk(&mut stream, "data: [DONE]\n\n")?;
    write!(stream, "0\r\n\r\n")
}

fn choice(delta: &Value, finish_reason: Option<&str>) -> Value {
    json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }] })
}

fn send(stream: &mut TcpStream, fields: &Value) -> Result<()> {
    let mut event = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "bee-2026-11",
    });
    for (key, value) in fields.as_object().into_iter().flatten() {
        event[key] = value.clone();
    }
    write_chunk(stream, &format!("data: {event}\n\n"))
}

fn write_chunk(stream: &mut TcpStream, text: &str) -> Result<()> {
    write!(stream, "{:x}\r\n{text}\r\n", text.len())?;
    stream.flush()
}
