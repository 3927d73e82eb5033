use std::collections::HashSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::chat_server::{self, Behaviour};
use crate::run::{Run, example, folder, without_ids_and_times};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/docs");
const DISTANCE: &str = "How do bees tell the distance?";

fn rag(folder: &Path) -> Command {
    let mut command = example("rag", folder);
    command.args(["--docs", DOCS]);
    command
}

fn run(command: &mut Command) -> Run {
    Run::from(command.output().unwrap())
}

/// A span as it stands in the file.
struct Span(Value);

impl Span {
    fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    fn attribute(&self, key: &str) -> Option<&Value> {
        let attributes = self.0["attributes"].as_array()?;
        let value = &attributes.iter().find(|attribute| attribute["key"] == key)?["value"];
        value.as_object()?.values().next()
    }
}

fn spans(file: &Path) -> Vec<Span> {
    let lines = fs::read_to_string(file).unwrap();
    let span = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        Span(line["resourceSpans"][0]["scopeSpans"][0]["spans"][0].take())
    };
    lines.lines().map(span).collect()
}

fn named<'a>(spans: &'a [Span], name: &'a str) -> impl Iterator<Item = &'a Span> {
    spans.iter().filter(move |span| span.text("name") == name)
}

fn only<'a>(spans: &'a [Span], name: &'a str) -> &'a Span {
    let mut found = named(spans, name);
    match (found.next(), found.next()) {
        (Some(span), None) => span,
        (None, _) => panic!("no span {name}"),
        (Some(_), Some(_)) => panic!("more than one span {name}"),
    }
}

#[test]
fn offline_it_prints_what_stands_beside_it() {
    let folder = folder("offline");
    let run = run(rag(&folder).arg(DISTANCE));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stderr, "");
    let expected = include_str!("../../rag.stdout");
    assert_eq!(without_ids_and_times(&run.stdout), without_ids_and_times(expected));
}

#[test]
fn with_all_handlers_each_has_made_its_own_of_the_same_run() {
    let folder = folder("all");
    // Nobody listens there: what it made for Aim is counted, and told as lost. With a real server
    // it is run by `tests/backends/run.sh`.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = format!("aim://{nobody}");
    let run = run(rag(&folder).env("AIM_REPO", &server).args(["--all", "-q", DISTANCE]));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("could not send to {server}: ")), "{}", run.stderr);
    let made: Vec<&str> = run.stdout.lines().rev().take(4).collect();
    let [aim, wandb, training, wrote] = made.as_slice() else { panic!("{}", run.stdout) };
    assert_eq!(wrote.trim(), "wrote 10 of 10 spans");
    assert_eq!(*training, "training  train.jsonl: 1 example");
    let example = std::fs::read_to_string(folder.join("train.jsonl")).unwrap();
    assert!(example.contains(DISTANCE), "{example}");
    let run_of_wandb = wandb.split_once("wandb sync ./").unwrap().1;
    let files = std::fs::read_dir(folder.join(run_of_wandb)).unwrap();
    let written = files
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "wandb"));
    assert!(written.unwrap().metadata().unwrap().len() > 1_000);
    let counts = aim.strip_prefix(&format!("aim       {server}: 0 of ")).unwrap();
    let values: u32 = counts.split_once(" values").unwrap().0.parse().unwrap();
    assert!(values > 0, "{aim}");
}

#[test]
fn the_spans_stand_in_the_file_as_a_tree() {
    let folder = folder("spans");
    let run = run(rag(&folder).args(["--spans", "here.jsonl", "-q", DISTANCE]));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.ends_with("spans     here.jsonl\n          wrote 10 of 10 spans\n"));

    let spans = spans(&folder.join("here.jsonl"));
    assert_eq!(spans.len(), 10);
    let below = |child: &str, parent: &str| {
        assert_eq!(only(&spans, child).text("parentSpanId"), only(&spans, parent).text("spanId"));
    };
    below("parse", "index_construction");
    below("index", "index_construction");
    assert_eq!(named(&spans, "split").count(), 2);
    below("bm25", "answer");
    below("synthesize", "answer");
    below("chat", "synthesize");
    // The template stands on the call that it was filled for.
    assert!(only(&spans, "chat").attribute("llm.prompt_template.variables").is_some());
    let query = only(&spans, "answer");
    assert_eq!(query.text("parentSpanId"), "");
    assert_ne!(query.text("traceId"), only(&spans, "index_construction").text("traceId"));
    assert_eq!(query.attribute("input.value").unwrap(), DISTANCE);
}

#[test]
fn a_second_run_is_appended() {
    let folder = folder("appended");
    for _ in 0..2 {
        let run = run(rag(&folder).arg(DISTANCE));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    assert_eq!(spans(&folder.join("spans.jsonl")).len(), 20);
}

#[test]
fn concurrent_questions_run_at_once_and_stay_apart() {
    let folder = folder("concurrent");
    let (url, _requests) = chat_server::start(Behaviour::Together(4));
    let questions: Vec<String> =
        (0..12).map(|number| format!("Question {number} on bees?")).collect();
    let run =
        run(rag(&folder).env("OPENAI_BASE_URL", url).args(["--concurrency", "4"]).args(&questions));
    assert_eq!(run.code, Some(0), "{}", run.stderr);

    let spans = spans(&folder.join("spans.jsonl"));
    for question in &questions {
        // The answer is in one piece.
        let answer = format!("\n❯ {question}\n\n{question} together.\n\n");
        assert!(run.stdout.contains(&answer), "{}", run.stdout);

        let mut queries = named(&spans, "answer")
            .filter(|span| span.attribute("input.value").is_some_and(|text| text == question));
        let trace = queries.next().unwrap().text("traceId");
        assert!(queries.next().is_none());
        let trace: Vec<_> = spans.iter().filter(|span| span.text("traceId") == trace).collect();
        let mut names: Vec<_> = trace.iter().map(|span| span.text("name")).collect();
        names.sort_unstable();
        assert_eq!(names, ["answer", "bm25", "chat", "synthesize"]);
        for span in trace {
            assert!(span.0.to_string().contains(question), "{}", span.0);
        }
    }
    let sessions: HashSet<_> = named(&spans, "answer")
        .map(|span| span.attribute("session.id").unwrap().to_string())
        .collect();
    assert_eq!(sessions.len(), 1);
}

#[test]
fn a_chat_model_streams_its_answer_and_reports_its_usage() {
    let folder = folder("chat");
    let (url, requests) = chat_server::start(Behaviour::Answers);
    let run =
        run(rag(&folder).env("OPENAI_BASE_URL", url).env("OPENAI_MODEL", "bee").arg(DISTANCE));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("\n\nBees dance.\n\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains("bee-2026-11      1   1,234           2  1,236  "),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("offline"));

    let request = requests.recv().unwrap();
    assert_eq!(request["model"], "bee");
    assert_eq!(request["stream"], true);
    assert_eq!(request["stream_options"]["include_usage"], true);
    assert!(request["messages"][1]["content"].as_str().unwrap().starts_with(DISTANCE));

    let spans = spans(&folder.join("spans.jsonl"));
    let chat = only(&spans, "chat");
    assert_eq!(chat.attribute("llm.token_count.total").unwrap(), "1236");
    assert_eq!(chat.attribute("output.value").unwrap(), "Bees dance.");
    assert_eq!(chat.0["status"]["code"], 1);
}

#[test]
fn an_answer_that_breaks_off_is_an_error_with_what_came() {
    let folder = folder("breaks-off");
    let (url, _requests) = chat_server::start(Behaviour::BreaksOff);
    let run = run(rag(&folder).env("OPENAI_BASE_URL", url).arg(DISTANCE));
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("\n\nBees ✗ no answer: "), "{}", run.stdout);
    assert!(run.stderr.ends_with("error: 1 of 1 questions have no answer\n"), "{}", run.stderr);

    let spans = spans(&folder.join("spans.jsonl"));
    let chat = only(&spans, "chat");
    assert_eq!(chat.0["status"]["code"], 2);
    assert_eq!(chat.attribute("output.value").unwrap(), "Bees ");
}

#[test]
fn an_endpoint_that_refuses_or_is_down_is_an_error_of_the_call() {
    let (refuses, _requests) = chat_server::start(Behaviour::Refuses);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let down = format!("http://{nobody}/v1");
    for (name, url, says) in
        [("refuses", &refuses, "no such model"), ("down", &down, "error sending request")]
    {
        let folder = folder(name);
        let run = run(rag(&folder).env("OPENAI_BASE_URL", url).args([DISTANCE, "And the queen?"]));
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.ends_with("error: 2 of 2 questions have no answer\n"), "{}", run.stderr);
        assert_eq!(run.stdout.matches("✗ no answer: ").count(), 2, "{}", run.stdout);

        let spans = spans(&folder.join("spans.jsonl"));
        assert_eq!(named(&spans, "chat").count(), 2);
        for chat in named(&spans, "chat") {
            assert_eq!(chat.0["status"]["code"], 2);
            assert!(chat.0["status"]["message"].as_str().unwrap().contains(says), "{}", chat.0);
        }
        for query in named(&spans, "answer") {
            assert_eq!(query.0["status"]["code"], 2);
        }
    }
}

#[test]
fn documents_that_are_not_there_are_an_error() {
    let folder = folder("no-documents");
    for (docs, says) in [("missing", "cannot read missing: "), (".", "no Markdown documents in .")]
    {
        let run = run(example("rag", &folder).args(["--docs", docs]));
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains(&format!("error: {says}")), "{}", run.stderr);
        assert!(run.stdout.contains("CHAIN  load  "), "{}", run.stdout);
        assert!(run.stdout.contains("  ✗ error: "), "{}", run.stdout);
    }
}

#[test]
fn arguments_that_make_no_sense_are_an_error_before_anything_is_done() {
    let folder = folder("arguments");
    for arguments in [
        &["--top-k", "0"][..],
        &["--concurrency", "many"],
        &["--docs"],
        &["--unknown"],
        &["-q", " "],
    ] {
        let run = run(rag(&folder).args(arguments));
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);

    let help = run(rag(&folder).arg("--help"));
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("--concurrency N"));
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    let folder = folder("closed-pipe");
    let mut child =
        rag(&folder).arg(DISTANCE).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("error: Broken pipe"), "{}", run.stderr);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn an_interrupted_answer_is_cancelled_with_what_came_and_delivered() {
    use std::io::Read;

    let folder = folder("interrupted");
    // The second of the two calls never comes: the first waits in the middle of its answer.
    let (url, _requests) = chat_server::start(Behaviour::Together(2));
    let mut child = rag(&folder)
        .env("OPENAI_BASE_URL", url)
        .arg("Half an answer?")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut printed = Vec::new();
    while !String::from_utf8_lossy(&printed).contains("❯ Half an answer?\n\nHalf an answer?") {
        let mut byte = [0];
        assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&printed));
        printed.extend(byte);
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(1));
    assert_eq!(run.stderr, "error: interrupted\n");
    assert!(rest.contains("⊘ 3 cancelled"), "{rest}");

    let spans = spans(&folder.join("spans.jsonl"));
    assert_eq!(only(&spans, "chat").attribute("output.value").unwrap(), "Half an answer?");
    assert!(rest.ends_with(&format!("wrote {0} of {0} spans\n", spans.len())), "{rest}");
}
