//! Runtimes, tasks and threads that end inside of spans.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use libtest_mimic::Trial;
use tracing::dispatcher;
use tracing_llm::prelude::*;
use tracing_llm::testing::ManualClock;

use crate::books::{balance, balance_of_spans};
use crate::load::{Load, Made};
use crate::stage::{Folder, PATIENCE, install, with_all_handlers};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_runtime_that_is_dropped_in_the_middle_loses_nothing", runtime_dropped),
        trial("tasks_that_are_aborted_lose_nothing", tasks_aborted),
        trial("threads_that_die_of_a_panic_inside_a_span_lose_nothing", threads_killed),
        trial("a_clock_that_jumps_by_hours_loses_nothing", clock_jumps),
    ]
}

/// Waits until there is something under way.
pub(crate) fn under_way(made: &Made) {
    while made.spans() < 1_000 {
        std::thread::yield_now();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

fn runtime_dropped() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (dispatch, callbacks) = install(builder.queue(1_000_000).handler_queue(1_000_000));
    let runtime = runtime();
    runtime.block_on(async { drop(Load::endless().spawn(&made, &dispatch)) });
    under_way(&made);
    drop(runtime);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    balance(&callbacks.stats(), &made, &books);
}

fn tasks_aborted() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (dispatch, callbacks) = install(builder.queue(1_000_000).handler_queue(1_000_000));
    runtime().block_on(async {
        for _ in 0..5 {
            let tasks = Load::endless().spawn(&made, &dispatch);
            let before = made.spans();
            while made.spans() < before + 500 {
                tokio::task::yield_now().await;
            }
            for task in tasks {
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
            }
        }
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    balance(&callbacks.stats(), &made, &books);
}

fn threads_killed() {
    const THREADS: u64 = 50;
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (dispatch, callbacks) = install(builder);
    for _ in 0..THREADS {
        let dispatch = dispatch.clone();
        let thread = std::thread::spawn(move || {
            dispatcher::with_default(&dispatch, || {
                let _query = query_span!("answer").entered();
                let _chat = llm_span!("chat", model = "gpt-5-mini").entered();
                panic!("on purpose");
            });
        });
        assert!(thread.join().is_err());
    }
    made.spans.fetch_add(2 * THREADS, Relaxed);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    balance_of_spans(&callbacks.stats(), &made, &books);
}

fn clock_jumps() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let clock = ManualClock::new();
    let (dispatch, callbacks) = install(builder.manual_clock(clock.clone()));
    std::thread::scope(|scope| {
        let load = scope.spawn(|| Load::default().run(&made, &dispatch));
        while !load.is_finished() {
            clock.advance(Duration::from_secs(3 * 3600));
            std::thread::yield_now();
        }
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    balance(&callbacks.stats(), &made, &books);
}
