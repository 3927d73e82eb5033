//! Runs the examples as a user does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "so a test fails")]

mod chat_server;
mod quickstart;
mod rag;
mod readme;
mod run;
mod service;
mod two_processes;
