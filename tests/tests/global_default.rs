//! Our layer in the global default subscriber. A test program of its own.

use std::time::Duration;

use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm_debug::DebugHandler;
use tracing_llm_tests::output::Output;
use tracing_subscriber::prelude::*;

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_debug_printer_on_tracing_reaches_the_others_and_not_us() {
    let printed = Output::default();
    let writer = printed.clone();
    let printer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    let capture = Capture::new();
    let builder = tracing_llm::layer().handler(capture.clone());
    let (layer, callbacks) = builder.handler(DebugHandler::tracing()).build();
    tracing_subscriber::registry().with(layer).with(printer.with_ansi(false)).init();

    query_span!("answer").in_scope(|| llm_span!("chat").in_scope(|| {}));
    callbacks.flush_blocking(PATIENCE).unwrap();
    let stats = callbacks.stats();
    assert_eq!((stats.starts, stats.late, stats.failures), (2, 0, 0));
    callbacks.shutdown_blocking(PATIENCE).unwrap();

    assert_eq!(capture.captured().tree(), "query\n└─ QUERY answer\n   └─ LLM chat\n");
    let printed = printed.take();
    assert_eq!(printed.matches("DEBUG tracing_llm_debug:").count(), 1, "{printed}");
    assert!(printed.contains("└─ QUERY  answer"), "{printed}");
}
