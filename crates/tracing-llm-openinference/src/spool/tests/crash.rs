//! Processes that are killed in the middle of their work.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

/// Names the folder to a child process.
const FOLDER: &str = "TRACING_LLM_TEST_SPOOL";

/// Tells one child process from another.
const NUMBER: &str = "TRACING_LLM_TEST_NUMBER";

/// This program once more, running one of the tests that are only for children.
fn child(test: &str, folder: &Folder) -> Child {
    numbered_child(test, folder, 0)
}

fn numbered_child(test: &str, folder: &Folder, number: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("spool::tests::crash::{test}"))
        .env(FOLDER, &folder.0)
        .env(NUMBER, number.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills the process when it has said so many numbers; gives the last one that it said.
fn kill_after(mut child: Child, count: usize) -> u64 {
    let mut said = Vec::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The first of them stands behind the name of the test.
    let number = |line: String| line.split_once("said ")?.1.parse::<u64>().ok();
    while said.len() < count {
        let line = lines.next().expect("the child ended by itself").unwrap();
        said.extend(number(line));
    }
    child.kill().unwrap();
    // What it said before it died counts, too; its last line may have no end.
    said.extend(lines.map_while(Result::ok).filter_map(number));
    child.wait().unwrap();
    *said.last().unwrap()
}

fn child_folder() -> PathBuf {
    env::var_os(FOLDER).expect("run by another test").into()
}

fn child_spool() -> Spool {
    let (resource, scope) = (Resource::default(), InstrumentationScope::default());
    Spool::open(&settings(&child_folder()), &resource, &scope, Arc::default()).unwrap()
}

const BATCH: u64 = 7;

#[test]
#[ignore = "runs in a process of its own, for the tests below"]
fn child_that_appends() {
    let mut spool = child_spool();
    for batch in 0.. {
        let large = |number| Span { trace_state: "x".repeat(10_000), ..span(number) };
        let spans: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(large).collect();
        spool.append(&spans).unwrap();
        println!("said {}", (batch + 1) * BATCH);
    }
}

#[test]
#[ignore = "runs in a process of its own, for the tests below"]
fn child_that_sends() {
    let mut spool = child_spool();
    while let Some(packet) = spool.next(100).unwrap() {
        let last = *numbers(&packet).last().unwrap();
        spool.done(packet.ticket).unwrap();
        println!("said {}", last + 1);
    }
}

#[test]
#[ignore = "runs in a process of its own, for the tests below"]
fn child_that_comes_and_goes() {
    let first = env::var(NUMBER).unwrap().parse::<u64>().unwrap() * 1_000;
    for number in first..first + 50 {
        child_spool().append(&spans(number..number + 1)).unwrap();
    }
}

#[test]
fn what_was_appended_when_a_process_is_killed_is_all_there_and_in_order() {
    let folder = Folder::new();
    for kills in [1, 50, 300] {
        let acknowledged = kill_after(child("child_that_appends", &folder), kills);
        let (mut spool, tally) = open_real(&folder);
        let found = drain(&mut spool);
        assert!(found.len() as u64 >= acknowledged, "{} of {acknowledged}", found.len());
        // The batch that it was at may be there in whole lines, or not.
        assert!(found.len() as u64 <= acknowledged + BATCH);
        assert_eq!(found, (0..found.len() as u64).collect::<Vec<_>>());
        let counts = tally.counts();
        assert_eq!((counts.recovered, counts.dropped, counts.resent), (found.len() as u64, 0, 0));
        assert!(counts.torn_lines <= 1);
    }
}

#[test]
fn of_a_process_killed_while_it_sends_one_packet_at_most_is_sent_twice_and_counted() {
    let folder = Folder::new();
    let (mut spool, _) = open_real(&folder);
    for number in 0..20_000 {
        spool.append(&spans(number..number + 1)).unwrap();
    }
    drop(spool);
    for kills in [1, 20, 200] {
        let sent = kill_after(child("child_that_sends", &folder), kills);
        let (mut spool, tally) = open_real(&folder);
        let packet = spool.next(100).unwrap().unwrap();
        let again = numbers(&packet);
        drop(spool);
        // What was said to be sent is not given again; the next packet may be unsaid.
        let packet_spans = again.len() as u64;
        assert!(again[0] >= sent, "{} again, after {sent}", again[0]);
        assert!(again[0] <= sent + packet_spans);
        assert!(tally.counts().resent <= packet_spans);
        assert_eq!(tally.counts().recovered, 20_000 - again[0]);
    }
}

#[test]
fn processes_that_come_and_go_at_once_lose_nothing_and_send_nothing_twice() {
    let folder = Folder::new();
    let start = |number| numbered_child("child_that_comes_and_goes", &folder, number);
    let mut children: Vec<Child> = (0..4).map(start).collect();
    let mut sent = Vec::new();
    loop {
        let done = children.iter_mut().all(|child| child.try_wait().unwrap().is_some());
        // Each time, all lanes are looked through anew.
        sent.extend(drain(&mut open_real(&folder).0));
        if done {
            break;
        }
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    sent.sort_unstable();
    let all = (0..4).flat_map(|child| child * 1_000..child * 1_000 + 50);
    assert_eq!(sent, all.collect::<Vec<_>>());
    assert_eq!(folder.files(), [""; 0]);
}

fn open_real(folder: &Folder) -> (Spool, Arc<Tally>) {
    let tally = Arc::<Tally>::default();
    let (resource, scope) = (Resource::default(), InstrumentationScope::default());
    let spool = Spool::open(&settings(&folder.0), &resource, &scope, Arc::clone(&tally));
    (spool.unwrap(), tally)
}
