//! What consumes events.

mod asynchronous;
mod ignore;
mod sampled;
mod tally;
mod thread;

use std::sync::Arc;

pub use self::asynchronous::AsyncHandler;
pub(crate) use self::asynchronous::OnRuntime;
pub use self::ignore::Ignore;
pub use self::sampled::Sampled;
pub(crate) use self::tally::Tally;
pub(crate) use self::thread::{
    AnyHandler, Batch, Delivery, Done, HandlerThread, InboxLimit, Stopped, panic_text,
};
use crate::{Event, EventType, Health, Trace};

/// What a hook of a handler gives back: nothing, or the error that it failed with.
pub type HandlerResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Consumes events: prints, counts, exports or records them.
///
/// # Who calls, and when
///
/// Each handler has a thread and a bounded queue of its own; all hooks are
/// called on that thread, one at a time, in the order of the events. A hook may
/// therefore block, format, write and send: the pipeline and the other handlers
/// go on. If it blocks for so long that its queue is full, its own deliveries
/// are dropped and counted ([`Stats`](crate::Stats)).
///
/// # What it sees
///
/// [`on_trace_start`](Self::on_trace_start), then a start and an end for each event, then
/// [`on_trace_end`](Self::on_trace_end). The end record is complete in itself: a handler
/// that needs no live view implements only [`on_end`](Self::on_end). Events of concurrent
/// traces come mixed; each says which trace it belongs to. A child may end after its
/// parent. A handler that was added late sees ends whose start it did not see.
///
/// # Failures
///
/// An error or a panic is caught, counted, sent to the [`Trap`](crate::Trap) and goes no
/// further; the handler is called again for the next event. The next
/// [`flush`](crate::Callbacks::flush) and the [`shutdown`](crate::Callbacks::shutdown) tell
/// their callers of it. `tracing` events that a handler emits reach the other layers, never
/// this one.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tracing_llm::{Event, Handler, HandlerResult};
///
/// /// Prints the slow calls.
/// struct Slow;
///
/// impl Handler for Slow {
///     fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
///         if event.elapsed > Duration::from_secs(10) {
///             println!("{} {} took {:?}", event.event_type, event.name, event.elapsed);
///         }
///         Ok(())
///     }
/// }
///
/// let (layer, callbacks) = tracing_llm::layer().handler(Slow).build();
/// # drop((layer, callbacks));
/// ```
pub trait Handler: Send + 'static {
    /// The name in failures and statistics; the type's name by default.
    fn name(&self) -> String {
        short_type_name::<Self>()
    }

    /// An event begins. It holds what was attached before its span was first entered.
    ///
    /// # Errors
    ///
    /// As the handler sees fit; the error goes to the trap.
    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        let _ = event;
        Ok(())
    }

    /// An event has ended. The record is complete.
    ///
    /// What was learnt since the start is in it, also of the event itself: a tag that came later and
    /// counts for more may have changed its type, and `otel.name` its name. The ids stay.
    ///
    /// # Errors
    ///
    /// As the handler sees fit; the error goes to the trap.
    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        let _ = event;
        Ok(())
    }

    /// A trace begins.
    ///
    /// # Errors
    ///
    /// As the handler sees fit; the error goes to the trap.
    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let _ = trace;
        Ok(())
    }

    /// A trace has ended: its scope is closed and all its events were delivered.
    /// The record holds the trace map.
    ///
    /// # Errors
    ///
    /// As the handler sees fit; the error goes to the trap.
    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        let _ = trace;
        Ok(())
    }

    /// Writes or sends out what is kept back. All events before the call of
    /// [`Callbacks::flush`](crate::Callbacks::flush) have been delivered.
    ///
    /// # Errors
    ///
    /// If something could not be written or sent; the error is also handed to the caller
    /// of `flush`.
    fn flush(&mut self) -> HandlerResult {
        Ok(())
    }

    /// The last call: everything was delivered. It does what [`flush`](Self::flush) does and
    /// closes what is open.
    ///
    /// # Errors
    ///
    /// If something could not be written or sent; the error is also handed to the caller
    /// of `shutdown`.
    fn shutdown(&mut self) -> HandlerResult {
        self.flush()
    }

    /// How it is: what became of what it sends and writes. Asked once, when it is added; what is
    /// handed out is read at any time, by other threads, for [`Stats`](crate::Stats). A handler
    /// that stands around another passes the other's on.
    fn health(&self) -> Health {
        Health::none()
    }
}

/// Ways to narrow what a handler gets.
///
/// ```
/// use tracing_llm::prelude::*;
/// use tracing_llm::testing::Capture;
///
/// let capture = Capture::new();
/// let narrow = capture.clone().ignore_starts([EventType::EMBEDDING]).ignore_ends([EventType::EMBEDDING]);
/// let (layer, callbacks) = tracing_llm::layer().handler(narrow).build();
/// # drop((layer, callbacks));
/// ```
pub trait HandlerExt: Handler + Sized {
    /// Leaves out the starts of these event types.
    fn ignore_starts(self, types: impl IntoIterator<Item = EventType>) -> Ignore<Self> {
        Ignore::new(self).and_starts(types)
    }

    /// Leaves out the ends of these event types.
    fn ignore_ends(self, types: impl IntoIterator<Item = EventType>) -> Ignore<Self> {
        Ignore::new(self).and_ends(types)
    }

    /// Lets this share of the traces through, whole: `0.1` is every tenth trace, chosen by
    /// its id, so that every process and handler chooses the same ones.
    ///
    /// Outside 0 to 1 the ratio is taken as the nearer bound; a ratio that is no number as 1.
    fn sampled(self, ratio: f64) -> Sampled<Self> {
        Sampled::new(self, ratio)
    }
}

impl<H: Handler> HandlerExt for H {}

impl Handler for Box<dyn Handler> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn on_start(&mut self, event: &Arc<Event>) -> HandlerResult {
        (**self).on_start(event)
    }

    fn on_end(&mut self, event: &Arc<Event>) -> HandlerResult {
        (**self).on_end(event)
    }

    fn on_trace_start(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        (**self).on_trace_start(trace)
    }

    fn on_trace_end(&mut self, trace: &Arc<Trace>) -> HandlerResult {
        (**self).on_trace_end(trace)
    }

    fn flush(&mut self) -> HandlerResult {
        (**self).flush()
    }

    fn shutdown(&mut self) -> HandlerResult {
        (**self).shutdown()
    }

    fn health(&self) -> Health {
        (**self).health()
    }
}

/// The last part of a type's path, without generic arguments' paths: `TokenCounter`.
fn short_type_name<T: ?Sized>() -> String {
    let full = std::any::type_name::<T>();
    let base = full.split('<').next().unwrap_or(full);
    base.rsplit("::").next().unwrap_or(base).to_owned()
}
