//! A client of an `aim server`: what it takes hold of there, and gives back.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::http::header::{HeaderName, HeaderValue};

use super::deadline::Deadline;
use super::http::Http;
use super::socket::Socket;
use super::{Failure, Server};
use crate::encode::{Node, pack};
use crate::run::{Instruction, Target};
use crate::settings::Address;
use crate::unique;

/// How long is spent on giving back what a connection that broke had taken.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) struct Remote {
    http: Http,
    address: Address,
    headers: Vec<(HeaderName, HeaderValue)>,
    run: String,
    open: Option<(Socket, Client)>,
    /// Of a connection that broke. The server would keep it for five minutes, and then take the
    /// lock away from whoever has it.
    left_behind: Option<Client>,
    /// The run was locked by us before: the lock may still be there.
    locked_before: bool,
}

/// A client as the server knows it.
struct Client {
    id: String,
    /// What it holds on the server, in the order in which it was taken. The first is the
    /// repository: the lock manager lives as long as somebody holds it.
    taken: Vec<(Resource, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Repository,
    Lock,
    Meta,
    Series,
    Properties,
    Heartbeat,
}

impl Remote {
    pub(super) fn new(
        address: Address,
        headers: Vec<(HeaderName, HeaderValue)>,
        run: &str,
    ) -> Self {
        let http = Http::new(address.clone(), headers.clone());
        let run = run.to_owned();
        Self { http, address, headers, run, open: None, left_behind: None, locked_before: false }
    }

    fn open(&mut self, client: &mut Client, deadline: Deadline) -> Result<Socket, Failure> {
        self.http.get(&format!("/client/connect/{}/", client.id), deadline)?;
        self.heartbeat(client, deadline)?;
        self.take(client, Resource::Repository, deadline)?;
        self.take(client, Resource::Lock, deadline)?;
        self.call(client, Resource::Lock, "lock", &[Node::Bool(self.locked_before)], deadline)?;
        self.locked_before = true;
        for resource in
            [Resource::Meta, Resource::Series, Resource::Properties, Resource::Heartbeat]
        {
            self.take(client, resource, deadline)?;
        }
        let path = format!("/tracking/{}/write-instruction/", client.id);
        Socket::open(&self.address, &path, &self.headers, deadline)
    }

    fn heartbeat(&self, client: &Client, deadline: Deadline) -> Result<(), Failure> {
        self.http.get(&format!("/client/heartbeat/{}/", client.id), deadline).map(drop)
    }

    fn take(
        &self,
        client: &mut Client,
        resource: Resource,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let (kind, arguments) = resource.request(&self.run);
        let body = json!({
            "resource_handler": "",
            "resource_type": kind,
            "args": STANDARD.encode(pack(&arguments)),
        });
        let path = format!("/tracking/{}/get-resource/", client.id);
        let answer = self.http.post(&path, &body, deadline)?;
        let answer: Option<Value> = serde_json::from_slice(&answer).ok();
        let handler = answer.as_ref().and_then(|answer| answer.get("handler")?.as_str());
        let handler = handler.ok_or_else(|| Failure::Away("no answer of Aim's".to_owned()))?;
        client.taken.push((resource, handler.to_owned()));
        Ok(())
    }

    fn call(
        &self,
        client: &Client,
        resource: Resource,
        method: &str,
        arguments: &[Node],
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let body = json!({
            "resource_handler": client.handler(resource),
            "method_name": method,
            "args": STANDARD.encode(pack(&Node::Array(arguments.to_vec()))),
        });
        let path = format!("/tracking/{}/read-instruction/", client.id);
        self.http.post(&path, &body, deadline).map(drop)
    }

    /// Gives everything back, last taken first. A server that was started anew knows none of it.
    fn release(&self, client: &Client, deadline: Deadline) -> Result<(), Failure> {
        for (_, handler) in client.taken.iter().rev() {
            let path = format!("/tracking/{}/release-resource/{handler}/", client.id);
            if let Err(away @ Failure::Away(_)) = self.http.get(&path, deadline) {
                return Err(away);
            }
        }
        self.http.get(&format!("/client/disconnect/{}/", client.id), deadline).map(drop)
    }

    /// The connection is no more; what it held is to be given back when there is another.
    fn lose(&mut self) {
        if let Some((socket, client)) = self.open.take() {
            socket.close();
            self.left_behind = Some(client);
        }
    }
}

impl Server for Remote {
    fn connect(&mut self, limit: Duration) -> Result<(), Failure> {
        self.lose();
        let deadline = Deadline::after(limit);
        self.http.get("/status/", deadline)?;
        if let Some(left) = self.left_behind.take() {
            let _ = self.release(&left, Deadline::after(limit.min(FAREWELL)));
        }
        let mut client = Client { id: unique::client_id(), taken: Vec::new() };
        match self.open(&mut client, deadline) {
            Ok(socket) => {
                self.open = Some((socket, client));
                Ok(())
            }
            Err(failure) => {
                self.left_behind = Some(client);
                Err(failure)
            }
        }
    }

    fn write(&mut self, instructions: Vec<Instruction>, limit: Duration) -> Result<(), Failure> {
        let Some((socket, client)) = &mut self.open else { return Err(unconnected()) };
        let message = client.message(instructions);
        let written = socket.write(message, Deadline::after(limit));
        if written.is_err() {
            // After an error the server listens no longer on this socket.
            self.lose();
        }
        written
    }

    fn beat(&mut self, limit: Duration) -> Result<(), Failure> {
        let Some((_, client)) = &self.open else { return Err(unconnected()) };
        let beat = self.heartbeat(client, Deadline::after(limit));
        if beat.is_err() {
            self.lose();
        }
        beat
    }

    fn close(&mut self, limit: Duration) -> Result<(), Failure> {
        let Some((socket, client)) = self.open.take() else { return Err(unconnected()) };
        let deadline = Deadline::after(limit);
        socket.close();
        self.call(&client, Resource::Heartbeat, "stop", &[], deadline)?;
        self.call(&client, Resource::Lock, "release", &[Node::Bool(false)], deadline)?;
        self.release(&client, deadline)
    }
}

impl Client {
    fn handler(&self, resource: Resource) -> &str {
        let found = self.taken.iter().find(|(taken, _)| *taken == resource);
        found.map_or("", |(_, handler)| handler)
    }

    fn message(&self, instructions: Vec<Instruction>) -> Vec<u8> {
        let instructions = instructions.into_iter().map(|instruction| {
            let resource = match instruction.target {
                Target::Meta => Resource::Meta,
                Target::Series => Resource::Series,
                Target::Properties => Resource::Properties,
            };
            Node::Array(vec![
                Node::Str(self.handler(resource).into()),
                Node::literal(instruction.method),
                Node::Array(instruction.arguments),
            ])
        });
        pack(&Node::Array(instructions.collect()))
    }
}

impl Resource {
    /// By what it is asked for, for this run.
    fn request(self, run: &str) -> (&'static str, Node) {
        let run = || Node::Str(run.into());
        let tree = |name| {
            Node::object([
                ("name", Node::literal(name)),
                ("sub", run()),
                ("read_only", Node::Bool(false)),
                ("index", Node::Bool(false)),
                ("timeout", Node::Null),
            ])
        };
        match self {
            Self::Repository => ("Repo", Node::object([])),
            Self::Lock => ("Lock", Node::object([("run_hash", run())])),
            Self::Meta => ("TreeView", tree("meta")),
            Self::Series => ("TreeView", tree("seqs")),
            Self::Properties => (
                "StructuredRun",
                Node::object([
                    ("hash_", run()),
                    ("read_only", Node::Bool(false)),
                    ("created_at", Node::Null),
                ]),
            ),
            Self::Heartbeat => ("RunHeartbeat", Node::object([("run_hash", run())])),
        }
    }
}

fn unconnected() -> Failure {
    Failure::Away("there is no connection".to_owned())
}
