//! Aim: what its SDK and its REST interface read back is what was tracked.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured};
use tracing_llm_aim::{Aim, AimStats};
use tracing_subscriber::prelude::*;

use crate::phoenix::{get, scratch};
use crate::trial;

/// The program `aim`.
const AIM: &str = "TRACING_LLM_TEST_AIM";
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("aim::its_sdk_and_rest_read_what_was_tracked", [AIM], |[aim]| read_back(&aim)),
        trial(
            "aim::ten_thousand_texts_survive_a_server_that_is_killed_in_the_middle",
            [AIM],
            |[aim]| killed_in_the_middle(&aim),
        ),
    ]
}

/// A folder with runs, and the programs that work on it. What is started is ended with it.
struct Repository {
    aim: PathBuf,
    folder: PathBuf,
    started: Vec<Child>,
}

impl Repository {
    fn new(aim: &str, name: &str) -> Self {
        let folder = scratch(&format!("aim-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let repository = Self { aim: aim.into(), folder, started: Vec::new() };
        let made = repository.command(&repository.aim).arg("init").output().unwrap();
        assert!(made.status.success(), "{made:?}");
        repository
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("HOME", &self.folder);
        command.env("__AIM_TELEMETRY_DISABLED__", "1").env("AIM_UI_TELEMETRY_ENABLED", "0");
        // `aim up` calls `aim` by its name.
        let path = std::env::var("PATH").unwrap_or_default();
        let beside = self.aim.parent().unwrap().display().to_string();
        command.env("PATH", format!("{beside}:{path}"));
        command
    }

    /// Starts `aim server` or `aim up` at this port of loopback, and waits until it answers.
    fn start(&mut self, part: &str, port: u16, probe: &str) {
        let child = self
            .command(&self.aim)
            .args([part, "--repo", ".", "--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        self.started.push(child);
        let deadline = Instant::now() + LIMIT;
        while ureq::get(format!("http://127.0.0.1:{port}{probe}")).call().is_err() {
            assert!(Instant::now() < deadline, "aim {part} does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn serve(&mut self, port: u16) {
        self.start("server", port, "/status/");
    }

    /// Kills all that was started, with no time to tidy up.
    fn kill(&mut self) {
        for mut child in self.started.drain(..) {
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = child.wait();
        }
    }

    /// The explorers, once their indexer has found the run: only then the SDK finds it.
    fn explore(&mut self, run: &str) -> String {
        let port = free_port();
        self.start("up", port, "/api/projects/");
        let address = format!("http://127.0.0.1:{port}/api/runs/{run}");
        let (info, deadline) = (format!("{address}/info/"), Instant::now() + LIMIT);
        while ureq::get(&info).call().is_err() {
            assert!(Instant::now() < deadline, "no answer from {info}");
            std::thread::sleep(Duration::from_millis(200));
        }
        address
    }

    /// The run, as Aim's SDK reads it.
    fn read(&self, run: &str) -> Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/backends/aim_read.py");
        let python = self.aim.with_file_name("python");
        let read = self.command(&python).args([script, ".", run]).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        serde_json::from_slice(&read.stdout).unwrap()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn read_back(program: &str) {
    let mut repository = Repository::new(program, "read");
    let port = free_port();
    repository.serve(port);
    let aim = Aim::builder()
        .server(format!("aim://127.0.0.1:{port}"))
        .experiment("rag ✓")
        .name("first")
        .tag("nightly")
        .tag("main")
        .parameter("retrieval", json!({ "top_k": 4, "ids": [1, "a", null], "weight": 0.1 }))
        .parameter("seed", -1)
        .build()
        .unwrap();
    let (run, stats) = (aim.run_hash().to_owned(), aim.stats());
    let captured = pipeline(aim);
    assert_eq!(stats.counts().written, stats.counts().produced, "{}", stats.counts());

    let explorer = repository.explore(&run);
    let read = repository.read(&run);
    assert_eq!(read["experiment"], "rag ✓");
    assert_eq!((&read["name"], &read["tags"]), (&json!("first"), &json!(["main", "nightly"])));
    let retrieval = json!({ "top_k": 4, "ids": [1, "a", null], "weight": 0.1 });
    assert_eq!(read["parameters"], json!({ "retrieval": retrieval, "seed": -1 }));
    assert_eq!(read["active"], false);
    assert!(read["end_time"].as_f64().unwrap() > 1.7e9);
    assert_eq!(texts(&read), expected_texts(&captured));
    let numbers = numbers(&read);
    assert_eq!(numbers, expected_numbers(&captured));

    // The explorers' own interface gives the same.
    let info = get(&format!("{explorer}/info/"));
    assert_eq!(info["params"]["retrieval"], retrieval);
    assert_eq!(info["traces"]["metric"].as_array().unwrap().len(), numbers.len());
    assert_eq!(info["traces"]["texts"].as_array().unwrap().len(), texts(&read).len());
    let asked: Vec<Value> = read["numbers"].as_array().unwrap().clone();
    let body: Vec<Value> =
        asked.iter().map(|one| json!({ "name": one["name"], "context": one["context"] })).collect();
    let mut answer = ureq::post(format!("{explorer}/metric/get-batch/"))
        .header("content-type", "application/json")
        .send(Value::from(body).to_string())
        .unwrap();
    let drawn: Vec<Value> =
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!(drawn.len(), asked.len());
    for one in drawn {
        let key = key(&one);
        let values =
            one["values"].as_array().unwrap().iter().map(|it| digits(it.as_f64().unwrap()));
        let steps = one["iters"].as_array().unwrap().iter().map(|it| it.as_u64().unwrap());
        assert_eq!(steps.zip(values).collect::<Vec<_>>(), numbers[&key], "{key}");
    }
}

/// Calls of two models, one of which fails, below a question; and a document that is split.
fn pipeline(aim: Aim) -> Captured {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).handler(aim).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    tracing::subscriber::with_default(subscriber, || {
        event_span!(CHUNKING, "split").in_scope(|| ());
        let split = event_span!(CHUNKING, "split");
        split.llm().chunks(["A span", "“Zeit” 時間 🕐\u{fe}\n"].map(str::to_owned).to_vec());
        drop(split);
        let query = event_span!(QUERY, "answer").entered();
        for call in 0..20u64 {
            let model = ["gpt-5-mini", "claude-haiku-4-5"][usize::from(call % 3 == 0)];
            let span = event_span!(LLM, "chat", model = model).entered();
            span.llm().messages([Message::user(format!("Question {call}? “Zeit” 時間 🕐"))]);
            if call == 7 {
                span.llm().error("the model is overloaded");
                continue;
            }
            let mut cost = tracing_llm::Cost::default();
            cost.total = Some(call as f64 * 1e-5);
            span.llm().reply(format!("Answer {call}")).first_token();
            span.llm().usage(Usage::new(100 - call, call)).cost(cost).ok();
        }
        query.llm().query("all").reply("done").ok();
    });
    callbacks.shutdown_blocking(LIMIT).unwrap();
    capture.captured()
}

type Texts = BTreeMap<String, (u64, String)>;
/// Numbers to twelve digits: JSON is not read to the last bit.
type Numbers = BTreeMap<String, Vec<(u64, String)>>;

fn digits(number: f64) -> String {
    format!("{number:.11e}")
}

/// A series by its name and context.
fn key(series: &Value) -> String {
    format!("{} {}", series["name"].as_str().unwrap(), series["context"])
}

fn texts(read: &Value) -> Texts {
    let texts = read["texts"].as_array().unwrap().iter().map(|one| {
        let (steps, values) = (one["steps"].as_array().unwrap(), one["values"].as_array().unwrap());
        assert_eq!((steps.len(), values.len()), (1, 1), "{one}");
        (key(one), (steps[0].as_u64().unwrap(), values[0].as_str().unwrap().to_owned()))
    });
    texts.collect()
}

fn numbers(read: &Value) -> Numbers {
    let numbers = read["numbers"].as_array().unwrap().iter().map(|one| {
        let steps = one["steps"].as_array().unwrap().iter().map(|it| it.as_u64().unwrap());
        let values =
            one["values"].as_array().unwrap().iter().map(|it| digits(it.as_f64().unwrap()));
        (key(one), steps.zip(values).collect())
    });
    numbers.collect()
}

fn of_type(captured: &Captured, event_type: EventType) -> Vec<(u64, &Arc<Event>)> {
    let ends = captured.ends.iter().filter(move |event| event.event_type == event_type);
    (0..).zip(ends).collect()
}

fn expected_texts(captured: &Captured) -> Texts {
    let mut texts = Texts::new();
    let mut text = |name: &str, context: Value, step: u64, text: &str| {
        texts.insert(format!("{name} {context}"), (step, text.to_owned()));
    };
    for (step, call) in of_type(captured, EventType::LLM) {
        let id = call.span_id.to_string();
        text("prompt", json!({ "event_id": id }), step, &call.payload.messages[0].to_string());
        if let Some(response) = &call.payload.response {
            text("response", json!({ "event_id": id }), step, response);
        }
        if let Some(exception) = &call.payload.exception {
            let context = json!({ "event_id": id, "event_type": "llm" });
            text("error", context, step, &exception.to_string());
        }
    }
    for (_, split) in of_type(captured, EventType::CHUNKING) {
        for (index, chunk) in split.payload.chunks.iter().enumerate() {
            let id = split.span_id.to_string();
            text("chunk", json!({ "chunk_id": index, "event_id": id }), 0, chunk);
        }
    }
    assert_eq!(texts.len(), 20 + 19 + 1 + 2);
    texts
}

fn expected_numbers(captured: &Captured) -> Numbers {
    let mut numbers = Numbers::new();
    for event_type in [EventType::LLM, EventType::CHUNKING, EventType::QUERY] {
        for (step, event) in of_type(captured, event_type) {
            let mut context = json!({ "event_type": event_type.value() });
            if let Some(model) = event.model() {
                context["model"] = json!(model.as_str());
            }
            let mut number = |name: &str, number: Option<f64>| {
                if let Some(number) = number {
                    let series = numbers.entry(format!("{name} {context}")).or_default();
                    series.push((step, digits(number)));
                }
            };
            let payload = &event.payload;
            let failed = if event.outcome.is_failure() { 1.0 } else { 0.0 };
            number("latency", Some(event.elapsed.as_secs_f64()));
            number("errors", Some(failed));
            let first = payload.stream.as_ref().and_then(|stream| stream.first_token);
            number("time_to_first_token", first.map(|first| first.as_secs_f64()));
            number("tokens_input", payload.usage.and_then(|it| it.input).map(|it| it as f64));
            number("tokens_output", payload.usage.and_then(|it| it.output).map(|it| it as f64));
            number("tokens_total", payload.usage.and_then(|it| it.total()).map(|it| it as f64));
            number("cost", payload.cost.and_then(|cost| cost.total));
        }
    }
    let failures = numbers.iter().filter(|(series, _)| series.starts_with("errors"));
    assert_eq!(
        failures.flat_map(|(_, all)| all).filter(|(_, failed)| *failed == digits(1.0)).count(),
        1
    );
    numbers
}

const CALLS: u64 = 5_000;

fn killed_in_the_middle(program: &str) {
    let mut repository = Repository::new(program, "killed");
    let port = free_port();
    repository.serve(port);
    let aim = Aim::builder()
        .server(format!("aim://127.0.0.1:{port}"))
        .kept_bytes(64 << 20)
        .build()
        .unwrap();
    let (run, stats) = (aim.run_hash().to_owned(), aim.stats());
    let (layer, callbacks) = tracing_llm::layer().handler(aim).build();
    let subscriber = tracing_subscriber::registry().with(layer.filtered());
    tracing::subscriber::with_default(subscriber, || {
        for call in 0..CALLS {
            let span = event_span!(LLM, "chat", model = "gpt-5-mini").entered();
            span.llm().prompt(format!("prompt {call}")).completion(format!("answer {call}"));
            drop(span);
            if call == CALLS / 4 {
                await_written(&stats, 1_000);
                repository.kill();
            }
            if call == CALLS / 2 {
                std::thread::sleep(Duration::from_secs(2));
                repository.serve(port);
            }
        }
    });
    await_written(&stats, 4 * CALLS);
    callbacks.shutdown_blocking(LIMIT).unwrap();
    let counts = stats.counts();
    assert_eq!((counts.written, counts.connections), (4 * CALLS, 2), "{counts:?}");

    repository.explore(&run);
    let read = repository.read(&run);
    let texts: BTreeMap<String, u64> =
        texts(&read).into_values().map(|(step, text)| (text, step)).collect();
    let expected = (0..CALLS)
        .flat_map(|call| [(format!("prompt {call}"), call), (format!("answer {call}"), call)]);
    assert_eq!(texts, expected.collect());
    let numbers = numbers(&read);
    for (series, numbers) in &numbers {
        let steps: Vec<u64> = numbers.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, (0..CALLS).collect::<Vec<_>>(), "{series}");
    }
    assert_eq!((numbers.len(), &read["active"]), (2, &json!(false)));
}

fn await_written(stats: &AimStats, values: u64) {
    let deadline = Instant::now() + 5 * LIMIT;
    while stats.counts().written < values {
        assert!(Instant::now() < deadline, "{}", stats.counts());
        std::thread::sleep(Duration::from_millis(50));
    }
}
