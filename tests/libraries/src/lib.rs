//! Aids for the tests with real libraries: a model server on loopback, calls through each library,
//! and what was seen of a run.

pub mod clients;
mod raw;
pub mod server;
mod watch;

pub use raw::Raw;
pub use watch::{Run, observe, watch};
