//! It answers as it is told to, and keeps what it was asked.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What it was asked.
pub(crate) struct Asked {
    /// The request line and the headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// How it answers each request.
#[derive(Clone, Default)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    pieces: Vec<Vec<u8>>,
    chunked: bool,
    cut_off: bool,
}

impl Reply {
    pub(crate) fn json(body: &str) -> Self {
        Self::of("application/json", body)
    }

    pub(crate) fn of(kind: &str, body: &str) -> Self {
        let headers = vec![("content-type", kind.to_owned())];
        Self { status: 200, headers, pieces: vec![body.into()], ..Self::default() }
    }

    /// A stream of server-sent events, in pieces that the network sees.
    pub(crate) fn stream(pieces: &[&str]) -> Self {
        let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect();
        Self { pieces, chunked: true, ..Self::of("text/event-stream; charset=utf-8", "") }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The connection is gone before the end.
    pub(crate) fn cut_off(mut self) -> Self {
        self.cut_off = true;
        self
    }
}

/// Starts it. Gives its address, such as `http://127.0.0.1:4000`, and the requests as they come.
pub(crate) fn start(reply: Reply) -> (String, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = channel();
    // The threads end with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, sender, reply) = (stream.unwrap(), sender.clone(), reply.clone());
            thread::spawn(move || {
                let asked = read_request(&stream);
                // The test may have what it wants.
                let _ = sender.send(asked);
                // The caller may be gone already.
                let _ = answer(stream, &reply);
            });
        }
    });
    (address, asked)
}

fn read_request(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length, mut chunked) = (String::new(), 0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        chunked |= line.starts_with("transfer-encoding: chunked");
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    while chunked {
        let mut size = String::new();
        reader.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).unwrap();
        body.extend_from_slice(&chunk[..size]);
        chunked = size > 0;
    }
    Asked { head, body }
}

fn answer(mut stream: TcpStream, reply: &Reply) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut head = format!("HTTP/1.1 {} Told\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length: usize = reply.pieces.iter().map(Vec::len).sum();
    match (reply.chunked, reply.cut_off) {
        (true, _) => head.push_str("transfer-encoding: chunked\r\n"),
        (false, cut_off) => {
            head.push_str(&format!("content-length: {}\r\n", length + usize::from(cut_off)));
        }
    }
    write!(stream, "{head}\r\n")?;
    for piece in &reply.pieces {
        if reply.chunked {
            write!(stream, "{:x}\r\n", piece.len())?;
        }
        stream.write_all(piece)?;
        if reply.chunked {
            write!(stream, "\r\n")?;
        }
        stream.flush()?;
    }
    if reply.chunked && !reply.cut_off {
        write!(stream, "0\r\n\r\n")?;
    }
    Ok(())
}
