//! What is counted of callsites. A test program of its own: they are the whole process's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use tracing::{Dispatch, dispatcher};
use tracing_llm::event_span;
use tracing_subscriber::prelude::*;

#[test]
fn callsites_are_those_of_the_program_and_none_of_ours() {
    let (layer, callbacks) = tracing_llm::layer().build();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer.filtered()));
    let counted = || {
        let stats = callbacks.stats();
        (stats.callsites, stats.enabled_callsites)
    };
    dispatcher::with_default(&dispatch, || {
        assert_eq!(counted(), (0, 0));
        assert_eq!(counted(), (0, 0));
        for _ in 0..2 {
            event_span!(LLM, "chat").in_scope(|| {});
            assert_eq!(counted(), (1, 1));
        }
    });
}
