//! What changes while a program runs: filters, runtimes, layers.

use std::time::Duration;

use tracing::{Dispatch, Instrument, dispatcher, info_span};
use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm::{CallbackLayer, Callbacks};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry, registry, reload};

const PATIENCE: Duration = Duration::from_secs(60);

fn ours() -> (CallbackLayer, Callbacks, Capture) {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    (layer, callbacks, capture)
}

fn names(callbacks: &Callbacks, capture: &Capture) -> Vec<String> {
    callbacks.flush_blocking(PATIENCE).unwrap();
    capture.captured().ends.iter().map(|event| event.name.to_string()).collect()
}

/// One callsite, so that what was decided for it has to be decided again.
fn retrieve(number: u32) {
    retrieve_span!("retrieve", otel.name = number).in_scope(|| {});
}

#[test]
fn a_global_filter_switches_our_targets_off_and_on() {
    let (layer, callbacks, capture) = ours();
    let (filter, handle) = reload::Layer::new(EnvFilter::new("info"));
    let subscriber = registry().with(filter).with(layer.filtered());
    dispatcher::with_default(&Dispatch::new(subscriber), || {
        let set = |filter| handle.reload(EnvFilter::new(filter)).unwrap();
        retrieve(1);
        set("info,composition_runtime=off");
        retrieve(2);
        set("info");
        retrieve(3);
        assert_eq!(names(&callbacks, &capture), ["1", "3"]);
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
}

#[test]
fn a_filter_of_ours_alone_switches_them_off_and_the_others_see_them_still() {
    let (layer, callbacks, capture) = ours();
    let (filter, handle) = reload::Layer::new(EnvFilter::new("info"));
    let printed = tracing_llm_tests::output::Output::default();
    let writer = printed.clone();
    let printer = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::NEW);
    let subscriber = registry().with(layer.filtered().with_filter(filter)).with(printer);
    dispatcher::with_default(&Dispatch::new(subscriber), || {
        let set = |filter| handle.reload(EnvFilter::new(filter)).unwrap();
        retrieve(1);
        set("off");
        retrieve(2);
        set("info");
        retrieve(3);
        assert_eq!(names(&callbacks, &capture), ["1", "3"]);
    });
    assert_eq!(printed.take().lines().count(), 3);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
}

#[test]
fn events_below_one_that_is_switched_off_join_the_event_above_it() {
    let (layer, callbacks, capture) = ours();
    let (filter, handle) = reload::Layer::new(EnvFilter::new("info"));
    let subscriber = registry().with(filter).with(layer.filtered());
    dispatcher::with_default(&Dispatch::new(subscriber), || {
        query_span!("answer").in_scope(|| {
            handle.reload(EnvFilter::new("info,quiet=off")).unwrap();
            info_span!(target: "quiet", "step", event_type = "CHAIN")
                .in_scope(|| llm_span!("chat").in_scope(|| {}));
        });
    });
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    assert_eq!(capture.captured().tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
}

#[test]
fn several_runtimes_in_one_process_share_a_layer_and_may_come_and_go() {
    let (layer, callbacks, capture) = ours();
    let dispatch = Dispatch::new(registry().with(layer.filtered()));
    let runtime = |threads: usize| {
        let dispatch = dispatch.clone();
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .on_thread_start(move || std::mem::forget(dispatcher::set_default(&dispatch)))
            .build()
            .unwrap()
    };
    let (web, jobs) = (runtime(2), runtime(1));
    dispatcher::with_default(&dispatch, || {
        // A request on one runtime hands a part of its work to the other.
        let query = query_span!("answer");
        let hand_over = {
            let (jobs, query) = (jobs.handle().clone(), query.clone());
            async move {
                let chat = llm_span!(parent: &query, "chat");
                jobs.spawn(async { tokio::task::yield_now().await }.instrument(chat))
                    .await
                    .unwrap();
            }
        };
        web.block_on(async { tokio::spawn(hand_over.instrument(query)).await }).unwrap();
        // One that is dropped in the middle of its work takes its events along: they end.
        let short = runtime(1);
        short.spawn(std::future::pending::<()>().instrument(llm_span!("pending")));
        short.shutdown_timeout(PATIENCE);
        let local = tokio::runtime::Builder::new_current_thread().build().unwrap();
        local.block_on(async {}.instrument(query_span!("local")));
        callbacks.flush_blocking(PATIENCE).unwrap();
    });
    drop((web, jobs));
    // The handle is async where a runtime is left.
    let last = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    last.block_on(callbacks.shutdown()).unwrap();
    let captured = capture.captured();
    assert_eq!(captured.event("chat").parent_id, Some(captured.event("answer").span_id));
    let mut all: Vec<&str> = captured.ends.iter().map(|event| &*event.name).collect();
    all.sort_unstable();
    assert_eq!(all, ["answer", "chat", "local", "pending"]);
}

#[test]
fn a_layer_that_is_installed_after_spans_exist_sees_what_begins_from_then_on() {
    let (layer, callbacks, capture) = ours();
    let (place, handle) = reload::Layer::new(None::<Box<dyn Layer<Registry> + Send + Sync>>);
    dispatcher::with_default(&Dispatch::new(registry().with(place)), || {
        let old = query_span!("old");
        let entered = old.enter();
        // Plain: a filtered layer cannot come later.
        handle.modify(|place| *place = Some(layer.boxed())).unwrap();
        old.record("query_str", "what?");
        old.llm().query("what?");
        llm_span!("new").in_scope(|| llm_span!("below").in_scope(|| {}));
        drop(entered);
        drop(old);
    });
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_eq!(callbacks.stats().failures, 0);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    let tree = capture.captured().tree();
    assert_eq!(tree, "llm\n└─ LLM new\n   └─ LLM below\n");
}
