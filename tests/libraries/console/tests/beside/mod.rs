//! A pipeline in a task of tokio's, watched by both.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use console_api::instrument::InstrumentRequest;
use console_api::instrument::instrument_client::InstrumentClient;
use console_subscriber::ConsoleLayer;
use tokio::runtime::{Builder, Runtime};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, debug, dispatcher, error, info_span};
use tracing_llm::CallbackLayer;
use tracing_llm::prelude::*;
use tracing_llm::testing::{Capture, Captured};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry;

const DEBUG: LevelFilter = LevelFilter::DEBUG;
const TRACE: LevelFilter = LevelFilter::TRACE;

/// Our level, and where our layer stands.
type Place = (LevelFilter, fn(CallbackLayer, ConsoleLayer) -> Dispatch);

const PATIENCE: Duration = Duration::from_secs(60);

/// The task's name, by which the console's news of it is known.
const TASK: &str = "of the test";

#[test]
fn the_console_gets_its_tasks_and_we_our_events() {
    let places: [Place; 3] = [
        (DEBUG, |ours, console| Dispatch::new(registry().with(ours.filtered()).with(console))),
        (DEBUG, |ours, console| Dispatch::new(registry().with(console).with(ours.filtered()))),
        // Without a filter of its own, our level holds for layers beside that name none, and
        // tokio's tasks are at TRACE.
        (TRACE, |ours, console| Dispatch::new(registry().with(ours).with(console))),
    ];
    // `tracing` asks the thread's own subscriber alone what is wanted of a callsite while the program
    // has but one, and the threads of the console's server, which have none, meet tokio's, too.
    let _another = Dispatch::new(registry());
    for (level, place) in places {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (console, server) = ConsoleLayer::builder()
            .server_addr(free)
            .publish_interval(Duration::from_millis(20))
            .build();
        // On threads that no layer watches.
        let aside = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (sender, told) = channel();
        aside.spawn(async move { server.serve().await.unwrap() });
        aside.spawn(watch(free, sender));

        let captured = delivered(
            level,
            |ours| place(ours, console),
            || {
                let watched = Builder::new_current_thread().enable_all().build().unwrap();
                in_a_task(&watched, told);
            },
        );
        assert_eq!(captured.tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
        let chat = captured.event("chat");
        assert_eq!(chat.payload.usage, Some(Usage::new(8, 2)));
        assert_eq!(chat.logs.len(), 1);
        assert_eq!(chat.context.session_id.as_deref(), Some("s-1"));
    }
}

/// Runs the pipeline as a task: tokio gives it a span, and so the console a line. The task stays
/// until the console has told of it: of one that is gone before somebody watches it may say nothing.
fn in_a_task(runtime: &Runtime, told: Receiver<()>) {
    let watched = async move {
        pipeline();
        let since = Instant::now();
        while told.try_recv().is_err() {
            assert!(since.elapsed() < PATIENCE, "the console is told of the task");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    runtime.block_on(async {
        let task = tokio::task::Builder::new().name(TASK).spawn(watched).unwrap();
        task.await.unwrap();
    });
}

fn pipeline() {
    info_span!("request", session.id = "s-1").in_scope(|| {
        query_span!("answer", query_str = "why?").in_scope(|| {
            debug!("a line of the program");
            let chat = llm_span!("chat", model = "gpt-5-mini");
            chat.in_scope(|| {
                chat.llm().usage(Usage::new(8, 2));
                error!("the first try failed");
            });
        });
    });
}

/// Runs the scene in this subscriber, and gives what was delivered.
fn delivered(
    level: LevelFilter,
    subscriber: impl FnOnce(CallbackLayer) -> Dispatch,
    scene: impl FnOnce(),
) -> Captured {
    let capture = Capture::new();
    let (layer, callbacks) = tracing_llm::layer().level(level).handler(capture.clone()).build();
    dispatcher::with_default(&subscriber(layer), scene);
    callbacks.flush_blocking(PATIENCE).unwrap();
    assert_eq!(callbacks.stats().failures, 0);
    callbacks.shutdown_blocking(PATIENCE).unwrap();
    capture.captured()
}

/// Asks as the console does, and says when it was told of the task.
async fn watch(server: SocketAddr, found: Sender<()>) {
    let mut client = loop {
        match InstrumentClient::connect(format!("http://{server}")).await {
            Ok(client) => break client,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let mut updates = client.watch_updates(InstrumentRequest {}).await.unwrap().into_inner();
    while let Some(update) = updates.message().await.unwrap() {
        let tasks = update.task_update.map(|tasks| tasks.new_tasks).unwrap_or_default();
        if tasks.iter().any(|task| format!("{:?}", task.fields).contains(TASK)) {
            // The test may have given up.
            let _ = found.send(());
            return;
        }
    }
}
