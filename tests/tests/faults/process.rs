//! What happens to the process: it is killed, ends without a shutdown, has no disk or no output
//! left. This program starts itself as the one that it happens to.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;
use tracing_llm_debug::DebugHandler;

use crate::books::balance;
use crate::load::{Load, Made};
use crate::stage::{Folder, PATIENCE, install, with_all_handlers};
use crate::trial_of_a_process;

/// Says to the program that it is a child, and of which kind.
const CHILD: &str = "TRACING_LLM_FAULTS_CHILD";
const FOLDER: &str = "TRACING_LLM_FAULTS_FOLDER";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial_of_a_process("a_process_that_is_killed_leaves_whole_records", killed),
        trial_of_a_process("a_process_that_exits_without_a_shutdown_leaves_whole_records", exits),
        trial_of_a_process("a_main_that_only_returns_leaves_everything", returns),
        #[cfg(unix)]
        trial_of_a_process("a_full_disk_fails_no_host_and_is_counted", disk_full),
        trial_of_a_process("an_output_that_is_gone_fails_no_host", output_gone),
        #[cfg(unix)]
        trial_of_a_process("an_output_that_was_never_there_fails_no_host", output_closed),
    ]
}

pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// What the child does.
pub(crate) fn child() {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let (kind, folder) = (variable(CHILD), variable(FOLDER));
    let made = Arc::new(Made::default());
    let (builder, books) = with_all_handlers(Path::new(&folder));
    let (dispatch, callbacks) =
        install(builder.shutdown_limit(PATIENCE).handler(DebugHandler::stdout()));
    let load = if kind == "endless" { Load::endless() } else { Load::default() };
    load.run(&made, &dispatch);
    match kind.as_str() {
        "exit" => std::process::exit(0),
        "return" => {
            // The handle is dropped on the way out.
            std::fs::write(Path::new(&folder).join("made"), made.spans().to_string()).unwrap();
            return;
        }
        _ => {}
    }
    let shutdown = callbacks.shutdown_blocking(PATIENCE);
    let stats = callbacks.stats();
    balance(&stats, &made, &books);
    assert_eq!(stats.ends, made.spans());
    // The error names who could not write.
    eprintln!("{}", shutdown.map_or_else(|error| error.to_string(), |()| String::from("all well")));
}

fn command(kind: &str, folder: &Folder) -> Command {
    with(Command::new(std::env::current_exe().unwrap()), kind, folder)
}

fn with(mut command: Command, kind: &str, folder: &Folder) -> Command {
    command.env(CHILD, kind).env(FOLDER, folder.path()).stdout(Stdio::null());
    command
}

/// The child with something done to it by the shell first.
#[cfg(unix)]
fn in_shell(first: &str, kind: &str, folder: &Folder) -> Output {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{first} exec \"$0\"")).arg(std::env::current_exe().unwrap());
    with(shell, kind, folder).output().unwrap()
}

fn told(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {told}", output.status);
    told
}

/// The records of a file: every line is whole, but perhaps the last.
fn records(folder: &Folder, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    whole.lines().map(|line| serde_json::from_str(line).expect(name)).collect()
}

fn spans(folder: &Folder) -> usize {
    let spans = records(folder, "spans.jsonl");
    spans.iter().map(|record| record.to_string().matches("\"spanId\"").count()).sum()
}

fn killed() {
    let folder = Folder::new();
    let mut child = command("endless", &folder).stderr(Stdio::null()).spawn().unwrap();
    let enough = || {
        let size = |name| std::fs::metadata(folder.path().join(name)).map_or(0, |file| file.len());
        size("spans.jsonl") > 1_000_000 && size("train.jsonl") > 100_000
    };
    while !enough() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(spans(&folder) > 0);
    check_training(&folder);
}

fn exits() {
    let folder = Folder::new();
    told(&command("exit", &folder).output().unwrap());
    spans(&folder);
    check_training(&folder);
}

fn returns() {
    let folder = Folder::new();
    told(&command("return", &folder).output().unwrap());
    let made = std::fs::read_to_string(folder.path().join("made")).unwrap();
    assert_eq!(spans(&folder).to_string(), made);
    check_training(&folder);
}

/// The next to open the file finds it valid, whatever was torn.
fn check_training(folder: &Folder) {
    let path = folder.path().join("train.jsonl");
    drop(tracing_llm_finetuning::FineTuning::builder().file(&path).build().unwrap());
    let lines = records(folder, "train.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(lines.len(), text.lines().count(), "no line is torn any more");
    assert!(lines.iter().all(|line| line["messages"].is_array()));
}

#[cfg(unix)]
fn disk_full() {
    let folder = Folder::new();
    // No file may grow beyond some tens of kilobytes; the signal that says so is not wanted.
    let told = told(&in_shell("trap '' XFSZ; ulimit -f 64;", "to the end", &folder));
    for handler in ["OpenInference", "FineTuning", "Wandb"] {
        assert!(told.contains(handler), "{handler} is not in: {told}");
    }
    spans(&folder);
    check_training(&folder);
}

fn output_gone() {
    let folder = Folder::new();
    let mut child = command("to the end", &folder);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let told = told(&child.wait_with_output().unwrap());
    assert!(!told.contains("OpenInference"), "{told}");
    assert!(told.contains("DebugHandler"), "{told}");
}

#[cfg(unix)]
fn output_closed() {
    let folder = Folder::new();
    told(&in_shell("exec >&-;", "to the end", &folder));
}
