//! What our layer costs the thread that makes spans, beside its peers.
//!
//! `cargo bench -p tracing-llm-tests --bench layer` measures everything and prints the table that
//! `benches/README.md` records.

#[path = "layer/subject.rs"]
mod subject;
#[path = "layer/work.rs"]
mod work;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, SamplingMode, measurement::WallTime};
use tracing_llm_tests::measure::{Table, thread_time};

use self::subject::Subject;

static TABLE: Table = Table::new();

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500));
    child_spans(&mut criterion);
    linked_spans(&mut criterion);
    top_spans(&mut criterion);
    polls(&mut criterion);
    untagged(&mut criterion);
    large_prompts(&mut criterion);
    cold_spans(&mut criterion);
    criterion.final_summary();
    println!("{}", TABLE.to_markdown());
}

/// What a burst is.
#[derive(Clone, Copy)]
struct Burst {
    /// How many units of work it has.
    units: u32,
    /// How many tagged spans it makes.
    spans: u32,
}

/// Measures one subject: `work` is called with the number of units that it is to do.
///
/// Whatever number of units criterion asks for, whole bursts are run, and the median of them is
/// scaled to that number.
fn row(
    group: &mut BenchmarkGroup<'_, WallTime>,
    title: &str,
    burst: Burst,
    subject: impl Fn() -> Subject,
    work: impl Fn(u32) -> Duration,
) {
    let mut subject = subject();
    let name = subject.name;
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|units| {
            let Burst { units: size, spans } = burst;
            let bursts = units.div_ceil(u64::from(size)).clamp(1, 1000);
            let times: Vec<f64> = (0..bursts)
                .map(|_| subject.burst(spans, || work(size)).as_nanos() as f64 / f64::from(size))
                .collect();
            let median = TABLE.note(title, name, &times);
            Duration::from_nanos((median * units as f64) as u64)
        });
    });
    subject.finish();
}

/// What the work takes of this thread's processor time.
fn timed(work: impl FnOnce()) -> Duration {
    let start = thread_time();
    work();
    thread_time() - start
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    group
}

fn child_spans(criterion: &mut Criterion) {
    let title = "child span below a tagged span, 3 fields of which one has 800 B";
    let mut group = group(criterion, "child");
    for subject in Subject::PEERS.iter().chain(Subject::OURS) {
        row(&mut group, title, Burst { units: 1000, spans: 1001 }, subject, |size| {
            let _parent = work::tagged_parent().entered();
            timed(|| (0..size).for_each(|_| work::tagged_span()))
        });
    }
}

/// What it costs to be in the trace of a tracer: the same span below one of the tracer's.
fn linked_spans(criterion: &mut Criterion) {
    let title = "span below a span of tracing-opentelemetry, which does not get it";
    let mut group = group(criterion, "linked");
    for subject in [Subject::beside_opentelemetry, Subject::linked] {
        row(&mut group, title, Burst { units: 1000, spans: 1000 }, subject, |size| {
            let _parent = work::untagged_parent().entered();
            timed(|| (0..size).for_each(|_| work::tagged_span()))
        });
    }
}

fn top_spans(criterion: &mut Criterion) {
    let title = "top-level span, 3 fields of which one has 800 B";
    let mut group = group(criterion, "top");
    for subject in Subject::PEERS.iter().chain(Subject::OURS) {
        row(&mut group, title, Burst { units: 1000, spans: 1000 }, subject, |size| {
            timed(|| (0..size).for_each(|_| work::tagged_span()))
        });
    }
}

fn polls(criterion: &mut Criterion) {
    let title = "further poll (enter and exit) of a child span";
    let mut group = group(criterion, "poll");
    for subject in Subject::PEERS.iter().chain(Subject::OURS) {
        row(&mut group, title, Burst { units: 10_000, spans: 2 }, subject, |size| {
            let _parent = work::tagged_parent().entered();
            let span = work::tagged_parent();
            span.in_scope(|| {});
            timed(|| (0..size).for_each(|_| span.in_scope(|| black_box(()))))
        });
    }
}

/// The group's name, its title and its subjects.
type Case<'a> = (&'a str, &'a str, &'a [fn() -> Subject]);

fn untagged(criterion: &mut Criterion) {
    let alone: [fn() -> Subject; 3] = [Subject::none, Subject::plain, Subject::filtered];
    let beside: [fn() -> Subject; 4] = [
        Subject::registry,
        Subject::registry_filtered_nothing,
        Subject::registry_plain,
        Subject::registry_filtered,
    ];
    let cases: [Case<'_>; 2] = [
        ("untagged_span", "untagged span that no other layer wants", &alone),
        ("untagged_span_beside", "untagged span that another layer wants", &beside),
    ];
    for (name, title, subjects) in cases {
        let mut group = group(criterion, name);
        for &subject in subjects {
            row(&mut group, title, Burst { units: 10_000, spans: 0 }, subject, |size| {
                timed(|| (0..size).for_each(|_| work::untagged_span()))
            });
        }
    }
    let cases: [Case<'_>; 2] = [
        ("untagged_event", "untagged event that no other layer wants", &alone),
        ("untagged_event_beside", "untagged event that another layer wants", &beside),
    ];
    for (name, title, subjects) in cases {
        let mut group = group(criterion, name);
        for &subject in subjects {
            row(&mut group, title, Burst { units: 10_000, spans: 0 }, subject, |size| {
                timed(|| (0..size).for_each(|_| work::untagged_event()))
            });
        }
    }
}

fn large_prompts(criterion: &mut Criterion) {
    const BURST: Burst = Burst { units: 100, spans: 100 };
    type Work<'a> = &'a dyn Fn(u32) -> Duration;
    let ours: &[fn() -> Subject] = &[Subject::filtered, Subject::filtered_fmt];
    let all: &[fn() -> Subject] =
        &[Subject::registry, Subject::fmt, Subject::filtered, Subject::filtered_fmt];
    let text = work::large_prompt();
    let shared: Arc<str> = Arc::from(text.as_str());
    let field: Work<'_> = &|size| timed(|| (0..size).for_each(|_| work::prompt_field(&text)));
    let borrowed: Work<'_> =
        &|size| timed(|| (0..size).for_each(|_| work::prompt_part(text.as_str())));
    let owned: Work<'_> = &|size| {
        let mut texts: Vec<String> = (0..size).map(|_| text.clone()).collect();
        timed(|| texts.drain(..).for_each(work::prompt_part))
    };
    let counted: Work<'_> =
        &|size| timed(|| (0..size).for_each(|_| work::prompt_part(Arc::clone(&shared))));
    let closure: Work<'_> = &|size| {
        timed(|| {
            for _ in 0..size {
                let shared = Arc::clone(&shared);
                work::prompt_part(move || String::from(&*shared));
            }
        })
    };
    let without: Work<'_> = &|size| timed(|| (0..size).for_each(|_| work::no_prompt()));
    for (name, title, subjects, work) in [
        ("prompt_field", "100 KB prompt as a field", all, field),
        ("prompt_none", "the same span with no prompt and its handle", ours, without),
        ("prompt_str", "100 KB prompt handed over as `&str`", ours, borrowed),
        ("prompt_string", "100 KB prompt handed over as `String`", ours, owned),
        ("prompt_arc", "100 KB prompt handed over as `Arc<str>`", ours, counted),
        ("prompt_closure", "100 KB prompt handed over as a closure", ours, closure),
    ] {
        let mut group = group(criterion, name);
        for subject in subjects {
            row(&mut group, title, BURST, subject, work);
        }
    }
}

fn cold_spans(criterion: &mut Criterion) {
    let title = "one span every 300 µs, by the clock on the wall";
    let mut group = group(criterion, "cold");
    for subject in Subject::PEERS.iter().chain(Subject::OURS) {
        // No flush between the spans of a burst: it would leave its own traces in the caches.
        row(&mut group, title, Burst { units: 50, spans: 50 }, subject, |size| {
            let mut times: Vec<Duration> = (0..size)
                .map(|_| {
                    std::thread::sleep(Duration::from_micros(300));
                    let start = Instant::now();
                    work::tagged_span();
                    start.elapsed()
                })
                .collect();
            times.sort_unstable();
            times[times.len() / 2] * size
        });
    }
}
