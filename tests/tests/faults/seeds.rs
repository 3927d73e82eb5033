//! Several faults at once, by chance. A seed that failed is told and gives the same faults again.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::books::balance_between;
use crate::handlers::{Broken, How, Stuck};
use crate::load::{Load, Made, TASKS};
use crate::stage::{Folder, PATIENCE, install, with_all_handlers};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("whatever_happens_at_once_the_books_balance", || seeds().for_each(some_faults))]
}

/// `FAULT_SEEDS=1000..1100`, or those that always run.
fn seeds() -> Range<u64> {
    let asked = std::env::var("FAULT_SEEDS").ok();
    let asked = asked.as_deref().and_then(|range| range.split_once(".."));
    let parsed = asked.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parsed.unwrap_or(0..3)
}

fn some_faults(seed: u64) {
    let outcome = std::panic::catch_unwind(|| faults(&mut fastrand::Rng::with_seed(seed)));
    if let Err(panic) = outcome {
        eprintln!("the seed was {seed}: FAULT_SEEDS={seed}..{}", seed + 1);
        std::panic::resume_unwind(panic);
    }
}

fn faults(random: &mut fastrand::Rng) {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (mut builder, books) = with_all_handlers(folder.path());
    if random.bool() {
        builder = builder.queue(random.usize(1..2_000));
    }
    if random.bool() {
        builder = builder.queue_bytes(random.usize(1..1_000_000));
    }
    if random.bool() {
        builder = builder.handler_queue(random.usize(1..500));
    }
    for _ in 0..random.u32(0..3) {
        let how = if random.bool() { How::Panic } else { How::Error };
        let every = random.u64(1..20);
        builder = builder.handler(Broken { how, every, failed: Arc::default(), seen: 0 });
    }
    let (stuck, _stands, open) = Stuck::new();
    if random.bool() {
        builder = builder.handler(stuck);
    }
    let (dispatch, callbacks) = install(builder);

    let load = Load { traces: None, prompt: [10, 1_000, 100_000][random.usize(0..3)] };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let tasks = runtime.block_on(async { load.spawn(&made, &dispatch) });
    let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    for _ in 0..random.u32(1..10) {
        let before = made.spans();
        let step = random.u64(1..500);
        while made.spans() < before + step && tasks.iter().any(Option::is_some) {
            std::thread::yield_now();
        }
        match random.u32(0..3) {
            0 => drop(callbacks.flush_blocking(Duration::from_millis(random.u64(0..50)))),
            1 => {
                if let Some(task) = tasks[random.usize(0..TASKS)].take() {
                    task.abort();
                }
            }
            _ => drop(callbacks.stats()),
        }
    }
    if random.bool() {
        made.stop.store(true, Relaxed);
        drop(runtime);
        drop(open);
        let seen = made.spans();
        let _ = callbacks.shutdown_blocking(PATIENCE);
        return balance_between(seen, &callbacks.stats(), &made, &books);
    }
    let seen = made.spans().saturating_sub(TASKS as u64);
    drop(open);
    let _ = callbacks.shutdown_blocking(PATIENCE);
    let stats = callbacks.stats();
    made.stop.store(true, Relaxed);
    drop(runtime);
    balance_between(seen, &stats, &made, &books);
}
