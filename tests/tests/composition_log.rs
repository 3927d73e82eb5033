//! `log` through tracing-log: alone in its process, since `log` has one logger.

use std::time::Duration;

use tracing_llm::prelude::*;
use tracing_llm::testing::Capture;
use tracing_llm_tests::output::Output;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{fmt, registry};

#[test]
fn lines_of_log_are_printed_and_an_error_among_them_is_kept_with_the_event() {
    tracing_log::LogTracer::init().unwrap();
    let (capture, printed) = (Capture::new(), Output::default());
    let (layer, callbacks) = tracing_llm::layer().handler(capture.clone()).build();
    let writer = printed.clone();
    let printer = fmt::layer().with_writer(move || writer.clone()).with_ansi(false).without_time();
    let subscriber = registry().with(layer.filtered()).with(printer);
    tracing::subscriber::with_default(subscriber, || {
        query_span!("answer").in_scope(|| {
            log::info!("connected to {}", "the store");
            log::error!("lost the connection");
            // A record of `log` has no field that could be a part.
            log::info!("response = none of ours");
        });
    });
    callbacks.shutdown_blocking(Duration::from_secs(60)).unwrap();
    let (printed, captured) = (printed.take(), capture.captured());
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "{printed}");
    assert!(lines[0].starts_with(" INFO answer{") && lines[0].ends_with("connected to the store"));
    let answer = captured.event("answer");
    assert_eq!(captured.ends.len(), 1);
    assert_eq!(answer.logs.len(), 1);
    assert!(answer.logs[0].message.starts_with("lost the connection"), "{:?}", answer.logs);
    assert_eq!((answer.payload.response.as_ref(), answer.outcome.is_failure()), (None, false));
}
