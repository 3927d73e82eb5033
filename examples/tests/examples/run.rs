//! Starts an example and tells what came out.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What an example printed and how it ended.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }
}

/// A command that runs an example in an empty folder, with no setting of this machine.
pub(crate) fn example(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(path(name));
    command.current_dir(folder).stdin(Stdio::null());
    for (variable, _) in env::vars_os() {
        let text = variable.to_string_lossy();
        let ours = ["AIM_", "OPENAI_", "OTEL_", "PHOENIX_", "TRACING_LLM_", "WANDB_"];
        if ours.iter().any(|prefix| text.starts_with(prefix)) || text == "RUST_LOG" {
            command.env_remove(variable);
        }
    }
    command
}

/// An empty folder for one test.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Examples are built beside the tests: `target/debug/examples` beside `target/debug/deps`.
fn path(name: &str) -> PathBuf {
    let tests = env::current_exe().unwrap();
    let examples = tests.parent().and_then(Path::parent).unwrap().join("examples");
    let path = examples.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is missing: `cargo test -p tracing-llm-examples` builds it, `--test` alone does not",
        path.display()
    );
    path
}

/// The text with a word in place of each trace id and each time.
pub(crate) fn without_ids_and_times(text: &str) -> String {
    text.lines()
        .map(|line| {
            let shown = line.split("  ").map(|text| part(text.trim())).collect::<Vec<_>>();
            // A column of times is as wide as they are.
            let in_table =
                line.ends_with("p95") || shown.iter().filter(|part| *part == "TIME").count() > 1;
            match in_table {
                true => shown.join(" ").split_whitespace().collect::<Vec<_>>().join(" ") + "\n",
                false => line.split("  ").map(part).collect::<Vec<_>>().join("  ") + "\n",
            }
        })
        .collect()
}

fn part(text: &str) -> String {
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return "ID".to_owned();
    }
    let (before, last) = match text.strip_prefix("first token ") {
        Some(time) => ("first token ", time),
        None => ("", text),
    };
    let is_time = last.split_once(' ').is_some_and(|(number, unit)| {
        number.parse::<f64>().is_ok() && ["ns", "µs", "ms", "s"].contains(&unit)
    });
    if is_time { format!("{before}TIME") } else { text.to_owned() }
}

#[test]
fn ids_and_times_are_replaced_and_nothing_else() {
    assert_eq!(
        without_ids_and_times(
            "● query  84f91e2a  209 µs  3 events\n  LLM  31 → 8 tokens  first token 1.50 s"
        ),
        "● query  ID  TIME  3 events\n  LLM  31 → 8 tokens  first token TIME\n"
    );
}
