//! Other people's layers, to stand beside ours.

use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry};

/// Another layer in the subscriber.
pub(crate) type Beside = Box<dyn Layer<Registry> + Send + Sync>;

struct NoOp;

impl<S: Subscriber> Layer<S> for NoOp {}

/// A layer that enables every span and event of the program.
pub(crate) fn sees_all() -> Beside {
    NoOp.boxed()
}

/// A layer with a filter of its own, which enables only these.
pub(crate) fn only(wanted: fn(&Metadata<'_>) -> bool) -> Beside {
    NoOp.with_filter(filter_fn(wanted)).boxed()
}

/// The printer of `tracing-subscriber`, at its most verbose, printing to nowhere.
pub(crate) fn fmt_to_sink() -> Beside {
    tracing_subscriber::fmt::layer()
        .with_writer(std::io::sink)
        .with_filter(LevelFilter::TRACE)
        .boxed()
}
