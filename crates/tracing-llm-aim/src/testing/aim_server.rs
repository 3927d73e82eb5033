//! A stand-in for `aim server` on loopback: it speaks the protocol, keeps what is written, and has
//! moods.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tungstenite::Message;

use crate::encode::{Found, Key, Node, pack, unpack};

/// What the server makes of what it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Takes everything in, and never answers.
    Silent,
    /// Answers that it cannot.
    Refusing,
    /// Answers as something that is no Aim server.
    Foreign,
}

pub(crate) struct AimServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    mood: Mood,
    /// The heads of requests, as they came.
    heads: Vec<String>,
    /// Bodies of requests.
    bodies: Vec<String>,
    /// What was set, by its path.
    stored: BTreeMap<String, String>,
    streams: Vec<TcpStream>,
    taken: usize,
}

impl AimServer {
    pub(crate) fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap())
    }

    /// A server that listens where another one did.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let stopped = Arc::new(AtomicBool::new(false));
        let (its_state, its_end) = (Arc::clone(&state), Arc::clone(&stopped));
        let thread = thread::spawn(move || {
            while !its_end.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                let state = Arc::clone(&its_state);
                state.lock().unwrap().streams.push(stream.try_clone().unwrap());
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state, stopped, thread: Some(thread) }
    }

    pub(crate) fn address(&self) -> String {
        format!("aim://{}", self.address)
    }

    pub(crate) fn mood(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.state.lock().unwrap().heads.clone()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.state.lock().unwrap().bodies.clone()
    }

    /// The first lines of the requests, without the client's id: `GET /client/connect/`.
    pub(crate) fn requests(&self) -> Vec<String> {
        let heads = self.heads();
        heads.iter().map(|head| without_ids(head.lines().next().unwrap())).collect()
    }

    pub(crate) fn stored(&self) -> BTreeMap<String, String> {
        self.state.lock().unwrap().stored.clone()
    }

    /// The values of the text tracks with this name.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let (stored, place) = (self.stored(), format!("/{name}/val/"));
        let texts = stored.iter().filter(|(path, _)| {
            path.starts_with("seqs/") && path.contains(&place) && path.ends_with("/data")
        });
        texts.map(|(_, text)| text.clone()).collect()
    }

    /// Breaks all connections, and listens no more.
    pub(crate) fn stop(mut self) -> SocketAddr {
        self.end();
        self.address
    }

    fn end(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        for stream in self.state.lock().unwrap().streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for AimServer {
    fn drop(&mut self) {
        self.end();
    }
}

fn without_ids(line: &str) -> String {
    let path = line.trim_end_matches(" HTTP/1.1");
    let is_id = |part: &str| part.len() == 36 || part.starts_with("handler-");
    path.split('/').filter(|part| !is_id(part)).collect::<Vec<_>>().join("/")
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut first = [0; 256];
    let Ok(length) = stream.peek(&mut first) else { return };
    if String::from_utf8_lossy(&first[..length]).contains("/write-instruction/") {
        write_instructions(stream, state);
    } else {
        while let Some((head, body)) = request(&mut stream) {
            let mood = {
                let mut state = state.lock().unwrap();
                state.heads.push(head.clone());
                state.bodies.push(body.clone());
                state.mood
            };
            let (status, answer) = match mood {
                Mood::Silent => continue,
                Mood::Foreign => ("200 OK", "<html>".to_owned()),
                Mood::Refusing => (
                    "400 Bad Request",
                    r#"{"exception":{"class_name":"KeyError","message":"no"}}"#.to_owned(),
                ),
                Mood::Well if head.contains("/get-resource/") => {
                    let mut state = state.lock().unwrap();
                    state.taken += 1;
                    ("200 OK", format!(r#"{{"handler":"handler-{}"}}"#, state.taken))
                }
                Mood::Well => ("200 OK", "null".to_owned()),
            };
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// A request's head and body.
fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

fn write_instructions(stream: TcpStream, state: &Mutex<State>) {
    let mut head = String::new();
    #[allow(clippy::result_large_err, reason = "the shape that tungstenite asks for")]
    let keep_head = |request: &tungstenite::handshake::server::Request, response| {
        head = format!("GET {}\n{:?}", request.uri(), request.headers());
        Ok(response)
    };
    let Ok(mut socket) = tungstenite::accept_hdr(stream, keep_head) else { return };
    state.lock().unwrap().heads.push(head);
    while let Ok(message) = socket.read() {
        let Message::Binary(message) = message else { continue };
        let mood = state.lock().unwrap().mood;
        let answer = match mood {
            Mood::Silent => continue,
            Mood::Well => {
                store(&message, &mut state.lock().unwrap().stored);
                b"OK".to_vec()
            }
            Mood::Refusing | Mood::Foreign => {
                let fields = [("class_name", "KeyError"), ("message", "no\nsuch thing")];
                pack(&Node::object(fields.map(|(name, text)| (name, Node::literal(text)))))
            }
        };
        let _ = socket.send(Message::Binary(answer.into()));
        if mood != Mood::Well {
            return; // as Aim does
        }
    }
}

/// What the instructions set: `[[handler, method, [path, value]], …]`.
fn store(message: &[u8], stored: &mut BTreeMap<String, String>) {
    let leaves = unpack(message);
    let mut paths: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for leaf in &leaves {
        let [Key::Int(instruction), Key::Int(2), Key::Int(argument), below @ ..] = &leaf.path[..]
        else {
            continue;
        };
        if *argument == 0 && !below.is_empty() {
            paths.entry(*instruction).or_default().push(found(&leaf.value));
        } else if let (1, Some(path)) = (*argument, paths.get(instruction)) {
            let below = below.iter().map(|key| match key {
                Key::Str(name) => name.to_string(),
                Key::Int(number) => number.to_string(),
            });
            let path: Vec<String> = path.iter().cloned().chain(below).collect();
            stored.insert(path.join("/"), found(&leaf.value));
        }
    }
}

fn found(value: &Found) -> String {
    match value {
        Found::Int(number) => number.to_string(),
        Found::Float(number) => number.to_string(),
        Found::Str(text) => text.clone(),
        Found::Other(kind) => format!("type {kind}"),
    }
}
