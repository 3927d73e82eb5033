//! What is recognised, by what, and what is not: spans exactly as other code emits them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

#[path = "../common/mod.rs"]
mod common;

mod genai;
mod hand_written;
mod langchain_rust;
mod order;
mod ordinary;
mod rig;
mod running;
mod settings;
mod swiftide;
