//! The README's code is code that is compiled and run elsewhere.

const README: &str = include_str!("../../../README.md");
const QUICKSTART: &str = include_str!("../../quickstart.rs");
const HANDLER: &str = include_str!("../../../crates/tracing-llm/src/handler/mod.rs");

/// The texts of the blocks that show Rust.
fn rust_blocks() -> Vec<&'static str> {
    let after = README.split("```rust\n").skip(1);
    after.map(|block| block.split_once("```\n").unwrap().0).collect()
}

#[test]
fn the_readme_shows_the_quickstart_and_a_handler_as_they_are_compiled() {
    let blocks = rust_blocks();
    let [use_it, handler] = blocks[..] else {
        panic!("{} blocks of Rust: whatever is new is held against nothing", blocks.len())
    };
    assert!(QUICKSTART.contains(use_it), "examples/quickstart.rs is not:\n{use_it}");
    // The example of the trait's documentation, which is a test of its own.
    let documented: String = HANDLER
        .lines()
        .filter_map(|line| line.strip_prefix("///"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    assert!(documented.contains(handler), "the documentation of `Handler` has not:\n{handler}");
}
