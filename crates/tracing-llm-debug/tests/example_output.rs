//! The example prints what lies beside it, and the README shows what it prints.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[allow(dead_code, reason = "its main is not called here")]
#[path = "../examples/reprint.rs"]
mod reprint;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_llm_debug::DebugHandler;

const RAG: &str = include_str!("../examples/rag.jsonl");
const STDOUT: &str = include_str!("../examples/reprint.stdout");
const README: &str = include_str!("../README.md");

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_example_prints_what_lies_beside_it() {
    let output = Shared::default();
    reprint::reprint(RAG, &mut DebugHandler::writer(output.clone())).unwrap();
    assert_eq!(String::from_utf8(output.0.lock().unwrap().clone()).unwrap(), STDOUT);
}

#[test]
fn the_readme_shows_what_the_example_prints() {
    let shown: Vec<&str> = README.split("```text\n").skip(1).take(2).collect();
    assert_eq!(shown.len(), 2);
    for block in shown {
        let (block, _) = block.split_once("```").unwrap();
        assert!(STDOUT.contains(block), "{block}");
    }
}
