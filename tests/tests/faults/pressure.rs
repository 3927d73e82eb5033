//! Queues that are full, and payloads that are large.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use libtest_mimic::Trial;
use tracing_llm::Builder;

use crate::books::balance;
use crate::load::{Load, Made};
use crate::stage::{Folder, PATIENCE, install, with_all_handlers};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_queue_that_is_full_by_count_drops_whole_events_and_counts_them", full_by_count),
        trial("a_queue_that_is_full_by_bytes_leaves_texts_out_and_counts_them", full_by_bytes),
        trial("handlers_queues_that_are_full_cost_each_its_own", full_handlers),
        trial("payloads_of_megabytes_arrive_whole", large_payloads),
    ]
}

fn run(load: &Load, change: impl FnOnce(Builder) -> Builder) -> (tracing_llm::Stats, Made) {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let (dispatch, callbacks) = install(change(builder));
    load.run(&made, &dispatch);
    let shutdown = callbacks.shutdown_blocking(PATIENCE);
    let stats = callbacks.stats();
    balance(&stats, &made, &books);
    let dropped: u64 = stats.handlers.iter().map(|handler| handler.dropped).sum();
    let lost = stats.dropped_events + stats.dropped_scopes + stats.lost_bytes + dropped;
    assert_eq!(shutdown.is_err(), lost > 0, "{shutdown:?} {stats:#?}");
    (stats, Arc::into_inner(made).unwrap())
}

fn full_by_count() {
    let load = Load { traces: Some(300), ..Load::default() };
    let (stats, _) = run(&load, |builder| builder.queue(8));
    assert!(stats.dropped_events > 0);
}

fn full_by_bytes() {
    let load = Load { traces: Some(30), prompt: 50_000 };
    let (stats, made) = run(&load, |builder| builder.queue_bytes(200_000));
    assert!(stats.lost_bytes > 0);
    assert_eq!(stats.ends, made.spans(), "events without their texts");
}

fn full_handlers() {
    let load = Load { traces: Some(200), ..Load::default() };
    let (stats, made) = run(&load, |builder| builder.handler_queue(16).queue(1_000_000));
    assert!(stats.handlers.iter().any(|handler| handler.dropped > 0));
    assert_eq!(stats.ends, made.spans());
}

fn large_payloads() {
    let load = Load { traces: Some(1), prompt: 4 * 1024 * 1024 };
    let (stats, made) = run(&load, |builder| builder.queue_bytes(1024 * 1024 * 1024));
    assert_eq!((stats.ends, stats.lost_bytes), (made.spans(), 0));
    assert!(made.texts.load(Relaxed) >= 8 * 4 * 1024 * 1024);
}
