//! How many instructions a span takes on the thread that makes it, beside its peers.
//!
//! `cargo bench -p tracing-llm-tests --bench instructions` counts them with valgrind's callgrind
//! and fails where a ratio is above its bound. A count does not depend on how busy the machine
//! is. Without valgrind nothing is counted, and the output says so.

#[path = "instructions/callgrind.rs"]
mod callgrind;
#[allow(dead_code, reason = "the bench `layer` uses all of them")]
#[path = "layer/subject.rs"]
mod subject;
#[allow(dead_code, reason = "the bench `layer` uses all of it")]
#[path = "layer/work.rs"]
mod work;

use std::collections::HashMap;
use std::hint::black_box;
use std::process::ExitCode;

use tracing::Span;

use self::subject::Subject;

/// What is counted: so many spans or polls, and as many before, so that buffers have grown.
const UNITS: u32 = 1000;
const WARM_UP: u32 = 6;

const REGISTRY: &str = "registry";
const NO_OP: &str = "filtered-no-op";
const OTEL: &str = "opentelemetry";
const OURS: &str = "ours-filtered";

/// A name and how to make it.
type Entry = (&'static str, fn() -> Subject);

const BESIDE: &str = "ours-beside-opentelemetry";
const LINKED: &str = "ours-linked";

const SUBJECTS: [Entry; 7] = [
    (REGISTRY, Subject::registry),
    (NO_OP, Subject::filtered_nothing),
    (OTEL, Subject::opentelemetry),
    (OURS, Subject::filtered),
    ("ours-plain", Subject::plain),
    (BESIDE, Subject::beside_opentelemetry),
    (LINKED, Subject::linked),
];

const WORKS: [&str; 3] = ["child", "top", "poll"];

/// What ours, filtered, may take by what a peer takes: measured, and a twentieth more.
const BOUNDS: [(&str, &str, f64); 6] = [
    ("child", REGISTRY, 3.81),
    ("child", OTEL, 0.48),
    ("top", REGISTRY, 5.58),
    ("top", OTEL, 0.48),
    ("poll", NO_OP, 1.95),
    ("poll", OTEL, 0.67),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(callgrind::WORK) {
        let mut next = || arguments.next().unwrap();
        work(&next(), &next());
        return ExitCode::SUCCESS;
    }
    if !callgrind::is_there() {
        println!("instructions: NOT RUN, since there is no valgrind");
        return ExitCode::SUCCESS;
    }
    let mut counts = HashMap::new();
    println!("| instructions of one | {} |", WORKS.join(" | "));
    println!("|---|---:|---:|---:|");
    for (subject, _) in SUBJECTS {
        let row = WORKS.map(|work| {
            let count = callgrind::count(subject, work) / f64::from(UNITS);
            counts.insert((subject, work), count);
            format!("{count:.0}")
        });
        println!("| {subject} | {} |", row.join(" | "));
    }
    let mut failed = false;
    for (work, peer, bound) in BOUNDS {
        let ratio = counts[&(OURS, work)] / counts[&(peer, work)];
        let verdict = if ratio <= bound { "ok" } else { "TOO MANY" };
        failed |= ratio > bound;
        println!("{work}: {OURS} by {peer} {ratio:.3}, bound {bound}: {verdict}");
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Does the work, in a process of its own that callgrind watches.
fn work(subject: &str, work: &str) {
    let (name, subject) = SUBJECTS.iter().find(|(name, _)| *name == subject).unwrap();
    let mut subject = subject();
    // What the tracer keeps, around all.
    let around = || [BESIDE, LINKED].contains(name).then(work::untagged_parent).map(Span::entered);
    for _ in 0..WARM_UP {
        subject.burst(UNITS + 1, || {
            let _around = around();
            let _parent = work::tagged_parent().entered();
            (0..UNITS).for_each(|_| work::tagged_span());
        });
    }
    match work {
        "child" => subject.burst(UNITS + 1, || {
            let _around = around();
            let _parent = work::tagged_parent().entered();
            counted_spans();
        }),
        "top" => subject.burst(UNITS, || {
            let _around = around();
            counted_spans();
        }),
        "poll" => subject.burst(1, || {
            let _around = around();
            let span = work::tagged_parent();
            span.in_scope(|| {});
            counted_polls(&span);
        }),
        other => panic!("no such work: {other}"),
    }
    subject.finish();
}

/// Callgrind counts inside of functions whose names begin like this.
#[inline(never)]
fn counted_spans() {
    (0..UNITS).for_each(|_| work::tagged_span());
}

#[inline(never)]
fn counted_polls(span: &tracing::Span) {
    (0..UNITS).for_each(|_| span.in_scope(|| black_box(())));
}
