//! The example prints what lies beside it, and writes the run that it names.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[allow(dead_code, reason = "its main is not called here")]
#[path = "../examples/wandb.rs"]
mod example;

use std::path::Path;

use tracing_llm_wandb::Wandb;

const STDOUT: &str = include_str!("../examples/wandb.stdout");

#[test]
fn the_example_prints_what_lies_beside_it_and_writes_a_run() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("example");
    let _ = std::fs::remove_dir_all(&dir);
    let wandb = Wandb::builder().dir(&dir).build().unwrap();
    let run = wandb.run().unwrap();
    let mut output = Vec::new();
    example::run(wandb, &mut output).unwrap();

    let output = String::from_utf8(output).unwrap();
    // All but the last line, which has the time and the id of the run.
    let shown = |text: &str| text.rsplit_once("wandb sync ").unwrap().0.to_owned();
    assert_eq!(shown(&output), shown(STDOUT));
    assert!(output.ends_with(&format!("wandb sync {}\n", run.folder().display())), "{output}");
    assert!(std::fs::read(run.file()).unwrap().starts_with(b":W&B"));
}
