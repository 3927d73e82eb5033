//! The websocket by which a run is written.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};

use tungstenite::client::IntoClientRequest;
use tungstenite::{HandshakeError, Message, WebSocket};
use ureq::http::header::{HeaderName, HeaderValue};

use super::Failure;
use super::deadline::Deadline;
use super::http::told;
use crate::encode::{Key, unpack};
use crate::settings::Address;

/// The answer to instructions that were carried out.
const OK: &[u8] = b"OK";

pub(super) struct Socket(WebSocket<TcpStream>);

impl Socket {
    pub(super) fn open(
        address: &Address,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
        deadline: Deadline,
    ) -> Result<Self, Failure> {
        let stream = connect(address, deadline).map_err(away)?;
        let mut request = address.url("ws", path).into_client_request().map_err(away)?;
        request.headers_mut().extend(headers.iter().cloned());
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(HandshakeError::Failure(error)) => Err(away(error)),
            Err(HandshakeError::Interrupted(_)) => Err(away("no answer in time")),
        }
    }

    /// Sends a message, and waits for its answer.
    pub(super) fn write(&mut self, message: Vec<u8>, deadline: Deadline) -> Result<(), Failure> {
        limit(self.0.get_ref(), deadline).map_err(away)?;
        self.0.send(Message::Binary(message.into())).map_err(broken)?;
        loop {
            // Each piece of the answer starts the time-out of the stream anew.
            if deadline.has_passed() {
                return Err(away("no answer in time"));
            }
            match self.0.read().map_err(broken)? {
                Message::Binary(answer) if answer == OK => return Ok(()),
                Message::Binary(answer) => return Err(Failure::Refused(exception(&answer))),
                Message::Close(_) => return Err(away("the server closed the connection")),
                _ => {}
            }
        }
    }

    /// Takes leave. Whether it is heard does not matter.
    pub(super) fn close(mut self) {
        let _ = self.0.close(None);
        let _ = self.0.flush();
    }
}

fn connect(address: &Address, deadline: Deadline) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in address.host_and_port().to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, deadline.left()) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                limit(&stream, deadline)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn limit(stream: &TcpStream, deadline: Deadline) -> io::Result<()> {
    stream.set_read_timeout(Some(deadline.left()))?;
    stream.set_write_timeout(Some(deadline.left()))
}

/// What the system calls a resource that is unavailable is our limit that has passed.
fn broken(error: tungstenite::Error) -> Failure {
    match error {
        tungstenite::Error::Io(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
        {
            away("timed out")
        }
        error => away(error),
    }
}

fn away(error: impl ToString) -> Failure {
    Failure::Away(told(&error.to_string()))
}

/// What a packed exception says.
fn exception(answer: &[u8]) -> String {
    let leaves = unpack(answer);
    let part = |name: &'static str| {
        let leaf = leaves.iter().find(|leaf| leaf.path == [Key::from(name)])?;
        leaf.text().filter(|text| !text.is_empty())
    };
    let class = part("class_name").unwrap_or("an error that cannot be read");
    match part("message") {
        Some(message) => told(&format!("{class}: {message}")),
        None => told(class),
    }
}
