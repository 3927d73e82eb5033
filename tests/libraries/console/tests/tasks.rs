//! Our layer beside tokio's console: each is told what it is told without the other.
//!
//! Run from this package's folder, whose `.cargo/config.toml` sets the flag that tokio asks for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

#[cfg(tokio_unstable)]
mod beside;

#[cfg(not(tokio_unstable))]
#[test]
#[ignore = "not run: needs the flag in `tests/libraries/console/.cargo/config.toml`; run it from that folder"]
fn the_console_gets_its_tasks() {
    panic!("built without `--cfg tokio_unstable`");
}
