//! Flushes and shutdowns at bad moments.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use libtest_mimic::Trial;
use tracing_llm::{Callbacks, Handler, HandlerResult};

use crate::books::{balance, balance_between};
use crate::load::{Load, Made};
use crate::stage::{Folder, PATIENCE, install, with_all_handlers};
use crate::tasks::under_way;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_shutdown_under_load_accounts_for_all_before_it", shutdown_under_load),
        trial("shutdowns_by_many_threads_at_once_are_one", many_shutdowns),
        trial("a_flush_comes_back_in_every_kind_of_runtime", flush_in_runtimes),
        trial("a_flush_from_inside_a_handler_comes_back_with_an_error", flush_in_a_handler),
        trial("a_handle_that_is_dropped_under_load_stops_nothing_else", handle_dropped),
    ]
}

fn shutdown_under_load() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (dispatch, callbacks) = install(builder);
    std::thread::scope(|scope| {
        scope.spawn(|| Load::endless().run(&made, &dispatch));
        under_way(&made);
        let before = made.spans();
        let _ = callbacks.shutdown_blocking(PATIENCE);
        let stats = callbacks.stats();
        // The program goes on for a while.
        let then = made.spans();
        while made.spans() < then + 1_000 {
            std::thread::yield_now();
        }
        made.stop.store(true, Relaxed);
        // A span that was created before and is entered after is nobody's: one for each task.
        balance_between(before.saturating_sub(8), &stats, &made, &books);
        assert_eq!(callbacks.stats().ends, stats.ends, "nothing comes later");
    });
}

fn many_shutdowns() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (dispatch, callbacks) = install(builder);
    Load::default().run(&made, &dispatch);
    std::thread::scope(|scope| {
        let shutdowns: Vec<_> =
            (0..8).map(|_| scope.spawn(|| callbacks.shutdown_blocking(PATIENCE))).collect();
        for shutdown in shutdowns {
            shutdown.join().unwrap().unwrap();
        }
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    assert!(callbacks.flush_blocking(PATIENCE).unwrap_err().is_closed());
    balance(&callbacks.stats(), &made, &books);
}

fn flush_in_runtimes() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (dispatch, callbacks) = install(builder);
    let load = Load { traces: Some(10), ..Load::default() };
    let current = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let multi = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let loaded = async |callbacks: &Callbacks| {
        for task in load.spawn(&made, &dispatch) {
            task.await.unwrap();
        }
        callbacks.flush().await.unwrap();
        // It blocks a thread of the runtime, which is the caller's choice; it comes back.
        callbacks.flush_blocking(PATIENCE).unwrap();
    };
    current().block_on(loaded(&callbacks));
    multi().block_on(loaded(&callbacks));
    multi().block_on(async {
        tokio::task::block_in_place(|| callbacks.flush_blocking(PATIENCE).unwrap());
    });
    let local = tokio::task::LocalSet::new();
    local.block_on(&current(), loaded(&callbacks));
    current().block_on(callbacks.shutdown()).unwrap();
    balance(&callbacks.stats(), &made, &books);
}

/// Flushes the layer that it is in: it waits for itself.
struct Loop(Arc<std::sync::OnceLock<Arc<Callbacks>>>, std::sync::mpsc::Sender<bool>);

impl Handler for Loop {
    fn on_trace_end(&mut self, _: &Arc<tracing_llm::Trace>) -> HandlerResult {
        if let Some(callbacks) = self.0.get() {
            let flushed = callbacks.flush_blocking(Duration::from_millis(100));
            let _ = self.1.send(flushed.is_err());
        }
        Ok(())
    }
}

fn flush_in_a_handler() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (told, failed) = std::sync::mpsc::channel();
    let handle = Arc::new(std::sync::OnceLock::new());
    let (dispatch, callbacks) = install(builder.handler(Loop(Arc::clone(&handle), told)));
    let callbacks = Arc::new(callbacks);
    handle.set(Arc::clone(&callbacks)).unwrap();
    Load { traces: Some(1), ..Load::default() }.run(&made, &dispatch);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    assert_eq!(failed.try_iter().collect::<Vec<_>>(), [true; 8], "each came back, unanswered");
    balance(&callbacks.stats(), &made, &books);
}

fn handle_dropped() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, _books) = with_all_handlers(folder.path());
    let (dispatch, callbacks) = install(builder);
    std::thread::scope(|scope| {
        scope.spawn(|| Load::endless().run(&made, &dispatch));
        under_way(&made);
        drop(callbacks);
        let then = made.spans();
        while made.spans() < then + 1_000 {
            std::thread::yield_now();
        }
        made.stop.store(true, Relaxed);
    });
}
