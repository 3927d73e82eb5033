use std::fs;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use tracing_llm::{Exception, Message, Outcome, TraceMap, Usage};

use super::*;
use crate::record;
use crate::testing::{START, event, id, parsed, rows, scratch, summary, tree};

/// Runs this over a run in a folder of its own, shuts it down, and gives back the records.
fn written(name: &str, play: impl FnOnce(&mut Wandb)) -> Vec<record::Record> {
    let dir = scratch(name);
    let mut wandb = Wandb::builder().dir(&dir).id("run7").build().unwrap();
    let run = wandb.run().unwrap();
    play(&mut wandb);
    wandb.shutdown().unwrap();
    let records = parsed(&fs::read(run.file()).unwrap());
    assert_eq!(run.counts().records, records.len() as u64);
    fs::remove_dir_all(dir).unwrap();
    records
}

fn ended(event: Event, outcome: Outcome, millis: u64) -> Arc<Event> {
    let mut event = event;
    event.outcome = outcome;
    event.elapsed = Duration::from_millis(millis);
    Arc::new(event)
}

fn call(number: u64, parent: u64) -> Event {
    let mut call = event(EventType::LLM, "chat", number, parent);
    call.payload.model = Some("gpt-5-mini".into());
    call.payload.messages = vec![Message::user("What is a span?")].into();
    call.payload.response = Some("A period of time.".into());
    call.payload.usage = Some(Usage::new(12, 5));
    call
}

/// A trace whose map has these events, each with its parent.
fn trace(name: &str, events: &[(u64, u64)]) -> Arc<Trace> {
    let mut trace = Trace::new(tracing_llm::TraceId::FIRST, name, START);
    trace.elapsed = Duration::from_secs(2);
    trace.map = TraceMap::default();
    for (number, parent) in events {
        trace.map.insert(tracing_llm::SpanId::new(*parent), id(*number));
    }
    Arc::new(trace)
}

fn one_trace(wandb: &mut Wandb) {
    let trace = trace("query", &[(1, 0), (2, 1)]);
    wandb.on_trace_start(&trace).unwrap();
    let query = event(EventType::QUERY, "answer", 1, 0);
    wandb.on_start(&Arc::new(query.clone())).unwrap();
    wandb.on_start(&Arc::new(call(2, 1))).unwrap();
    wandb.on_end(&ended(call(2, 1), Outcome::Ok, 1500)).unwrap();
    wandb.on_end(&ended(query, Outcome::Ok, 2000)).unwrap();
    wandb.on_trace_end(&trace).unwrap();
}

#[test]
fn a_trace_is_a_row_for_each_call_and_one_with_its_tree() {
    let records = written("tree", one_trace);
    let rows = rows(&records);
    assert_eq!(rows.len(), 3, "the call, the trace, the table: {rows:#?}");
    assert_eq!(rows[0]["llm/model"], "gpt-5-mini");
    assert_eq!(rows[0]["llm/total_tokens"], 17);
    assert_eq!(rows[0]["llm/latency_s"], 1.5);
    assert_eq!(rows[0]["_step"], 0);
    assert_eq!(rows[1]["trace/latency_s"], 2.0);
    assert_eq!(rows[1]["stage/query_s"], 2.0);
    assert_eq!(rows[1]["total/tokens"], 17);

    let root = tree(&rows[1]);
    assert_eq!(root["name"], "answer");
    assert_eq!(root["span_kind"], "AGENT");
    assert_eq!(root["status_code"], "SUCCESS");
    let chat = &root["child_spans"][0];
    assert_eq!(chat["span_kind"], "LLM");
    assert_eq!(chat["results"][0]["inputs"]["messages"], "user: What is a span?");
    assert_eq!(chat["results"][0]["outputs"]["response"], "A period of time.");
    assert_eq!(chat["attributes"]["formatted_prompt_tokens_count"], 12);
    assert_eq!(chat["end_time_ms"].as_u64(), chat["start_time_ms"].as_u64().map(|ms| ms + 1500));

    assert_eq!(rows[2]["llm_calls._type"], "table-file");
    assert_eq!(rows[2]["llm_calls.nrows"], 1);
    let summary = summary(&records);
    assert_eq!(summary["total/calls"], 1);
    assert_eq!(summary["trace._type"], "wb_trace_tree");
}

#[test]
fn tokens_that_a_wrapper_knows_better_are_in_the_sums_once() {
    let records = written("nested", |wandb| {
        let mut inner = call(2, 1);
        let mut usage = Usage::new(10, 4);
        usage.estimated = true;
        inner.payload.usage = Some(usage);
        wandb.on_end(&ended(inner, Outcome::Ok, 10)).unwrap();
        wandb.on_end(&ended(call(1, 0), Outcome::Ok, 20)).unwrap();
        wandb.on_trace_end(&trace("query", &[(1, 0), (2, 1)])).unwrap();
    });
    let rows = rows(&records);
    let sums: Vec<_> = rows.iter().filter_map(|row| row.get("total/tokens")).collect();
    assert_eq!(sums, [14, 17, 17]);
    assert_eq!((&rows[2]["trace/tokens"], &rows[2]["trace/calls"]), (&json!(17), &json!(1)));
}

#[test]
fn records_are_numbered_and_the_last_says_that_the_run_has_ended() {
    let records = written("numbers", one_trace);
    let numbers: Vec<i64> = records.iter().map(|record| record.num).collect();
    assert_eq!(numbers, (1..=records.len() as i64).collect::<Vec<_>>());
    assert!(matches!(records[0].kind, Some(record::Kind::Header(_))));
    assert!(matches!(records[1].kind, Some(record::Kind::Run(_))));
    assert!(matches!(records[records.len() - 1].kind, Some(record::Kind::Exit(_))));
}

/// Each of these cost the original the whole tree.
#[test]
fn a_failed_call_a_completion_model_and_an_unended_event_do_not_lose_the_tree() {
    let records = written("losses", |wandb| {
        let trace = trace("query", &[(1, 0), (2, 1), (3, 1), (4, 1)]);
        wandb.on_trace_start(&trace).unwrap();
        let query = event(EventType::QUERY, "answer", 1, 0);
        wandb.on_start(&Arc::new(query.clone())).unwrap();
        let mut completion = event(EventType::LLM, "complete", 2, 1);
        completion.payload.prompt = Some("Once upon".into());
        completion.payload.completion = Some("a time".into());
        wandb.on_start(&Arc::new(completion.clone())).unwrap();
        wandb.on_end(&ended(completion, Outcome::Unset, 10)).unwrap();
        wandb.on_start(&Arc::new(event(EventType::RETRIEVE, "search", 3, 1))).unwrap();
        let mut failed = event(EventType::LLM, "chat", 4, 1);
        failed.payload.exception = Some(Exception::new("overloaded").with_kind("Busy"));
        wandb.on_end(&ended(failed, Outcome::Error, 10)).unwrap();
        wandb.on_end(&ended(query, Outcome::Error, 30)).unwrap();
        wandb.on_trace_end(&trace).unwrap();
    });
    let rows = rows(&records);
    let row = rows.iter().find(|row| row.contains_key("trace._type")).unwrap();
    assert_eq!((&row["trace/failed"], &row["trace/errors"]), (&json!(1), &json!(3)));
    let root = tree(row);
    assert_eq!(root["status_code"], "ERROR");
    assert_eq!(root["attributes"]["spans_without_end"], 1);
    let below = root["child_spans"].as_array().unwrap();
    let names: Vec<_> = below.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["complete", "search", "chat"]);
    assert_eq!(below[0]["results"][0]["outputs"]["completion"], "a time");
    assert_eq!(below[0]["status_code"], "SUCCESS");
    assert_eq!(below[1]["status_code"], "ERROR");
    assert_eq!(below[1]["status_message"], "not ended");
    assert_eq!(below[2]["status_code"], "ERROR");
    assert_eq!(below[2]["status_message"], "Busy: overloaded");
}

#[test]
fn a_trace_whose_end_never_comes_is_written_at_shutdown() {
    let records = written("cut", |wandb| {
        wandb.on_trace_start(&trace("query", &[])).unwrap();
        wandb.on_start(&Arc::new(event(EventType::QUERY, "answer", 1, 0))).unwrap();
        wandb.on_end(&ended(call(2, 1), Outcome::Ok, 10)).unwrap();
        let run = wandb.run().unwrap();
        wandb.shutdown().unwrap();
        assert_eq!(run.counts().traces_cut, 1);
    });
    let rows = rows(&records);
    let root = tree(rows.iter().find(|row| row.contains_key("trace._type")).unwrap());
    assert_eq!(root["name"], "answer");
    assert_eq!(root["attributes"]["trace_end_seen"], false);
    assert_eq!(root["child_spans"][0]["name"], "chat");
}

#[test]
fn the_last_tree_is_in_the_summary_at_the_first_trace_and_at_the_end() {
    let trees = |records: &[record::Record]| {
        let summaries = records.iter().filter_map(|record| match &record.kind {
            Some(record::Kind::Summary(summary)) => Some(&summary.update),
            _ => None,
        });
        summaries.filter(|all| all.iter().any(|item| item.nested_key[0] == "trace")).count()
    };
    let records = written("summary", |wandb| (0..5).for_each(|_| one_trace(wandb)));
    assert_eq!(trees(&records), 2);
    assert_eq!(summary(&records)["total/calls"], 5);
}

#[test]
fn what_is_suppressed_is_not_written() {
    let records = written("suppressed", |wandb| {
        let mut context = tracing_llm::Context::default();
        context.suppressed = true;
        let context = Arc::new(context);
        let mut hidden = call(1, 0);
        hidden.context = Arc::clone(&context);
        let mut scope = (*trace("query", &[(1, 0)])).clone();
        scope.context = context;
        let scope = Arc::new(scope);
        wandb.on_trace_start(&scope).unwrap();
        wandb.on_start(&Arc::new(hidden.clone())).unwrap();
        wandb.on_end(&ended(hidden, Outcome::Ok, 10)).unwrap();
        wandb.on_trace_end(&scope).unwrap();
    });
    assert!(rows(&records).is_empty());
}

#[test]
fn what_the_program_logs_stands_among_the_rows() {
    let records = written("logged", |wandb| {
        let run = wandb.run().unwrap();
        run.log([("eval/accuracy", 0.92)]).unwrap();
        run.summarize("eval/questions", 120).unwrap();
        assert!(run.log([("_step", 3)]).unwrap_err().is_setting());
        one_trace(wandb);
    });
    let rows = rows(&records);
    assert_eq!(rows[0]["eval/accuracy"], 0.92);
    assert_eq!(summary(&records)["eval/questions"], 120);
    assert_eq!(
        rows.iter().map(|row| row["_step"].as_u64().unwrap()).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
}

#[test]
fn a_run_that_has_ended_takes_nothing_more_and_says_so() {
    let dir = scratch("ended");
    let mut wandb = Wandb::builder().dir(&dir).build().unwrap();
    let run = wandb.run().unwrap();
    wandb.shutdown().unwrap();
    assert!(run.log([("a", 1)]).unwrap_err().is_ended());
    wandb.on_end(&Arc::new(call(1, 0))).unwrap();
    assert_eq!(run.counts().calls, 0);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn the_health_tells_what_is_in_the_file_what_waits_and_what_could_not_be_written() {
    let dir = scratch("health");
    let mut wandb = Wandb::builder().dir(&dir).build().unwrap();
    let (run, health) = (wandb.run().unwrap(), wandb.health());
    let read = || {
        let mut read = health.read();
        assert_eq!((read.len(), read[0].name.as_str()), (1, "file"));
        read.remove(0)
    };
    run.log([("a", 1)]).unwrap();
    assert_eq!((read().exported, read().waiting, read().failed), (2, 1, 0));
    one_trace(&mut wandb);
    let before = read();
    assert_eq!((before.exported, before.waiting), (run.counts().records, 0));
    // The folder of the table cannot be made any more.
    fs::remove_dir_all(run.folder().join("files")).unwrap();
    wandb.flush().unwrap_err();
    assert_eq!((read().failed, read().failures), (1, 1));
    wandb.shutdown().unwrap();
    assert!(read().exported > before.exported, "it is read also when the run has ended");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_run_that_is_disabled_writes_nothing() {
    let dir = scratch("disabled");
    let builder = Wandb::builder().dir(&dir).mode(crate::Mode::Disabled);
    let mut wandb = builder.build().unwrap();
    assert_eq!(wandb.health().read(), []);
    one_trace(&mut wandb);
    wandb.flush().unwrap();
    wandb.shutdown().unwrap();
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_run_that_was_to_be_online_is_written_and_says_once_how_to_upload_it() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let (dir, log) = (scratch("online"), Log::default());
    let sink = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || sink.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let settings = Settings {
            dir: dir.clone(),
            arguments: crate::settings::Arguments { id: "run7".into(), ..Default::default() },
            text_limit: 100,
            online: true,
        };
        let mut wandb = Wandb::new(Some(settings)).unwrap();
        (0..3).for_each(|_| one_trace(&mut wandb));
    });
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(said.matches("wandb sync").count(), 1, "{said}");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn without_content_no_text_is_in_any_file() {
    let dir = scratch("bare");
    let mut wandb = Wandb::builder().dir(&dir).text_limit(0).build().unwrap();
    one_trace(&mut wandb);
    let folder = wandb.run().unwrap().folder().to_owned();
    wandb.shutdown().unwrap();
    let mut files = 0;
    let mut stack = vec![folder];
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            stack.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        files += 1;
        let bytes = fs::read(&path).unwrap();
        for text in ["What is a span?", "A period of time."] {
            assert!(!bytes.windows(text.len()).any(|it| it == text.as_bytes()), "{text}");
        }
        assert!(bytes.windows(10).any(|it| it == b"gpt-5-mini"), "{}", path.display());
    }
    assert_eq!(files, 2);
    fs::remove_dir_all(dir).unwrap();
}

/// The whole run at every length that a kill can leave: what was whole is read, and is a prefix.
#[test]
fn a_run_that_is_cut_anywhere_has_every_record_before_the_cut() {
    let dir = scratch("truncated");
    let mut wandb = Wandb::builder().dir(&dir).build().unwrap();
    let run = wandb.run().unwrap();
    one_trace(&mut wandb);
    let mut long = call(9, 0);
    long.payload.response = Some("Größe 中文 🦀 ".repeat(2_500).into());
    wandb.on_end(&ended(long, Outcome::Ok, 10)).unwrap();
    wandb.shutdown().unwrap();
    let file = fs::read(run.file()).unwrap();
    let whole = parsed(&file);
    assert!(file.len() > 3 * crate::log::BLOCK, "{}", file.len());
    let mut ends = Vec::new();
    let mut at = crate::log::HEADER.len();
    for record in crate::log::read::records(&file) {
        at += crate::log::framed(&record, at as u64).len();
        ends.push(at);
    }
    assert_eq!((ends.len(), at), (whole.len(), file.len()));
    let around = ends.iter().flat_map(|end| [end - 1, *end, end + 1]);
    for cut in (0..file.len()).step_by(997).chain(around).filter(|cut| *cut <= file.len()) {
        let read = parsed(&file[..cut]);
        let expected = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(read.len(), expected, "cut at {cut}");
        assert_eq!(read[..], whole[..expected], "cut at {cut}");
    }
    fs::remove_dir_all(dir).unwrap();
}
