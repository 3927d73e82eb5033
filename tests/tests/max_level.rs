//! What the layer asks of the whole process. A test program of its own: the level is global.

use std::cell::Cell;

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level, debug, dispatcher, trace};
use tracing_subscriber::prelude::*;

#[test]
fn callsites_more_verbose_than_the_layer_stay_disabled_in_the_whole_process() {
    for (level, expected) in [(None, LevelFilter::DEBUG), (Some(Level::INFO), LevelFilter::INFO)] {
        for filtered in [true, false] {
            let builder = tracing_llm::layer();
            let builder = match level {
                Some(level) => builder.level(level),
                None => builder,
            };
            let (layer, callbacks) = builder.build();
            let dispatch = if filtered {
                Dispatch::new(tracing_subscriber::registry().with(layer.filtered()))
            } else {
                Dispatch::new(tracing_subscriber::registry().with(layer))
            };
            dispatcher::with_default(&dispatch, || {
                // What a bridge from `log` looks at before it makes a tracing event of a record.
                assert_eq!(LevelFilter::current(), expected, "filtered: {filtered}");
                let evaluated = Cell::new(0);
                let value = || {
                    evaluated.set(evaluated.get() + 1);
                    "a text"
                };
                // Even with the names of our fields.
                trace!(response = value());
                trace!(target: "tracing_llm", error = value());
                if expected < LevelFilter::DEBUG {
                    debug!(response = value());
                }
                assert!(!tracing::enabled!(Level::TRACE));
                assert_eq!(evaluated.get(), 0);
            });
            drop((dispatch, callbacks));
        }
    }
}
