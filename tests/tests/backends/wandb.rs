//! W&B's own program: it reads our runs, and uploads them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Map, Value, json};
use tracing_llm::prelude::*;
use tracing_llm::{SpanId, Trace, TraceId};
use tracing_llm_wandb::{Builder, Run, Wandb};

use crate::phoenix::{get, scratch};
use crate::{pipeline, trial};

const WANDB: &str = "TRACING_LLM_TEST_WANDB";
const SERVER: &str = "TRACING_LLM_TEST_WANDB_SERVER";

/// In this folder a process writes until it is killed.
pub(crate) const VICTIM: &str = "TRACING_LLM_TEST_WANDB_VICTIM";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("wandb::its_reader_shows_every_event_type", [WANDB], |[wandb]| shows(&wandb)),
        trial("wandb::its_reader_reads_records_over_several_blocks", [WANDB], |[wandb]| {
            large(&wandb);
        }),
        trial("wandb::a_file_that_is_cut_is_read_up_to_the_cut", [WANDB], |[wandb]| cut(&wandb)),
        trial("wandb::a_process_that_is_killed_leaves_all_it_wrote", [WANDB], |[wandb]| {
            killed(&wandb);
        }),
        trial("wandb::sync_uploads_what_was_written", [WANDB, SERVER], |[wandb, server]| {
            uploaded(&wandb, &server);
        }),
        trial(
            "wandb::sync_uploads_records_over_several_blocks",
            [WANDB, SERVER],
            |[wandb, server]| large_uploaded(&wandb, &server),
        ),
        trial(
            "wandb::sync_uploads_what_a_killed_process_and_a_cut_file_left",
            [WANDB, SERVER],
            |[wandb, server]| broken_uploaded(&wandb, &server),
        ),
    ]
}

fn builder(name: &str) -> Builder {
    let dir = scratch(&format!("wandb-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    Wandb::builder()
        .dir(dir)
        .project("rag")
        .name(name)
        .group("nightly")
        .job_type("eval")
        .notes("a note")
        .tags(["a", "Größe"])
        .config("top_k", 3)
        .config("splitter", json!({ "size": 512 }))
}

/// Runs the pipeline of every event type.
fn ran(name: &str) -> Run {
    let wandb = builder(name).build().unwrap();
    let run = wandb.run().unwrap();
    run.log([("eval/accuracy", 0.5)]).unwrap();
    run.summarize("eval/questions", 7).unwrap();
    pipeline::run([wandb], "session-1");
    assert_eq!(run.counts().failed, 0);
    run
}

/// The program, with nothing of this user's settings.
fn program(wandb: &str, folder: &Path) -> Command {
    let mut command = Command::new(wandb);
    command.env("HOME", folder).env("WANDB_ERROR_REPORTING", "false").current_dir(folder);
    command
}

fn inspected(wandb: &str, file: &Path, options: &[&str]) -> String {
    let folder = file.parent().unwrap();
    let output =
        program(wandb, folder).args(["leet", "inspect"]).args(options).arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", file.display());
    String::from_utf8(output.stdout).unwrap()
}

fn records(wandb: &str, file: &Path) -> Vec<Value> {
    let lines = inspected(wandb, file, &["--json"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of the history, as the reader shows them.
fn rows(records: &[Value]) -> Vec<&Map<String, Value>> {
    let rows = records.iter().filter(|record| record["type"] == "history");
    rows.map(|record| record["history"]["item"].as_object().unwrap()).collect()
}

fn trees(rows: &[&Map<String, Value>]) -> Vec<Value> {
    let trees = rows.iter().filter_map(|row| row.get("trace.root_span_dumps"));
    trees.map(|tree| serde_json::from_str(tree.as_str().unwrap()).unwrap()).collect()
}

fn shows(wandb: &str) {
    let run = ran("shown");
    let summary: Value =
        serde_json::from_str(&inspected(wandb, run.file(), &["--summary", "--json"])).unwrap();
    assert_eq!(summary["state"], "finished");
    assert_eq!(summary["exit_code"], 0);
    assert_eq!((&summary["name"], &summary["project"]), (&json!("shown"), &json!("rag")));
    assert_eq!((&summary["notes"], &summary["run_id"]), (&json!("a note"), &json!(run.id())));
    assert_eq!(summary["tags"], json!(["a", "Größe"]));
    assert_eq!(summary["config"], json!({ "top_k": 3, "splitter": { "size": 512 } }));
    let values = &summary["summary"];
    assert_eq!(values["eval/questions"], 7);
    assert_eq!(values["trace"]["_type"], "wb_trace_tree");
    assert_eq!(values["llm_calls"]["_type"], "table-file");
    assert!(values["total/tokens"].as_u64().unwrap() > 0, "{values}");
    assert!(values["total/errors"].as_u64().unwrap() > 0, "{values}");

    let records = records(wandb, run.file());
    assert_eq!(records.len() as u64, run.counts().records);
    let rows = rows(&records);
    for (step, row) in rows.iter().enumerate() {
        assert_eq!(row["_step"], step);
    }
    let trees = trees(&rows);
    assert_eq!(trees.len() as u64, run.counts().traces);
    let mut types = Vec::new();
    let mut open: Vec<&Value> = trees.iter().collect();
    while let Some(span) = open.pop() {
        types.extend(span["attributes"]["event_type"].as_str());
        open.extend(span["child_spans"].as_array().unwrap());
    }
    for event_type in EventType::ALL {
        assert!(types.contains(&event_type.name()), "{event_type}: {types:?}");
    }
    assert!(types.contains(&"PLAN"), "{types:?}");
}

/// A trace of one call with this answer.
fn one_call(wandb: &mut Wandb, number: u64, answer: &str) {
    let id = TraceId::new(u128::from(number)).unwrap();
    let span = SpanId::new(number).unwrap();
    let mut call = Event::with_ids(EventType::LLM, "chat", id, span);
    call.payload.response = Some(answer.to_owned().into());
    call.payload.usage = Some(Usage::new(1, 1));
    let mut trace = Trace::new(id, "chat", call.start);
    wandb.on_trace_start(&Arc::new(trace.clone())).unwrap();
    wandb.on_end(&Arc::new(call)).unwrap();
    trace.map.insert(None, span);
    wandb.on_trace_end(&Arc::new(trace)).unwrap();
}

/// Five traces, and what their calls answered: more than a block holds, and in many scripts.
fn large_run(name: &str) -> (Run, Vec<String>) {
    let mut wandb = builder(name).text_limit(200_000).build().unwrap();
    let run = wandb.run().unwrap();
    let answers: Vec<String> = [90_000, 10, 32_768, 200_000, 1]
        .into_iter()
        .map(|length| "Größe 中文 🦀\n\"".chars().cycle().take(length / 2).collect())
        .collect();
    for (answer, number) in answers.iter().zip(1..) {
        one_call(&mut wandb, number, answer);
    }
    wandb.shutdown().unwrap();
    (run, answers)
}

fn answers(trees: &[Value]) -> Vec<&str> {
    let answer = |tree: &'_ Value| tree["results"][0]["outputs"]["response"].as_str().is_some();
    assert!(trees.iter().all(answer));
    trees.iter().filter_map(|tree| tree["results"][0]["outputs"]["response"].as_str()).collect()
}

fn large(program: &str) {
    let (run, written) = large_run("large");
    let records = records(program, run.file());
    assert_eq!(records.len() as u64, run.counts().records);
    assert_eq!(answers(&trees(&rows(&records))), written);
}

/// The lengths of the file between records are known: it is looked at while it is written.
fn cut(program: &str) {
    let mut wandb = builder("cut").build().unwrap();
    let run = wandb.run().unwrap();
    let mut whole = vec![];
    for number in 1..=6 {
        one_call(&mut wandb, number, &"x".repeat(20_000));
        wandb.flush().unwrap();
        let length = std::fs::metadata(run.file()).unwrap().len();
        whole.push((usize::try_from(length).unwrap(), run.counts().records));
    }
    one_call(&mut wandb, 7, "the record behind the last cut");
    wandb.shutdown().unwrap();
    let file = std::fs::read(run.file()).unwrap();
    for (length, expected) in whole {
        // Behind a whole record, and in the header, the data and the last byte of the next one.
        for (more, expected) in [(0, expected), (3, expected), (40, expected)] {
            let copy = run.folder().join(format!("cut-{length}-{more}.wandb"));
            std::fs::write(&copy, &file[..length + more]).unwrap();
            let read = records(program, &copy);
            assert_eq!(read.len() as u64, expected, "{length} and {more}");
        }
        let copy = run.folder().join(format!("cut-{length}-less.wandb"));
        std::fs::write(&copy, &file[..length - 1]).unwrap();
        assert_eq!(records(program, &copy).len() as u64, expected - 1, "{length} less 1");
    }
}

/// What the process that is to be killed does: after each trace, it says how many records it wrote.
#[allow(clippy::print_stdout, reason = "its parent reads it")]
pub(crate) fn write_until_killed(folder: PathBuf) -> ! {
    let mut wandb = Wandb::builder().dir(folder).build().unwrap();
    let run = wandb.run().unwrap();
    println!("{}", run.file().display());
    for number in 1.. {
        one_call(&mut wandb, number, &"x".repeat(10_000));
        println!("{}", run.counts().records);
    }
    unreachable!("it is killed before it has counted so far")
}

/// A file of a process that was killed, and how many records it said that it wrote.
fn victim(name: &str) -> (PathBuf, u64) {
    let folder = scratch(&format!("wandb-{name}-{}", std::process::id()));
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .env(VICTIM, &folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
    let file = PathBuf::from(said.next().unwrap());
    let mut written = said.by_ref().take(50).last().unwrap();
    // SIGKILL: nothing runs in it any more.
    victim.kill().unwrap();
    victim.wait().unwrap();
    // What it said in the meantime; the last line may be torn.
    while let Some(more) = said.next().filter(|more| more.len() >= written.len()) {
        written = more;
    }
    (file, written.parse().unwrap())
}

fn killed(program: &str) {
    let (file, written) = victim("killed");
    let read = records(program, &file).len() as u64;
    assert!(read >= written, "{read} of {written}");
    let summary = inspected(program, &file, &["--summary", "--json"]);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_ne!(summary["state"], "finished");
    assert_eq!(summary["summary"]["trace"]["_type"], "wb_trace_tree");
}

/// Uploads the run of this folder; what the server has seen since it was started.
fn synced(wandb: &str, server: &str, folder: &Path) -> Value {
    let output = program(wandb, folder)
        .env("WANDB_BASE_URL", server)
        .env("WANDB_API_KEY", "a".repeat(40))
        .arg("sync")
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    // The server writes down what it takes before it answers.
    std::thread::sleep(Duration::from_millis(100));
    let seen = get(&format!("{server}/seen"));
    assert_eq!(seen["unknown"], json!([]), "{said}");
    seen
}

/// The lines of a file that was streamed for this run.
fn lines(seen: &Value, run: &str, name: &str) -> Vec<Value> {
    let lines = seen["streams"][run][name].as_array().unwrap().iter();
    lines.map(|line| serde_json::from_str(line.as_str().unwrap()).unwrap()).collect()
}

/// The trees of a history that was uploaded.
fn uploaded_trees(history: &[Value]) -> Vec<Value> {
    let dumps = history.iter().filter_map(|row| row["trace"]["root_span_dumps"].as_str());
    dumps.map(|tree| serde_json::from_str(tree).unwrap()).collect()
}

fn large_uploaded(wandb: &str, server: &str) {
    let (run, written) = large_run("large-uploaded");
    let seen = synced(wandb, server, run.folder());
    let history = lines(&seen, run.id(), "wandb-history.jsonl");
    assert_eq!(answers(&uploaded_trees(&history)), written);
}

fn broken_uploaded(wandb: &str, server: &str) {
    let (file, _) = victim("killed-uploaded");
    let folder = file.parent().unwrap();
    let id = folder.to_str().unwrap().rsplit_once('-').unwrap().1;
    // Inside its last record at the latest.
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let read = records(wandb, &file);
    let rows = rows(&read);
    assert!(rows.len() > 10);
    let history = lines(&synced(wandb, server, folder), id, "wandb-history.jsonl");
    assert_eq!(history.len(), rows.len());
    assert_eq!(uploaded_trees(&history), trees(&rows));
}

fn uploaded(wandb: &str, server: &str) {
    let run = ran("uploaded");
    let seen = synced(wandb, server, run.folder());
    let is_ours = |variables: &&Value| variables["name"] == run.id();
    let ours = seen["runs"].as_array().unwrap().iter().find(is_ours).unwrap();
    assert_eq!(ours["displayName"], "uploaded");
    assert_eq!((&ours["groupName"], &ours["jobType"]), (&json!("nightly"), &json!("eval")));
    assert_eq!(ours["tags"], json!(["a", "Größe"]));
    let config: Value = serde_json::from_str(ours["config"].as_str().unwrap()).unwrap();
    assert_eq!(config["splitter"]["value"]["size"], 512);

    let lines = |name: &str| lines(&seen, run.id(), name);
    let records = records(wandb, run.file());
    let rows = rows(&records);
    let history = lines("wandb-history.jsonl");
    assert_eq!(history.len(), rows.len());
    for (sent, row) in history.iter().zip(&rows) {
        assert_eq!(sent["_step"], row["_step"]);
        assert_eq!(sent.get("trace").is_some(), row.contains_key("trace._type"));
    }
    let summary = lines("wandb-summary.json").pop().unwrap();
    assert_eq!(summary["eval/questions"], 7);
    let table = &summary["llm_calls"];
    assert_eq!(seen["uploads"][table["path"].as_str().unwrap()], table["sha256"]);
}
